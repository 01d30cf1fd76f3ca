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
    bytes32 internal constant SCORING = keccak256("gradmarket/1/scoring");
    bytes32 internal constant SUBMISSION = keccak256("gradmarket/1/submission");
    bytes32 internal constant BURNED = keccak256("gradmarket/1/burned");
    bytes32 internal constant TRACE_LEAF = keccak256("gradmarket/1/trace-leaf");
    bytes32 internal constant TRACE_SUM = keccak256("gradmarket/1/trace-sum");
    bytes32 internal constant NEURON = keccak256("gradmarket/1/neuron");
    bytes32 internal constant UPDATE_ROW = keccak256("gradmarket/1/update-row");
    bytes32 internal constant ROW = keccak256("gradmarket/1/row");
    bytes32 internal constant ROWS = keccak256("gradmarket/1/rows");
    bytes32 internal constant FAILED = keccak256("gradmarket/1/failed");
    bytes32 internal constant PERMUTATION = keccak256("gradmarket/1/permutation");
}
