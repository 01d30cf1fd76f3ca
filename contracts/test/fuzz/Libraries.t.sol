// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Bits} from "../../libraries/Bits.sol";
import {Lanes} from "../../libraries/Lanes.sol";
import {ShardTree} from "../../libraries/ShardTree.sol";
import {SumTree} from "../../libraries/SumTree.sol";
import {TermsWords} from "../../libraries/TermsWords.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {Terms} from "../Terms.sol";
import {Trees} from "./Trees.sol";
import {Cheats} from "./Vm.sol";

/// @title The arithmetic of the market against the plainest way to do the same.
contract LibrariesFuzz is Cheats {
    /// @notice Counting by byte sums is counting one by one.
    function testFuzz_countIsTheNaiveCount(uint128 set) public pure {
        uint256 n = 0;
        for (uint256 i = 0; i < 128; ++i) {
            if ((set >> i) & 1 == 1) ++n;
        }
        vm.assertEq(n, Bits.count(set), "count");
    }

    /// @notice Bit-sliced counters find what one loop a position finds. GM-213.
    function testFuzz_inAtLeastIsTheNaiveTally(uint256 seed, uint256 size, uint256 threshold, bool dense) public pure {
        size = _bound(size, 1, 15);
        threshold = _bound(threshold, 1, 15);
        uint256[] memory sets = new uint256[](size);
        for (uint256 i = 0; i < size; ++i) {
            uint256 word = _mix(seed, i);
            sets[i] = uint128(dense ? word | (word >> 128) : word);
        }
        uint256 found = 0;
        for (uint256 i = 0; i < 128; ++i) {
            uint256 n = 0;
            for (uint256 k = 0; k < size; ++k) {
                n += (sets[k] >> i) & 1;
            }
            if (n >= threshold) found |= 1 << i;
        }
        vm.assertEq(found, uint128(Bits.inAtLeast(sets, threshold)), "found");
    }

    /// @notice A lane grows by what its seats were given, whatever the others were.
    function testFuzz_lanesAreCounters(uint256 seed, uint256 steps) public pure {
        steps = _bound(steps, 0, 20);
        uint256[15] memory naive;
        uint256 lanes = 0;
        for (uint256 i = 0; i < steps; ++i) {
            uint256 seats = _mix(seed, 3 * i) & 0x7fff;
            uint256 halves = _mix(seed, 3 * i + 1) % 400;
            lanes = Lanes.add(lanes, seats, halves);
            for (uint256 seat = 0; seat < 15; ++seat) {
                if ((seats >> seat) & 1 == 1) naive[seat] += halves;
            }
            if (_rarely(seed, 3 * i + 2, 3)) {
                lanes = Lanes.set(lanes, i % 15, 0);
                naive[i % 15] = 0;
            }
        }
        for (uint256 seat = 0; seat < 15; ++seat) {
            vm.assertEq(naive[seat], Lanes.at(lanes, seat), "lane");
        }
        vm.assertEq(0, Lanes.at(lanes, 16 + seed % 1000), "no seat");
    }

    /// @notice Lanes count modulo 2^16 and never touch each other: what was set below zero is right once it is added to.
    function testFuzz_lanesWrapAlone(uint256 lanes, uint256 lane, uint256 down, uint256 up) public pure {
        lane = _bound(lane, 0, 15);
        down = _bound(down, 0, 0x10000);
        up = _bound(up, 0, 0xffff);
        uint256 changed = Lanes.add(Lanes.set(lanes, lane, 0x10000 - down), 1 << lane, up);
        for (uint256 i = 0; i < 16; ++i) {
            uint256 expected = i == lane ? (0x10000 - down + up) % 0x10000 : Lanes.at(lanes, i);
            vm.assertEq(expected, Lanes.at(changed, i), "lane");
        }
    }

    /// @notice Every field comes out of the words as it went in, and no word has bits to spare.
    function testFuzz_termsComeOutAsTheyWentIn(Terms.Fields memory t, uint256 seed) public view {
        t.roundBudget = uint96(t.roundBudget);
        t.ticketStake = uint96(t.ticketStake);
        uint24[11] memory row;
        for (uint256 i = 0; i < 11; ++i) {
            row[i] = uint24(_mix(seed, i) & 0x7fffff);
        }
        t.phases = abi.decode(abi.encode(row), (Terms.Phases));
        this.unpacked(Terms.pack(t), t, row);
        vm.assertTrue(this.named(Terms.posted(t)), "tidy, and naming its roots");
    }

    /// @dev As `paid`.
    function named(IMarket.PostedTerms calldata given) external pure returns (bool) {
        return TermsWords.isTidy(given.packed) && TermsWords.names(given.packed, given.roots);
    }

    /// @dev As `paid`.
    function unpacked(IMarket.PackedTerms calldata p, Terms.Fields calldata t, uint24[11] calldata row) external pure {
        vm.assertEq(t.owner, TermsWords.owner(p), "owner");
        vm.assertEq(t.token, TermsWords.token(p), "token");
        vm.assertEq(t.roundBudget, TermsWords.roundBudget(p), "roundBudget");
        vm.assertEq(t.ticketStake, TermsWords.ticketStake(p), "ticketStake");
        vm.assertEq(t.fee, TermsWords.fee(p), "fee");
        vm.assertEq(t.holderStake, TermsWords.holderStake(p), "holderStake");
        vm.assertEq(t.seatPay, TermsWords.seatPay(p), "seatPay");
        vm.assertEq(t.bond, TermsWords.bond(p), "bond");
        vm.assertEq(t.compensation, TermsWords.compensation(p), "compensation");
        vm.assertEq(t.rounds, TermsWords.rounds(p), "rounds");
        vm.assertEq(t.seats, TermsWords.seats(p), "seats");
        vm.assertEq(t.minHolders, TermsWords.minHolders(p), "minHolders");
        vm.assertEq(t.maxHolders, TermsWords.maxHolders(p), "maxHolders");
        vm.assertEq(t.postBefore, TermsWords.postBefore(p), "postBefore");
        for (uint256 i = 0; i < 11; ++i) {
            vm.assertEq(row[i], TermsWords.phase(p, i), "phase");
        }
    }

    /// @notice Every payout of a tree leads to its root and sum; no other amount, position or holder does.
    /// GM-114, GM-416.
    function testFuzz_onlyTheTreesPayoutsLeadToItsRoot(uint256 seed, uint256 depth, uint256 index, uint128 wrong)
        public
        view
    {
        depth = _bound(depth, 0, 4);
        index = _bound(index, 0, (1 << depth) - 1);
        Trees.Payout[] memory payouts = new Trees.Payout[](1 << depth);
        for (uint256 i = 0; i < payouts.length; ++i) {
            if (i != index && _rarely(seed, 2 * i, 4)) continue;
            payouts[i] = Trees.Payout(address(uint160(_mix(seed, 2 * i))), uint96(_mix(seed, 2 * i + 1)));
        }
        Trees.Node memory top = Trees.sumRoot(payouts);
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(payouts, index);
        Trees.Payout memory mine = payouts[index];
        vm.assertTrue(this.paid(top, index, mine, Trees.path(hashes, sums)), "the right one");
        if (wrong != mine.amount) {
            vm.assertFalse(
                this.paid(top, index, Trees.Payout(mine.holder, wrong), Trees.path(hashes, sums)), "another amount"
            );
        }
        vm.assertFalse(this.paid(top, index ^ 1, mine, Trees.path(hashes, sums)), "another position");
        vm.assertFalse(
            this.paid(top, index + (1 << depth), mine, Trees.path(hashes, sums)), "a position beyond the tree"
        );
        vm.assertFalse(
            this.paid(top, index, Trees.Payout(address(1), mine.amount), Trees.path(hashes, sums)), "another holder"
        );
        vm.assertFalse(
            this.paid(Trees.Node(top.hash, top.sum + 1), index, mine, Trees.path(hashes, sums)), "another sum"
        );
        if (depth == 0) return;
        uint256 level = seed % depth;
        hashes[level] ^= bytes32(uint256(1));
        vm.assertFalse(this.paid(top, index, mine, Trees.path(hashes, sums)), "another sibling");
        hashes[level] ^= bytes32(uint256(1));
        sums[level] += 1;
        vm.assertFalse(this.paid(top, index, mine, Trees.path(hashes, sums)), "another sibling's sum");
    }

    /// @notice Sums that do not fit are refused, not cut.
    function testFuzz_sumsNeverWrap(uint128 amount, uint128 beside) public view {
        Trees.Payout memory mine = Trees.Payout(address(1), amount);
        bytes32[] memory hashes = new bytes32[](1);
        uint128[] memory sums = new uint128[](1);
        sums[0] = beside;
        uint128 total;
        unchecked {
            total = amount + beside;
        }
        bytes32 top = keccak256(abi.encodePacked(Trees.payoutLeaf(0, mine).hash, hashes[0], amount, beside));
        vm.assertTrue(
            (uint256(amount) + beside == total) == this.paid(Trees.Node(top, total), 0, mine, Trees.path(hashes, sums)),
            "sum"
        );
    }

    /// @notice A shard opens at its own round, by its own key, and in no other way. GM-212.
    function testFuzz_onlyTheRightKeyOpensAShard(uint256 seed, uint256 depth, uint256 round, bytes32 wrong)
        public
        view
    {
        depth = _bound(depth, 0, 5);
        round = _bound(round, 0, (1 << depth) - 1);
        bytes32[] memory row = new bytes32[](1 << depth);
        for (uint256 i = 0; i < row.length; ++i) {
            row[i] = bytes32(_mix(seed, i));
        }
        bytes32 key = bytes32(seed);
        row[round] = Trees.shardLeaf(round, bytes32(seed), bytes32(depth), key);
        bytes32 leaf = ShardTree.leaf(round, bytes32(seed), bytes32(depth), key);
        bytes32[] memory proof = Trees.proof(row, round);
        bytes32 top = Trees.root(row);
        vm.assertEq(row[round], leaf, "leaf");
        vm.assertTrue(this.opened(top, round, leaf, proof), "the right one");
        vm.assertFalse(this.opened(top, round + (1 << depth), leaf, proof), "a round beyond the tree");
        if (depth != 0) vm.assertFalse(this.opened(top, round ^ 1, leaf, proof), "another round");
        if (wrong == key) return;
        leaf = ShardTree.leaf(round, bytes32(seed), bytes32(depth), wrong);
        vm.assertFalse(this.opened(top, round, leaf, proof), "another key");
    }

    /// @notice A sum of 128 bits is a tree's, one more is none's.
    function test_sumsOfATreeHave128Bits() public view {
        Trees.Payout memory payout = Trees.Payout(address(1), type(uint128).max);
        bytes32 leaf = Trees.payoutLeaf(0, payout).hash;
        bytes memory path = abi.encodePacked(bytes32(0), uint128(0));
        bytes32 root = keccak256(abi.encodePacked(leaf, bytes32(0), type(uint128).max, uint128(0)));
        vm.assertTrue(this.paid(Trees.Node(root, type(uint128).max), 0, payout, path), "the largest");
        path = abi.encodePacked(bytes32(0), uint128(1));
        root = keccak256(abi.encodePacked(leaf, bytes32(0), type(uint128).max, uint128(1)));
        vm.assertFalse(this.paid(Trees.Node(root, 0), 0, payout, path), "it does not wrap");
    }

    /// @dev The libraries read calldata, so they are asked through a call.
    function paid(Trees.Node memory top, uint256 index, Trees.Payout memory payout, bytes calldata path)
        external
        pure
        returns (bool)
    {
        bytes32 leaf = SumTree.leaf(index, payout.holder, payout.amount);
        (bytes32 root, uint256 sum) = SumTree.rootAbove(index, leaf, payout.amount, path);
        return root == top.hash && sum == top.sum;
    }

    /// @dev As `paid`.
    function opened(bytes32 top, uint256 round, bytes32 leaf, bytes32[] calldata proof) external pure returns (bool) {
        return ShardTree.leadsTo(top, round, leaf, proof);
    }
}
