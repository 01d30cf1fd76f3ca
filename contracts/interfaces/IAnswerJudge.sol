// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "./IJudge.sol";

/// @title Whether an answer is what was demanded.
interface IAnswerJudge {
    /// @notice Whether `answer` opens what `what` names under the frame.
    function answers(IJudge.Frame calldata frame, uint256 what, bytes calldata answer) external pure returns (bool);
}
