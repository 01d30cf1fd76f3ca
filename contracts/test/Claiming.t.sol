// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Path} from "./Path.sol";
import {Trees} from "./fuzz/Trees.sol";
import {Terms} from "./Terms.sol";

/// @title Payouts and their hold-back.
contract ClaimingTest is Path {
    function _held(uint256 amount) private pure returns (uint256) {
        return amount / 5;
    }

    /// @dev Two rounds, both adopted; the second releases the hold-back, or does not.
    function _toEnd(bool released) private {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _playRound(_goodSheet());
        _claim(0, 0);
        IMarket.Sheet memory last = _goodSheet();
        last.released = released;
        _playRound(last);
        _assertClosed(IMarket.CloseReason.Finished);
        _assertSound();
    }

    // ---------------------------------------------------------------- before the end
    /// @dev Four fifths are paid at once, rounded up; a fifth waits. The whole of it leaves what is unclaimed. GM-113.
    function test_aFifthWaits() public {
        _toServe();
        uint256 before = _balance(holders[0]);
        vm.prank(stranger);
        _claim(0, 0);
        vm.assertEq(before + 201, _balance(holders[0]), "251 - 50");
        vm.assertEq(50, market.holderOf(bounty, holders[0]).held, "waits");
        vm.assertEq(POOL - 251, _unclaimed(0), "unclaimed");
        vm.assertTrue(market.claimedOf(bounty, holders[0], 0), "who claimed");
        vm.assertFalse(market.claimedOf(bounty, holders[1], 0), "and who did not");
        _refusedInPhase(IMarket.Phase.Serve);
        market.claimHeld(bounty, Terms.pack(terms), holders[0]);
        _assertSound();
    }

    /// @dev A payout is claimed once, by proof, of a settled round. GM-114.
    function test_claimingHasItsRules() public {
        _toChallenge();
        Trees.Payout[] memory row = _payouts();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(row, 0);
        bytes32 stood = market.sheetHashOf(bounty, 0, _goodSheet());
        _refused(IMarket.Market_NothingToDo.selector);
        _claimAs(0, 0, holders[0], 251, stood, Trees.path(hashes, sums));
        _pass();
        market.settle(bounty, Terms.pack(terms), _goodSheet());
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 0, holders[0], 252, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 0, holders[1], 251, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 1, holders[0], 251, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 4, holders[0], 251, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 128, holders[0], 251, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_NothingToDo.selector);
        _claimAs(0, 3, address(0), 0, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_NothingToDo.selector);
        _claimAs(1, 0, holders[0], 251, stood, Trees.path(hashes, sums));
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 0, holders[0], 251, stood, new bytes(48));
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 0, holders[0], 251, stood, new bytes(95));
        sums[1] = type(uint128).max;
        _refused(IMarket.Market_BadProof.selector);
        _claimAs(0, 0, holders[0], 251, stood, Trees.path(hashes, sums));
        _claim(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, 0, 0));
        this.claimAgain(0);
    }

    /// @dev A round that pays nothing has no payout, whatever is shown: no path leads above the 128 bits of a sum. GM-114.
    function test_nothingIsClaimedOfAnEmptyRound() public {
        _toCommitPhase();
        bytes32 stood = market.sheetHashOf(bounty, 0, _rejectedSheet());
        _settle(_rejectedSheet());
        vm.assertTrue(market.resultOf(bounty, 0) != 0, "settled");
        bytes[4] memory paths = [bytes(""), new bytes(47), new bytes(48), new bytes(8 * 48)];
        for (uint256 i = 0; i < 4; ++i) {
            _refused(IMarket.Market_BadProof.selector);
            _claimAs(0, 0, holders[0], 251, stood, paths[i]);
        }
        _assertSound();
    }

    /// @dev A proof names the terms' token and the sheet that stands, so that nobody is paid in another currency, or by another sheet.
    function test_aClaimNamesTokenAndSheet() public {
        _toServe();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(_payouts(), 0);
        IMarket.Claim[] memory claims = new IMarket.Claim[](1);
        claims[0] = IMarket.Claim(0, 0, 251, _stood(0), Trees.path(hashes, sums));
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, address(vault), holders[0], claims);
        claims[0].sheetHash = SOME;
        _refused(IMarket.Market_BadProof.selector);
        market.claim(bounty, address(token), holders[0], claims);
    }

    /// @dev Several rounds at once, with one movement of money; none twice, and not none. GM-114.
    function test_roundsAreClaimedTogether() public {
        _toEnd(true);
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(_payouts(), 1);
        IMarket.Claim[] memory claims = new IMarket.Claim[](2);
        claims[0] = IMarket.Claim(1, 1, 149, _stood(1), Trees.path(hashes, sums));
        claims[1] = IMarket.Claim(0, 1, 149, _stood(0), Trees.path(hashes, sums));
        uint256 before = _balance(holders[1]);
        vm.prank(stranger);
        market.claim(bounty, address(token), holders[1], claims);
        vm.assertEq(before + 298, _balance(holders[1]), "both");
        _assertSound();
        claims[0] = claims[1];
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, 0, 1));
        market.claim(bounty, address(token), holders[1], claims);
        _refused(IMarket.Market_NothingToDo.selector);
        market.claim(bounty, address(token), holders[1], new IMarket.Claim[](0));
    }

    /// @dev The same payout twice in one transaction is refused as well. GM-114.
    function test_aPayoutIsNotClaimedTwiceAtOnce() public {
        _toServe();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(_payouts(), 0);
        IMarket.Claim[] memory claims = new IMarket.Claim[](2);
        claims[0] = IMarket.Claim(0, 0, 251, _stood(0), Trees.path(hashes, sums));
        claims[1] = claims[0];
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, 0, 0));
        market.claim(bounty, address(token), holders[0], claims);
    }

    /// @dev Neither leaving nor joining again opens a claim anew, in the first 64 rounds and after them. GM-114.
    function test_claimsOutliveTheMembership() public {
        terms.rounds = 66;
        _toJoin();
        _advanceRounds(63);
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        for (uint256 round = 63; round < 65; ++round) {
            _playRound(_goodSheet());
            _claim(round, 0);
            vm.prank(holders[0]);
            market.leave(bounty, Terms.pack(terms), holders[0]);
            _join(holders[0], 0);
            vm.assertTrue(market.claimedOf(bounty, holders[0], round), "stays claimed");
            vm.expectRevert(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, round, 0));
            this.claimAgain(round);
            _assertSound();
        }
        vm.assertFalse(market.claimedOf(bounty, holders[0], 1), "nor any other round");
        vm.assertFalse(market.claimedOf(bounty, holders[0], 65), "nor a later one");
    }

    /// @dev A word has 256 of the later rounds: claims on both sides of its end are apart, and none opens anew. GM-114.
    function test_claimsOfVeryLateRounds() public {
        terms.rounds = 258;
        _toJoin();
        _advanceRounds(255);
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        for (uint256 round = 255; round < 257; ++round) {
            vm.assertFalse(market.claimedOf(bounty, holders[0], round), "not yet");
            _playRound(_goodSheet());
            uint256 before = _balance(holders[0]);
            _claim(round, 0);
            vm.assertEq(before + 201, _balance(holders[0]), "paid");
            vm.assertTrue(market.claimedOf(bounty, holders[0], round), "claimed");
            vm.expectRevert(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, round, 0));
            this.claimAgain(round);
        }
        vm.assertFalse(market.claimedOf(bounty, holders[0], 0), "nor an early round");
        vm.assertFalse(market.claimedOf(bounty, holders[0], 257), "nor a later one");
    }

    /// @dev Rounds that nobody joins.
    function _advanceRounds(uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            _advanceAfterDeadline();
        }
    }

    /// @dev External, so that a revert can be expected of it.
    function claimAgain(uint256 round) external {
        _claim(round, 0);
    }

    /// @dev A claim needs no membership: who left is paid too, and joins again without losing what is held.
    function test_whoLeftIsPaidToo() public {
        _toServe();
        _serve(3);
        vm.prank(holders[0]);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        _claim(0, 0);
        vm.assertEq(PURSE - FEE + 201, _balance(holders[0]), "paid");
        _join(holders[0], 5);
        vm.assertEq(50, market.holderOf(bounty, holders[0]).held, "still held");
        vm.prank(holders[0]);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(50, market.holderOf(bounty, holders[0]).held, "still held");
        _assertSound();
    }

    /// @dev An index that was given to somebody else does not carry the claims of whoever had it before. GM-114.
    function test_anIndexCarriesNoClaims() public {
        _toServe();
        _serve(3);
        vm.prank(holders[0]);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        _join(holders[3], 0);
        _claim(0, 0);
        vm.assertEq(PURSE - FEE + 201, _balance(holders[0]), "the old one's");
        vm.assertEq(0, market.holderOf(bounty, holders[3]).held, "not the new one's");
        _assertSound();
    }

    // ---------------------------------------------------------------- after the end
    /// @dev Released: what waited is paid, and later claims are paid in full.
    function test_aReleasedHoldBackIsTheHolders() public {
        _toEnd(true);
        uint256 before = _balance(holders[0]);
        vm.prank(stranger);
        market.claimHeld(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(before + _held(251), _balance(holders[0]), "what waited");
        _claim(0, 1);
        _claim(1, 0);
        vm.assertEq(before + _held(251) + 251, _balance(holders[0]), "all at once");
        vm.assertEq(0, market.holderOf(bounty, holders[1]).held, "nothing waits any more");
        _refused(IMarket.Market_NothingToDo.selector);
        market.claimHeld(bounty, Terms.pack(terms), holders[0]);
        _assertSound();
    }

    /// @dev Not released: what waited is the owner's, and so is a fifth of every later claim, once it is asked for.
    function test_aReturnedHoldBackIsTheOwners() public {
        _toEnd(false);
        uint256 before = _balance(owner);
        market.claimHeld(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(before + _held(251), _balance(owner), "what waited");
        uint256 paid = _balance(holders[1]);
        _claim(1, 1);
        vm.assertEq(paid + 149 - _held(149), _balance(holders[1]), "four fifths");
        vm.assertEq(_held(149), market.holderOf(bounty, holders[1]).held, "a fifth waits");
        _assertSound();
        vm.prank(stranger);
        market.claimHeld(bounty, Terms.pack(terms), holders[1]);
        vm.assertEq(before + _held(251) + _held(149), _balance(owner), "for the owner");
        vm.assertEq(0, market.holderOf(bounty, holders[1]).held, "nothing waits any more");
        _assertSound();
    }

    /// @dev When the last round is void nobody decides against the holders: released.
    function test_withoutALastSheetTheHoldBackIsReleased() public {
        _toServe();
        _serve(3);
        _claim(0, 2);
        _openRound();
        _advanceAfterDeadline();
        _assertClosed(IMarket.CloseReason.Finished);
        uint256 before = _balance(holders[2]);
        market.claimHeld(bounty, Terms.pack(terms), holders[2]);
        vm.assertEq(before + _held(100), _balance(holders[2]), "released");
        _assertSound();
    }

    /// @dev Amounts below five have no fifth.
    function test_smallPayoutsAreNotSplit() public {
        _toCommitPhase();
        Trees.Payout[] memory row = new Trees.Payout[](1);
        row[0] = Trees.Payout(holders[0], 4);
        Trees.Node memory root = Trees.sumRoot(row);
        IMarket.Sheet memory sheet = _goodSheet();
        (sheet.payoutRoot, sheet.pool) = (root.hash, root.sum);
        bytes32 stood = market.sheetHashOf(bounty, 0, sheet);
        _settle(sheet);
        _claimAs(0, 0, holders[0], 4, stood, "");
        vm.assertEq(0, market.holderOf(bounty, holders[0]).held, "nothing waits");
        _assertSound();
    }
}
