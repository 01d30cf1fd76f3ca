// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Tags} from "./Tags.sol";

/// @title The Merkle tree of a bounty's validation shards; position = round.
/// @dev The Python twin is `marketplace.domain.merkle`. Leaves hash 160 bytes and nodes 64, so none passes for the other.
library ShardTree {
    /// @notice The leaf of one round's shard, opened by its key.
    function leaf(uint256 round, bytes32 root, bytes32 digest, bytes32 key) internal pure returns (bytes32) {
        return keccak256(abi.encode(Tags.SHARD, round, root, digest, keccak256(abi.encode(Tags.DATA_KEY, key))));
    }

    /// @notice Whether `node` at position `index` leads to `root`. `proof` is the nodes beside the path, leaf first.
    function leadsTo(bytes32 root, uint256 index, bytes32 node, bytes32[] calldata proof) internal pure returns (bool) {
        if (proof.length > 255 || index >> proof.length != 0) return false;
        for (uint256 i = 0; i < proof.length; ++i) {
            node = (index >> i) & 1 == 0
                ? keccak256(abi.encodePacked(node, proof[i]))
                : keccak256(abi.encodePacked(proof[i], node));
        }
        return node == root;
    }
}
