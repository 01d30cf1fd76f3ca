// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Revealing by agreeing with the first sheet, and what becomes of the others.
contract AgreeingTest is Path {
    function _ticketsOfSeats() private view returns (uint256[3] memory tickets) {
        for (uint256 seat = 0; seat < 3; ++seat) {
            tickets[seat] = market.seatOf(bounty, seat).ticket;
        }
    }

    function _assertSlashed(uint256 ticket, uint256 percent) private view {
        IRegistry.Ticket memory t = registry.ticketOf(registry.poolOf(address(token), terms.ticketStake), ticket);
        vm.assertEq(TICKET - TICKET * percent / 100, t.stake, "what is left of the stake");
        IRegistry.TicketState state = percent == 0 ? IRegistry.TicketState.Seated : IRegistry.TicketState.Leaving;
        vm.assertEq(uint256(state), uint256(t.state), "state of the ticket");
    }

    function _agree(uint256 seat) private {
        vm.prank(_validatorOf(seat));
        market.agree(bounty, seat, SOME);
    }

    /// @dev Who committed to the sheet that was revealed first need only say so; the last one starts the challenge.
    function test_agreeingReveals() public {
        _toReveal();
        _reveal(1, _goodSheet());
        bytes32 hash = market.sheetHashOf(bounty, 0, _goodSheet());
        vm.assertEq(hash, _view().leading, "the first one's");
        _agree(0);
        vm.assertEq(hash, market.seatOf(bounty, 0).word, "the same");
        _assertPhase(IMarket.Phase.Reveal);
        _agree(2);
        _assertPhase(IMarket.Phase.Challenge);
        vm.assertEq(vm.getBlockTimestamp() + 110, _view().deadline, "as long as the terms say");
        _pass();
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.assertEq(1, market.seatOf(bounty, seat).halves, "all are paid");
        }
        _assertSound();
    }

    /// @dev Nobody agrees with nothing, with another sheet, without a commit, in somebody else's name, late, or twice.
    function test_agreeingHasItsRules() public {
        _toCommitPhase();
        IMarket.Sheet memory other = _rejectedSheet();
        _commit(0, _goodSheet());
        _commit(1, other);
        _advanceAfterDeadline();
        address[3] memory vals = [_validatorOf(0), _validatorOf(1), _validatorOf(2)];
        vm.prank(vals[0]);
        _refused(IMarket.Market_BadReveal.selector, 0);
        market.agree(bounty, 0, SOME);
        _reveal(0, _goodSheet());
        vm.prank(vals[1]);
        _refused(IMarket.Market_BadReveal.selector, 1);
        market.agree(bounty, 1, SOME);
        vm.prank(vals[2]);
        _refused(IMarket.Market_BadReveal.selector, 2);
        market.agree(bounty, 2, SOME);
        vm.prank(vals[1]);
        _refused(IMarket.Market_AlreadyActed.selector, 0);
        market.agree(bounty, 0, SOME);
        uint256 deadline = _view().deadline;
        _reveal(1, other);
        _assertPhase(IMarket.Phase.Draw); // no majority: the round is void, and seat 2 did not commit
        _refusedInPhase(IMarket.Phase.Draw);
        market.agree(bounty, 1, SOME);
        vm.assertTrue(deadline != 0, "there was one");
    }

    /// @dev When the last to reveal agrees and still no majority does, the round can be voided at once.
    function test_agreeingInAMinorityVoidsTheRound() public {
        terms.seats = 5;
        _toCommitPhase(5);
        IMarket.Sheet memory third = _rejectedSheet();
        third.document = "another";
        _commit(0, _goodSheet());
        _commit(1, _goodSheet());
        _commit(2, _rejectedSheet());
        _commit(3, _rejectedSheet());
        _commit(4, third);
        _reveal(0, _goodSheet());
        _reveal(2, _rejectedSheet());
        _reveal(3, _rejectedSheet());
        _reveal(4, third);
        _agree(1);
        _assertPhase(IMarket.Phase.Reveal);
        market.advance(bounty, Terms.pack(terms));
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Join);
        _assertSound();
    }

    /// @dev As the other, with more seats.
    function _toCommitPhase(uint256 seats) private {
        _toAttest();
        for (uint256 seat = 0; seat < seats; ++seat) {
            _attest(seat, 7);
        }
    }

    /// @dev A hash that led in an earlier round cannot be agreed with: nobody could settle on it.
    function test_whatLedEarlierLeadsNoMore() public {
        _toCommitPhase();
        _settle(_rejectedSheet());
        bytes32 old = market.sheetHashOf(bounty, 0, _rejectedSheet());
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 7);
        }
        bytes32 tag = keccak256("gradmarket/1/commit");
        for (uint256 seat = 0; seat < 3; ++seat) {
            address val = _validatorOf(seat);
            bytes32 word =
                keccak256(abi.encode(tag, block.chainid, address(market), bounty, uint256(1), seat, val, old, SOME));
            vm.prank(val);
            market.commit(bounty, seat, word);
        }
        _assertPhase(IMarket.Phase.Reveal);
        address first = _validatorOf(0);
        vm.prank(first);
        _refused(IMarket.Market_BadReveal.selector, 0);
        market.agree(bounty, 0, SOME);
    }

    /// @dev The sheet of the majority stands also when another one was revealed first. GM-307.
    function test_theFirstSheetNeedNotStand() public {
        _toCommitPhase();
        uint256[3] memory tickets = _ticketsOfSeats();
        IMarket.Sheet memory other = _goodSheet();
        other.document = "another";
        _commit(0, other);
        _commit(1, _goodSheet());
        _commit(2, _goodSheet());
        _reveal(0, other);
        _reveal(1, _goodSheet());
        _reveal(2, _goodSheet());
        _assertPhase(IMarket.Phase.Challenge);
        _pass();
        _refused(IMarket.Market_NoMajority.selector, 0);
        market.settle(bounty, Terms.pack(terms), other);
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        _assertSlashed(tickets[0], 20);
        _assertSlashed(tickets[1], 0);
        _assertSound();
        vm.prank(_validatorOf(1));
        market.serve(bounty, 1, SOME);
        vm.prank(_validatorOf(2));
        market.serve(bounty, 2, SOME);
        market.advance(bounty, Terms.pack(terms));
        vm.assertEq(0, market.seatOf(bounty, 0).halves, "nothing for the other sheet");
        vm.assertEq(2, market.seatOf(bounty, 1).halves, "both halves");
        _assertSound();
    }

    /// @dev The first seat need not be the first to reveal: whichever leads, all seats of the sheet that stands are found. GM-215.
    function test_anySeatMayRevealFirst() public {
        _toCommitPhase();
        uint256[3] memory tickets = _ticketsOfSeats();
        IMarket.Sheet memory good = _goodSheet();
        _commit(0, good);
        _commit(1, _rejectedSheet());
        _commit(2, good);
        _reveal(1, _rejectedSheet());
        _reveal(2, good);
        _reveal(0, good);
        _assertPhase(IMarket.Phase.Challenge);
        _pass();
        bytes32 hash = market.sheetHashOf(bounty, 0, good);
        vm.expectEmit(address(market));
        emit IMarket.Settled(bounty, 0, hash, 5);
        market.settle(bounty, Terms.pack(terms), good);
        _assertSlashed(tickets[0], 0);
        _assertSlashed(tickets[1], 20);
        _assertSlashed(tickets[2], 0);
        _assertSound();
    }
}
