// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title The aggregate's key is served, and seats are paid.
contract ServingTest is Path {
    function _serveAs(address who, uint256 seat, bytes32 document) private {
        vm.prank(who);
        market.serve(bounty, seat, document);
    }

    // ---------------------------------------------------------------- serving
    /// @dev A seat serves once, in time, something.
    function test_servingHasItsRules() public {
        _toChallenge();
        address val = _validatorOf(0);
        _refusedInPhase(IMarket.Phase.Challenge);
        _serveAs(val, 0, SOME);
        _pass();
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        _refused(IMarket.Market_NotSeat.selector, 0, stranger);
        _serveAs(stranger, 0, SOME);
        _refusedZeroDigest();
        _serveAs(val, 0, 0);
        _serveAs(val, 0, SOME);
        _refused(IMarket.Market_AlreadyActed.selector, 0);
        _serveAs(val, 0, SOME);
        uint256 deadline = _view().deadline;
        _pass();
        val = _validatorOf(1);
        _refused(IMarket.Market_TooLate.selector, deadline);
        _serveAs(val, 1, SOME);
    }

    /// @dev Nobody waits for the deadline when all have served.
    function test_servingEndsWithTheLastSeat() public {
        _toServe();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _assertPhase(IMarket.Phase.Serve);
            uint256 notBefore = uint256(_view().deadline) + 1;
            _refused(IMarket.Market_TooEarly.selector, notBefore);
            market.advance(bounty, Terms.pack(terms));
            address val = _validatorOf(seat);
            _serveAs(val, seat, SOME);
        }
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(1, _view().round, "the next");
        vm.assertEq(vm.getBlockTimestamp() + 102, _view().deadline, "of joining");
        vm.assertEq(2, market.seatOf(bounty, 0).halves, "both halves");
        _assertSound();
    }

    /// @dev The last round's last serve does not end the bounty, but then nobody need wait to do so.
    function test_theLastRoundEndsAtOnce() public {
        terms.rounds = 1;
        _toServe();
        for (uint256 seat = 0; seat < 3; ++seat) {
            address val = _validatorOf(seat);
            _serveAs(val, seat, SOME);
        }
        _assertPhase(IMarket.Phase.Serve);
        _assertSound();
        market.advance(bounty, Terms.pack(terms));
        _assertClosed(IMarket.CloseReason.Finished);
        _assertSound();
    }

    /// @dev Seats that lost their validator are not waited for.
    function test_vacantSeatsAreNotWaitedFor() public {
        _toCommitPhase();
        IMarket.Sheet memory sheet = _goodSheet();
        _commit(0, sheet);
        _commit(1, sheet);
        _advanceAfterDeadline();
        _reveal(0, sheet);
        _reveal(1, sheet);
        _pass();
        market.settle(bounty, Terms.pack(terms), sheet);
        for (uint256 seat = 0; seat < 2; ++seat) {
            address val = _validatorOf(seat);
            _serveAs(val, seat, SOME);
        }
        market.advance(bounty, Terms.pack(terms));
        _assertPhase(IMarket.Phase.Draw);
        vm.assertEq(2, market.seatOf(bounty, 0).halves, "both halves");
        _assertSound();
    }

    /// @dev Half of the pay is earned by scoring, half by a majority that serves; those who did not serve earn it too.
    /// GM-311.
    function test_aMajorityThatServesEarnsTheSecondHalf() public {
        _toServe();
        vm.assertEq(1, market.seatOf(bounty, 2).halves, "the first half");
        _serve(2);
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.assertEq(2, market.seatOf(bounty, seat).halves, "both");
        }
        _assertSound();
    }

    /// @dev A minority that serves does not: the second half goes back to the owner's reserve. GM-311.
    function test_aMinorityThatServesLeavesTheSecondHalf() public {
        _toServe();
        uint256 reserve = _reserve();
        _serve(1);
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(1, market.seatOf(bounty, 0).halves, "the first half only");
        vm.assertEq(reserve + 3 * HALF_PAY, _reserve(), "back");
        _assertSound();
    }

    /// @dev An adopted aggregate that nobody serves closes the bounty: bond and reserve return, payouts stay, in full.
    /// GM-217.
    function test_anAggregateNobodyServesClosesTheBounty() public {
        _toServe();
        _claim(0, 0);
        _serve(0);
        _assertClosed(IMarket.CloseReason.NotServed);
        vm.assertEq(PURSE - POOL - 3 * HALF_PAY + 3 * FEE, _balance(owner), "all but payouts and first halves");
        vm.assertEq(uint256(IRegistry.TicketState.Live), uint256(_ticketOf(0).state), "tickets are free");
        _assertSound();
        market.claimHeld(bounty, Terms.pack(terms), holders[0]);
        _claim(0, 1);
        _claim(0, 2);
        for (uint256 i = 0; i < 3; ++i) {
            market.leave(bounty, Terms.pack(terms), holders[i]);
        }
        vm.assertEq(PURSE - FEE + 251, _balance(holders[0]), "the hold-back is released");
        vm.assertEq(PURSE - FEE + 149, _balance(holders[1]), "paid at once");
        for (uint256 seat = 0; seat < 3; ++seat) {
            market.collect(bounty, Terms.pack(terms), seat);
        }
        vm.assertEq(0, _balance(bounty), "nothing stays");
    }

    // ---------------------------------------------------------------- handing over
    /// @dev A seat may hand keys over at any time; it changes nothing. Nobody else may.
    function test_handingOverChangesNothing() public {
        _toJoin();
        address val = _validatorOf(1);
        bytes32 before = keccak256(abi.encode(_view()));
        vm.prank(val);
        market.handOver(bounty, 1, SOME);
        vm.assertEq(before, keccak256(abi.encode(_view())), "as before");
        vm.prank(val);
        _refusedZeroDigest();
        market.handOver(bounty, 1, 0);
        vm.prank(stranger);
        _refused(IMarket.Market_NotSeat.selector, 1, stranger);
        market.handOver(bounty, 1, SOME);
    }

    /// @dev Whoever was drawn but did not take the seat holds none.
    function test_aSeatNotTakenIsNoSeat() public {
        _post();
        vm.roll(1005);
        market.draw(bounty, Terms.pack(terms));
        (address val,,) = _turn(1);
        vm.prank(val);
        _refused(IMarket.Market_NotSeat.selector, 1, val);
        market.handOver(bounty, 1, SOME);
    }

    // ---------------------------------------------------------------- collecting
    /// @dev Pay is collected once, by whoever asks, for the seat's validator.
    function test_payIsCollectedOnce() public {
        _toServe();
        for (uint256 seat = 3; seat < 17; ++seat) {
            _refused(IMarket.Market_NothingToDo.selector); // there are three
            market.collect(bounty, Terms.pack(terms), seat);
        }
        address val = _validatorOf(0);
        uint256 before = _balance(val);
        vm.prank(stranger);
        vm.assertEq(HALF_PAY, market.collect(bounty, Terms.pack(terms), 0), "the first half, rounded down");
        vm.assertEq(before + HALF_PAY, _balance(val), "the validator's");
        _refused(IMarket.Market_NothingToDo.selector);
        market.collect(bounty, Terms.pack(terms), 0);
        _serve(3);
        vm.assertEq(HALF_PAY, market.collect(bounty, Terms.pack(terms), 0), "the second");
        vm.assertEq(2 * HALF_PAY, market.collect(bounty, Terms.pack(terms), 1), "both at once");
        _assertSound();
    }

    /// @dev Bounties without seat pay owe none.
    function test_withoutSeatPayThereIsNothingToCollect() public {
        terms.seatPay = 1;
        _toServe();
        _serve(3);
        _refused(IMarket.Market_NothingToDo.selector);
        market.collect(bounty, Terms.pack(terms), 0);
        _assertSound();
    }
}
