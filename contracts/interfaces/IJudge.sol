// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Recomputes one step of a round's scoring and says whether the sheet contradicts it.
/// @notice A sheet commits to its trace: everything its scoring computed, as salted Merkle leaves. Each leaf follows by one small
/// step from others; a proof opens the leaf and those it follows from.
/// @dev `at` says which step, in fields from the lowest bit: kind 8, e 16, r 32, g 16, k 32, p 8, level 8. `proof` is the openings the
/// step's kind lists, one behind the other; their lengths follow from the frame. The Python twin is `marketplace.scoring.trace`.
interface IJudge {
    /// @dev What the trace's root is the hash of: keccak256(abi.encode(TAG_TRACE, counts, rowsRoot, top)).
    struct Frame {
        uint256 counts; // from the lowest bit: inputs 16, hidden 16, classes 16, rows 32, submissions 8, previous 8, players 8,
        // evaluations 16, inputScale 32, weightScale 32, permutations 16, finalRows 32
        bytes32 rowsRoot; // commitment to the round's shard
        bytes32 top; // Merkle root over the sixteen sections
    }

    /// @notice Thrown when this judge does not know that kind of step.
    error Judge_UnknownKind(uint256 kind);
    /// @notice Thrown when the step does not exist: a position beyond the counts, or a rule that does not apply.
    error Judge_BadPosition(uint256 at);
    /// @notice Thrown when opening number `which` of a proof (from 0) does not lead to what the trace commits to.
    error Judge_BadOpening(uint256 which);
    /// @notice Thrown when the openings take more or fewer bytes than the proof has.
    error Judge_BadLength(uint256 taken, uint256 given);

    /// @notice Whether the sheet is disproved: true when the opened leaf is not what follows, false when the step is as it should be.
    /// Reverts when the proof does not open what it has to.
    /// @param fieldsHash keccak256(abi.encode(sheet)). A step that needs fields of the sheet opens it before everything else.
    /// @dev Assumes that the caller checked that a sheet with these fields and this frame was revealed.
    function contradicts(
        bytes32 bounty,
        uint256 round,
        bytes32 fieldsHash,
        Frame calldata frame,
        uint256 at,
        bytes calldata proof
    ) external view returns (bool);
}
