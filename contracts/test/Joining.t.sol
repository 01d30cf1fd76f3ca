// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Holders come and go.
contract JoiningTest is Path {
    bytes32[] private none;

    function _joinAs(address who, uint256 index, bytes32[] memory proof) private {
        vm.prank(who);
        market.join(bounty, Terms.pack(terms), index, SOME, proof);
    }

    // ---------------------------------------------------------------- joining
    /// @dev Joining locks the stake and a fee for every round left. GM-109.
    function test_joiningLocksStakeAndFees() public {
        _toJoin();
        _join(holders[0], 5);
        vm.assertEq(PURSE - STAKE - 2 * FEE, _balance(holders[0]), "locked");
        IMarket.HolderView memory h = market.holderOf(bounty, holders[0]);
        vm.assertTrue(h.joined, "joined");
        vm.assertEq(5, h.index, "index");
        vm.assertEq(2, h.prepaid, "two rounds");
        vm.assertEq(1 << 5, _view().joined, "in the bitmap");
        _assertSound();
    }

    /// @dev Whoever comes for the second round pays for one.
    function test_latecomersPayForTheRoundsLeft() public {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _playRound(_goodSheet());
        _join(holders[3], 3);
        vm.assertEq(PURSE - STAKE - FEE, _balance(holders[3]), "one fee");
        vm.assertEq(1, market.holderOf(bounty, holders[3]).joinedRound, "expected from the second round on");
        _assertSound();
    }

    /// @dev One joins once, at a free index within bounds, with a key, in time and in money.
    function test_joiningHasItsRules() public {
        _post();
        vm.prank(holders[0]);
        _refusedInPhase(IMarket.Phase.Draw);
        market.join(bounty, Terms.pack(terms), 0, SOME, none);
        _seatAll();
        _join(holders[0], 0);
        vm.prank(holders[0]);
        _refused(IMarket.Market_AlreadyJoined.selector, holders[0]);
        market.join(bounty, Terms.pack(terms), 1, SOME, none);
        vm.prank(holders[1]);
        _refused(IMarket.Market_BadIndex.selector, 0);
        market.join(bounty, Terms.pack(terms), 0, SOME, none);
        vm.prank(holders[1]);
        _refused(IMarket.Market_BadIndex.selector, 8);
        market.join(bounty, Terms.pack(terms), 8, SOME, none);
        vm.prank(holders[1]);
        _refusedZeroDigest();
        market.join(bounty, Terms.pack(terms), 1, 0, none);
        vm.prank(address(0xbeef));
        vm.expectPartialRevert(IVault.Vault_InsufficientBalance.selector);
        market.join(bounty, Terms.pack(terms), 1, SOME, none);
        uint256 deadline = _view().deadline;
        vm.warp(deadline);
        _join(holders[1], 1);
        vm.warp(deadline + 1);
        vm.prank(holders[2]);
        _refused(IMarket.Market_TooLate.selector, deadline);
        market.join(bounty, Terms.pack(terms), 2, SOME, none);
    }

    /// @dev With an allowlist only those join whom it holds, and only for themselves.
    function test_anAllowlistKeepsOthersOut() public {
        bytes32 tag = keccak256("gradmarket/1/allow");
        bytes32 a = keccak256(abi.encode(tag, holders[0]));
        bytes32 b = keccak256(abi.encode(tag, holders[1]));
        terms.allowlistRoot = a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
        _toJoin();
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = b;
        _joinAs(holders[0], 0, proof);
        vm.prank(holders[2]);
        _refused(IMarket.Market_NotAllowed.selector, holders[2]);
        market.join(bounty, Terms.pack(terms), 1, SOME, proof);
        vm.prank(holders[1]);
        _refused(IMarket.Market_NotAllowed.selector, holders[1]);
        market.join(bounty, Terms.pack(terms), 1, SOME, none);
        proof[0] = a;
        _joinAs(holders[1], 1, proof);
    }

    // ---------------------------------------------------------------- leaving
    /// @dev While joining is open one leaves with everything, and may come back elsewhere.
    function test_leavingBeforeTheRoundReturnsEverything() public {
        _toJoin();
        _join(holders[0], 0);
        vm.prank(holders[0]);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(PURSE, _balance(holders[0]), "everything");
        vm.assertEq(0, _view().joined, "the index is free");
        _join(holders[1], 0);
        _join(holders[0], 1);
        _assertSound();
    }

    /// @dev Once joining is over nobody leaves: the base may be sealed to them already. Nor while the round is on.
    /// GM-219.
    function test_nobodyLeavesWithTheBase() public {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        uint256 deadline = _view().deadline;
        _pass();
        vm.prank(holders[0]);
        _refused(IMarket.Market_TooLate.selector, deadline);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        _openRound();
        vm.prank(holders[0]);
        _refusedInPhase(IMarket.Phase.Submit);
        market.leave(bounty, Terms.pack(terms), holders[0]);
    }

    /// @dev Nobody is sent off who may stay, and nobody leaves who is not there.
    function test_leavingIsForOneself() public {
        _toJoin();
        _join(holders[0], 0);
        vm.prank(stranger);
        _refusedInPhase(IMarket.Phase.Join);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.prank(stranger);
        _refused(IMarket.Market_NotJoined.selector, stranger);
        market.leave(bounty, Terms.pack(terms), stranger);
    }

    /// @dev Whoever took the base and did not submit loses the stake, keeps its fees, can be sent off at once by anybody, and
    /// may join again, at the index it had. GM-112.
    function test_whoeverDoesNotSubmitLosesTheStake() public {
        _toSubmit();
        _submit(0);
        _submit(1);
        _openShard();
        vm.assertEq(4, _view().forfeited, "the third");
        vm.prank(stranger);
        market.leave(bounty, Terms.pack(terms), holders[2]);
        vm.assertEq(PURSE - STAKE, _balance(holders[2]), "all but the stake");
        vm.assertEq(STAKE, _burned(), "which is burned");
        vm.assertEq(0, _view().forfeited, "settled");
        vm.assertEq(3, _view().joined, "gone");
        _assertSound();
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 3);
        }
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.included = 3;
        _settle(sheet);
        _join(holders[2], 2);
        _assertSound();
    }

    /// @dev A joined holder that the owner leaves out of the round is not expected, loses nothing and cannot submit.
    function test_whoeverIsLeftOutLosesNothing() public {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _pass();
        vm.prank(owner);
        market.openRound(bounty, Terms.pack(terms), 3, SOME, SOME);
        vm.prank(holders[2]);
        _refused(IMarket.Market_NotExpected.selector, holders[2]);
        market.submit(bounty, SOME, SOME);
        _submit(0);
        _submit(1);
        _openShard();
        vm.assertEq(0, _view().forfeited, "nobody");
        for (uint256 seat = 0; seat < 3; ++seat) {
            _attest(seat, 3);
        }
        IMarket.Sheet memory sheet = _rejectedSheet();
        sheet.included = 3;
        _settle(sheet);
        vm.prank(holders[2]);
        market.leave(bounty, Terms.pack(terms), holders[2]);
        vm.assertEq(PURSE, _balance(holders[2]), "everything");
    }

    /// @dev Once the bounty is closed anybody may send everybody home.
    function test_afterTheEndAnybodySendsEverybodyHome() public {
        terms.rounds = 1;
        _toServe();
        _serve(3);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(stranger);
            market.leave(bounty, Terms.pack(terms), holders[i]);
            vm.assertEq(PURSE - FEE, _balance(holders[i]), "stake is back, the fee was used");
        }
        _assertSound();
    }

    /// @dev When too few are left, the round is void without having been opened, and joining starts again for the next one.
    /// GM-209.
    function test_tooFewHoldersVoidTheRound() public {
        _toJoin();
        _join(holders[0], 0);
        uint256 notBefore = uint256(_view().deadline) + 1;
        _refused(IMarket.Market_TooEarly.selector, notBefore);
        market.advance(bounty, Terms.pack(terms));
        _advanceAfterDeadline();
        _assertSettled(0, false);
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(1, _view().round, "the next");
        _advanceAfterDeadline();
        _assertClosed(IMarket.CloseReason.Finished);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(PURSE, _balance(holders[0]), "no fee was used");
        vm.assertEq(PURSE, _balance(owner), "everything is back");
        vm.assertEq(0, _balance(bounty), "nothing stays");
    }
}
