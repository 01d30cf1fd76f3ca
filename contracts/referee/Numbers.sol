// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Integers as they lie in the calldata, and sums of their products.
/// @dev Results are exact: arithmetic is modulo 2^256, and every true value is far below 2^255 whatever bits a leaf asserts. Bounds
/// stand beside each function. A width is below 2^16 by the frame.
library Numbers {
    // The digits are the lanes, so none are too many.
    // slither-disable-start too-many-digits
    /// @dev Low halves of four 64-bit lanes.
    uint256 private constant LOW = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    /// @dev The sign bits of eight int32, and of the four in the low halves.
    uint256 private constant SIGN = 0x8000000080000000800000008000000080000000800000008000000080000000;
    uint256 private constant LANE_SIGN = 0x0000000080000000000000008000000000000000800000000000000080000000;
    /// @dev The sign bits of eight int8 in a word's lowest 64 bits, and of one in each lane.
    uint256 private constant BYTE_SIGN = 0x8080808080808080;
    uint256 private constant LANE_BYTE_SIGN = 0x0000000000000080000000000000008000000000000000800000000000000080;
    /// @dev Every second byte of 64 bits; shifts that bring byte 2 i to bit 240 - 64 i; and where they are then.
    uint256 private constant EVEN = 0x00ff00ff00ff00ff;
    uint256 private constant SPREAD = 0x0001000000000000000000010000000000000000000100000000000000000001;
    uint256 private constant SPREAD_MASK = 0x00ff00000000000000ff00000000000000ff00000000000000ff000000000000;
    // slither-disable-end too-many-digits

    function int32At(uint256 from) internal pure returns (int256 value) {
        assembly ("memory-safe") {
            value := sar(224, calldataload(from))
        }
    }

    function int64At(uint256 from) internal pure returns (int256 value) {
        assembly ("memory-safe") {
            value := sar(192, calldataload(from))
        }
    }

    function int128At(uint256 from) internal pure returns (int256 value) {
        assembly ("memory-safe") {
            value := sar(128, calldataload(from))
        }
    }

    function uint8At(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(248, calldataload(from))
        }
    }

    function uint16At(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(240, calldataload(from))
        }
    }

    function uint32At(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(224, calldataload(from))
        }
    }

    function uint64At(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(from))
        }
    }

    function uint128At(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(128, calldataload(from))
        }
    }

    /// @notice The sum of `width` products of an int32 weight and an int8 feature.
    /// @dev Eight products at a time. Write the weights of a block as w_0..w_7 and its features as x_0..x_7. A holds four of the weights,
    /// one in each 64-bit lane, B the four features that belong to them in reverse order, both as signed sums over powers of 2^64
    /// modulo 2^256; then lane 3 of A * B is the sum of the four products, and lanes above it are gone.
    ///
    /// Nothing is lost. |w| <= 2^31 and |x| <= 2^7, so a product has at most 38 bits and with fewer than 2^16 of them every lane's total,
    /// over all blocks, stays below 2^54 in absolute value, under the 2^62 that scoring keeps anyway. The three lower lanes together
    /// therefore are less than 2^191 in absolute value: adding 2^191 before shifting makes the shift round to the true lane 3.
    function dotBytes(uint256 weights, uint256 features, uint256 width) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            let total := 0
            let end := add(features, and(width, not(7)))
            for {} lt(features, end) { features := add(features, 8) } {
                let w := xor(calldataload(weights), SIGN)
                let x := xor(shr(192, calldataload(features)), BYTE_SIGN)
                // w_7, w_5, w_3, w_1 from the lowest lane up, and x_1, x_3, x_5, x_7
                total := add(
                    total,
                    mul(
                        sub(and(w, LOW), LANE_SIGN),
                        sub(shr(48, and(mul(and(x, EVEN), SPREAD), SPREAD_MASK)), LANE_BYTE_SIGN)
                    )
                )
                // w_6, w_4, w_2, w_0 from the lowest lane up, and x_0, x_2, x_4, x_6
                total := add(
                    total,
                    mul(
                        sub(and(shr(32, w), LOW), LANE_SIGN),
                        sub(shr(48, and(mul(and(shr(8, x), EVEN), SPREAD), SPREAD_MASK)), LANE_BYTE_SIGN)
                    )
                )
                weights := add(weights, 32)
            }
            sum := sar(192, add(total, shl(191, 1)))
            for { end := add(features, and(width, 7)) } lt(features, end) { features := add(features, 1) } {
                sum := add(sum, mul(sar(224, calldataload(weights)), sar(248, calldataload(features))))
                weights := add(weights, 4)
            }
        }
    }

    /// @notice The sum of `width` products of two int32.
    /// @dev A product has at most 62 bits, their sum at most 78.
    function dot32(uint256 a, uint256 b, uint256 width) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            for { let end := add(a, shl(2, and(width, not(3)))) } lt(a, end) { a := add(a, 16) } {
                let left := calldataload(a)
                let right := calldataload(b)
                sum := add(sum, mul(sar(224, left), sar(224, right)))
                sum := add(sum, mul(signextend(3, shr(192, left)), signextend(3, shr(192, right))))
                sum := add(sum, mul(signextend(3, shr(160, left)), signextend(3, shr(160, right))))
                sum := add(sum, mul(signextend(3, shr(128, left)), signextend(3, shr(128, right))))
                b := add(b, 16)
            }
            for { let end := add(a, shl(2, and(width, 3))) } lt(a, end) { a := add(a, 4) } {
                sum := add(sum, mul(sar(224, calldataload(a)), sar(224, calldataload(b))))
                b := add(b, 4)
            }
        }
    }

    /// @notice The sum of `width` products of two int64.
    /// @dev A product has at most 126 bits, their sum at most 142.
    function dot64(uint256 a, uint256 b, uint256 width) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            for { let end := add(a, shl(3, width)) } lt(a, end) { a := add(a, 8) } {
                sum := add(sum, mul(sar(192, calldataload(a)), sar(192, calldataload(b))))
                b := add(b, 8)
            }
        }
    }
}
