// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Tags} from "./Tags.sol";

/// @title The Merkle sum tree of a round's payouts.
/// @notice Inner nodes hash both children's hashes and sums, so leaves that prove to one root never add up to more than its sum.
/// @dev The Python twin is `marketplace.domain.sumtree`.
library SumTree {
    uint256 private constant NODE_BYTES = 48;

    /// @notice The leaf that promises `amount` to `holder` at `index`.
    function leaf(uint256 index, address holder, uint256 amount) internal pure returns (bytes32) {
        return keccak256(abi.encode(Tags.PAYOUT_LEAF, index, holder, amount));
    }

    /// @notice The root above the leaf `node` with `sum` at position `index`, and the root's sum.
    /// @dev `path` is hash and sum, 48 bytes, of the nodes beside the way, leaf first. The sum is one that no tree has when the path is
    /// too long, too short for the index, not made of whole nodes, or when its sums exceed 128 bits.
    function rootAbove(uint256 index, bytes32 node, uint256 sum, bytes calldata path)
        internal
        pure
        returns (bytes32, uint256)
    {
        uint256 depth = path.length / NODE_BYTES;
        if (path.length % NODE_BYTES != 0 || depth > 7 || index >> depth != 0) return (0, type(uint256).max);
        assembly ("memory-safe") {
            // left hash, right hash, both sums: 96 bytes behind the free memory, again for every node
            let left := mload(0x40)
            for { let at := path.offset } lt(at, add(path.offset, path.length)) { at := add(at, NODE_BYTES) } {
                let beside := shr(128, calldataload(add(at, 32)))
                let isRight := and(index, 1)
                mstore(add(left, shl(5, isRight)), node)
                mstore(add(left, shl(5, iszero(isRight))), calldataload(at))
                mstore(add(left, 64), or(shl(shl(7, iszero(isRight)), sum), shl(shl(7, isRight), beside)))
                node := keccak256(left, 96)
                // At most eight numbers below 2^128: what exceeds it is seen below, because sums only grow.
                sum := add(sum, beside)
                index := shr(1, index)
            }
        }
        return (node, sum > type(uint128).max ? type(uint256).max : sum);
    }
}
