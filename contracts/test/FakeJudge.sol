// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title A judge that says yes to the questions it was told to say yes to, word for word, and no to all others.
/// @dev Stands for `IJudge` and `IAnswers`. A question is the whole call, so a referee that asks another one is found out.
contract FakeJudge {
    mapping(bytes32 question => bool) private _yes;

    /// @notice From now on a question is answered so.
    function teach(bytes calldata question, bool yes) external {
        _yes[keccak256(question)] = yes;
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        return abi.encode(_yes[keccak256(question)]);
    }
}
