// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Stage} from "./fuzz/Stage.sol";
import {Trees} from "./fuzz/Trees.sol";
import {Terms} from "./Terms.sol";

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

    uint256 internal constant FRAME = 3 << 72; // a demand

    address internal stranger;
    bytes32[] internal accounts; // beside the bounty: of disputes, in their order, and of other bounties
    uint256 internal excused; // seats of the running round that have another sheet than the one that stands, and keep their stake

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        _raise(4);
        stranger = _person("stranger", 0);
        terms = _termsOfTheHead();
        _stakeAll();
        bounty = market.bountyId(owner, SALT);
    }

    function _termsOfTheHead() internal view returns (Terms.Fields memory t) {
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
        t.phases = Terms.Phases(101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111);
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
        market.settle(bounty, Terms.pack(terms), _goodSheet());
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

    /// @dev The stranger disputes the sheet that all seats revealed, and demands its frame.
    function _toDispute() internal {
        _toChallenge();
        IReferee.Case memory given = _caseOf(_goodSheet());
        vm.prank(stranger);
        accounts.push(referee.dispute(given, Terms.pack(terms), FRAME));
    }

    // ---------------------------------------------------------------- small steps
    function _pass() internal {
        _warpPast(_view().deadline);
    }

    function _advanceAfterDeadline() internal {
        _pass();
        market.advance(bounty, Terms.pack(terms));
    }

    function _attestAs(uint256 seat, uint128 bitmap, bool opened) internal {
        vm.prank(_validatorOf(seat));
        market.attest(bounty, Terms.pack(terms), seat, bitmap, opened, SOME);
    }

    function _claim(uint256 round, uint256 index) internal {
        Trees.Payout[] memory row = _payouts();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(row, index);
        _claimAs(round, index, row[index].holder, row[index].amount, _stood(round), Trees.path(hashes, sums));
    }

    function _claimAs(
        uint256 round,
        uint256 index,
        address holder,
        uint128 amount,
        bytes32 sheetHash,
        bytes memory path
    ) internal {
        IMarket.Claim[] memory claims = new IMarket.Claim[](1);
        claims[0] = IMarket.Claim(round, index, amount, sheetHash, path);
        market.claim(bounty, address(token), holder, claims);
    }

    /// @dev What the referee is told of a sheet of the round that is on, by whoever knows its frame.
    function _caseOf(IMarket.Sheet memory sheet) internal view returns (IReferee.Case memory) {
        return IReferee.Case(bounty, _view().round, keccak256(abi.encode(sheet)), _frame());
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
    function _goodSheet() internal view returns (IMarket.Sheet memory) {
        return _goodSheetOf(_view().round);
    }

    function _goodSheetOf(uint256 round) internal view returns (IMarket.Sheet memory sheet) {
        Trees.Node memory root = Trees.sumRoot(_payouts());
        sheet = _sheet(root.hash, root.sum);
        sheet.included = 7;
        sheet.nextBaseRoot = keccak256(abi.encode("base after", round));
    }

    /// @dev The hash of the sheet with `_payouts` that the round was settled on; 0 if it was on none.
    function _stood(uint256 round) internal view returns (bytes32) {
        IMarket.Sheet memory sheet = _goodSheetOf(round);
        bytes32 result = market.resultOf(bounty, round);
        for (uint256 i = 0; i < 4; ++i) {
            sheet.released = i % 2 == 1;
            if (i == 2) _salt(sheet, "S");
            bytes32 sheetHash = market.sheetHashOf(bounty, round, sheet);
            if (result == _resultOn(sheet, sheetHash)) return sheetHash;
        }
        return 0;
    }

    /// @dev The same sheet, of a trace with other salts.
    function _salt(IMarket.Sheet memory sheet, bytes1 salts) internal pure {
        sheet.traceRoot = keccak256(abi.encode("salts", salts));
        sheet.document = keccak256(abi.encode("story", salts));
    }

    /// @dev What a round keeps that was settled on the sheet.
    function _resultOn(IMarket.Sheet memory sheet, bytes32 sheetHash) internal view returns (bytes32) {
        return keccak256(abi.encode(sheet.payoutRoot, uint256(sheet.pool), address(token), sheetHash));
    }

    /// @dev Not adopted, all three included, pays nothing.
    function _rejectedSheet() internal pure returns (IMarket.Sheet memory sheet) {
        sheet.included = 7;
        sheet.traceRoot = Trees.traceRoot(_frame());
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

    /// @dev Settled or not; whoever submitted to one that is not has its fee left.
    function _assertSettled(uint256 round, bool expected) internal view {
        vm.assertTrue((market.resultOf(bounty, round) != 0) == expected, "status of the round");
    }

    /// @dev The bounty's account holds what the bounty owes, to the unit, and the vault has the tokens.
    function _assertSound() internal view {
        vm.assertEq(_owed(), _balance(bounty), "the account holds what is owed");
        vm.assertEq(_sumOfAccounts(), token.balanceOf(address(vault)), "the vault holds the sum of its accounts");
    }

    function _owed() internal view returns (uint256 sum) {
        IMarket.BountyView memory b = _view();
        sum = _reserve() + Terms.bond(terms, b);
        for (uint256 i = 0; i < holders.length; ++i) {
            sum += _owedTo(holders[i]);
        }
        for (uint256 round = 0; round < terms.rounds; ++round) {
            sum += _unclaimed(round);
        }
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            sum += market.seatOf(bounty, seat).halves * uint256(terms.seatPay / 2);
        }
        if (b.phase == IMarket.Phase.Serve) {
            for (uint256 seat = 0; seat < terms.seats; ++seat) {
                // Who revealed another sheet, or none, has lost the seat by now, or was excused.
                if (market.seatOf(bounty, seat).word != 0 && !_has(excused, seat)) sum += terms.seatPay / 2;
            }
        }
    }

    /// @dev Of a round that was settled on a sheet with `_payouts`; others pay nothing.
    function _unclaimed(uint256 round) internal view returns (uint256 sum) {
        if (_stood(round) == 0) return 0;
        Trees.Payout[] memory row = _payouts();
        for (uint256 i = 0; i < 3; ++i) {
            if (!market.claimedOf(bounty, row[i].holder, round)) sum += row[i].amount;
        }
    }

    function _sumOfAccounts() internal view returns (uint256 sum) {
        sum = _balance(bounty) + _balance(registry.poolOf(address(token), terms.ticketStake)) + _burned();
        sum += _balance(owner) + _balance(stranger);
        for (uint256 i = 0; i < accounts.length; ++i) {
            sum += _balance(accounts[i]);
        }
        for (uint256 i = 0; i < holders.length; ++i) {
            sum += _balance(holders[i]);
        }
        for (uint256 i = 0; i < validators.length; ++i) {
            sum += _balance(validators[i]);
        }
    }

    function _owedTo(address holder) private view returns (uint256 sum) {
        IMarket.HolderView memory h = market.holderOf(bounty, holder);
        sum = h.held;
        if (h.joined) sum += terms.holderStake + uint256(h.prepaid) * terms.fee;
    }
}
