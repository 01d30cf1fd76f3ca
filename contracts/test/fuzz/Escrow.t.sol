// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {IVault} from "../../interfaces/IVault.sol";
import {Stage} from "./Stage.sol";
import {Terms} from "../Terms.sol";

/// @title What owners and holders lock, and what they get back.
contract EscrowFuzz is Stage {
    uint256 private constant HOLDERS = 4;

    function setUp() public {
        _raise(HOLDERS);
    }

    /// @notice A posting takes its escrow, no more and no less, and keeps bond and reserve apart. GM-107.
    function testFuzz_postTakesTheEscrow(uint256 seed) public {
        _draft(seed);
        uint256 escrow = _escrow();
        vm.assertEq(_nextId(), market.bountyId(owner, SALT), "id");
        _post();
        vm.assertEq(_nextId(), bounty, "the id told before");
        vm.assertEq(escrow, _balance(bounty), "escrow");
        vm.assertEq(PURSE - escrow, _balance(owner), "owner");
        vm.assertEq(escrow - terms.bond, _reserve(), "reserve");
    }

    /// @notice Who cannot pay the escrow, by a single unit, does not post.
    function testFuzz_anEmptyPurseDoesNotPost(uint256 seed, uint256 short) public {
        _draft(seed);
        uint256 escrow = _escrow();
        short = _bound(short, 1, escrow);
        vm.prank(owner);
        vault.withdraw(address(token), PURSE - escrow + short);
        vm.prank(owner);
        vm.expectPartialRevert(IVault.Vault_InsufficientBalance.selector);
        market.post(SALT, Terms.posted(terms), SOME);
    }

    /// @notice A bounty for which nobody is seated gives everything back. GM-116.
    function testFuzz_anEmptyBenchReturnsTheEscrow(uint256 seed) public {
        _draft(seed);
        _post();
        for (uint256 i = 0; i < 3; ++i) {
            vm.roll(_view().drawBlock + 1);
            market.draw(bounty, Terms.pack(terms));
            _warpPast(_view().deadline);
            market.advance(bounty, Terms.pack(terms));
        }
        vm.assertEq(uint256(IMarket.CloseReason.TooFewSeats), uint256(_view().closed), "reason");
        vm.assertEq(0, _balance(bounty), "bounty");
        vm.assertEq(PURSE, _balance(owner), "owner");
    }

    /// @notice Joining takes stake and a fee for every round left; leaving in time gives exactly that back. GM-109.
    function testFuzz_whoLeavesInTimeLosesNothing(uint256 seed, uint256 index, bool inTheSecondRound) public {
        _draft(seed);
        _post();
        _seatAll();
        if (inTheSecondRound && terms.rounds > 1) {
            _warpPast(_view().deadline);
            market.advance(bounty, Terms.pack(terms)); // nobody joined: void
        }
        index = _bound(index, 0, terms.maxHolders - 1);
        _join(holders[0], index);
        uint256 locked = terms.holderStake + uint256(terms.fee) * (terms.rounds - _view().round);
        vm.assertEq(PURSE - locked, _balance(holders[0]), "locked");
        vm.assertEq(_escrow() + locked, _balance(bounty), "bounty");
        vm.prank(holders[0]);
        market.leave(bounty, Terms.pack(terms), holders[0]);
        vm.assertEq(PURSE, _balance(holders[0]), "back");
        vm.assertEq(_escrow(), _balance(bounty), "bounty after");
        vm.assertFalse(market.holderOf(bounty, holders[0]).joined, "gone");
    }

    /// @notice Of those a round expected, whoever submitted pays one fee at most, whoever did not loses its stake; with too
    /// few submissions the fees return. GM-111, GM-112.
    function testFuzz_silenceCostsTheStake(uint256 seed, uint256 silent) public {
        _draft(seed);
        terms.fee = uint96(_bound(terms.fee, 1, 1e20));
        _post();
        _seatAll();
        _joinAll();
        _openRound();
        silent = _bound(silent, 0, HOLDERS); // the first `silent` stay silent
        for (uint256 i = silent; i < HOLDERS; ++i) {
            _submit(i);
        }
        _warpPast(_view().deadline);
        uint256 submitted = HOLDERS - silent;
        bool owing = submitted >= terms.minHolders;
        if (owing) _warpPast(vm.getBlockTimestamp() + terms.phases.shard);
        market.advance(bounty, Terms.pack(terms)); // void, or the owner's default
        _finish();
        uint256 compensation = owing ? terms.compensation : 0;
        for (uint256 i = 0; i < HOLDERS; ++i) {
            if (market.holderOf(bounty, holders[i]).joined) market.leave(bounty, Terms.pack(terms), holders[i]);
            uint256 due = i < silent ? PURSE - terms.holderStake : PURSE + compensation;
            vm.assertEq(due, _balance(holders[i]), "holder");
        }
        uint256 burned = silent * terms.holderStake + (owing ? terms.bond - submitted * compensation : 0);
        vm.assertEq(burned, _burned(), "burned");
        vm.assertEq(0, _balance(bounty), "bounty");
    }

    /// @dev Who may leave does; then empty rounds until the end.
    function _finish() private {
        if (_view().phase == IMarket.Phase.Join) {
            for (uint256 i = 0; i < HOLDERS; ++i) {
                if (_has(_view().forfeited, i)) continue;
                vm.prank(holders[i]);
                market.leave(bounty, Terms.pack(terms), holders[i]);
            }
        }
        while (_view().phase != IMarket.Phase.Closed) {
            _warpPast(_view().deadline);
            market.advance(bounty, Terms.pack(terms));
        }
    }

    function _draft(uint256 seed) private {
        Terms.Fields memory t = _someTerms();
        t.seats = uint8(3 + 2 * (_mix(seed, 0) % 3));
        t.rounds = uint16(1 + _mix(seed, 1) % 5);
        t.ticketStake = uint128(_bound(_mix(seed, 2), 1e18, 1e28));
        t.roundBudget = uint128(_bound(_mix(seed, 3), 1, (t.seats / 2 + 1) * uint256(t.ticketStake) / 2));
        t.fee = uint96(_mix(seed, 4) % 1e20);
        t.holderStake = uint96(_mix(seed, 5) % 1e20);
        t.seatPay = uint96(_mix(seed, 6) % 1e20);
        t.compensation = uint96(_mix(seed, 7) % 1e20);
        t.maxHolders = uint8(_bound(_mix(seed, 8), HOLDERS, 128));
        t.bond = uint96(_bound(_mix(seed, 9), 2 * uint256(t.maxHolders) * t.compensation, 1e24));
        terms = t;
        _stakeAll();
    }

    function _escrow() private view returns (uint256) {
        return uint256(terms.rounds) * (uint256(terms.roundBudget) + uint256(terms.seats) * terms.seatPay) + terms.bond;
    }

    function _nextId() private view returns (bytes32) {
        return keccak256(abi.encode(keccak256("gradmarket/1/bounty"), block.chainid, address(market), owner, SALT));
    }
}
