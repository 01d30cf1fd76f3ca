// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Tags} from "./Tags.sol";

/// @title The Merkle sum tree of a round's payouts.
/// @notice Inner nodes hash both children's hashes and sums, so leaves that prove to one root never add up to more than its sum.
/// @dev The Python twin is `marketplace.domain.sumtree`.
library SumTree {
    /// @notice The leaf that promises `amount` to `holder` at `index`.
    function leaf(uint256 index, address holder, uint256 amount) internal pure returns (bytes32) {
        return keccak256(abi.encode(Tags.PAYOUT_LEAF, index, holder, amount));
    }

    /// @notice Whether `node` with `sum` at position `index` leads to `root` with `total`.
    /// @dev `hashes` and `sums` are the nodes beside the path, leaf first. A sum above 128 bits is refused, not truncated.
    function leadsTo(
        bytes32 root,
        uint256 total,
        uint256 index,
        bytes32 node,
        uint256 sum,
        bytes32[] calldata hashes,
        uint128[] calldata sums
    ) internal pure returns (bool) {
        uint256 depth = hashes.length;
        if (depth != sums.length || depth > 7 || index >> depth != 0) return false;
        for (uint256 i = 0; i < depth; ++i) {
            node = (index >> i) & 1 == 0
                ? keccak256(abi.encodePacked(node, hashes[i], uint128(sum), sums[i]))
                : keccak256(abi.encodePacked(hashes[i], node, sums[i], uint128(sum)));
            sum += sums[i];
            if (sum > type(uint128).max) return false;
        }
        return node == root && sum == total;
    }
}
