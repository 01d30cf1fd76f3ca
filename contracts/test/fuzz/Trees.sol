// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";

/// @title The trees, built in the plainest way: what the market's checks are compared with.
/// @dev The words are written out here once more on purpose; a change of the product's encoding must fail a test.
library Trees {
    /// @dev A payout that stands in a sum tree at position `index` of its array; no holder: an empty place.
    struct Payout {
        address holder;
        uint128 amount;
    }

    /// @dev A node beside the path.
    struct Node {
        bytes32 hash;
        uint128 sum;
    }

    function payoutLeaf(uint256 index, Payout memory payout) internal pure returns (Node memory) {
        if (payout.holder == address(0)) return Node(0, 0);
        bytes32 tag = keccak256("gradmarket/1/payout-leaf");
        return Node(keccak256(abi.encode(tag, index, payout.holder, uint256(payout.amount))), payout.amount);
    }

    function sumParent(Node memory left, Node memory right) internal pure returns (Node memory) {
        return Node(keccak256(abi.encodePacked(left.hash, right.hash, left.sum, right.sum)), left.sum + right.sum);
    }

    /// @notice The root over `payouts`, whose number is a power of two.
    function sumRoot(Payout[] memory payouts) internal pure returns (Node memory) {
        Node[] memory row = _leaves(payouts);
        while (row.length > 1) row = _above(row);
        return row[0];
    }

    /// @notice The nodes beside the path from `index` to the root, leaf first.
    function sumProof(Payout[] memory payouts, uint256 index)
        internal
        pure
        returns (bytes32[] memory hashes, uint128[] memory sums)
    {
        Node[] memory row = _leaves(payouts);
        uint256 depth = log2(row.length);
        hashes = new bytes32[](depth);
        sums = new uint128[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            Node memory sibling = row[index ^ 1];
            (hashes[i], sums[i]) = (sibling.hash, sibling.sum);
            row = _above(row);
            index /= 2;
        }
    }

    /// @notice A proof as the market reads it: hash and sum of each node, 48 bytes.
    function path(bytes32[] memory hashes, uint128[] memory sums) internal pure returns (bytes memory packed) {
        for (uint256 i = 0; i < hashes.length; ++i) {
            packed = abi.encodePacked(packed, hashes[i], sums[i]);
        }
    }

    /// @notice The leaf of a shard.
    function shardLeaf(uint256 round, bytes32 rows, bytes32 digest, bytes32 key) internal pure returns (bytes32) {
        bytes32 keyHash = keccak256(abi.encode(keccak256("gradmarket/1/data-key"), key));
        return keccak256(abi.encode(keccak256("gradmarket/1/shard"), round, rows, digest, keyHash));
    }

    /// @notice What a sheet says of its trace.
    function traceRoot(IJudge.Frame memory frame) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("gradmarket/1/trace"), frame.counts, frame.rowsRoot, frame.top));
    }

    /// @notice The ordinary Merkle root over `row`, whose length is a power of two.
    function root(bytes32[] memory row) internal pure returns (bytes32) {
        while (row.length > 1) row = _above(row);
        return row[0];
    }

    /// @notice The nodes beside the path from `index` to the root, leaf first.
    function proof(bytes32[] memory row, uint256 index) internal pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](log2(row.length));
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = row[index ^ 1];
            row = _above(row);
            index /= 2;
        }
    }

    /// @notice The depth of a tree of `size` leaves, a power of two.
    function log2(uint256 size) internal pure returns (uint256 depth) {
        while (size > 1) {
            size /= 2;
            ++depth;
        }
    }

    function _leaves(Payout[] memory payouts) private pure returns (Node[] memory row) {
        row = new Node[](payouts.length);
        for (uint256 i = 0; i < row.length; ++i) {
            row[i] = payoutLeaf(i, payouts[i]);
        }
    }

    function _above(Node[] memory row) private pure returns (Node[] memory above) {
        above = new Node[](row.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = sumParent(row[2 * i], row[2 * i + 1]);
        }
    }

    function _above(bytes32[] memory row) private pure returns (bytes32[] memory above) {
        above = new bytes32[](row.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = keccak256(abi.encodePacked(row[2 * i], row[2 * i + 1]));
        }
    }
}
