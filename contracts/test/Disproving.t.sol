// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Disputes} from "./Disputes.sol";
import {Terms} from "./Terms.sol";

/// @title Sheets that are disproved at once, and what becomes of those who stood for them.
contract DisprovingTest is Disputes {
    function _disproveAs(address who, IReferee.Case memory given, uint256 at, bytes memory proof) private {
        vm.prank(who);
        referee.disprove(given, at, proof);
    }

    function _refusedNoContradiction(uint256 at) private {
        vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_NoContradiction.selector, at));
    }

    // ---------------------------------------------------------------- which judge decides
    /// @dev Given a judge that is convinced by one proof of one step of one sheet, when anything else is shown, then nothing is disproved:
    /// the referee asks that judge, and exactly that.
    function test_eachStepHasItsJudge() public {
        _toBench("AAH");
        IReferee.Case memory given = _case("A");
        for (uint256 number = 1; number < 6; ++number) {
            uint256 at = (number << 4) + 3 + (77 << 8);
            for (uint256 other = 0; other < 6; ++other) {
                if (other != number) _teachAsJudge(other, given, at);
            }
            _refusedNoContradiction(at);
            _disproveAs(challenger, given, at, PROOF);
        }
        for (uint256 number = 1; number < 6; ++number) {
            _assertFalls((number << 4) + 3 + (77 << 8));
            _assertFalls((number << 4) + 0x85); // of the final block
        }
    }

    function _teachAsJudge(uint256 number, IReferee.Case memory given, uint256 at) private {
        judges[number].teach(
            abi.encodeCall(IJudge.contradicts, (given.bounty, given.round, given.fieldsHash, given.frame, at, PROOF)),
            true
        );
    }

    /// @dev In a call of its own, which is undone.
    function _assertFalls(uint256 at) private {
        try this.falls(at) {
            revert("did not undo");
        } catch (bytes memory why) {
            vm.assertEq(keccak256("fell"), keccak256(why), "fell");
        }
    }

    function falls(uint256 at) external {
        IReferee.Case memory given = _case("A");
        _teachWrong(given, at, PROOF);
        referee.disprove(given, at, PROOF);
        bytes memory fell = "fell";
        assembly {
            revert(add(fell, 32), mload(fell))
        }
    }

    /// @dev When no judge decides about such a step, then none is asked; that of answers decides about none.
    function test_stepsWithoutAJudgeAreUnknown() public {
        _toBench("AAH");
        IReferee.Case memory given = _case("A");
        uint256[5] memory steps = [uint256(0), 0x0f, 0x63, 0x7f, 0x8000000000];
        for (uint256 i = 0; i < 5; ++i) {
            _teachAsJudge(0, given, steps[i]);
            vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_UnknownStep.selector, steps[i]));
            _disproveAs(challenger, given, steps[i], PROOF);
        }
    }

    // ---------------------------------------------------------------- when it may be disproved
    /// @dev Given a window without disputes, when it is over, then nothing is disproved any more; until then anybody may, without a bond.
    function test_sheetsAreDisprovedInTheWindow() public {
        _toBench("AAH");
        IReferee.Case memory given = _case("A");
        _teachWrong(given, AT, PROOF);
        uint256 window = _view().deadline;
        vm.warp(window + 1);
        _refused(IMarket.Market_TooLate.selector, window);
        _disproveAs(challenger, given, AT, PROOF);
        vm.warp(window);
        bytes32 sheetHash = _hash("A");
        vm.expectEmit(address(referee));
        emit IReferee.Disproved(bounty, 0, sheetHash, 3, challenger, AT);
        _disproveAs(challenger, given, AT, PROOF);
        _assertPhase(IMarket.Phase.Challenge);
        vm.assertEq(window, _view().deadline, "the window stays");
        vm.assertEq(PURSE, _balance(challenger), "no bond, and no reward yet");
        vm.assertEq(0, market.seatOf(bounty, 0).word, "fallen");
        vm.assertEq(0, market.seatOf(bounty, 1).word, "fallen");
        vm.assertEq(_hash("H"), market.seatOf(bounty, 2).word, "the other stands");
        _assertLost(0, 0);
        _assertSound();
    }

    /// @dev Given that some sheet is disputed, when the window is over, then every sheet of the round may still be disproved, until the last
    /// dispute is closed.
    function test_sheetsAreDisprovedWhileAnyIsDisputed() public {
        _toBench("HHHBA");
        vm.warp(_view().deadline);
        bytes32 id = _dispute(challenger, "H", WHAT);
        IReferee.Case memory given = _case("A");
        _teachWrong(given, AT, PROOF);
        uint256 window = _view().deadline;
        vm.warp(window + 1);
        _answer(defender, "H", id, WHAT);
        _disprove(rival, "B");
        _assertPhase(IMarket.Phase.Dispute);
        vm.warp(_disputeOf(id).deadline + 1);
        _close("H", id, WHAT);
        _refused(IMarket.Market_TooLate.selector, window);
        _disproveAs(rival, given, AT, PROOF);
        _settleOn("H");
        _assertLost(3, 100);
        _assertLost(4, 20);
        vm.assertEq(PURSE + TICKET / 2, _balance(rival), "half of a stake");
    }

    /// @dev When the challenger disproves in its turn, then the dispute is closed at once and the bond is back.
    function test_theChallengerDisproves() public {
        _toBench("AAH");
        bytes32 id = _dispute(challenger, "A", WHAT);
        _answer(defender, "A", id, WHAT);
        _disprove(challenger, "A");
        _assertPhase(IMarket.Phase.Dispute);
        _close("A", id, WHAT);
        vm.assertEq(PURSE, _balance(challenger), "the bond");
        vm.assertEq(PURSE, _balance(defender), "nothing to win");
        _pass();
        _settleOn("H");
        vm.assertEq(PURSE + TICKET, _balance(challenger), "half of two stakes");
    }

    /// @dev Outside of the window's phases nothing is disproved.
    function test_sheetsAreDisprovedInTheirPhase() public {
        _toReveal();
        _reveal(0, _goodSheet());
        IReferee.Case memory given = _case("H");
        _teachWrong(given, AT, PROOF);
        _refusedInPhase(IMarket.Phase.Reveal);
        _disproveAs(challenger, given, AT, PROOF);
        _reveal(1, _goodSheet());
        _reveal(2, _goodSheet());
        _pass();
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        _refusedInPhase(IMarket.Phase.Serve);
        _disproveAs(challenger, given, AT, PROOF);
    }

    /// @dev When no seat stands for a sheet, then it does not fall, whatever a judge makes of it.
    function test_onlySheetsThatStandFall() public {
        _toBench("AAH");
        IReferee.Case memory given = _case("B");
        bytes32 sheetHash = _hash("B");
        _teachWrong(given, AT, PROOF);
        _refusedSheet(sheetHash);
        _disproveAs(challenger, given, AT, PROOF);
        given = _case("A");
        given.round = 1;
        sheetHash = market.sheetHashOf(bounty, 1, _sheetOf("A"));
        _teachWrong(given, AT, PROOF);
        _refusedSheet(sheetHash);
        _disproveAs(challenger, given, AT, PROOF);
        given.bounty = "none";
        _teachWrong(given, AT, PROOF);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_UnknownBounty.selector, given.bounty));
        _disproveAs(challenger, given, AT, PROOF);
    }

    /// @dev A proof that is copied pays whoever comes first: a sheet falls once, and who comes second gets nothing.
    function test_aSheetFallsOnce() public {
        _toBench("AAH");
        IReferee.Case memory given = _case("A");
        bytes32 sheetHash = _hash("A");
        _disprove(rival, "A");
        _refusedSheet(sheetHash);
        _disproveAs(challenger, given, AT, PROOF);
        _pass();
        _settleOn("H");
        vm.assertEq(PURSE + TICKET, _balance(rival), "the first");
        vm.assertEq(PURSE, _balance(challenger), "the second");
    }

    /// @dev A seat that disproves its own sheet loses more than by any other deed: the stake less its reward is half of it.
    function test_aSeatDoesNotProfitFromItsOwnFall() public {
        _toBench("HHA");
        address liar = _validatorOf(2);
        uint256 before = _balance(liar);
        _disprove(liar, "A");
        _pass();
        _settleOn("H");
        vm.assertEq(before + TICKET / 2, _balance(liar), "half of it is back");
        _assertLost(2, 100);
        vm.assertEq(TICKET / 2, _burned(), "half of it is burned");
        vm.warp(_now() + registry.UNBONDING());
        registry.redeem(address(token), terms.ticketStake, tickets[2]);
        vm.assertEq(before + TICKET / 2, _balance(liar), "the ticket is worth nothing");
        _assertSound();
    }

    /// @dev An odd unit of a stake is burned.
    function test_theRewardIsRoundedDown() public {
        accounts.push(registry.poolOf(address(token), terms.ticketStake));
        terms.ticketStake = 2001;
        _stakeAll();
        _toBench("HHA");
        bytes32 pool = registry.poolOf(address(token), 2001);
        _disprove(challenger, "A");
        _pass();
        IMarket.Sheet memory sheet = _sheetOf("H");
        vm.expectEmit(address(market));
        emit IMarket.SeatSlashed(bounty, 0, 2, 100);
        vm.expectEmit(address(registry));
        emit IRegistry.Slashed(pool, tickets[2], 1001, 1000, challenger);
        market.settle(bounty, Terms.pack(terms), sheet);
        vm.assertEq(PURSE + 1000, _balance(challenger), "half, rounded down");
        vm.assertEq(1001, _burned(), "half, rounded up");
        vm.assertEq(VALIDATORS * 2001 - 2001, _balance(pool), "of the pool");
    }

    // ---------------------------------------------------------------- several sheets, several challengers
    /// @dev Given two wrong sheets, when each is disproved by somebody else, then each gets the half of its own seats' stakes, in whatever
    /// order they fall and whichever led.
    function test_eachChallengerHasItsOwnReward() public {
        bytes[3] memory benches = [bytes("AABHBAA"), "BAHAABA", "HAABABA"];
        for (uint256 i = 0; i < 6; ++i) {
            _startAnew();
            _toBench(benches[i / 2]);
            if (i % 2 == 0) _disprove(challenger, "A");
            _disprove(rival, "B");
            if (i % 2 == 1) _disprove(challenger, "A");
            _pass();
            _settleOn("H");
            vm.assertEq(PURSE + 4 * TICKET / 2, _balance(challenger), "four seats");
            vm.assertEq(PURSE + 2 * TICKET / 2, _balance(rival), "two seats");
            vm.assertEq(6 * TICKET / 2, _burned(), "the other halves");
        }
    }

    function _startAnew() private {
        delete holders;
        delete validators;
        delete tickets;
        delete accounts;
        setUp();
    }
}
