// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../interfaces/IAnswers.sol";
import {IJudge} from "../interfaces/IJudge.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Named} from "../libraries/Named.sol";
import {Disputes} from "./Disputes.sol";
import {Terms} from "./Terms.sol";
import {Trees} from "./fuzz/Trees.sol";

/// @title How a dispute opens.
contract DisputingTest is Disputes {
    function _disputeAs(address who, IReferee.Case memory given, uint256 what) private returns (bytes32) {
        vm.prank(who);
        return referee.dispute(given, Terms.pack(terms), what);
    }

    // ---------------------------------------------------------------- given a sheet in the window
    /// @dev When somebody disputes it, then its first demand stands, its bond is locked and the round is not settled any more.
    function test_aDisputeLocksItsBond() public {
        _toChallenge();
        bytes32 id = keccak256(abi.encode(keccak256("gradmarket/1/dispute"), bounty, uint256(0), uint256(0)));
        uint256 window = _view().deadline;
        vm.warp(window);
        IReferee.Case memory given = _case("H");
        bytes32 sheetHash = _hash("H");
        vm.expectEmit(address(market));
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Dispute, window);
        vm.expectEmit(address(referee));
        emit IReferee.Disputed(bounty, 0, id, sheetHash, challenger, STEP);
        vm.expectEmit(address(referee));
        emit IReferee.Demanded(bounty, id, WHAT, window + TURN);
        vm.expectEmit(address(vault));
        emit IVault.Moved(address(token), _accountOf(challenger), id, STEP);
        vm.assertEq(id, _disputeAs(challenger, given, WHAT), "its name");
        accounts.push(id);
        IReferee.Dispute memory d = _disputeOf(id);
        vm.assertEq(challenger, d.challenger, "challenger");
        vm.assertEq(1, d.demands, "one demand");
        vm.assertEq(address(0), d.defender, "nobody answered");
        vm.assertEq(STEP, d.bond, "bond");
        vm.assertEq(keccak256(abi.encode(sheetHash, WHAT)), d.subject, "what it is about");
        _assertTurn(id, IReferee.Turn.Defence, window + TURN);
        _assertCounts(1, 1);
        _assertPhase(IMarket.Phase.Dispute);
        vm.assertEq(window, _view().deadline, "the window stays");
        vm.assertEq(PURSE - STEP, _balance(challenger), "paid");
        _assertSound();
    }

    /// @dev When the round is disputed already, then another dispute, an answer and a sheet that falls change no phase, and none is announced;
    /// the last one that closes leads back, and that is.
    function test_aPhaseIsAnnouncedWhenItChanges() public {
        _toBench("AAH");
        IReferee.Case memory given = _case("A");
        _teachAnswer(WHAT, "content");
        _teachWrong(given, AT, PROOF);
        uint256 window = _view().deadline;
        bytes32 first = _dispute(challenger, "A", WHAT);
        vm.expectEmit(address(market), 0);
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Dispute, window);
        bytes32 second = _dispute(rival, "A", WHAT);
        vm.expectEmit(address(market), 0);
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Dispute, window);
        referee.answer(given, first, WHAT, "content");
        vm.expectEmit(address(market), 0);
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Dispute, window);
        referee.disprove(given, AT, PROOF);
        vm.expectEmit(address(market), 0);
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Dispute, window);
        _close("A", first, WHAT);
        vm.expectEmit(address(market), 1);
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Challenge, window);
        _close("A", second, WHAT);
    }

    /// @dev When others are disputed, or were, then each further one locks a step more, whoever opens it and whatever it is about.
    function test_bondsRise() public {
        _toBench("AAH");
        for (uint256 n = 1; n < 6; ++n) {
            vm.assertEq(n * STEP, referee.bondOf(bounty, 0, Terms.pack(terms)), "told before");
            address who = n % 2 == 0 ? challenger : rival;
            uint256 before = _balance(who);
            bytes32 id = _dispute(who, n == 3 ? bytes1("H") : bytes1("A"), WHAT + n);
            vm.assertEq(before - n * STEP, _balance(who), "locked");
            vm.assertEq(n * STEP, _disputeOf(id).bond, "the bond");
            _assertCounts(n, n);
        }
        vm.assertEq(STEP, referee.bondOf(bounty, 1, Terms.pack(terms)), "another round starts anew");
        vm.assertEq(STEP, referee.bondOf("another", 0, Terms.pack(terms)), "and another bounty");
    }

    /// @dev When one was closed within the window, then the next one still locks more, and has a name of its own.
    function test_bondsDoNotFall() public {
        terms.phases.challenge = 1000;
        _toChallenge();
        bytes32 first = _dispute(challenger, "H", WHAT);
        _answer(defender, "H", first, WHAT);
        vm.warp(_now() + TURN + 1);
        _close("H", first, WHAT);
        _assertPhase(IMarket.Phase.Challenge);
        _assertCounts(0, 1);
        bytes32 second = _dispute(challenger, "H", WHAT);
        vm.assertEq(2 * STEP, _disputeOf(second).bond, "more");
        vm.assertTrue(first != second, "another name");
        vm.assertEq(0, _disputeOf(first).bond, "the first one has none any more");
        _assertCounts(1, 2);
    }

    /// @dev When a tenth of the stake is not a whole number, then it is rounded up: no dispute is free.
    function test_theStepIsRoundedUp() public {
        uint128[4] memory stakes = [uint128(1), 9, 2001, 2009];
        uint256[4] memory steps = [uint256(1), 1, 201, 201];
        for (uint256 i = 0; i < 4; ++i) {
            terms.ticketStake = stakes[i];
            vm.assertEq(steps[i], referee.bondOf(bounty, 0, Terms.pack(terms)), "step");
        }
    }

    /// @dev When the frame is demanded, then the challenger need not know it; otherwise it has to.
    function test_onlyTheFrameIsDemandedWithoutIt() public {
        _toChallenge();
        IReferee.Case memory given = _unknown("H");
        bytes32 root = _goodSheet().traceRoot;
        _refusal(IReferee.Referee_BadFrame.selector, root);
        _disputeAs(challenger, given, WHAT);
        // One word asks for it. With anything beside that, no defender would know what is asked for.
        uint256[4] memory others = [uint256(3 << 71), 0x13 << 72, FRAME + 5, FRAME + (1 << 80)];
        for (uint256 i = 0; i < others.length; ++i) {
            _refusal(IReferee.Referee_BadFrame.selector, root);
            _disputeAs(challenger, given, others[i]);
        }
        bytes32 id = _disputeAs(challenger, given, FRAME);
        accounts.push(id);
        vm.assertEq(keccak256(abi.encode(_hash("H"), FRAME)), _disputeOf(id).subject, "what");
        _assertSound();
    }

    /// @dev When any word of the frame is another one, then it is not that of the sheet.
    function test_aFrameIsWhatTheTraceRootIsTheHashOf() public {
        _toChallenge();
        for (uint256 i = 0; i < 3; ++i) {
            IReferee.Case memory given = _case("H");
            if (i == 0) given.frame.counts += 1;
            if (i == 1) given.frame.rowsRoot = "other";
            if (i == 2) given.frame.top = "other";
            bytes32 sheetHash = _otherTrace(given.frame);
            _teachWrong(given, AT, PROOF);
            judges[0].teach(abi.encodeCall(IAnswers.exists, (given.frame, WHAT)), true);
            _refusedSheet(sheetHash);
            _disputeAs(challenger, given, WHAT);
            _refusedSheet(sheetHash);
            _disputeAs(challenger, given, FRAME);
            _refusedSheet(sheetHash);
            referee.disprove(given, AT, PROOF);
        }
    }

    /// @dev The hash of the good sheet's fields with the trace that another frame would be of: no sheet that anybody revealed.
    function _otherTrace(IJudge.Frame memory frame) private view returns (bytes32) {
        bytes32 fieldsHash = keccak256(abi.encode(_goodSheet()));
        return Named.sheet(address(market), bounty, 0, Trees.traceRoot(frame), fieldsHash);
    }

    /// @dev Counts of zero stand for a frame that is not known, and bits above the counts are none of it: nothing is shown by either,
    /// whatever a judge makes of it.
    function test_aFrameThatCannotBeReadIsNone() public {
        _toChallenge();
        IReferee.Case memory given = _case("H");
        for (uint256 i = 0; i < 2; ++i) {
            given.frame.counts = i == 0 ? 0 : 1 << 232;
            _teachWrong(given, AT, PROOF);
            _refusal(IReferee.Referee_BadFrame.selector, i == 0 ? given.frame.top : Trees.traceRoot(given.frame));
            referee.disprove(given, AT, PROOF);
        }
    }

    // ---------------------------------------------------------------- refusals
    /// @dev Where sheets have no trace, nothing can be demanded of them: a right one would fall by silence. GM-319.
    function test_withoutTracesThereAreNoDisputes() public {
        (terms.unjudged, terms.roundBudget) = (true, 500);
        _toChallenge();
        IReferee.Case memory given = _case("H");
        _refusal(IReferee.Referee_Unjudged.selector, bounty);
        _disputeAs(challenger, given, WHAT);
        _refusal(IReferee.Referee_Unjudged.selector, bounty);
        _disputeAs(challenger, given, FRAME);
        terms.unjudged = false; // it is part of the terms
        _refusal(IReferee.Referee_WrongTerms.selector, bounty);
        _disputeAs(challenger, given, WHAT);
    }

    /// @dev When the terms are not the bounty's, or there is none, then nothing opens: a bond is locked in its token.
    function test_theTermsAreTheBountys() public {
        _toChallenge();
        IReferee.Case memory given = _case("H");
        terms.ticketStake = 1;
        _refusal(IReferee.Referee_WrongTerms.selector, bounty);
        _disputeAs(challenger, given, WHAT);
        given.bounty = "none";
        _refusal(IReferee.Referee_WrongTerms.selector, given.bounty);
        _disputeAs(challenger, given, WHAT);
    }

    /// @dev When the challenger cannot pay, by a single unit, then nothing opens.
    function test_whoCannotPayDoesNotDispute() public {
        _toChallenge();
        IReferee.Case memory given = _case("H");
        bytes memory poor = abi.encodeWithSelector(
            IVault.Vault_InsufficientBalance.selector, address(token), _accountOf(challenger), STEP - 1, STEP
        );
        vm.prank(challenger);
        vault.withdraw(address(token), PURSE - STEP + 1);
        vm.expectRevert(poor);
        _disputeAs(challenger, given, WHAT);
        _assertPhase(IMarket.Phase.Challenge);
        _assertCounts(0, 0);
    }

    /// @dev When no seat stands for the sheet, then there is nothing to dispute: nobody revealed it, it was committed to only, it is
    /// a sheet of another round.
    function test_onlySheetsThatStandAreDisputed() public {
        _toBench("AAA.-");
        bytes32 sheetHash = _hash("B");
        IReferee.Case memory given = _case("B");
        _refusedSheet(sheetHash);
        _disputeAs(challenger, given, WHAT);
        sheetHash = _hash("H");
        given = _case("H");
        _refusedSheet(sheetHash);
        _disputeAs(challenger, given, WHAT);
        given = _case("A");
        given.round = 1;
        sheetHash = market.sheetHashOf(bounty, 1, _sheetOf("A"));
        _refusedSheet(sheetHash);
        _disputeAs(challenger, given, WHAT);
    }

    /// @dev When the sheet has fallen, then it is not disputed any more; others still are.
    function test_aFallenSheetIsNotDisputed() public {
        _toBench("AAHBA");
        _disprove(rival, "A");
        IReferee.Case memory given = _case("A");
        bytes32 sheetHash = _hash("A");
        _refusedSheet(sheetHash);
        _disputeAs(challenger, given, WHAT);
        _dispute(challenger, "H", WHAT);
        _dispute(challenger, "B", WHAT);
    }

    /// @dev When the round of a sheet is over, then it is not disputed any more, not even with a sheet of the next one in the window.
    function test_aSheetOfAnEarlierRoundIsNotDisputed() public {
        _toChallenge();
        IReferee.Case memory old = _case("H");
        bytes32 sheetHash = _hash("H");
        _pass();
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        _refusedInPhase(IMarket.Phase.Serve);
        _disputeAs(challenger, old, WHAT);
        _serve(3);
        _playBench("HHH");
        _refusedSheet(sheetHash);
        _disputeAs(challenger, old, WHAT);
        _teachWrong(old, AT, PROOF);
        _refusedSheet(sheetHash);
        referee.disprove(old, AT, PROOF);
        old.round = 1;
        sheetHash = market.sheetHashOf(bounty, 1, _goodSheetOf(0));
        _refusedSheet(sheetHash);
        _disputeAs(challenger, old, WHAT);
    }

    // ---------------------------------------------------------------- the window
    /// @dev When the window is over, then nothing is disputed any more: while nothing is, and while something is.
    function test_disputesStartInTheWindow() public {
        _toChallenge();
        IReferee.Case memory given = _case("H");
        uint256 window = _view().deadline;
        vm.warp(window + 1);
        _refused(IMarket.Market_TooLate.selector, window);
        _disputeAs(challenger, given, WHAT);
        vm.warp(window);
        _dispute(challenger, "H", WHAT);
        vm.warp(window + 1);
        vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_WindowClosed.selector, bounty, window));
        _disputeAs(rival, given, WHAT);
        vm.warp(window);
        _dispute(rival, "H", WHAT);
    }

    /// @dev When no sheet is revealed in full yet, or all is over, then there is no window.
    function test_thereIsAWindowInOnePhaseOnly() public {
        _toReveal();
        IReferee.Case memory given = _case("H");
        _refusedInPhase(IMarket.Phase.Reveal);
        _disputeAs(challenger, given, WHAT);
        _reveal(0, _goodSheet());
        _refusedInPhase(IMarket.Phase.Reveal);
        _disputeAs(challenger, given, WHAT);
        _reveal(1, _goodSheet());
        _reveal(2, _goodSheet());
        _pass();
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        _serve(0);
        _assertClosed(IMarket.CloseReason.NotServed);
        _refusedInPhase(IMarket.Phase.Closed);
        _disputeAs(challenger, given, WHAT);
    }
}
