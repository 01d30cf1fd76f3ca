// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Seats commit to sheets and reveal them; the one that a majority of seats revealed stands.
contract ScoringTest is Path {
    function _refusedSheet(bytes32 reason) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_BadSheet.selector, bounty, reason));
    }

    function _revealAs(address who, uint256 seat, IMarket.Sheet memory sheet, bytes32 salt) private {
        vm.prank(who);
        market.reveal(bounty, Terms.pack(terms), seat, sheet, salt);
    }

    function _assertSlashed(uint256 ticket, uint256 percent) private view {
        IRegistry.Ticket memory t = registry.ticketOf(registry.poolOf(address(token), terms.ticketStake), ticket);
        vm.assertEq(TICKET - TICKET * percent / 100, t.stake, "what is left of the stake");
        IRegistry.TicketState state = percent == 0 ? IRegistry.TicketState.Seated : IRegistry.TicketState.Leaving;
        vm.assertEq(uint256(state), uint256(t.state), "state of the ticket");
    }

    function _ticketsOfSeats() private view returns (uint256[3] memory tickets) {
        for (uint256 seat = 0; seat < 3; ++seat) {
            tickets[seat] = market.seatOf(bounty, seat).ticket;
        }
    }

    // ---------------------------------------------------------------- committing
    /// @dev A seat commits once, in time, to something. GM-304.
    function test_committingHasItsRules() public {
        _toAttest();
        address val = _validatorOf(0);
        vm.prank(val);
        _refusedInPhase(IMarket.Phase.Attest);
        market.commit(bounty, 0, SOME);
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 7);
        }
        vm.prank(stranger);
        _refused(IMarket.Market_NotSeat.selector, 0, stranger);
        market.commit(bounty, 0, SOME);
        vm.prank(val);
        _refusedZeroDigest();
        market.commit(bounty, 0, 0);
        vm.prank(val);
        market.commit(bounty, 0, SOME);
        vm.assertEq(SOME, market.seatOf(bounty, 0).word, "seen");
        vm.assertEq(0, market.seatOf(bounty, 0).attested, "in the place of what it attested");
        vm.assertEq(7, market.seatOf(bounty, 1).attested, "which others still show");
        vm.prank(val);
        _refused(IMarket.Market_AlreadyActed.selector, 0);
        market.commit(bounty, 0, SOME);
        uint256 deadline = _view().deadline;
        _pass();
        val = _validatorOf(1);
        vm.prank(val);
        _refused(IMarket.Market_TooLate.selector, deadline);
        market.commit(bounty, 1, SOME);
    }

    /// @dev When all have committed nobody waits: anybody may advance, and the first to reveal does.
    function test_committingEndsWithTheLastCommit() public {
        _toCommitPhase();
        IMarket.Sheet memory sheet = _goodSheet();
        _commit(0, sheet);
        _commit(1, sheet);
        uint256 notBefore = uint256(_view().deadline) + 1;
        _refused(IMarket.Market_TooEarly.selector, notBefore);
        market.advance(bounty, Terms.pack(terms));
        address val = _validatorOf(0);
        _refusedInPhase(IMarket.Phase.Commit);
        _revealAs(val, 0, sheet, SOME);
        _commit(2, sheet);
        _reveal(0, sheet);
        _assertPhase(IMarket.Phase.Reveal);
        vm.assertEq(vm.getBlockTimestamp() + 109, _view().deadline, "from now on");
        vm.assertEq(1, _view().acted, "one revealed");
    }

    // ---------------------------------------------------------------- revealing
    /// @dev A reveal opens its seat's own commit, once, in time. GM-304.
    function test_revealingHasItsRules() public {
        _toCommitPhase();
        IMarket.Sheet memory sheet = _goodSheet();
        _commit(0, sheet);
        _commit(1, sheet);
        address val0 = _validatorOf(0);
        address val1 = _validatorOf(1);
        address val2 = _validatorOf(2);
        _advanceAfterDeadline();
        _assertPhase(IMarket.Phase.Reveal);
        _refused(IMarket.Market_BadReveal.selector, 0);
        _revealAs(stranger, 0, sheet, SOME);
        _refused(IMarket.Market_BadReveal.selector, 2);
        _revealAs(val2, 2, sheet, SOME);
        _refused(IMarket.Market_BadReveal.selector, 0);
        _revealAs(val0, 0, sheet, "another salt");
        sheet.pool -= 1;
        _refused(IMarket.Market_BadReveal.selector, 0);
        _revealAs(val0, 0, sheet, SOME);
        sheet.pool += 1;
        _revealAs(val0, 0, sheet, SOME);
        bytes32 hash = market.sheetHashOf(bounty, 0, sheet);
        vm.assertEq(hash, market.seatOf(bounty, 0).word, "the sheet's hash");
        _refused(IMarket.Market_AlreadyActed.selector, 0);
        _revealAs(val0, 0, sheet, SOME);
        uint256 deadline = _view().deadline;
        _pass();
        _refused(IMarket.Market_TooLate.selector, deadline);
        _revealAs(val1, 1, sheet, SOME);
    }

    /// @dev A commit that was copied from another seat opens for nobody. GM-308.
    function test_aCopiedCommitCannotBeRevealed() public {
        _toCommitPhase();
        IMarket.Sheet memory sheet = _goodSheet();
        _commit(0, sheet);
        bytes32 copied = market.seatOf(bounty, 0).word;
        address val = _validatorOf(1);
        vm.prank(val);
        market.commit(bounty, 1, copied);
        _commit(2, sheet);
        _reveal(0, sheet);
        _refused(IMarket.Market_BadReveal.selector, 1);
        _revealAs(val, 1, sheet, SOME);
    }

    /// @dev What the contract can check of a sheet it checks. GM-220.
    function test_sheetsThatBreakTheRulesAreRefused() public {
        _tryBadSheet(0, "included");
        _tryBadSheet(1, "breached");
        _tryBadSheet(2, "pool");
        _tryBadSheet(3, "released");
        _tryBadSheet(4, "document");
        _tryBadSheet(5, "aggregate");
        _tryBadSheet(6, "nextBaseRoot");
        _tryBadSheet(7, "pool");
        _tryBadSheet(8, "nextBaseRoot");
    }

    function _tryBadSheet(uint256 fault, bytes32 reason) private {
        delete holders;
        delete validators;
        setUp();
        _toCommitPhase();
        IMarket.Sheet memory sheet = fault < 7 ? _goodSheet() : _rejectedSheet();
        if (fault == 0) sheet.included = 3;
        if (fault == 1) sheet.breached = 8;
        if (fault == 2) sheet.pool = uint128(BUDGET + 1);
        if (fault == 3) sheet.released = true;
        if (fault == 4) sheet.document = 0;
        if (fault == 5) sheet.aggregate = 0;
        if (fault == 6) sheet.nextBaseRoot = 0;
        if (fault == 7) sheet.pool = 1;
        if (fault == 8) sheet.nextBaseRoot = terms.baseRoot;
        for (uint256 seat = 0; seat < 3; ++seat) {
            _commit(seat, sheet);
        }
        address val = _validatorOf(0);
        _refusedSheet(reason);
        _revealAs(val, 0, sheet, SOME);
    }

    // ---------------------------------------------------------------- settling
    /// @dev The sheet of the majority stands after the challenge window, not before, for whoever asks. GM-110, GM-215.
    function test_theMajoritysSheetStands() public {
        _toCommitPhase();
        uint256[3] memory tickets = _ticketsOfSeats();
        IMarket.Sheet memory good = _goodSheet();
        IMarket.Sheet memory other = _rejectedSheet();
        _commit(0, good);
        _commit(1, other);
        _commit(2, good);
        _reveal(0, good);
        _reveal(1, other);
        _reveal(2, good);
        _assertPhase(IMarket.Phase.Challenge);
        uint256 deadline = _view().deadline;
        _refused(IMarket.Market_TooEarly.selector, deadline + 1);
        market.settle(bounty, Terms.pack(terms), good);
        _pass();
        _refused(IMarket.Market_NothingToDo.selector);
        market.advance(bounty, Terms.pack(terms));
        _refused(IMarket.Market_NoMajority.selector, 0);
        market.settle(bounty, Terms.pack(terms), other);
        vm.prank(stranger);
        market.settle(bounty, Terms.pack(terms), good);
        _assertSettled(0, true);
        bytes32 result = _resultOn(good, market.sheetHashOf(bounty, 0, good));
        vm.assertEq(result, market.resultOf(bounty, 0), "what claims have to fit");
        _assertPhase(IMarket.Phase.Serve);
        vm.assertEq(2 * (BUDGET + 93) - POOL - 4 * HALF_PAY + 3 * FEE, _reserve(), "reserve");
        _assertSlashed(tickets[0], 0);
        _assertSlashed(tickets[1], 20);
        _assertSlashed(tickets[2], 0);
        vm.assertEq(2, _view().vacant, "seat 1");
        _assertSound();
    }

    /// @dev Each way to fail its duty costs a seat its share, and the seat. GM-305, GM-306, GM-307.
    function test_failingSeatsAreSlashed() public {
        terms.seats = 7;
        terms.bond = 500;
        _toCommitWithSeven();
        IMarket.Sheet memory good = _goodSheet();
        IMarket.Sheet memory other = _rejectedSheet();
        uint256[7] memory tickets;
        for (uint256 seat = 0; seat < 7; ++seat) {
            tickets[seat] = market.seatOf(bounty, seat).ticket;
        }
        for (uint256 seat = 0; seat < 6; ++seat) {
            _commit(seat, seat == 4 ? other : good);
        }
        _advanceAfterDeadline();
        for (uint256 seat = 0; seat < 5; ++seat) {
            _reveal(seat, seat == 4 ? other : good);
        }
        _advanceAfterDeadline();
        _assertPhase(IMarket.Phase.Challenge);
        _pass();
        market.settle(bounty, Terms.pack(terms), good);
        for (uint256 seat = 0; seat < 4; ++seat) {
            _assertSlashed(tickets[seat], 0);
        }
        _assertSlashed(tickets[4], 20);
        _assertSlashed(tickets[5], 30);
        _assertSlashed(tickets[6], 10);
        vm.assertEq(TICKET * 60 / 100, _burned(), "all of it burned");
        vm.assertEq(112, _view().vacant, "three seats");
        vm.assertEq(address(0), _validatorOf(6), "nobody");
        _assertSound();
    }

    function _toCommitWithSeven() private {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < 7; ++seat) {
            _attest(seat, 7);
        }
    }

    /// @dev A seat that had said that it lacks an included update cannot score, and is not slashed for not committing; one that
    /// never said anything is. GM-305.
    function test_whoLacksAnUpdateNeedNotCommit() public {
        terms.seats = 7;
        terms.rounds = 1;
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _openRound();
        for (uint256 i = 0; i < 3; ++i) {
            _submit(i);
        }
        _openShard();
        for (uint256 seat = 0; seat < 5; ++seat) {
            _attest(seat, 7);
        }
        _attest(5, 6);
        _advanceAfterDeadline();
        vm.assertEq(7, _view().included, "five of seven hold all");
        uint256 lacking = market.seatOf(bounty, 5).ticket;
        uint256 silent = market.seatOf(bounty, 6).ticket;
        IMarket.Sheet memory sheet = _goodSheet();
        for (uint256 seat = 0; seat < 5; ++seat) {
            _commit(seat, sheet);
        }
        _advanceAfterDeadline();
        for (uint256 seat = 0; seat < 5; ++seat) {
            _reveal(seat, sheet);
        }
        _pass();
        market.settle(bounty, Terms.pack(terms), sheet);
        _assertSlashed(lacking, 0);
        _assertSlashed(silent, 10);
        vm.assertEq(0, market.seatOf(bounty, 5).halves, "but it earns nothing");
        _assertSound();
    }

    // ---------------------------------------------------------------- no result
    /// @dev When nobody commits the round is void at once, and all seats are drawn anew.
    function test_nobodyCommits() public {
        _toCommitPhase();
        _advanceAfterDeadline();
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Draw);
        vm.assertEq(7, _view().vacant, "all seats");
        vm.assertEq(3 * TICKET / 10, _burned(), "a tenth each");
        _assertSound();
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(2, market.holderOf(bounty, holders[i]).prepaid, "no fee is used");
        }
    }

    /// @dev When nobody reveals the round is void; whoever did not commit pays less than whoever did not reveal.
    /// GM-306.
    function test_nobodyReveals() public {
        _toCommitPhase();
        uint256[3] memory tickets = _ticketsOfSeats();
        _commit(0, _goodSheet());
        _commit(1, _goodSheet());
        _advanceAfterDeadline();
        _advanceAfterDeadline();
        _assertSettled(0, false);
        _assertSlashed(tickets[0], 30);
        _assertSlashed(tickets[1], 30);
        _assertSlashed(tickets[2], 10);
        _assertSound();
    }

    /// @dev Without a majority the round is void and differing costs nothing: none of the sheets is the wrong one.
    /// GM-214.
    function test_noMajorityVoidsTheRound() public {
        _toCommitPhase();
        uint256[3] memory tickets = _ticketsOfSeats();
        IMarket.Sheet memory a = _goodSheet();
        IMarket.Sheet memory b = _rejectedSheet();
        IMarket.Sheet memory c = _rejectedSheet();
        c.document = "another";
        _commit(0, a);
        _commit(1, b);
        _commit(2, c);
        _reveal(0, a);
        _reveal(1, b);
        _reveal(2, c);
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Join);
        for (uint256 seat = 0; seat < 3; ++seat) {
            _assertSlashed(tickets[seat], 0);
            vm.assertEq(0, market.seatOf(bounty, seat).halves, "and no pay");
        }
        _assertSound();
    }

    /// @dev Where nobody judges, a majority can say that nothing came out: the round is void, no fee is used and no seat paid, and who
    /// says otherwise loses a fifth. The same sheet of a bounty that is judged settles like any other, and so does one that says
    /// that something was adopted. GM-564.
    function test_aFailedRoundIsVoid() public {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = vm.snapshotState();
            if (i != 1) (terms.unjudged, terms.roundBudget) = (true, 500);
            _toCommitPhase();
            uint256[3] memory tickets = _ticketsOfSeats();
            IMarket.Sheet memory failed = i == 2 ? _goodSheet() : _rejectedSheet();
            failed.aggregate = keccak256("gradmarket/1/failed");
            _commit(0, failed);
            _commit(1, failed);
            _commit(2, i == 2 ? _rejectedSheet() : _goodSheet());
            _reveal(0, failed);
            _reveal(1, failed);
            _reveal(2, i == 2 ? _rejectedSheet() : _goodSheet());
            _pass();
            market.settle(bounty, Terms.pack(terms), failed);
            _assertSettled(0, i != 0);
            _assertPhase(i == 2 ? IMarket.Phase.Serve : IMarket.Phase.Draw);
            _assertSlashed(tickets[2], 20);
            vm.assertEq([uint256(0), 2, 1][i], market.seatOf(bounty, 0).halves, "pay");
            if (i != 2) _assertSound(); // which does not know what the adopted one pays
            vm.revertToState(before);
        }
    }

    /// @dev A sheet that is not adopted pays seats in full, holders nothing, keeps the base and goes on to the next round.
    /// GM-216.
    function test_aRejectedSheetPaysSeatsOnly() public {
        _toCommitPhase();
        _settle(_rejectedSheet());
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(2, market.seatOf(bounty, 0).halves, "both halves");
        vm.assertEq(2 * (BUDGET + 93) - 6 * HALF_PAY + 3 * FEE, _reserve(), "reserve");
        _assertSound();
    }

    // ---------------------------------------------------------------- breaches
    /// @dev An update that contradicts what its holder committed to costs the stake; the payouts of other rounds stay.
    /// GM-709.
    function test_aBreachCostsTheStake() public {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _playRound(_goodSheet());
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.breached = 1;
        _playRound(sheet);
        _assertClosed(IMarket.CloseReason.Finished);
        vm.assertEq(1, _view().forfeited, "the first");
        _claim(0, 0);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(STAKE, _burned(), "its stake");
        uint256 held = 50; // a fifth of 251
        vm.assertEq(PURSE - STAKE - 2 * FEE + 251 - held, _balance(holders[0]), "paid for the first round");
        _assertSound();
    }

    /// @dev Whoever's stake was forfeited by a breach can be sent off before the bounty ends.
    function test_aBreachedHolderIsSentOff() public {
        _toCommitPhase();
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.breached = 4;
        _settle(sheet);
        vm.prank(stranger);
        market.leave(bounty, Terms.pack(terms), holders[2]);
        vm.assertEq(PURSE - STAKE - FEE, _balance(holders[2]), "stake and one fee are lost");
        vm.assertEq(3, _view().joined, "gone");
        _assertSound();
    }
}
