// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The first word of every hash, so that a hash of one kind never passes for another.
/// @dev The Python twin is `marketplace.domain.hashing.tag`.
library Tags {
    bytes32 internal constant BOUNTY = keccak256("gradmarket/1/bounty");
    bytes32 internal constant COMMIT = keccak256("gradmarket/1/commit");
    bytes32 internal constant SHEET = keccak256("gradmarket/1/sheet");
    bytes32 internal constant PAYOUT_LEAF = keccak256("gradmarket/1/payout-leaf");
    bytes32 internal constant SHARD = keccak256("gradmarket/1/shard");
    bytes32 internal constant DATA_KEY = keccak256("gradmarket/1/data-key");
    bytes32 internal constant ALLOW = keccak256("gradmarket/1/allow");
    bytes32 internal constant TRACE = keccak256("gradmarket/1/trace");
    bytes32 internal constant DISPUTE = keccak256("gradmarket/1/dispute");
    bytes32 internal constant BURNED = keccak256("gradmarket/1/burned");
}
