// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Disputes} from "./Disputes.sol";
import {Terms} from "./Terms.sol";

/// @title The turns of a dispute: demands, answers, and how it ends.
/// @dev The set-up has one open dispute about a sheet all seats revealed; it is the defence's turn.
contract RefereeTest is Disputes {
    bytes32 private id;

    function setUp() public override {
        super.setUp();
        _toChallenge();
        id = _dispute(challenger, "H", WHAT);
    }

    function _answerAs(address who, IReferee.Case memory given, uint256 what, bytes memory content) private {
        vm.prank(who);
        referee.answer(given, id, what, content);
    }

    function _demandAs(address who, IReferee.Case memory given, uint256 last, uint256 what) private {
        vm.prank(who);
        referee.demand(given, id, last, what);
    }

    function _refusedSubject(bytes32 which) private {
        _refusal(IReferee.Referee_WrongSubject.selector, which);
    }

    // ---------------------------------------------------------------- answering
    /// @dev Given the defence's turn, when anybody shows what was demanded, then it is the challenger's turn, as long as revealing lasts.
    function test_anAnswerTurnsTheTables() public {
        IReferee.Case memory given = _case("H");
        _teachAnswer(WHAT, "content");
        vm.warp(_disputeOf(id).deadline);
        vm.expectEmit(address(referee));
        emit IReferee.Answered(bounty, id, WHAT, defender, _now() + TURN, "content");
        _answerAs(defender, given, WHAT, "content");
        _assertTurn(id, IReferee.Turn.Challenge, _now() + TURN);
        vm.assertEq(defender, _disputeOf(id).defender, "who answered");
        vm.assertEq(1, _disputeOf(id).demands, "an answer is no demand");
        vm.assertEq(keccak256(abi.encode(_hash("H"), WHAT)), _disputeOf(id).subject, "what was demanded stays");
        _assertPhase(IMarket.Phase.Dispute);
        _assertSound();
    }

    /// @dev When the content is not what was demanded, under this frame, then it is no answer.
    function test_aWrongAnswerIsNone() public {
        IReferee.Case memory given = _case("H");
        _teachAnswer(WHAT, "content");
        _teachAnswer(WHAT + 1, "other");
        _refusal(IReferee.Referee_BadAnswer.selector, id);
        _answerAs(defender, given, WHAT, "other");
        given.frame.counts += 1;
        _refusedSubject(id);
        _answerAs(defender, given, WHAT, "content");
        given = _unknown("H");
        _refusal(IReferee.Referee_BadFrame.selector, given.frame.top);
        _answerAs(defender, given, WHAT, "content");
    }

    /// @dev When another demand is answered, or another sheet defended, then it is not what the dispute is about.
    function test_anAnswerIsToTheLastDemand() public {
        IReferee.Case memory given = _case("H");
        _refusedSubject(id);
        _answerAs(defender, given, WHAT + 1, "content");
        given.fieldsHash = "another";
        _refusedSubject(id);
        _answerAs(defender, given, WHAT, "content");
        given = _case("H");
        given.round = 1;
        _refusedSubject(id);
        _answerAs(defender, given, WHAT, "content");
        given.round = 0;
        given.bounty = "another";
        _refusedSubject(id);
        _answerAs(defender, given, WHAT, "content");
        _refusedSubject("no dispute");
        referee.answer(given, "no dispute", WHAT, "content");
    }

    /// @dev When the turn is over, then an answer comes too late; and a second one has no demand.
    function test_anAnswerComesInTime() public {
        IReferee.Case memory given = _case("H");
        _teachAnswer(WHAT, "content");
        uint256 deadline = _disputeOf(id).deadline;
        vm.warp(deadline + 1);
        _refusal(IReferee.Referee_TooLate.selector, id, deadline);
        _answerAs(defender, given, WHAT, "content");
        vm.warp(deadline);
        _answer(defender, "H", id, WHAT);
        _refusedTurn(id, IReferee.Turn.Challenge);
        _answerAs(defender, given, WHAT, "content");
    }

    /// @dev Given that the frame was demanded, when anybody tells it, then it stands in the log, whatever content came along, and no
    /// judge is asked; a wrong one is not taken for it.
    function test_theFrameIsAnAnswer() public {
        bytes32 first = id;
        id = _dispute(rival, "H", FRAME);
        IReferee.Case memory given = _case("H");
        given.frame.counts += 1;
        _refusedSubject(id);
        _answerAs(defender, given, FRAME, "");
        given = _unknown("H");
        _refusal(IReferee.Referee_BadFrame.selector, given.frame.top);
        _answerAs(defender, given, FRAME, "");
        given = _case("H");
        vm.expectEmit(address(referee));
        emit IReferee.Answered(bounty, id, FRAME, defender, _now() + TURN, abi.encode(_frame()));
        _answerAs(defender, given, FRAME, "chaff");
        _assertTurn(id, IReferee.Turn.Challenge, _now() + TURN);
        _assertTurn(first, IReferee.Turn.Defence, _now() + TURN);
    }

    // ---------------------------------------------------------------- demanding
    /// @dev Given an answer, when the challenger demands more, then it is the defence's turn again.
    function test_aDemandTurnsTheTablesBack() public {
        _answer(defender, "H", id, WHAT);
        IReferee.Case memory given = _case("H");
        vm.warp(_disputeOf(id).deadline);
        vm.expectEmit(address(referee));
        emit IReferee.Demanded(bounty, id, WHAT + 9, _now() + TURN);
        _demandAs(challenger, given, WHAT, WHAT + 9);
        _assertTurn(id, IReferee.Turn.Defence, _now() + TURN);
        vm.assertEq(2, _disputeOf(id).demands, "two demands");
        vm.assertEq(defender, _disputeOf(id).defender, "who answered last");
        vm.assertEq(keccak256(abi.encode(_hash("H"), WHAT + 9)), _disputeOf(id).subject, "what is demanded");
        _assertSound();
        _refusedSubject(id);
        _answerAs(defender, given, WHAT, "content");
        _answer(rival, "H", id, WHAT + 9);
        vm.assertEq(rival, _disputeOf(id).defender, "who answered last");
    }

    /// @dev When a demand names nothing that there is, then nobody could answer it, and it is none; after an answer as at first.
    function test_whatIsNotThereIsNotDemanded() public {
        _answer(defender, "H", id, WHAT);
        IReferee.Case memory given = _case("H");
        uint256 nothing = WHAT + 10;
        bytes memory bad = abi.encodeWithSelector(IReferee.Referee_BadDemand.selector, nothing);
        vm.expectRevert(bad);
        _demandAs(challenger, given, WHAT, nothing);
        vm.expectRevert(bad);
        referee.dispute(given, Terms.pack(terms), nothing);
        _teachExists(nothing);
        _demandAs(challenger, given, WHAT, nothing);
    }

    /// @dev Only the challenger demands, in its turn and in time, of its dispute's sheet and last demand, knowing the frame.
    function test_demandingHasItsRules() public {
        IReferee.Case memory given = _case("H");
        _refusedTurn(id, IReferee.Turn.Defence);
        _demandAs(challenger, given, WHAT, WHAT);
        _answer(defender, "H", id, WHAT);
        _refusedTurn(id, IReferee.Turn.Challenge);
        _demandAs(rival, given, WHAT, WHAT);
        _refusedSubject(id);
        _demandAs(challenger, given, WHAT + 1, WHAT);
        given.fieldsHash = "another";
        _refusedSubject(id);
        _demandAs(challenger, given, WHAT, WHAT);
        given = _case("H");
        given.frame.rowsRoot = "other";
        _refusedSubject(id);
        _demandAs(challenger, given, WHAT, WHAT);
        given = _unknown("H");
        _refusal(IReferee.Referee_BadFrame.selector, given.frame.top);
        _demandAs(challenger, given, WHAT, WHAT);
        given = _case("H");
        uint256 deadline = _disputeOf(id).deadline;
        vm.warp(deadline + 1);
        _refusal(IReferee.Referee_TooLate.selector, id, deadline);
        _demandAs(challenger, given, WHAT, WHAT);
        vm.warp(deadline);
        given = _unknown("H");
        _demandAs(challenger, given, WHAT, FRAME);
        vm.assertEq(keccak256(abi.encode(_hash("H"), FRAME)), _disputeOf(id).subject, "the frame alone without it");
    }

    /// @dev When a hundred and twenty-eight demands are used up, then there is no further one; the last is answered as the others were. So a dispute ends
    /// within that many turns.
    function test_demandsAreCounted() public {
        for (uint256 n = 1; n < 128; ++n) {
            vm.assertEq(n, _disputeOf(id).demands, "so far");
            _answer(defender, "H", id, WHAT);
            _demand(challenger, "H", id, WHAT, WHAT);
        }
        _answer(defender, "H", id, WHAT);
        IReferee.Case memory given = _case("H");
        _refusal(IReferee.Referee_TooManyDemands.selector, id);
        _demandAs(challenger, given, WHAT, WHAT);
        vm.warp(_disputeOf(id).deadline + 1);
        _close("H", id, WHAT);
        vm.assertEq(PURSE + STEP, _balance(defender), "the bond");
    }

    // ---------------------------------------------------------------- the defence is silent
    /// @dev Given the defence's turn, when nobody answers, then the sheet falls: the bond is back, and so is the challenge.
    function test_silenceOfTheDefenceBringsTheSheetDown() public {
        IReferee.Case memory given = _case("H");
        bytes32 sheetHash = _hash("H");
        uint256 deadline = _disputeOf(id).deadline;
        vm.warp(deadline);
        _refusal(IReferee.Referee_TooEarly.selector, id, deadline + 1);
        referee.close(given, address(token), id, WHAT);
        vm.warp(deadline + 1);
        vm.expectEmit(address(market));
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Challenge, _view().deadline);
        vm.expectEmit(address(referee));
        emit IReferee.Disproved(bounty, 0, sheetHash, 7, challenger, 0);
        vm.expectEmit(address(referee));
        emit IReferee.Decided(bounty, id, true, challenger);
        vm.expectEmit(address(vault));
        emit IVault.Moved(address(token), id, _accountOf(challenger), STEP);
        vm.prank(rival);
        referee.close(given, address(token), id, WHAT);
        _assertSound();
        _assertTurn(id, IReferee.Turn.Over, deadline);
        _assertCounts(0, 1);
        _assertPhase(IMarket.Phase.Challenge);
        vm.assertEq(PURSE, _balance(challenger), "the bond is back");
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.assertEq(0, market.seatOf(bounty, seat).word, "nobody stands for it");
        }
    }

    /// @dev When a later demand of many is not answered, then the sheet falls all the same, and nobody who answered before gets a thing.
    function test_silenceAfterAnswersIsSilence() public {
        _answer(defender, "H", id, WHAT);
        _demand(challenger, "H", id, WHAT, WHAT + 1);
        vm.warp(_disputeOf(id).deadline + 1);
        _close("H", id, WHAT + 1);
        vm.assertEq(PURSE, _balance(challenger), "the bond is back");
        vm.assertEq(PURSE, _balance(defender), "nothing for earlier answers");
        vm.assertEq(0, market.seatOf(bounty, 0).word, "it fell");
    }

    // ---------------------------------------------------------------- the challenger is silent
    /// @dev Given the challenger's turn, when it does nothing, then whoever answered last gets the bond, and the sheet stands.
    function test_silenceOfTheChallengerCostsItsBond() public {
        _answer(rival, "H", id, WHAT);
        _demand(challenger, "H", id, WHAT, WHAT + 1);
        _answer(defender, "H", id, WHAT + 1);
        IReferee.Case memory given = _case("H");
        uint256 deadline = _disputeOf(id).deadline;
        vm.warp(deadline);
        _refusal(IReferee.Referee_TooEarly.selector, id, deadline + 1);
        referee.close(given, address(token), id, WHAT + 1);
        vm.warp(deadline + 1);
        vm.expectEmit(address(market));
        emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Challenge, _view().deadline);
        vm.expectEmit(address(referee));
        emit IReferee.Decided(bounty, id, false, defender);
        referee.close(given, address(token), id, WHAT + 1);
        _assertSound();
        vm.assertEq(PURSE + STEP, _balance(defender), "the bond");
        vm.assertEq(PURSE, _balance(rival), "only who answered last");
        vm.assertEq(PURSE - STEP, _balance(challenger), "lost");
        _assertTurn(id, IReferee.Turn.Over, deadline);
        _pass();
        _settleOn("H");
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.assertEq(1, market.seatOf(bounty, seat).halves, "all are paid");
        }
    }

    // ---------------------------------------------------------------- closing
    /// @dev A dispute is closed once, as what it is, in its own token.
    function test_closingHasItsRules() public {
        IReferee.Case memory given = _case("H");
        _refusedSubject(id);
        referee.close(given, address(token), id, WHAT + 1);
        _refusedSubject("no dispute");
        referee.close(given, address(token), "no dispute", WHAT);
        given.fieldsHash = "another";
        _refusedSubject(id);
        referee.close(given, address(token), id, WHAT);
        given = _case("H");
        vm.warp(_disputeOf(id).deadline + 1);
        _refusal(IVault.Vault_ZeroAmount.selector);
        referee.close(given, address(market), id, WHAT);
        _close("H", id, WHAT);
        _refusedTurn(id, IReferee.Turn.Over);
        referee.close(given, address(token), id, WHAT);
        _refusedTurn(id, IReferee.Turn.Over);
        _answerAs(defender, given, WHAT, "content");
        _refusedTurn(id, IReferee.Turn.Over);
        _demandAs(challenger, given, WHAT, WHAT);
    }

    /// @dev No frame is needed to close: a sheet whose frame nobody knows falls as well.
    function test_closingNeedsNoFrame() public {
        IReferee.Case memory given = _unknown("H");
        vm.warp(_disputeOf(id).deadline + 1);
        referee.close(given, address(token), id, WHAT);
        _assertPhase(IMarket.Phase.Challenge);
        _assertSound();
    }

    /// @dev While other disputes are open the round stays disputed, whichever is closed first.
    function test_theLastOneEndsThePhase() public {
        bytes32 second = _dispute(rival, "H", WHAT);
        _answer(defender, "H", id, WHAT);
        _answer(defender, "H", second, WHAT);
        vm.warp(_disputeOf(id).deadline + 1);
        _close("H", id, WHAT);
        _assertPhase(IMarket.Phase.Dispute);
        _assertCounts(1, 2);
        _close("H", second, WHAT);
        _assertPhase(IMarket.Phase.Challenge);
        _assertCounts(0, 2);
        vm.assertEq(PURSE + 3 * STEP, _balance(defender), "both bonds");
    }

    /// @dev What is disputed of one bounty does not hold another, and each counts its own.
    function test_bountiesAreDisputedApart() public {
        bytes32 first = bounty;
        accounts.push(first);
        vm.prank(owner);
        bounty = market.post("other", Terms.posted(terms), SOME);
        _seatAll();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _playBench("HHH");
        _assertCounts(0, 0);
        bytes32 second = _dispute(rival, "H", WHAT);
        vm.assertEq(STEP, _disputeOf(second).bond, "the first of its bounty");
        vm.assertTrue(second != id, "and another one");
        IReferee.Case memory given = _case("H");
        _refusedSubject(id);
        referee.close(given, address(token), id, WHAT);
        _disprove(rival, "H");
        _close("H", second, WHAT);
        _assertPhase(IMarket.Phase.Challenge);
        bounty = first;
        _assertPhase(IMarket.Phase.Dispute);
        _assertCounts(1, 1);
        vm.assertEq(_hash("H"), market.seatOf(bounty, 0).word, "and it stands");
    }

    // ---------------------------------------------------------------- two disputes about one sheet
    /// @dev Given disputes about one sheet, when one brings it down, then the others are moot: neither side goes on with them, and their
    /// bonds return at once, whoever's turn it was.
    function test_aFallenSheetMakesOtherDisputesMoot() public {
        vm.warp(_now() + 100);
        bytes32 second = _dispute(rival, "H", WHAT + 1);
        bytes32 third = _dispute(owner, "H", WHAT + 2);
        uint256 before = _balance(owner);
        _answer(defender, "H", second, WHAT + 1);
        IReferee.Case memory given = _case("H");
        bytes32 sheetHash = _hash("H");
        vm.warp(_now() + 10);
        _close("H", id, WHAT);
        _assertPhase(IMarket.Phase.Dispute);
        _refusedSheet(sheetHash);
        vm.prank(rival);
        referee.demand(given, second, WHAT + 1, WHAT);
        _teachAnswer(WHAT + 2, "content");
        _refusedSheet(sheetHash);
        referee.answer(given, third, WHAT + 2, "content");
        vm.expectEmit(address(referee));
        emit IReferee.Decided(bounty, second, true, rival);
        referee.close(given, address(token), second, WHAT + 1);
        _assertPhase(IMarket.Phase.Dispute);
        vm.expectEmit(address(referee));
        emit IReferee.Decided(bounty, third, true, owner);
        referee.close(given, address(token), third, WHAT + 2);
        _assertPhase(IMarket.Phase.Challenge);
        vm.assertEq(PURSE, _balance(challenger), "its bond");
        vm.assertEq(PURSE, _balance(rival), "its bond");
        vm.assertEq(before + 3 * STEP, _balance(owner), "its bond");
        vm.assertEq(PURSE, _balance(defender), "there was nothing to win");
        _assertSound();
        _pass();
        market.advance(bounty, Terms.pack(terms));
        vm.assertEq(PURSE + 3 * TICKET / 2, _balance(challenger), "who brought it down has the reward");
        vm.assertEq(PURSE, _balance(rival), "and nobody else");
        _assertSound();
    }

    /// @dev Given a dispute, when its sheet is disproved by somebody else meanwhile, then the challenger has its bond back and the other
    /// one the reward.
    function test_aDisputeIsMootWhenItsSheetIsDisproved() public {
        _disprove(rival, "H");
        _assertPhase(IMarket.Phase.Dispute);
        IReferee.Case memory given = _case("H");
        _teachAnswer(WHAT, "content");
        _refusedSheet(_hash("H"));
        vm.prank(defender);
        referee.answer(given, id, WHAT, "content");
        _close("H", id, WHAT);
        _assertPhase(IMarket.Phase.Challenge);
        vm.assertEq(PURSE, _balance(challenger), "the bond");
        _pass();
        market.advance(bounty, Terms.pack(terms));
        vm.assertEq(PURSE + 3 * TICKET / 2, _balance(rival), "the reward");
        vm.assertEq(PURSE, _balance(challenger), "not the challenger's");
        _assertSound();
    }

    /// @dev A lost dispute shields nothing: another one about the same sheet goes on, and brings it down.
    function test_aLostDisputeShieldsNothing() public {
        _answer(defender, "H", id, WHAT);
        vm.warp(_now() + 1);
        bytes32 second = _dispute(rival, "H", WHAT);
        vm.warp(_now() + TURN);
        _close("H", id, WHAT);
        vm.assertEq(PURSE + STEP, _balance(defender), "the first failed");
        vm.assertEq(_hash("H"), market.seatOf(bounty, 0).word, "it stands");
        IReferee.Case memory given = _case("H");
        _refusal(IReferee.Referee_TooEarly.selector, second, _now() + 1);
        referee.close(given, address(token), second, WHAT);
        vm.warp(_now() + 1);
        _close("H", second, WHAT);
        vm.assertEq(0, market.seatOf(bounty, 0).word, "it fell");
    }
}
