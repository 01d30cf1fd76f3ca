// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Sixteen counters in one word.
/// @dev A counter has 16 bits and is reckoned modulo 2^16: what counts below zero is right again once it is added to.
library Lanes {
    /// @notice The counter at `lane`; 0 for a lane that cannot exist.
    function at(uint256 lanes, uint256 lane) internal pure returns (uint256) {
        return lane < 16 ? (lanes >> (lane * 16)) & 0xffff : 0;
    }

    /// @notice The counters after each lane in the set `which` was given `more`.
    function add(uint256 lanes, uint256 which, uint256 more) internal pure returns (uint256) {
        for (uint256 lane = 0; which >> lane != 0; ++lane) {
            if ((which >> lane) & 1 == 1) lanes = set(lanes, lane, at(lanes, lane) + more);
        }
        return lanes;
    }

    /// @notice The counters after `lane` was set to `value` modulo 2^16.
    function set(uint256 lanes, uint256 lane, uint256 value) internal pure returns (uint256) {
        return (lanes & ~(uint256(0xffff) << (lane * 16))) | ((value & 0xffff) << (lane * 16));
    }
}
