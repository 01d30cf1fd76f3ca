// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Bits} from "../libraries/Bits.sol";
import {Tags} from "../libraries/Tags.sol";
import {Deployment} from "./Deployment.sol";
import {PayoutTree} from "./PayoutTree.sol";

/// @title One bounty with an owner, four holders and six tickets of six validators, and the steps of its path as one line each.
/// @dev Every test ends with `assertSound`: the bounty's account holds what the bounty owes, to the unit.
abstract contract Stage is Deployment {
    using Bits for uint256;
    using PayoutTree for PayoutTree.Tree;

    bytes32 internal constant SALT = "salt";
    bytes32 internal constant KEY = "key";
    bytes32 internal constant DOC = "document";
    uint128 internal constant TICKET = 2000;
    uint256 internal constant PURSE = 100_000;

    IMarket.Terms internal terms;
    bytes32 internal bounty;
    address internal owner;
    address internal stranger;
    address[] internal holders;
    address[] internal validators;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        deploy();
        owner = person("owner");
        stranger = person("stranger");
        holders = [person("ada"), person("ben"), person("cem"), person("dot")];
        validators = [person("val0"), person("val1"), person("val2"), person("val3"), person("val4"), person("val5")];
        fund(owner, PURSE);
        for (uint256 i = 0; i < holders.length; ++i) fund(holders[i], PURSE);
        for (uint256 i = 0; i < validators.length; ++i) stakeTickets(validators[i], TICKET, 1);
        terms = defaultTerms();
        bounty = market.bountyId(owner, SALT);
    }

    function defaultTerms() internal view returns (IMarket.Terms memory t) {
        t.owner = owner;
        t.token = address(token);
        t.roundBudget = 1000;
        t.ticketStake = TICKET;
        t.fee = 7;
        t.holderStake = 100;
        t.seatPay = 31;
        t.bond = 500;
        t.compensation = 20;
        t.rounds = 2;
        t.seats = 3;
        t.minHolders = 2;
        t.maxHolders = 8;
        t.postBefore = uint40(vm.getBlockTimestamp() + 1 days);
        t.baseRoot = "base";
        t.shardsRoot = "shards";
        t.document = DOC;
        t.phases = IMarket.Phases(1 hours, 2 hours, 3 hours, 4 hours, 5 hours, 6 hours, 7 hours, 8 hours, 9 hours, 10 hours, 11 hours);
    }

    // ---------------------------------------------------------------- the path, step by step
    function post() internal {
        vm.prank(owner);
        market.post(SALT, terms, KEY);
    }

    function draw() internal {
        mine(5);
        market.draw(bounty, terms);
    }

    function acknowledge(uint256 seat) internal {
        vm.prank(validatorOf(seat));
        market.acknowledge(bounty, terms, seat, KEY);
    }

    function acknowledgeAll() internal {
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            if (!market.seatOf(bounty, seat).acknowledged) acknowledge(seat);
        }
    }

    function join(uint256 index) internal {
        vm.prank(holders[index]);
        market.join(bounty, terms, index, KEY, new bytes32[](0));
    }

    function openRound() internal {
        pass();
        vm.prank(owner);
        market.openRound(bounty, terms, market.bountyOf(bounty).joined, DOC, DOC);
    }

    function submit(uint256 index) internal {
        vm.prank(holders[index]);
        market.submit(bounty, keccak256(abi.encode("commitment", index)), keccak256(abi.encode("update", index)));
    }

    function openShard() internal {
        pass();
        vm.prank(owner);
        market.openShard(bounty, terms, DOC);
    }

    function attest(uint256 seat, uint128 bitmap, bool opened) internal {
        vm.prank(validatorOf(seat));
        market.attest(bounty, terms, seat, bitmap, opened, DOC);
    }

    function commit(uint256 seat, IMarket.Sheet memory sheet) internal {
        address validator = validatorOf(seat);
        uint256 round = market.bountyOf(bounty).round;
        bytes32 hash = market.sheetHashOf(bounty, round, sheet);
        bytes32 commitment = keccak256(
            abi.encode(Tags.COMMIT, block.chainid, address(market), bounty, round, seat, validator, hash, saltOf(seat))
        );
        vm.prank(validator);
        market.commit(bounty, seat, commitment);
    }

    function reveal(uint256 seat, IMarket.Sheet memory sheet) internal {
        vm.prank(validatorOf(seat));
        market.reveal(bounty, terms, seat, sheet, saltOf(seat));
    }

    function settle(IMarket.Sheet memory sheet) internal {
        pass();
        market.settle(bounty, terms, sheet);
    }

    function serve(uint256 seat) internal {
        vm.prank(validatorOf(seat));
        market.serve(bounty, seat, DOC);
    }

    function advance() internal {
        market.advance(bounty, terms);
    }

    function claim(uint256 round, uint256 index) internal {
        PayoutTree.Tree memory tree = payouts();
        (bytes32[] memory hashes, uint128[] memory sums) = tree.proof(index);
        market.claim(bounty, terms, round, index, holders[index], tree.amounts[index], hashes, sums);
    }

    // ---------------------------------------------------------------- several steps at once
    function toJoin() internal {
        post();
        draw();
        acknowledgeAll();
    }

    /// @dev Holders 0, 1 and 2 joined.
    function toSubmit() internal {
        toJoin();
        for (uint256 i = 0; i < 3; ++i) join(i);
        openRound();
    }

    function toAttest() internal {
        toSubmit();
        for (uint256 i = 0; i < 3; ++i) submit(i);
        openShard();
    }

    function toCommit() internal {
        toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) attest(seat, 7, true);
    }

    function toReveal() internal {
        toCommit();
        for (uint256 seat = 0; seat < 3; ++seat) commit(seat, goodSheet());
        advance();
    }

    function toChallenge() internal {
        toReveal();
        for (uint256 seat = 0; seat < 3; ++seat) reveal(seat, goodSheet());
    }

    function toServe() internal {
        toChallenge();
        settle(goodSheet());
    }

    function serveAll() internal {
        for (uint256 seat = 0; seat < terms.seats; ++seat) serve(seat);
        advance();
    }

    // ---------------------------------------------------------------- figures
    /// @dev 500 of the 1,000 go to the first three holders.
    function payouts() internal view returns (PayoutTree.Tree memory tree) {
        tree.holders = holders;
        tree.amounts = new uint128[](4);
        (tree.amounts[0], tree.amounts[1], tree.amounts[2]) = (251, 149, 100);
    }

    function goodSheet() internal view returns (IMarket.Sheet memory sheet) {
        (sheet.payoutRoot, sheet.pool) = payouts().root();
        sheet.included = 7;
        sheet.traceRoot = "trace";
        sheet.nextBaseRoot = keccak256(abi.encode("base", market.bountyOf(bounty).round));
        sheet.adopted = true;
        sheet.aggregate = "aggregate";
        sheet.document = "sheet";
    }

    function rejectedSheet() internal view returns (IMarket.Sheet memory sheet) {
        sheet.included = 7;
        sheet.nextBaseRoot = market.bountyOf(bounty).baseRoot;
        sheet.document = "sheet";
    }

    function saltOf(uint256 seat) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", seat));
    }

    function validatorOf(uint256 seat) internal view returns (address) {
        return market.seatOf(bounty, seat).validator;
    }

    function phase() internal view returns (IMarket.Phase) {
        return market.bountyOf(bounty).phase;
    }

    /// @dev Waits until the deadline of the phase is over.
    function pass() internal {
        vm.warp(uint256(market.bountyOf(bounty).deadline) + 1);
    }

    function assertPhase(IMarket.Phase expected) internal view {
        assertEq(uint256(expected), uint256(phase()), "phase");
    }

    function assertClosed(IMarket.CloseReason expected) internal view {
        assertPhase(IMarket.Phase.Closed);
        assertEq(uint256(expected), uint256(market.bountyOf(bounty).closed), "reason");
    }

    // ---------------------------------------------------------------- the identity of the bounty's account
    function assertSound() internal view {
        assertEq(owed(), vault.balanceOf(address(token), bounty), "the account holds what is owed");
        assertTrue(token.balanceOf(address(vault)) >= vault.totalOf(address(token)), "the vault is solvent");
    }

    function owed() internal view returns (uint256 sum) {
        IMarket.BountyView memory b = market.bountyOf(bounty);
        sum = uint256(b.reserve) + b.bond;
        for (uint256 i = 0; i < holders.length; ++i) sum += owedToHolder(b, holders[i]);
        for (uint256 round = 0; round < terms.rounds; ++round) sum += market.roundOf(bounty, round).unclaimed;
        for (uint256 seat = 0; seat < terms.seats; ++seat) sum += market.seatOf(bounty, seat).owed;
    }

    function owedToHolder(IMarket.BountyView memory b, address who) internal view returns (uint256 sum) {
        IMarket.HolderView memory h = market.holderOf(bounty, who);
        sum = h.held;
        if (!h.joined) return sum;
        sum += terms.holderStake + uint256(h.prepaid) * terms.fee;
        if (h.lastRound == 0) return sum;
        IMarket.RoundView memory r = market.roundOf(bounty, h.lastRound - 1);
        bool running = r.status == IMarket.RoundStatus.Open;
        bool returns_ = r.status == IMarket.RoundStatus.Void || uint256(r.excluded).has(h.index);
        if (running || returns_) sum += terms.fee;
        b;
    }
}
