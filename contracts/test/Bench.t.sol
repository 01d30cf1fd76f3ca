// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Seats are drawn, taken, and drawn again.
contract BenchTest is Path {
    function _draw() private {
        vm.roll(_view().drawBlock + 1);
        market.draw(bounty, Terms.pack(terms));
    }

    // ---------------------------------------------------------------- drawing
    /// @dev Every seat has a first candidate, who has until the deadline to take it; the tickets that did are distinct.
    function test_aDrawOrdersCandidatesForTheSeats() public {
        _post();
        _draw();
        _assertPhase(IMarket.Phase.Acknowledge);
        vm.assertEq(vm.getBlockTimestamp() + 101, _view().deadline, "deadline");
        vm.assertEq(1, _view().draws, "first draw");
        uint256 tickets = 0;
        for (uint256 seat = 0; seat < 3; ++seat) {
            (address validator, uint256 ticket,) = _turn(seat);
            bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
            vm.assertEq(registry.ticketOf(pool, ticket).validator, validator, "the ticket's validator");
            vm.assertFalse(market.seatOf(bounty, seat).acknowledged, "not taken yet");
            vm.assertEq(address(0), _validatorOf(seat), "nobody's");
            _acknowledge(seat);
            vm.assertEq(validator, _validatorOf(seat), "taken");
            vm.assertEq(ticket, market.seatOf(bounty, seat).ticket, "with that ticket");
            tickets |= 1 << ticket;
        }
        vm.assertEq(3, _count(tickets), "distinct");
    }

    /// @dev The seed is the hash of a block that nobody knows at posting: the draw waits for it. GM-301.
    function test_aDrawWaitsForItsBlock() public {
        _post();
        _refused(IMarket.Market_TooEarly.selector, 1005);
        market.draw(bounty, Terms.pack(terms));
        vm.roll(1004);
        _refused(IMarket.Market_TooEarly.selector, 1005);
        market.draw(bounty, Terms.pack(terms));
        vm.roll(1005);
        market.draw(bounty, Terms.pack(terms));
        _refusedInPhase(IMarket.Phase.Acknowledge);
        market.draw(bounty, Terms.pack(terms));
    }

    /// @dev Whoever comes late finds a block whose hash is still known: the draw block moves by 256 and never further.
    function test_aLateDrawTakesTheBlock256Later() public {
        _post();
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        vm.roll(1004 + 256 + 256);
        bytes32 seed = keccak256(abi.encode(blockhash(1004 + 256), bounty, uint8(0)));
        vm.assertTrue(blockhash(1004 + 256) != 0, "256 blocks ago is known");
        market.draw(bounty, Terms.pack(terms));
        vm.assertEq(seed, _view().drawn.seed, "drawn by that block");
        vm.assertEq(VALIDATORS, _view().drawn.length, "from the list of the posting");
        vm.assertEq(1000, _view().drawn.frozenBlock, "as it was then");
        (, uint256 ticket, uint256 tries) = registry.candidate(pool, IRegistry.Draw(seed, VALIDATORS, 1000), 2);
        vm.assertEq(0, tries, "all are live");
        uint256 first = uint64(uint256(keccak256(abi.encode(seed, uint256(2), uint256(0))))) % VALIDATORS;
        vm.assertEq(first, ticket, "the first number of the seat's own sequence");
    }

    /// @dev Tickets that were opened after the posting cannot be drawn for the first bench. GM-301.
    function test_laterTicketsAreNotDrawn() public {
        for (uint256 i = 3; i < VALIDATORS; ++i) {
            vm.prank(validators[i]);
            registry.leave(address(token), terms.ticketStake, i);
        }
        _post();
        vm.prank(stranger);
        registry.stake(address(token), terms.ticketStake, 100);
        _draw();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _acknowledge(seat);
            vm.assertTrue(market.seatOf(bounty, seat).ticket < 3, "one of the three that were live");
        }
    }

    // ---------------------------------------------------------------- acknowledging
    /// @dev The last of the drawn to take its seat starts the joining, before the deadline.
    function test_theLastSeatStartsTheJoining() public {
        _post();
        _draw();
        _acknowledge(0);
        _acknowledge(1);
        vm.assertEq(3, _view().acted, "two took theirs");
        vm.assertEq(4, _view().vacant, "one to come");
        _assertPhase(IMarket.Phase.Acknowledge);
        _acknowledge(2);
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(vm.getBlockTimestamp() + 102, _view().deadline, "as long as the terms say");
        vm.assertEq(0, _view().draws, "counted anew");
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.assertTrue(market.seatOf(bounty, seat).acknowledged, "taken");
            vm.assertEq(uint256(IRegistry.TicketState.Seated), uint256(_ticketOf(seat).state), "locked");
        }
    }

    /// @dev A seat is taken by whoever's turn it is, once, in time, with a key.
    function test_takingASeatHasItsRules() public {
        _post();
        _refusedInPhase(IMarket.Phase.Draw);
        market.acknowledge(bounty, Terms.pack(terms), 0, 0, SOME);
        _draw();
        (address val,, uint256 tries) = _turn(0);
        vm.prank(stranger);
        vm.expectPartialRevert(IRegistry.Registry_NotYourTicket.selector);
        market.acknowledge(bounty, Terms.pack(terms), 0, tries, SOME);
        vm.prank(val);
        _refusedZeroDigest();
        market.acknowledge(bounty, Terms.pack(terms), 0, tries, 0);
        vm.prank(val);
        _refused(IMarket.Market_NotSeat.selector, 3, val);
        market.acknowledge(bounty, Terms.pack(terms), 3, tries, SOME);
        _acknowledge(0);
        vm.prank(val);
        _refused(IMarket.Market_AlreadyActed.selector, 0);
        market.acknowledge(bounty, Terms.pack(terms), 0, tries, SOME);
        _pass();
        uint256 deadline = _view().deadline;
        (val,, tries) = _turn(1);
        vm.prank(val);
        _refused(IMarket.Market_TooLate.selector, deadline);
        market.acknowledge(bounty, Terms.pack(terms), 1, tries, SOME);
    }

    /// @dev A later candidate waits as long as one before it could take the seat, and no longer.
    function test_candidatesWaitForTheirTurn() public {
        _post();
        _draw();
        (address first, uint256 ticket,) = _turn(0);
        (address next, uint256 tries) = _after(0, ticket);
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        vm.prank(next);
        vm.expectPartialRevert(IRegistry.Registry_NotFirst.selector);
        market.acknowledge(bounty, Terms.pack(terms), 0, tries, SOME);
        vm.prank(first);
        registry.leave(address(token), terms.ticketStake, ticket);
        vm.prank(first);
        vm.expectPartialRevert(IRegistry.Registry_WrongState.selector);
        market.acknowledge(bounty, Terms.pack(terms), 0, 0, SOME);
        vm.prank(next);
        market.acknowledge(bounty, Terms.pack(terms), 0, tries, SOME);
        vm.assertEq(next, _validatorOf(0), "its turn came");
        vm.assertEq(uint256(IRegistry.TicketState.Leaving), uint256(registry.ticketOf(pool, ticket).state), "leaves");
    }

    /// @dev The first candidate for `seat` that is another ticket than `ticket`, and its number.
    function _after(uint256 seat, uint256 ticket) private view returns (address validator, uint256 tries) {
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        IRegistry.Draw memory drawn = _view().drawn;
        uint256 other = ticket;
        while (other == ticket) {
            other = uint64(uint256(keccak256(abi.encode(drawn.seed, seat, ++tries)))) % drawn.length;
        }
        validator = registry.ticketOf(pool, other).validator;
    }

    /// @dev A ticket that could take seats of two bounties takes one; the other bounty draws again. GM-302.
    function test_aTicketSitsInOneBounty() public {
        for (uint256 i = 3; i < VALIDATORS; ++i) {
            vm.prank(validators[i]);
            registry.leave(address(token), terms.ticketStake, i);
        }
        _post();
        bytes32 first = bounty;
        vm.prank(owner);
        bytes32 second = market.post("second", Terms.posted(terms), SOME);
        vm.roll(1005);
        market.draw(second, Terms.pack(terms));
        bounty = second;
        (address val,, uint256 tries) = _turn(0);
        bounty = first;
        _seatAll();
        vm.prank(val);
        vm.expectPartialRevert(IRegistry.Registry_WrongState.selector);
        market.acknowledge(second, Terms.pack(terms), 0, tries, SOME);
        bounty = second;
        (val,,) = _turn(0);
        vm.assertEq(address(0), val, "nobody's turn");
        _advanceAfterDeadline();
        _assertPhase(IMarket.Phase.Draw);
        bounty = first;
        _assertPhase(IMarket.Phase.Join);
    }

    // ---------------------------------------------------------------- drawing again
    /// @dev Seats that were not taken are drawn again; those that were stay. GM-303.
    function test_seatsThatWereNotTakenAreDrawnAgain() public {
        _post();
        _draw();
        _acknowledge(1);
        address kept = _validatorOf(1);
        uint256 notBefore = uint256(_view().deadline) + 1;
        _refused(IMarket.Market_TooEarly.selector, notBefore);
        market.advance(bounty, Terms.pack(terms));
        vm.roll(2000);
        _advanceAfterDeadline();
        _assertPhase(IMarket.Phase.Draw);
        vm.assertEq(2004, _view().drawBlock, "four blocks on");
        vm.assertEq(0, _view().deadline, "no deadline");
        _draw();
        vm.assertEq(kept, _validatorOf(1), "stays");
        vm.assertEq(2, _view().draws, "second draw");
        _acknowledge(0);
        _acknowledge(2);
        _assertPhase(IMarket.Phase.Join);
    }

    /// @dev The first bench is drawn from the list of the posting, however often: whoever saw a seed come to nothing cannot add tickets for
    /// the next. In later rounds each draw is from the list of the moment. GM-301.
    function test_whichListIsDrawnFromAgain() public {
        _post();
        _draw();
        vm.roll(2000);
        _stakeMore(10);
        _advanceAfterDeadline();
        _draw();
        _assertDrawnFrom(VALIDATORS, 1000);
        for (uint256 seat = 0; seat < 3; ++seat) {
            _acknowledge(seat);
        }
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 7);
        }
        vm.roll(3000);
        _advanceAfterDeadline(); // nobody commits, and all seats are vacant
        _stakeMore(5);
        _draw();
        _assertDrawnFrom(VALIDATORS + 10, 3000);
        vm.roll(4000);
        _advanceAfterDeadline();
        _draw();
        _assertDrawnFrom(VALIDATORS + 15, 4000);
    }

    function _stakeMore(uint256 count) private {
        vm.prank(stranger);
        registry.stake(address(token), terms.ticketStake, count);
    }

    function _assertDrawnFrom(uint256 length, uint256 frozenBlock) private view {
        vm.assertEq(length, _view().drawn.length, "so many tickets");
        vm.assertEq(frozenBlock, _view().drawn.frozenBlock, "of that block");
    }

    /// @dev After three draws in a row that leave a seat vacant the bounty closes, the owner gets everything back, and the
    /// tickets that took seats are free. GM-303.
    function test_threeDrawsWithoutABenchCloseTheBounty() public {
        _post();
        _draw();
        _acknowledge(1);
        _advanceAfterDeadline();
        _draw();
        _advanceAfterDeadline();
        _draw();
        _advanceAfterDeadline();
        _assertClosed(IMarket.CloseReason.TooFewSeats);
        vm.assertEq(PURSE, _balance(owner), "all of it");
        vm.assertEq(uint256(IRegistry.TicketState.Live), uint256(_ticketOf(1).state), "free");
        _assertSound();
    }

    /// @dev When there are not enough tickets any more, a seat stays empty and nobody drawn before keeps a claim to it.
    function test_aSeatStaysEmptyWhenTicketsRunOut() public {
        for (uint256 i = 3; i < VALIDATORS; ++i) {
            vm.prank(validators[i]);
            registry.leave(address(token), terms.ticketStake, i);
        }
        _post();
        _draw();
        (address lost,,) = _turn(2);
        for (uint256 ticket = 0; ticket < 3; ++ticket) {
            vm.prank(validators[ticket]);
            registry.leave(address(token), terms.ticketStake, ticket);
        }
        _advanceAfterDeadline();
        _draw();
        (address found,,) = _turn(2);
        vm.assertEq(address(0), found, "nobody");
        vm.prank(lost);
        vm.expectRevert();
        market.acknowledge(bounty, Terms.pack(terms), 2, 0, SOME);
    }

    /// @dev A seat that was slashed is drawn anew before the next round, from the tickets of that moment, and what the old
    /// validator had earned is its own.
    function test_aSlashedSeatIsDrawnAnew() public {
        terms.rounds = 3;
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _playRound(_goodSheet());
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 7);
        }
        IMarket.Sheet memory sheet = _rejectedSheet();
        address out = _validatorOf(2);
        uint256 before = _balance(out);
        _commit(0, sheet);
        _commit(1, sheet);
        _advanceAfterDeadline();
        _reveal(0, sheet);
        _reveal(1, sheet);
        _pass();
        vm.roll(5000);
        market.settle(bounty, Terms.pack(terms), sheet);
        _assertPhase(IMarket.Phase.Draw);
        vm.assertEq(4, _view().vacant, "one seat");
        vm.assertEq(before + 2 * HALF_PAY, _balance(out), "paid for the first round when it lost the seat");
        vm.assertEq(5004, _view().drawBlock, "a new draw");
        vm.prank(stranger);
        registry.stake(address(token), terms.ticketStake, 500);
        _assertSound();
        _draw();
        _acknowledge(2);
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(2, market.seatOf(bounty, 2).sinceRound, "scores from the third round on");
        vm.assertTrue(market.seatOf(bounty, 2).ticket < VALIDATORS, "none of the 500 came in time");
        vm.assertEq(0, market.seatOf(bounty, 2).halves, "is owed nothing");
        vm.assertEq(4, market.seatOf(bounty, 0).halves, "two rounds");
        _playRound(_goodSheet());
        _assertClosed(IMarket.CloseReason.Finished);
        _assertSound();
    }
}
