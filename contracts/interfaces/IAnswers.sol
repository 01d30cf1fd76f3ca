// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "./IJudge.sol";

/// @title Says which parts of a trace may be demanded, and whether bytes answer a demand.
/// @notice Whoever lacks a part cannot show that it is wrong, so anybody may demand it; what nobody can open disproves the sheet.
/// @dev `what` names a part in fields from the lowest bit, unused ones zero: section 8, index 64, kind 8, level 8, levels 8, figure 32.
///   kind 0  a leaf: number `index` of `section`; of SUMS and DOTS a figure, of MODELS a root
///           answer: [salt] content path
///   kind 1  a part of the sum tree of `figure` (sections 7, 8, 23): the node at `level` below the root and position `index`, and its
///           `levels` levels of descendants
///           answer: descent to the node, then the 2 ** levels descendants furthest down, hash and sums of each (64 bytes)
///           `levels` 0 asks for a leaf, at the lowest level; answer: descent and salt, without the salt where the tree is only filled up
///   kind 2  neuron `index` of model number `figure` (section 1)
///           answer: as `IJudge`'s proofs open it, or the path of a root that is zero
interface IAnswers {
    /// @notice Whether the trace has such a part, and it is small enough to be answered in one transaction.
    function exists(IJudge.Frame calldata frame, uint256 what) external pure returns (bool);

    /// @notice Whether `answer` opens that part, with sums that add up. Reverts with an error of `IJudge` when it does not lead to
    /// the trace's top.
    /// @dev Assumes that the caller checked that `frame` hashes to the sheet's `traceRoot`.
    function answers(IJudge.Frame calldata frame, uint256 what, bytes calldata answer) external pure returns (bool);
}
