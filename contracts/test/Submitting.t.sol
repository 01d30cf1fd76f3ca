// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title A round opens and updates come in.
contract SubmittingTest is Path {
    function _open(address who, uint128 sealedTo, bytes32 rootUpdate, bytes32 document) private {
        vm.prank(who);
        market.openRound(bounty, Terms.pack(terms), sealedTo, rootUpdate, document);
    }

    function _joinThree() private {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
    }

    // ---------------------------------------------------------------- opening
    /// @dev The owner opens after joining and before its own deadline, for joined holders, enough of them, naming what it seals.
    /// GM-206.
    function test_openingARoundHasItsRules() public {
        _post();
        vm.prank(owner);
        _refusedInPhase(IMarket.Phase.Draw);
        market.openRound(bounty, Terms.pack(terms), 7, SOME, SOME);
        _seatAll();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        uint256 deadline = _view().deadline;
        vm.prank(stranger);
        _refused(IMarket.Market_NotOwner.selector, stranger);
        market.openRound(bounty, Terms.pack(terms), 7, SOME, SOME);
        _refused(IMarket.Market_TooEarly.selector, deadline + 1);
        _open(owner, 7, SOME, SOME);
        vm.warp(deadline + 1);
        _refused(IMarket.Market_BadBitmap.selector, 15);
        _open(owner, 15, SOME, SOME);
        _refused(IMarket.Market_TooFewHolders.selector, 1);
        _open(owner, 4, SOME, SOME);
        _refusedZeroDigest();
        _open(owner, 7, 0, SOME);
        _refusedZeroDigest();
        _open(owner, 7, SOME, 0);
        vm.warp(deadline + 103 + 1);
        _refused(IMarket.Market_TooLate.selector, deadline + 103);
        _open(owner, 7, SOME, SOME);
        vm.warp(deadline + 103);
        _open(owner, 7, SOME, SOME);
        _assertPhase(IMarket.Phase.Submit);
        _assertSettled(0, false);
        vm.assertEq(deadline + 103 + 104, _view().deadline, "holders submit until");
        vm.assertEq(7, _view().expected, "three are expected");
    }

    /// @dev An owner that does not open the round loses its bond: a compensation to each holder, the rest burned.
    /// GM-115, GM-210.
    function test_anOwnerThatDoesNotOpenTheRoundPaysForIt() public {
        _joinThree();
        uint256 deadline = _view().deadline;
        _pass();
        _refused(IMarket.Market_TooEarly.selector, deadline + 103 + 1);
        market.advance(bounty, Terms.pack(terms));
        vm.warp(deadline + 103 + 1);
        market.advance(bounty, Terms.pack(terms));
        _assertClosed(IMarket.CloseReason.OwnerDefault);
        vm.assertEq(7, _view().compensated, "all three");
        vm.assertEq(BOND - 3 * COMPENSATION, _burned(), "the rest of the bond");
        vm.assertEq(PURSE - BOND, _balance(owner), "the reserve is back");
        _assertSound();
        for (uint256 i = 0; i < 3; ++i) {
            market.leave(bounty, Terms.pack(terms), holders[i]);
            vm.assertEq(PURSE + COMPENSATION, _balance(holders[i]), "stake, fees and compensation");
            _assertSound();
        }
        vm.assertEq(0, _balance(bounty), "nothing stays");
    }

    /// @dev A holder whose stake is forfeited counts for nothing: not for the least number, not when the owner names it.
    function test_theForfeitedDoNotCount() public {
        _toSubmit();
        _submit(0);
        _openShardTooFew();
        _assertSettled(0, false);
        vm.assertEq(6, _view().forfeited, "two did not submit");
        _pass();
        _refused(IMarket.Market_TooFewHolders.selector, 1);
        _open(owner, 7, SOME, SOME);
        market.advance(bounty, Terms.pack(terms));
        _assertSettled(1, false);
        _assertClosed(IMarket.CloseReason.Finished);
        _assertSound();
    }

    function _openShardTooFew() private {
        _pass();
        vm.prank(owner);
        _refused(IMarket.Market_TooFewHolders.selector, 1);
        market.openShard(bounty, Terms.pack(terms), SOME);
        market.advance(bounty, Terms.pack(terms));
    }

    // ---------------------------------------------------------------- submitting
    /// @dev A submission is counted, and is chained to those before it; the first step is the opened round's.
    function test_submissionsAreChained() public {
        _toSubmit();
        bytes32 chain = keccak256(abi.encode(bounty, uint256(0), owner, uint256(255), SOME, SOME));
        vm.assertEq(chain, _view().submissions, "the root update alone");
        chain = keccak256(abi.encode(chain, uint256(0), holders[1], uint256(1), SOME, SOME));
        _submit(1);
        vm.assertEq(chain, _view().submissions, "one");
        chain = keccak256(abi.encode(chain, uint256(0), holders[0], uint256(0), SOME, SOME));
        _submit(0);
        vm.assertEq(chain, _view().submissions, "two");
        vm.assertEq(3, _view().submitted, "who");
        IMarket.HolderView memory h = market.holderOf(bounty, holders[0]);
        vm.assertEq(2, h.prepaid, "no fee is used yet");
        _assertSound();
    }

    /// @dev The chain goes on from round to round, and names the round.
    function test_theChainGoesOnWithTheRounds() public {
        _joinThree();
        _playRound(_rejectedSheet());
        bytes32 chain = _view().submissions;
        _openRound();
        chain = keccak256(abi.encode(chain, uint256(1), owner, uint256(255), SOME, SOME));
        vm.assertEq(chain, _view().submissions, "opened");
        _submit(0);
        chain = keccak256(abi.encode(chain, uint256(1), holders[0], uint256(0), SOME, SOME));
        vm.assertEq(chain, _view().submissions, "one more");
    }

    /// @dev One submits while expected, once, in time, something.
    function test_submittingHasItsRules() public {
        _joinThree();
        vm.prank(holders[0]);
        _refusedInPhase(IMarket.Phase.Join);
        market.submit(bounty, SOME, SOME);
        _openRound();
        vm.prank(stranger);
        _refused(IMarket.Market_NotJoined.selector, stranger);
        market.submit(bounty, SOME, SOME);
        vm.prank(holders[0]);
        _refusedZeroDigest();
        market.submit(bounty, 0, SOME);
        vm.prank(holders[0]);
        _refusedZeroDigest();
        market.submit(bounty, SOME, 0);
        _submit(0);
        vm.prank(holders[0]);
        _refused(IMarket.Market_AlreadySubmitted.selector, holders[0]);
        market.submit(bounty, SOME, SOME);
        uint256 deadline = _view().deadline;
        vm.warp(deadline);
        _submit(1);
        vm.warp(deadline + 1);
        vm.prank(holders[2]);
        _refused(IMarket.Market_TooLate.selector, deadline);
        market.submit(bounty, SOME, SOME);
    }

    /// @dev Whoever lost its stake cannot submit to the next round.
    function test_theForfeitedCannotSubmit() public {
        _toSubmit();
        _submit(0);
        _submit(1);
        _openShard();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 3);
        }
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.included = 3;
        _settle(sheet);
        _openRound();
        vm.assertEq(3, _view().expected, "named by the owner, but not expected");
        vm.prank(holders[2]);
        _refused(IMarket.Market_Forfeited.selector, holders[2]);
        market.submit(bounty, SOME, SOME);
    }

    /// @dev A void round uses no fee. GM-111.
    function test_theFeeOfAVoidRoundComesBack() public {
        _toSubmit();
        _submit(0);
        _advanceAfterDeadline();
        _assertSettled(0, false);
        _assertSound();
        vm.prank(holders[1]);
        market.leave(bounty, Terms.pack(terms), holders[1]);
        vm.prank(holders[2]);
        market.leave(bounty, Terms.pack(terms), holders[2]);
        vm.assertEq(2 * STAKE, _burned(), "the other two did not submit");
        for (uint256 i = 1; i < 3; ++i) {
            _join(holders[i], i);
        }
        _openRound();
        _submit(0);
        vm.assertEq(2, market.holderOf(bounty, holders[0]).prepaid, "no fee is used");
        _assertSound();
        _advanceAfterDeadline();
        _assertClosed(IMarket.CloseReason.Finished);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(PURSE, _balance(holders[0]), "both rounds were void: nothing was paid");
        _assertSound();
    }
}
