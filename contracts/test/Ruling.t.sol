// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Disputes} from "./Disputes.sol";

/// @title The market's side of the referee: what a ruling does, whatever the referee's reasons.
contract RulingTest is Disputes {
    IMarket.Verdict private constant NONE = IMarket.Verdict.None;
    IMarket.Verdict private constant WRONG = IMarket.Verdict.Wrong;
    IMarket.Docket private constant CLEAR = IMarket.Docket.Clear;
    IMarket.Docket private constant OPEN = IMarket.Docket.Open;

    function _ruleAs(address who, uint256 round, bytes32 sheetHash, IMarket.Verdict verdict, IMarket.Docket docket)
        private
        returns (uint256 seats, uint256 deadline, uint256 turn)
    {
        vm.prank(who);
        return market.rule(bounty, round, sheetHash, challenger, verdict, docket);
    }

    function _rule(bytes1 kind, IMarket.Verdict verdict, IMarket.Docket docket) private returns (uint256 seats) {
        bytes32 sheetHash = _hash(kind);
        (seats,,) = _ruleAs(address(referee), _view().round, sheetHash, verdict, docket);
    }

    /// @dev Only the referee rules.
    function test_onlyTheRefereeRules() public {
        _toChallenge();
        address[4] memory others = [stranger, owner, address(registry), _validatorOf(0)];
        bytes32 sheetHash = _hash("H");
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMarket.Market_NotReferee.selector, others[i]));
            _ruleAs(others[i], 0, sheetHash, WRONG, CLEAR);
        }
    }

    /// @dev There has to be a bounty, in the window or disputed.
    function test_rulingsHaveTheirPhase() public {
        _refused(IMarket.Market_UnknownBounty.selector);
        _ruleAs(address(referee), 0, SOME, NONE, CLEAR);
        _toReveal();
        _refusedInPhase(IMarket.Phase.Reveal);
        _ruleAs(address(referee), 0, SOME, NONE, OPEN);
        for (uint256 seat = 0; seat < 3; ++seat) {
            _reveal(seat, _goodSheet());
        }
        uint256 window = _view().deadline;
        vm.warp(window + 1);
        _refused(IMarket.Market_TooLate.selector, window);
        _ruleAs(address(referee), 0, SOME, NONE, OPEN);
        vm.warp(window);
        _ruleAs(address(referee), 0, SOME, NONE, OPEN);
        vm.warp(window + 1000);
        _ruleAs(address(referee), 0, SOME, NONE, OPEN);
        _ruleAs(address(referee), 0, SOME, NONE, CLEAR);
        _refused(IMarket.Market_TooLate.selector, window);
        _ruleAs(address(referee), 0, SOME, NONE, CLEAR);
        _assertPhase(IMarket.Phase.Challenge);
    }

    /// @dev The answer: who stands for the sheet, until when disputes start, how long a turn is.
    function test_aRulingTellsWhoStands() public {
        _toBench("HAHBHHA");
        bytes32 sheetHash = _hash("A");
        (uint256 seats, uint256 deadline, uint256 turn) = _ruleAs(address(referee), 0, sheetHash, NONE, CLEAR);
        vm.assertEq(66, seats, "A");
        vm.assertEq(_view().deadline, deadline, "window");
        vm.assertEq(TURN, turn, "turn");
        vm.assertEq(53, _rule("H", NONE, CLEAR), "H leads");
        vm.assertEq(8, _rule("B", NONE, CLEAR), "B");
        vm.assertEq(0, _rule("C", NONE, CLEAR), "nobody");
        (seats,,) = _ruleAs(address(referee), 1, sheetHash, NONE, CLEAR);
        vm.assertEq(0, seats, "another round");
        _assertPhase(IMarket.Phase.Challenge);
        _assertSound();
    }

    /// @dev A disputed round is in a phase of its own, and back again, as often as it is said; the deadline stays.
    function test_disputesHaveTheirPhase() public {
        _toChallenge();
        uint256 window = _view().deadline;
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 sheetHash = _hash("H");
            vm.expectEmit(address(market));
            emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Dispute, window);
            _ruleAs(address(referee), 0, sheetHash, NONE, OPEN);
            _assertPhase(IMarket.Phase.Dispute);
            _rule("H", NONE, OPEN);
            _assertPhase(IMarket.Phase.Dispute);
            vm.expectEmit(address(market));
            emit IMarket.PhaseChanged(bounty, 0, IMarket.Phase.Challenge, window);
            _ruleAs(address(referee), 0, sheetHash, NONE, CLEAR);
            _assertPhase(IMarket.Phase.Challenge);
            vm.assertEq(window, _view().deadline, "the window");
        }
    }

    /// @dev A ruling that leaves disputes as they are changes no phase, in the window and beyond.
    function test_aRulingCanLeaveDisputesAlone() public {
        _toChallenge();
        _rule("H", NONE, IMarket.Docket.AsBefore);
        _assertPhase(IMarket.Phase.Challenge);
        _rule("H", NONE, OPEN);
        _rule("H", WRONG, IMarket.Docket.AsBefore);
        _assertPhase(IMarket.Phase.Dispute);
        vm.assertEq(0, _rule("H", NONE, IMarket.Docket.AsBefore), "fell");
    }

    /// @dev A wrong sheet is nobody's any more, whether it led or not, and others stay whose they were.
    function test_aWrongSheetIsNobodys() public {
        _toBench("HAHBHHA");
        vm.assertEq(66, _rule("A", WRONG, CLEAR), "A falls");
        vm.assertEq(0, _rule("A", NONE, CLEAR), "nobody's");
        vm.assertEq(0, _rule("A", WRONG, CLEAR), "nor a second time");
        vm.assertEq(8, _rule("B", NONE, CLEAR), "B stands");
        vm.assertEq(53, _rule("H", WRONG, OPEN), "H falls");
        vm.assertEq(0, _rule("H", NONE, OPEN), "nobody's");
        vm.assertEq(8, _rule("B", NONE, CLEAR), "B stands");
        for (uint256 seat = 0; seat < 7; ++seat) {
            bytes32 word = market.seatOf(bounty, seat).word;
            vm.assertEq(seat == 3 ? _hash("B") : bytes32(0), word, "what a seat stands for");
        }
    }

    /// @dev What stands in the place of a fallen sheet's hash is no sheet's: nobody disputes it, and nobody settles on it.
    function test_theMarkOfAFallenSheetIsNoSheet() public {
        _toBench("AAH");
        _rule("A", WRONG, CLEAR);
        bytes32 mark = bytes32(uint256(uint160(challenger)));
        vm.assertEq(mark, _view().leading, "who brought it down");
        (uint256 seats,,) = _ruleAs(address(referee), 0, mark, NONE, CLEAR);
        vm.assertEq(3, seats, "only the referee could name it, which names hashes of sheets alone");
    }
}
