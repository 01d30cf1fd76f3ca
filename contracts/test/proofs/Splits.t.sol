// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Lanes} from "../../libraries/Lanes.sol";
import {SumTree} from "../../libraries/SumTree.sol";

/// @title Proofs about what a pool is split into: payouts, and the halves that seats are owed.
contract SplitProofs {
    /// @dev What `SumTree` reads is calldata.
    function rootAbove(uint256 index, bytes32 node, uint256 sum, bytes calldata path)
        external
        pure
        returns (bytes32, uint256)
    {
        return SumTree.rootAbove(index, node, sum, path);
    }

    /// @notice A root's sum is its leaf's and those beside the way, or one that no tree has: in a tree of eight.
    function check_rootIsASum(uint128 sum, bytes32[3] calldata hashes, uint128[3] calldata sums) public view {
        bytes memory path = abi.encodePacked(hashes[0], sums[0], hashes[1], sums[1], hashes[2], sums[2]);
        uint256 all = uint256(sum) + sums[0] + sums[1] + sums[2];
        for (uint256 index = 0; index < 9; ++index) {
            (, uint256 pool) = this.rootAbove(index, keccak256("leaf"), sum, path);
            assert(pool == (index < 8 && all <= type(uint128).max ? all : type(uint256).max));
        }
    }

    /// @notice Two payouts that prove to one root never add up to more than its pool: the leaves of a tree of two.
    function check_twoPayouts(
        address[2] calldata holders,
        uint128[2] calldata amounts,
        bytes32[2] calldata hashes,
        uint128[2] calldata sums
    ) public view {
        bytes[2] memory paths = [abi.encodePacked(hashes[0], sums[0]), abi.encodePacked(hashes[1], sums[1])];
        _fit(0, 1, holders, amounts, paths);
    }

    /// @notice The same of any two leaves of a tree of four.
    function check_twoPayoutsOfFour(
        uint8 pair,
        address[2] calldata holders,
        uint128[2] calldata amounts,
        bytes32[4] calldata hashes,
        uint128[4] calldata sums
    ) public view {
        bytes[2] memory paths;
        paths[0] = abi.encodePacked(hashes[0], sums[0], hashes[1], sums[1]);
        paths[1] = abi.encodePacked(hashes[2], sums[2], hashes[3], sums[3]);
        if (pair == 0) _fit(0, 1, holders, amounts, paths);
        else if (pair == 1) _fit(0, 2, holders, amounts, paths);
        else if (pair == 2) _fit(0, 3, holders, amounts, paths);
        else if (pair == 3) _fit(1, 2, holders, amounts, paths);
        else if (pair == 4) _fit(1, 3, holders, amounts, paths);
        else _fit(2, 3, holders, amounts, paths);
    }

    function _fit(uint256 i, uint256 j, address[2] calldata holders, uint128[2] calldata amounts, bytes[2] memory paths)
        private
        view
    {
        (bytes32 root, uint256 pool) = _rootOf(i, holders[0], amounts[0], paths[0]);
        (bytes32 other, uint256 same) = _rootOf(j, holders[1], amounts[1], paths[1]);
        if (root != other || pool != same || pool > type(uint128).max) return;
        assert(uint256(amounts[0]) + amounts[1] <= pool);
    }

    function _rootOf(uint256 index, address holder, uint128 amount, bytes memory path)
        private
        view
        returns (bytes32, uint256)
    {
        return this.rootAbove(index, SumTree.leaf(index, holder, amount), amount, path);
    }

    /// @notice The budget times two bounds is the budget times both: nothing of it has more than 256 bits.
    function check_budgetsDistribute(uint96 budget, uint128 bound, uint136 before) public pure {
        unchecked {
            uint256 both = uint256(before) + bound;
            assert(uint256(budget) * both == uint256(budget) * before + uint256(budget) * bound);
        }
    }

    /// @notice A lane that is set says so, modulo 2^16, and no other lane changes.
    function check_lane(uint256 lanes, uint8 lane, uint8 other, uint256 value) public pure {
        if (lane > 15 || other == lane) return;
        uint256 after_ = Lanes.set(lanes, lane, value);
        assert(Lanes.at(after_, lane) == value & 0xffff);
        assert(Lanes.at(after_, other) == Lanes.at(lanes, other));
    }

    /// @notice Of four lanes, those in the set get so many more and no other gets any, whatever the rest holds.
    function check_laneAdds(uint256 lanes, uint8 which, uint16 more, uint8 lane) public pure {
        if (which > 15) return;
        uint256 given = lane < 4 && (which >> lane) & 1 == 1 ? more : 0;
        uint256 expected = lane < 16 ? (Lanes.at(lanes, lane) + given) & 0xffff : 0;
        assert(Lanes.at(Lanes.add(lanes, which, more), lane) == expected);
    }
}
