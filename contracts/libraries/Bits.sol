// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Sets of small numbers as bitmaps.
library Bits {
    /// @notice Whether `set` holds `index`.
    function has(uint256 set, uint256 index) internal pure returns (bool) {
        return (set >> index) & 1 == 1;
    }

    /// @notice The set that holds `0 .. size - 1`.
    /// @dev Assumes `size` < 256.
    function full(uint256 size) internal pure returns (uint256) {
        return (1 << size) - 1;
    }

    /// @notice How many elements a set of numbers below 128 has.
    /// @dev Assumes `set` < 2^128: the byte sums would still fit above it, but no caller needs that.
    function count(uint256 set) internal pure returns (uint256 n) {
        unchecked {
            n = set - ((set >> 1) & 0x55555555555555555555555555555555);
            n = (n & 0x33333333333333333333333333333333) + ((n >> 2) & 0x33333333333333333333333333333333);
            n = (n + (n >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            n = ((n * 0x01010101010101010101010101010101) >> 120) & 0xff;
        }
    }

    /// @notice The numbers that are in at least `threshold` of `sets`.
    /// @dev Assumes at most 15 sets and a threshold of at most 15. Four words count for all positions at once: bit `i` of
    /// `planes[k]` is digit `k` of how many sets hold `i`. Then all counts are compared with the threshold digit by digit.
    function inAtLeast(uint256[] memory sets, uint256 threshold) internal pure returns (uint256 found) {
        uint256[4] memory planes = [uint256(0), 0, 0, 0];
        found = 0;
        for (uint256 i = 0; i < sets.length; ++i) {
            uint256 carry = sets[i];
            for (uint256 k = 0; k < 4; ++k) {
                (planes[k], carry) = (planes[k] ^ carry, planes[k] & carry);
            }
        }
        uint256 equal = type(uint256).max;
        for (uint256 k = 4; k > 0; --k) {
            uint256 plane = planes[k - 1];
            if (has(threshold, k - 1)) {
                equal &= plane;
            } else {
                found |= equal & plane;
                equal &= ~plane;
            }
        }
        found |= equal;
    }
}
