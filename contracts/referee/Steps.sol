// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Which step of a scoring is meant: the fields of `at`, from the lowest bit, and the kinds.
library Steps {
    uint256 internal constant NEURON = 0x10;
    uint256 internal constant ROWS = 0x11;
    uint256 internal constant HIDDEN = 0x12;
    uint256 internal constant LOGIT = 0x13;
    uint256 internal constant SCORE = 0x14;
    uint256 internal constant TABLE = 0x15;
    uint256 internal constant NUMERATOR = 0x20;
    uint256 internal constant SUM_LEAF = 0x21;
    uint256 internal constant SUM_NODE = 0x22;
    uint256 internal constant FIGURE = 0x23;
    uint256 internal constant DOT_LEAF = 0x24;
    uint256 internal constant GRAM = 0x25;
    uint256 internal constant TRANS = 0x30;
    uint256 internal constant SUMROW = 0x31;
    uint256 internal constant NEXT = 0x32;
    uint256 internal constant KEPT = 0x33;
    uint256 internal constant AGGREGATE = 0x34;
    uint256 internal constant BOUNDS = 0x35;
    uint256 internal constant NORM = 0x36;
    uint256 internal constant WEIGHTS = 0x40;
    uint256 internal constant PARAMS = 0x41;
    uint256 internal constant MONEY = 0x42;
    uint256 internal constant PAYOUTS = 0x43;

    /// @dev Beside a kind: the same step of the final block.
    uint256 internal constant FINAL = 0x80;

    function kind(uint256 at) internal pure returns (uint256) {
        return uint8(at);
    }

    /// @notice The column; of a sum node the section.
    function e(uint256 at) internal pure returns (uint256) {
        return uint16(at >> 8);
    }

    /// @notice The row; of a sum node its position.
    function r(uint256 at) internal pure returns (uint256) {
        return uint32(at >> 24);
    }

    /// @notice The neuron, class, hidden unit or submission.
    function g(uint256 at) internal pure returns (uint256) {
        return uint16(at >> 56);
    }

    /// @notice The entry, figure or player.
    function k(uint256 at) internal pure returns (uint256) {
        return uint32(at >> 72);
    }

    /// @notice The part or model.
    function p(uint256 at) internal pure returns (uint256) {
        return uint8(at >> 104);
    }

    /// @notice The level of a node below its root; else which form the proof has where a model may be absent.
    function level(uint256 at) internal pure returns (uint256) {
        return uint8(at >> 112);
    }
}
