// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Fifteen counters in one word: how many half pays each seat is owed.
/// @dev A counter has 16 bits and grows by at most 2 a round; terms have at most 4,096 rounds, so none overflows into the next.
library Lanes {
    /// @notice The counter of `seat`; 0 for a seat that cannot exist.
    function at(uint256 lanes, uint256 seat) internal pure returns (uint256) {
        return seat < 15 ? (lanes >> (seat * 16)) & 0xffff : 0;
    }

    /// @notice The counters after each seat in the set `seats` was given `halves` more.
    function add(uint256 lanes, uint256 seats, uint256 halves) internal pure returns (uint256) {
        for (uint256 seat = 0; seats >> seat != 0; ++seat) {
            if ((seats >> seat) & 1 == 1) lanes += halves << (seat * 16);
        }
        return lanes;
    }

    /// @notice The counters after `seat` was paid.
    function clear(uint256 lanes, uint256 seat) internal pure returns (uint256) {
        return lanes & ~(uint256(0xffff) << (seat * 16));
    }
}
