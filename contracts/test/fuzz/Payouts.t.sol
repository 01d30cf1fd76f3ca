// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {Stage} from "./Stage.sol";
import {Trees} from "./Trees.sol";
import {Terms} from "../Terms.sol";

/// @title Claims over random payout trees, and where hold-backs go.
/// @dev The set-up stands in `Commit` of a bounty's only round, 16 holders included.
contract PayoutsFuzz is Stage {
    uint256 private constant HOLDERS = 16;

    Trees.Payout[] private payouts;
    bytes32 private stood; // hash of the sheet that the round was settled on

    function setUp() public {
        _raise(HOLDERS);
        terms = _someTerms();
        terms.rounds = 1;
        _stakeAll();
        _post();
        _seatAll();
        _joinAll();
        _toCommit();
    }

    /// @notice Everybody gets what the tree says, once; together that is the pool; wrong claims get nothing. GM-114.
    function testFuzz_claimsAreTheTreesPayouts(uint256 seed, uint256 size, uint128 pool) public {
        pool = _grow(seed, size, pool);
        _settleOn(_sheet(Trees.sumRoot(payouts).hash, pool));
        uint256 paid = 0;
        for (uint256 i = 0; i < payouts.length; ++i) {
            uint256 index = (i + seed % payouts.length) % payouts.length;
            uint128 amount = payouts[index].amount;
            if (amount == 0) continue;
            _refuseWrong(index, _mix(seed, index));
            uint256 before = _balance(payouts[index].holder);
            _claim(index, index, payouts[index].holder, amount);
            vm.assertEq(before + amount - amount / 5, _balance(payouts[index].holder), "paid");
            vm.assertEq(amount / 5, market.holderOf(bounty, payouts[index].holder).held, "held");
            paid += amount;
            vm.assertTrue(market.claimedOf(bounty, payouts[index].holder, 0), "claimed");
            _expect(abi.encodeWithSelector(IMarket.Market_AlreadyClaimed.selector, bounty, 0, index));
            _claim(index, index, payouts[index].holder, amount);
        }
        vm.assertEq(pool, paid, "the pool");
    }

    /// @notice A tree whose sum is not the sheet's pool pays nobody, however its root was made. GM-416.
    function testFuzz_aLyingPoolPaysNobody(uint256 seed, uint256 size, uint128 pool, uint128 lie) public {
        pool = _grow(seed, size, pool);
        lie = uint128(_bound(lie, 0, terms.roundBudget));
        if (lie == pool) return;
        _settleOn(_sheet(Trees.sumRoot(payouts).hash, lie));
        for (uint256 index = 0; index < payouts.length; ++index) {
            uint128 amount = payouts[index].amount;
            if (amount == 0) continue;
            _expect(abi.encodeWithSelector(IMarket.Market_BadProof.selector, bounty));
            _claim(index, index, payouts[index].holder, amount);
        }
    }

    /// @notice Of every payout a fifth, rounded down, waits for the end; released it is the holder's, otherwise the owner's,
    /// whether it was claimed before the end or after. GM-113.
    function testFuzz_holdBacksGoOneWayOrTheOther(uint256 seed, uint256 size, uint128 pool, bool released) public {
        pool = _grow(seed, size, pool);
        IMarket.Sheet memory sheet = _sheet(Trees.sumRoot(payouts).hash, pool);
        sheet.released = released;
        _settleOn(sheet);
        uint256[] memory before = _balances();
        uint256 early = _mix(seed, 1000);
        for (uint256 i = 0; i < payouts.length; ++i) {
            if (_has(early, i)) _claimAny(i);
        }
        _serve(3); // the last round: closes
        uint256 ownerBefore = _balance(owner);
        uint256 kept = 0;
        for (uint256 i = 0; i < payouts.length; ++i) {
            if (!_has(early, i)) _claimAny(i);
            address holder = payouts[i].holder;
            if (market.holderOf(bounty, holder).held != 0) market.claimHeld(bounty, Terms.pack(terms), holder);
            uint256 amount = payouts[i].amount;
            vm.assertEq(before[i] + amount - (released ? 0 : amount / 5), _balance(holder), "holder");
            kept += released ? 0 : amount / 5;
        }
        vm.assertEq(ownerBefore + kept, _balance(owner), "owner");
        for (uint256 i = 0; i < HOLDERS; ++i) {
            market.leave(bounty, Terms.pack(terms), holders[i]);
        }
        for (uint256 seat = 0; seat < 3; ++seat) {
            market.collect(bounty, Terms.pack(terms), seat);
        }
        vm.assertEq(0, _balance(bounty), "bounty");
    }

    function _settleOn(IMarket.Sheet memory sheet) private {
        stood = market.sheetHashOf(bounty, 0, sheet);
        _settle(sheet);
    }

    function _refuseWrong(uint256 index, uint256 seed) private {
        Trees.Payout memory mine = payouts[index];
        uint128 wrong = uint128(_bound(seed, 1, type(uint128).max));
        bytes memory badProof = abi.encodeWithSelector(IMarket.Market_BadProof.selector, bounty);
        if (wrong != mine.amount) {
            _expect(badProof);
            _claim(index, index, mine.holder, wrong);
        }
        _expect(badProof);
        _claim(index, index, address(uint160(seed)), mine.amount);
        uint256 other = _bound(seed >> 128, 0, payouts.length - 1);
        if (other == index) return;
        _expect(badProof); // another's place
        _claim(other, index, mine.holder, mine.amount);
        if (keccak256(abi.encode(payouts[other ^ 1])) == keccak256(abi.encode(payouts[index ^ 1]))) return;
        _expect(badProof); // another's proof
        _claim(index, other, mine.holder, mine.amount);
    }

    /// @dev Claims at `index` with the proof of `proven`.
    function _claim(uint256 index, uint256 proven, address holder, uint128 amount) private {
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(payouts, proven);
        this.claim(index, holder, amount, Trees.path(hashes, sums));
    }

    /// @dev So that an expected revert waits for this call and not for one inside its arguments.
    function claim(uint256 index, address holder, uint128 amount, bytes calldata path) external {
        IMarket.Claim[] memory claims = new IMarket.Claim[](1);
        claims[0] = IMarket.Claim(0, index, amount, stood, path);
        market.claim(bounty, address(token), holder, claims);
    }

    function _expect(bytes memory reason) private {
        vm.expectRevert(reason);
    }

    function _claimAny(uint256 index) private {
        if (payouts[index].amount != 0) _claim(index, index, payouts[index].holder, payouts[index].amount);
    }

    /// @dev Splits a pool among up to 16 holders, some of which get nothing; returns the pool.
    function _grow(uint256 seed, uint256 size, uint128 pool) private returns (uint128) {
        size = 1 << _bound(size, 0, 4);
        pool = uint128(_bound(pool, 1, terms.roundBudget));
        uint128 left = pool;
        for (uint256 i = 0; i < size; ++i) {
            uint128 amount = uint128(i + 1 == size ? left : _rarely(seed, 2 * i, 3) ? 0 : _mix(seed, 2 * i + 1) % left);
            if (left == 0) amount = 0;
            payouts.push(Trees.Payout(holders[i], amount));
            left -= amount;
        }
        return pool;
    }

    function _balances() private view returns (uint256[] memory all) {
        all = new uint256[](HOLDERS);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            all[i] = _balance(holders[i]);
        }
    }
}
