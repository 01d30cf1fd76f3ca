// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {Tags} from "../libraries/Tags.sol";

/// @title What a trace's counts say: the shape of the round, and how many leaves each section has and how long they are.
/// @dev The Python twin is `marketplace.scoring.trace`. Sections 16 + s are the final block's. No product of two counts exceeds 2^64, so sums
/// and products of a few of them never wrap.
library Frames {
    uint256 internal constant PARAMS = 0;
    uint256 internal constant MODELS = 1;
    uint256 internal constant TRANS = 2;
    uint256 internal constant FIRST = 3;
    uint256 internal constant ROWS = 4;
    uint256 internal constant STATES = 5;
    uint256 internal constant TABLE = 6;
    uint256 internal constant SUMS = 7;
    uint256 internal constant DOTS = 8;
    uint256 internal constant GRAM = 9;
    uint256 internal constant WEIGHTS = 10;
    uint256 internal constant MONEY = 11;
    uint256 internal constant SUMROWS = 12;
    uint256 internal constant PEOPLE = 13;
    uint256 internal constant FINAL = 16;

    uint256 internal constant BASE_MODEL = 0;
    uint256 internal constant KNOWN_MODEL = 1;
    uint256 internal constant ROOT_MODEL = 2;
    uint256 internal constant FIRST_MODEL = 3;
    uint256 internal constant NEXT_MODEL = 4;
    uint256 internal constant AGGREGATE_MODEL = 5;
    uint256 internal constant UPDATE_MODELS = 6;

    /// @dev Up to this many players every coalition has a column.
    uint256 internal constant EXACT_PLAYERS = 8;

    /// @dev Bit s: the leaves of section s have salt 0. PARAMS, SUMS, DOTS, GRAM, WEIGHTS, MONEY, PEOPLE and the final block's SUMS;
    /// of sums and dot products those are the figures.
    uint256 private constant PUBLIC = 0x802f81;

    /// @dev Parts in a group of pre-activations: a step shows one group, so this bounds what it costs. A further level of the
    /// tree costs as much as six parts.
    uint256 private constant MOST_GROUPED = 12;

    /// @dev From where on a leaf of MONEY states what concerns the whole round, behind 64 bytes a submission.
    uint256 private constant MONEY_TAIL = 83;

    function inputs(uint256 counts) internal pure returns (uint256) {
        return uint16(counts);
    }

    function hidden(uint256 counts) internal pure returns (uint256) {
        return uint16(counts >> 16);
    }

    function classes(uint256 counts) internal pure returns (uint256) {
        return uint16(counts >> 32);
    }

    function rows(uint256 counts) internal pure returns (uint256) {
        return uint32(counts >> 48);
    }

    function submissions(uint256 counts) internal pure returns (uint256) {
        return uint8(counts >> 80);
    }

    function previous(uint256 counts) internal pure returns (uint256) {
        return uint8(counts >> 88);
    }

    function players(uint256 counts) internal pure returns (uint256) {
        return uint8(counts >> 96);
    }

    function evaluations(uint256 counts) internal pure returns (uint256) {
        return uint16(counts >> 104);
    }

    function inputScale(uint256 counts) internal pure returns (uint256) {
        return uint32(counts >> 120);
    }

    function weightScale(uint256 counts) internal pure returns (uint256) {
        return uint32(counts >> 152);
    }

    function permutations(uint256 counts) internal pure returns (uint256) {
        return uint16(counts >> 184);
    }

    function finalRows(uint256 counts) internal pure returns (uint256) {
        return uint32(counts >> 200);
    }

    /// @notice The trace's root.
    function root(IJudge.Frame calldata frame) internal pure returns (bytes32) {
        return keccak256(abi.encode(Tags.TRACE, frame.counts, frame.rowsRoot, frame.top));
    }

    /// @notice Outputs of layer 0.
    function outputs(uint256 counts) internal pure returns (uint256) {
        uint256 units = hidden(counts);
        return units == 0 ? classes(counts) : units;
    }

    /// @notice Neurons of the network: those of layer 0, then those of layer 1.
    function neurons(uint256 counts) internal pure returns (uint256) {
        return hidden(counts) + classes(counts);
    }

    /// @notice Weights into neuron `g`, without the bias.
    function width(uint256 counts, uint256 g) internal pure returns (uint256) {
        return g < outputs(counts) ? inputs(counts) : hidden(counts);
    }

    /// @notice What one unit of an update's bias is worth at the scale of neuron `g`'s own bias.
    function biasUnit(uint256 counts, uint256 g) internal pure returns (uint256) {
        return g < outputs(counts) ? inputScale(counts) : inputScale(counts) * weightScale(counts);
    }

    /// @notice Where the entries of neuron `g` start in TRANS.
    function offset(uint256 counts, uint256 g) internal pure returns (uint256) {
        unchecked {
            uint256 first = outputs(counts);
            if (g <= first) return g * (inputs(counts) + 1);
            return first * (inputs(counts) + 1) + (g - first) * (hidden(counts) + 1);
        }
    }

    /// @notice Number of the dot products and squares.
    function figures(uint256 counts) internal pure returns (uint256) {
        unchecked {
            uint256 n = submissions(counts);
            uint256 q = previous(counts);
            return n * (n + 1) / 2 + 2 * n + 2 + n * q + q;
        }
    }

    /// @notice Columns of the table that this many players need.
    function columns(uint256 players_, uint256 permutations_) internal pure returns (uint256) {
        unchecked {
            if (players_ <= EXACT_PLAYERS) return 1 + (1 << players_);
            return 2 + players_ + 2 * permutations_ * players_;
        }
    }

    /// @notice The column of the grand coalition.
    function fullColumn(uint256 players_) internal pure returns (uint256) {
        unchecked {
            return players_ <= EXACT_PLAYERS ? 1 << players_ : 1 + 2 * players_;
        }
    }

    /// @notice Width of a tree's leaves as a number of levels: ceil(log2(max(1, leaves))).
    /// @dev Assumes `leaves` <= 2^64.
    function depth(uint256 leaves) internal pure returns (uint256 d) {
        if (leaves <= 1) return 0;
        assembly ("memory-safe") {
            let v := sub(leaves, 1)
            d := shl(5, lt(0xffffffff, v))
            d := or(d, shl(4, lt(0xffff, shr(d, v))))
            d := or(d, shl(3, lt(0xff, shr(d, v))))
            d := or(d, shl(2, lt(0xf, shr(d, v))))
            d := or(d, shl(1, lt(0x3, shr(d, v))))
            d := add(add(d, lt(0x1, shr(d, v))), 1)
        }
    }

    /// @notice Leaves of a section; of SUMS and DOTS the figures. 0 for a section that does not exist.
    function count(uint256 counts, uint256 section) internal pure returns (uint256) {
        unchecked {
            bool last = section >= FINAL;
            if (last && finalRows(counts) == 0) return 0;
            uint256 s = last ? section - FINAL : section;
            if (s == TRANS) return offset(counts, neurons(counts));
            if (s == FIRST) return sampleRows(counts, last) * outputs(counts);
            if (s == ROWS) return hidden(counts) == 0 ? 0 : evaluated(counts, last) * classes(counts);
            if (s == STATES) return evaluated(counts, last) * sampleRows(counts, last);
            if (s == SUMS) return last ? 1 : players(counts) + 1;
            if (last) return 0;
            if (s == MODELS) return UPDATE_MODELS + submissions(counts) + previous(counts);
            if (s == TABLE) return rows(counts);
            if (s == DOTS) return figures(counts);
            if (s == SUMROWS) return neurons(counts);
            return s == PARAMS || s == GRAM || s == WEIGHTS || s == MONEY || s == PEOPLE ? 1 : 0;
        }
    }

    /// @notice Bytes of a leaf's content. `index` matters for SUMROWS alone.
    function size(uint256 counts, uint256 section, uint256 index) internal pure returns (uint256) {
        unchecked {
            uint256 s = section >= FINAL ? section - FINAL : section;
            uint256 n = submissions(counts);
            if (s == TRANS) return 8 * parts(counts, section >= FINAL);
            if (s == FIRST) return 8 * (grouped(counts, section >= FINAL) << groupLevels(counts, section >= FINAL));
            if (s == ROWS) return 8 * (hidden(counts) + 1);
            if (s == STATES) return 8 * neurons(counts) + 2;
            if (s == TABLE) return 2 * evaluations(counts) + 8 * players(counts);
            if (s == SUMS || s == DOTS) return 64;
            if (s == PARAMS) return 224;
            if (s == GRAM) return 8 * figures(counts);
            if (s == WEIGHTS) return 11 * n;
            if (s == MONEY) return 64 * n + MONEY_TAIL;
            if (s == SUMROWS) return 8 * (width(counts, index) + 1);
            return 22 * n + 20 * previous(counts); // PEOPLE
        }
    }

    /// @notice Whether the section's leaves carry no salt.
    function isPublic(uint256 section) internal pure returns (bool) {
        return (PUBLIC >> section) & 1 == 1;
    }

    /// @notice Rows of the round's shard, or of the final one.
    function sampleRows(uint256 counts, bool last) internal pure returns (uint256) {
        return last ? finalRows(counts) : rows(counts);
    }

    /// @notice Columns of the main block, or of the final one: the first and the last base.
    function evaluated(uint256 counts, bool last) internal pure returns (uint256) {
        return last ? 2 : evaluations(counts);
    }

    /// @notice Parts of a combined value: base, last aggregate and updates; in the final block the first and the last base.
    function parts(uint256 counts, bool last) internal pure returns (uint256) {
        return last ? 2 : 2 + submissions(counts);
    }

    /// @notice Levels of the tree over the groups of a leaf of FIRST.
    function groupLevels(uint256 counts, bool last) internal pure returns (uint256) {
        unchecked {
            return depth((parts(counts, last) + MOST_GROUPED - 1) / MOST_GROUPED);
        }
    }

    /// @notice Parts in each group; what is left of the last ones is zeros, or anything: nothing reads it.
    function grouped(uint256 counts, bool last) internal pure returns (uint256) {
        unchecked {
            uint256 levels = groupLevels(counts, last);
            return (parts(counts, last) + (1 << levels) - 1) >> levels;
        }
    }

    /// @notice The model that part `p` is of.
    function modelOf(uint256 p, bool last) internal pure returns (uint256) {
        if (last) return p == 0 ? FIRST_MODEL : NEXT_MODEL;
        return p < 2 ? p : p - 2 + UPDATE_MODELS;
    }

    /// @notice Whether a model is a network; else it is an update.
    function isNetwork(uint256 model) internal pure returns (bool) {
        return model == BASE_MODEL || model == FIRST_MODEL || model == NEXT_MODEL;
    }
}
