// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {SumTree} from "../libraries/SumTree.sol";

/// @title Payout trees for tests, written the slow way: every level in full.
library PayoutTree {
    struct Tree {
        address[] holders;
        uint128[] amounts;
    }

    /// @notice Root hash and sum.
    function root(Tree memory tree) internal pure returns (bytes32 hash, uint128 sum) {
        (bytes32[] memory hashes, uint128[] memory sums) = _leaves(tree);
        while (hashes.length > 1) (hashes, sums) = _parents(hashes, sums);
        return (hashes[0], sums[0]);
    }

    /// @notice The nodes beside the path from `index`, leaf first.
    function proof(Tree memory tree, uint256 index)
        internal
        pure
        returns (bytes32[] memory besideHashes, uint128[] memory besideSums)
    {
        (bytes32[] memory hashes, uint128[] memory sums) = _leaves(tree);
        uint256 depth = 0;
        for (uint256 width = hashes.length; width > 1; width /= 2) ++depth;
        besideHashes = new bytes32[](depth);
        besideSums = new uint128[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            uint256 beside = (index >> i) ^ 1;
            (besideHashes[i], besideSums[i]) = (hashes[beside], sums[beside]);
            (hashes, sums) = _parents(hashes, sums);
        }
    }

    function _leaves(Tree memory tree) private pure returns (bytes32[] memory hashes, uint128[] memory sums) {
        uint256 width = 1;
        while (width < tree.holders.length) width *= 2;
        hashes = new bytes32[](width);
        sums = new uint128[](width);
        for (uint256 i = 0; i < tree.holders.length; ++i) {
            if (tree.amounts[i] == 0) continue;
            hashes[i] = SumTree.leaf(i, tree.holders[i], tree.amounts[i]);
            sums[i] = tree.amounts[i];
        }
    }

    function _parents(bytes32[] memory hashes, uint128[] memory sums)
        private
        pure
        returns (bytes32[] memory upHashes, uint128[] memory upSums)
    {
        upHashes = new bytes32[](hashes.length / 2);
        upSums = new uint128[](hashes.length / 2);
        for (uint256 i = 0; i < upHashes.length; ++i) {
            (bytes32 left, bytes32 right) = (hashes[2 * i], hashes[2 * i + 1]);
            upHashes[i] = keccak256(abi.encodePacked(left, right, sums[2 * i], sums[2 * i + 1]));
            upSums[i] = sums[2 * i] + sums[2 * i + 1];
        }
    }
}
