// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "./IJudge.sol";
import {IMarket} from "./IMarket.sol";

/// @title What a trace starts from, held against what the chain knows: terms, shards, submissions, earlier rounds.
/// @notice The kinds 0x50 to 0x57, and 0x59, of `IJudge.contradicts`. Their proof is `abi.encode(evidence)`; parts that a kind does not need are empty.
interface IInputJudge is IJudge {
    /// @dev The bounty's terms in full.
    struct Posted {
        IMarket.PackedTerms terms;
        IMarket.Roots roots;
    }

    /// @dev A leaf of the tree over shards and scoring terms, and the nodes beside its way, leaf first.
    struct Shard {
        bytes32 root; // the rows'; keccak256(abi.encode(TAG_ROWS, rows, merkle))
        bytes32 digest;
        bytes32 keyHash;
        uint256 rows;
        bytes32 merkle;
        bytes32[] path;
    }

    /// @dev A step of the market's running hash.
    struct Record {
        address who;
        uint256 index;
        bytes32 commitment;
        bytes32 document;
    }

    /// @dev Everything of this round that the market counted: the opening, then the submissions. `before` is the hash before it.
    struct History {
        bytes32 before;
        Record[] records;
    }

    /// @dev A sheet that an earlier round was settled on, and openings of its trace.
    struct Earlier {
        uint256 round;
        IMarket.Sheet sheet;
        Frame frame;
        address token;
        bytes openings;
    }

    struct Evidence {
        Posted posted;
        uint256[3] scoring; // words of the scoring terms
        Shard shard;
        History history;
        bytes32 updateRoot; // with `keyHash` what a submission committed to
        bytes32 keyHash;
        Earlier earlier;
        bytes openings; // of this sheet's trace
    }

    /// @notice Thrown when evidence is not what the chain knows.
    error Judge_BadEvidence(bytes32 part);
}
