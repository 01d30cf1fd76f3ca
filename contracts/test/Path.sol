// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Stage} from "./fuzz/Stage.sol";
import {Trees} from "./fuzz/Trees.sol";

/// @title The path of one bounty with figures that fit a head, and the sum its account must hold at every step.
/// @dev Four holders, of whom the first three join by default; 3 seats; 2 rounds. Amounts are small and odd where that matters.
abstract contract Path is Stage {
    uint256 internal constant FEE = 7;
    uint256 internal constant STAKE = 100;
    uint256 internal constant TICKET = 2000;
    uint256 internal constant HALF_PAY = 15; // of 31
    uint256 internal constant BUDGET = 1000;
    uint256 internal constant BOND = 500;
    uint256 internal constant COMPENSATION = 20;
    uint256 internal constant POOL = 500; // what `_goodSheet` pays: 251, 149 and 100

    address internal stranger;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        _raise(4);
        stranger = _person("stranger", 0);
        terms = _termsOfTheHead();
        _stakeAll();
        bounty = market.bountyId(owner, SALT);
    }

    function _termsOfTheHead() internal view returns (IMarket.Terms memory t) {
        t = _someTerms();
        t.roundBudget = uint128(BUDGET);
        t.ticketStake = uint128(TICKET);
        t.fee = uint96(FEE);
        t.holderStake = uint96(STAKE);
        t.seatPay = 31;
        t.bond = uint96(BOND);
        t.compensation = uint96(COMPENSATION);
        t.rounds = 2;
        t.maxHolders = 8;
        t.postBefore = uint40(vm.getBlockTimestamp() + 1 days);
        t.phases = IMarket.Phases(101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111);
    }

    // ---------------------------------------------------------------- to a phase
    function _toJoin() internal {
        _post();
        _seatAll();
    }

    function _toSubmit() internal {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _openRound();
    }

    function _toAttest() internal {
        _toSubmit();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
    }

    function _toCommitPhase() internal {
        _toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 7);
        }
    }

    function _toReveal() internal {
        _toCommitPhase();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _commit(seat, _goodSheet());
        }
        market.advance(bounty, terms);
    }

    function _toChallenge() internal {
        _toReveal();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _reveal(seat, _goodSheet());
        }
    }

    function _toServe() internal {
        _toChallenge();
        _pass();
        market.settle(bounty, terms, _goodSheet());
    }

    /// @dev A whole round, from its `Join` on, that everybody who joined submits to and that ends on `sheet`.
    function _playRound(IMarket.Sheet memory sheet) internal {
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 7);
        }
        _settle(sheet);
        if (sheet.adopted) _serve(3);
    }

    // ---------------------------------------------------------------- small steps
    function _pass() internal {
        _warpPast(_view().deadline);
    }

    function _advanceAfterDeadline() internal {
        _pass();
        market.advance(bounty, terms);
    }

    function _attestAs(uint256 seat, uint128 bitmap, bool opened) internal {
        vm.prank(_validatorOf(seat));
        market.attest(bounty, terms, seat, bitmap, opened, SOME);
    }

    function _claim(uint256 round, uint256 index) internal {
        Trees.Payout[] memory row = _payouts();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(row, index);
        market.claim(bounty, terms, round, index, row[index].holder, row[index].amount, hashes, sums);
    }

    // ---------------------------------------------------------------- refusals: the next call reverts with exactly this
    function _refused(bytes4 error_) internal {
        vm.expectRevert(abi.encodeWithSelector(error_, bounty));
    }

    function _refused(bytes4 error_, uint256 value) internal {
        vm.expectRevert(abi.encodeWithSelector(error_, bounty, value));
    }

    function _refused(bytes4 error_, address who) internal {
        vm.expectRevert(abi.encodeWithSelector(error_, bounty, who));
    }

    function _refused(bytes4 error_, uint256 value, address who) internal {
        vm.expectRevert(abi.encodeWithSelector(error_, bounty, value, who));
    }

    function _refusedZeroDigest() internal {
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_ZeroDigest.selector));
    }

    function _refusedInPhase(IMarket.Phase phase) internal {
        _refused(IMarket.Market_WrongPhase.selector, uint256(phase));
    }

    // ---------------------------------------------------------------- figures
    function _payouts() internal view returns (Trees.Payout[] memory row) {
        row = new Trees.Payout[](4);
        row[0] = Trees.Payout(holders[0], 251);
        row[1] = Trees.Payout(holders[1], 149);
        row[2] = Trees.Payout(holders[2], 100);
    }

    /// @dev Adopted, all three included, pays 500 of the 1,000.
    function _goodSheet() internal view returns (IMarket.Sheet memory sheet) {
        Trees.Node memory root = Trees.sumRoot(_payouts());
        sheet = _sheet(root.hash, root.sum);
        sheet.included = 7;
        sheet.nextBaseRoot = keccak256(abi.encode("base after", _view().round));
    }

    /// @dev Not adopted, all three included, pays nothing.
    function _rejectedSheet() internal view returns (IMarket.Sheet memory sheet) {
        sheet.included = 7;
        sheet.nextBaseRoot = _view().baseRoot;
        sheet.document = SOME;
    }

    function _ticketOf(uint256 seat) internal view returns (IRegistry.Ticket memory) {
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        return registry.ticketOf(pool, market.seatOf(bounty, seat).ticket);
    }

    // ---------------------------------------------------------------- what must hold
    function _assertPhase(IMarket.Phase expected) internal view {
        vm.assertEq(uint256(expected), uint256(_view().phase), "phase");
    }

    function _assertClosed(IMarket.CloseReason expected) internal view {
        _assertPhase(IMarket.Phase.Closed);
        vm.assertEq(uint256(expected), uint256(_view().closed), "why it closed");
    }

    function _assertRound(uint256 round, IMarket.RoundStatus expected) internal view {
        vm.assertEq(uint256(expected), uint256(market.roundOf(bounty, round).status), "status of the round");
    }

    /// @dev The bounty's account holds what the bounty owes, to the unit, and the vault has the tokens.
    function _assertSound() internal view {
        vm.assertEq(_owed(), _balance(bounty), "the account holds what is owed");
        vm.assertEq(vault.totalOf(address(token)), token.balanceOf(address(vault)), "the vault holds its total");
    }

    function _owed() internal view returns (uint256 sum) {
        IMarket.BountyView memory b = _view();
        sum = uint256(b.reserve) + b.bond;
        for (uint256 i = 0; i < holders.length; ++i) {
            sum += _owedTo(holders[i]);
        }
        for (uint256 round = 0; round < terms.rounds; ++round) {
            sum += market.roundOf(bounty, round).unclaimed;
        }
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            sum += market.seatOf(bounty, seat).halves * uint256(terms.seatPay / 2);
        }
        if (b.phase == IMarket.Phase.Serve) {
            sum += _count(market.roundOf(bounty, b.round).winners) * uint256(terms.seatPay / 2);
        }
    }

    function _owedTo(address holder) private view returns (uint256 sum) {
        IMarket.HolderView memory h = market.holderOf(bounty, holder);
        sum = h.held;
        if (!h.joined) return sum;
        sum += terms.holderStake + uint256(h.prepaid) * terms.fee;
        if (h.lastRound == 0) return sum;
        IMarket.RoundView memory r = market.roundOf(bounty, h.lastRound - 1);
        bool undecided = r.status == IMarket.RoundStatus.Open;
        bool comesBack = r.status == IMarket.RoundStatus.Void || _has(r.excluded, h.index);
        if (undecided || comesBack) sum += terms.fee;
    }
}
