// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";

/// @title The small formulas of scoring, bit for bit as the Python functions named beside them.
/// @dev Arguments come from leaves whose values anybody may have asserted, so nothing here reverts on a value: sizes are bounded by the
/// fields' widths, 256 bits hold every intermediate result (the bound stands beside each), and what would divide by zero is the
/// caller's to ask before.
library Exact {
    /// @dev Fixed point that stands for 1 in cosines (`coefficients.ONE`).
    int256 internal constant ONE = 1 << 12;
    /// @dev A row score has at most this many bits (`bounds.SCORE_BITS`).
    uint256 internal constant SCORE_BITS = 15;
    /// @dev No clip of 64 bits is shifted by more.
    uint256 internal constant MAX_SHIFT = 64;

    int256 private constant PPB = 1e9;
    uint256 private constant PPM = 1e6;
    /// @dev Below every logit that scoring yields (`rowscore._BELOW_ALL`).
    int256 private constant BELOW_ALL = -(1 << 62);
    /// @dev lcm(1..n) of n = 0..8 (at least 1), 16 bits each from the lowest.
    uint256 private constant LCM = (1 << 0) | (1 << 16) | (2 << 32) | (6 << 48) | (12 << 64) | (60 << 80) | (60 << 96)
        | (420 << 112) | (840 << 128);

    // ---------------------------------------------------------------- integers
    /// @notice The quotient rounded down (Python's `//`). Assumes `b` != 0, and not -2^255 / -1.
    function floorDiv(int256 a, int256 b) internal pure returns (int256 quotient) {
        unchecked {
            quotient = a / b;
            if (a % b != 0 && (a < 0) != (b < 0)) --quotient;
        }
    }

    /// @notice The quotient rounded up (Python's `-(-a // b)`). Assumes as `floorDiv`.
    function ceilDiv(int256 a, int256 b) internal pure returns (int256 quotient) {
        unchecked {
            quotient = a / b;
            if (a % b != 0 && (a < 0) == (b < 0)) ++quotient;
        }
    }

    /// @notice The largest integer whose square is at most `square` (`math.isqrt`).
    function isqrt(uint256 square) internal pure returns (uint256) {
        return Math.sqrt(square);
    }

    /// @notice The smallest integer whose square is at least `square` (`bounds.ceil_sqrt`).
    function ceilSqrt(uint256 square) internal pure returns (uint256) {
        unchecked {
            return square == 0 ? 0 : Math.sqrt(square - 1) + 1;
        }
    }

    /// @notice The position of the highest bit that is set, from 1; 0 for 0 (`int.bit_length`).
    function bitLength(uint256 value) internal pure returns (uint256) {
        unchecked {
            return value == 0 ? 0 : Math.log2(value) + 1;
        }
    }

    // ---------------------------------------------------------------- coefficients
    /// @notice `coefficients.cosine` for norms that are known: dot * ONE // max(1, normA * normB).
    /// @dev Assumes |dot| < 2^64 and norms below 2^33.
    function cosine(int256 dot, uint256 normA, uint256 normB) internal pure returns (int256) {
        unchecked {
            return floorDiv(dot * ONE, int256(normA * normB > 0 ? normA * normB : 1));
        }
    }

    /// @notice `bounds.step_denominator`. Assumes quarters != 0, and both below 2^32.
    function stepDenominator(uint256 total, uint256 quarters) internal pure returns (uint256 k) {
        unchecked {
            k = (8 * total + quarters) / (2 * quarters);
            if (k == 0) k = 1;
        }
    }

    /// @notice `coefficients._known_ceil`: max(0, ceil(c * dot / square)), 0 when there is no last aggregate.
    /// @dev Assumes c < 2^17, |dot| < 2^64, 0 <= square.
    function knownCeil(uint256 c, int256 dot, int256 square) internal pure returns (uint256) {
        unchecked {
            if (square == 0) return 0;
            int256 times = ceilDiv(int256(c) * dot, square);
            return times > 0 ? uint256(times) : 0;
        }
    }

    // ---------------------------------------------------------------- row scores
    /// @notice The clip of `rowscore.score_scale`: clipLogits * inputScale * (weightScale * k) ** layers.
    /// @dev Below 2^(16 + 32 + 2 * 64) by the fields' widths.
    function clipOf(uint256 clipLogits, uint256 inputScale, uint256 weightScale, uint256 k, uint256 layers)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            return clipLogits * inputScale * (weightScale * k) ** layers;
        }
    }

    /// @notice The shift of `rowscore.score_scale`.
    function shiftOf(uint256 clip) internal pure returns (uint256) {
        unchecked {
            uint256 bits = bitLength(2 * clip);
            return bits > SCORE_BITS ? bits - SCORE_BITS : 0;
        }
    }

    /// @notice `rowscore.row_scores` of the int64 logits at `logits` in the calldata. Assumes label < classes, clip < 2^64.
    function rowScore(uint256 logits, uint256 classes, uint256 label, uint256 clip, uint256 shift)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            int256 others = BELOW_ALL;
            bool any = false;
            for (uint256 c = 0; c < classes; ++c) {
                if (c == label) continue;
                int256 z = Numbers.int64At(logits + 8 * c);
                // An asserted logit may be below BELOW_ALL; it still is what the margin is to.
                if (!any || z > others) others = z;
                any = true;
            }
            int256 margin = Numbers.int64At(logits + 8 * label) - others;
            int256 most = int256(clip);
            if (margin > most) margin = most;
            if (margin < -most) margin = -most;
            return uint256(margin + most) >> shift;
        }
    }

    /// @notice `ScoreScale.gain_ppb_floor`. Assumes clip * rows != 0, |gain| <= 2^127, shift <= MAX_SHIFT: below 2^222.
    function gainPpbFloor(int256 gain, uint256 shift, uint256 clip, uint256 rows) internal pure returns (int256) {
        unchecked {
            return floorDiv(gain * PPB * int256(1 << shift), int256(clip * rows));
        }
    }

    /// @notice `ScoreScale.target_ceil`. Assumes shift <= MAX_SHIFT: below 2^(32 + 64 + 48 + 32).
    function targetCeil(uint256 ppm, uint256 clip, uint256 denominator, uint256 rows, uint256 shift)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 per = PPM << shift;
            return (ppm * clip * denominator * rows + per - 1) / per;
        }
    }

    // ---------------------------------------------------------------- contributions and money
    /// @notice lcm(1..players), what Shapley weights are over. Assumes players <= 8.
    function shapleyDenominator(uint256 players) internal pure returns (uint256) {
        return uint16(LCM >> (16 * players));
    }

    /// @notice `bounds.contribution_denominator`.
    function contributionDenominator(uint256 players, uint256 permutations) internal pure returns (uint256) {
        unchecked {
            return players <= Frames.EXACT_PLAYERS ? 2 * shapleyDenominator(players) : 4 * permutations;
        }
    }

    /// @notice `contribution.shapley_weights`: of a marginal contribution to `others` others. Assumes others < players <= 8.
    function shapleyWeight(uint256 players, uint256 others) internal pure returns (uint256) {
        unchecked {
            uint256 choices = 1; // comb(players - 1, others)
            for (uint256 i = 0; i < others; ++i) {
                choices = choices * (players - 1 - i) / (i + 1);
            }
            return shapleyDenominator(players) / (players * choices);
        }
    }

    /// @notice `bound.lower_bound`. Assumes rows != 0.
    /// @dev Assumes |total| <= 2^118, squares < 2^128, rows < 2^32 and z < 2^16: below 2^(16 + 237).
    function lowerBound(int256 total, uint256 squares, uint256 rows, uint256 z) internal pure returns (uint256) {
        unchecked {
            int256 variance = int256(z) * (int256(rows * squares) - total * total);
            int256 square = ceilDiv(variance, int256(100 * rows));
            int256 paid = total - int256(square > 0 ? ceilSqrt(uint256(square)) : 0);
            return paid > 0 ? uint256(paid) : 0;
        }
    }

    /// @notice One of `payout.payouts_floor`: budget * bound // max(target, all, 1).
    /// @dev `all` is the sum of the bounds. Assumes budget < 2^104, bound < 2^128.
    function payoutFloor(uint256 budget, uint256 bound, uint256 target, uint256 all) internal pure returns (uint256) {
        unchecked {
            uint256 whole = target > all ? target : all;
            return budget * bound / (whole == 0 ? 1 : whole);
        }
    }

    // ---------------------------------------------------------------- adoption
    /// @notice One entry of `adoption.weighted_mean`: sum / k, rounded half up. Assumes k != 0, |sum| < 2^64, k < 2^33.
    function roundedMean(int256 sum, uint256 k) internal pure returns (int256) {
        unchecked {
            return floorDiv(2 * sum + int256(k), int256(2 * k));
        }
    }

    /// @notice The bias of `update.apply`: it moves by whole units, as far as the bound lets it.
    /// @dev Assumes unit != 0, |bias| < 2^64, bound < 2^48, unit < 2^64, |mean| < 2^65.
    function movedBias(int256 bias, int256 mean, uint256 bound, int256 unit) internal pure returns (int256) {
        unchecked {
            int256 limit = int256(bound) * unit;
            int256 up = floorDiv(limit - bias, unit);
            int256 down = floorDiv(limit + bias, unit);
            if (up < 0) up = 0;
            if (down < 0) down = 0;
            if (mean < -down) mean = -down;
            // As NumPy's clip: the upper end last. Both ends are on their side of 0, so the order does not matter.
            if (mean > up) mean = up;
            return bias + mean * unit;
        }
    }

    /// @notice The bias of `update.difference`: whole weight-scale units, half up. Assumes unit != 0, all below 2^66.
    function biasDifference(int256 next, int256 base, int256 unit) internal pure returns (int256) {
        unchecked {
            return floorDiv(2 * (next - base) + unit, 2 * unit);
        }
    }

    /// @notice One entry of `update._shrink_rows` in a row of that `square`: towards 0, unless the row is short enough.
    /// @dev Assumes |weight| < 2^64, rowNorm < 2^48, norm = ceilSqrt of the row's square and not 0.
    function shrunk(int256 weight, uint256 rowNorm, uint256 norm) internal pure returns (int256) {
        unchecked {
            // Solidity's division truncates towards 0.
            return weight * int256(rowNorm) / int256(norm);
        }
    }

    /// @notice `value` within -most .. most.
    function clamp(int256 value, uint256 most) internal pure returns (int256) {
        unchecked {
            if (value > int256(most)) return int256(most);
            return value < -int256(most) ? -int256(most) : value;
        }
    }
}
