// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Exact} from "./Exact.sol";
import {Figures} from "./Figures.sol";
import {Params} from "./Params.sol";

/// @dev What coefficients follow from: contents in the calldata, and counts.
struct Given {
    uint256 gram;
    uint256 people;
    uint256 n;
    uint256 q;
    uint256 coefficientMax;
    uint256 copyPpm;
}

/// @title How much of each update goes into the aggregate: `marketplace.scoring.coefficients`, from GRAM and PEOPLE.
/// @dev Totals are any int64. Then norms have at most 32 bits and cosines at most 75 (far more than the 13 of true ones), weights of the
/// centre at most 75, their sums with cosines 158, and the centre's square 2 * 8 + 3 * 75 = 241. A trust has at most 159 bits, a weight as
/// many, and rounding a share multiplies it by 2^17. All of it fits 255 bits; `unchecked` says so.
library Coefficients {
    int256 private constant ONE = Exact.ONE;
    uint256 private constant CAP_MEDIANS = 2;
    uint256 private constant CHANCE = 5;

    /// @notice The coefficients c_i; `sane` is false when GRAM states a square below 0, which no vector has.
    function values(Given memory given) internal pure returns (bool sane, uint256[] memory c) {
        if (!_isSane(given)) return (false, c);
        uint256[] memory norms = _norms(given);
        uint256 cap = _cap(norms);
        c = _trusts(given, norms, cap);
        uint256 largest = 0;
        unchecked {
            for (uint256 i = 0; i < given.n; ++i) {
                uint256 weight = _isCopy(given, i) ? 0 : _capped(c[i], norms[i], cap);
                c[i] = weight;
                if (weight > largest) largest = weight;
            }
            if (largest == 0) return (true, c);
            for (uint256 i = 0; i < given.n; ++i) {
                c[i] = CHANCE * c[i] < largest ? 0 : (2 * given.coefficientMax * c[i] + largest) / (2 * largest);
            }
        }
        return (true, c);
    }

    /// @notice How often the last aggregate is taken out of update `i`, which has coefficient `c`.
    function known(Given memory given, uint256 i, uint256 c) internal pure returns (uint256) {
        int256 square = Figures.at(given.gram, Figures.knownOf(given.n, given.n));
        return Exact.knownCeil(c, Figures.at(given.gram, Figures.knownOf(given.n, i)), square);
    }

    /// @dev No square of a vector is below 0.
    function _isSane(Given memory given) private pure returns (bool) {
        (uint256 n, uint256 q) = (given.n, given.q);
        for (uint256 i = 0; i < n; ++i) {
            if (_square(given, i) < 0) return false;
        }
        for (uint256 j = 0; j < q; ++j) {
            if (Figures.at(given.gram, Figures.previousOf(n, q, n, j)) < 0) return false;
        }
        return Figures.at(given.gram, Figures.rootOf(n, n)) >= 0 && Figures.at(given.gram, Figures.knownOf(n, n)) >= 0;
    }

    function _norms(Given memory given) private pure returns (uint256[] memory norms) {
        norms = new uint256[](given.n);
        for (uint256 i = 0; i < given.n; ++i) {
            norms[i] = Exact.isqrt(uint256(_square(given, i)));
        }
    }

    /// @dev Twice the upper median of the norms that are not 0.
    function _cap(uint256[] memory norms) private pure returns (uint256) {
        uint256[] memory sorted = new uint256[](norms.length);
        uint256 size = 0;
        unchecked {
            for (uint256 i = 0; i < norms.length; ++i) {
                if (norms[i] == 0) continue;
                uint256 at = size++;
                for (; at > 0 && sorted[at - 1] > norms[i]; --at) {
                    sorted[at] = sorted[at - 1];
                }
                sorted[at] = norms[i];
            }
            return size == 0 ? 0 : CAP_MEDIANS * sorted[size / 2];
        }
    }

    /// @dev Cosine to the centre plus cosine to the root update, floored at 0. The centre's square is the sum of each weight times the
    /// weighted cosines to its update, so one pass over the pairs is enough.
    function _trusts(Given memory given, uint256[] memory norms, uint256 cap)
        private
        pure
        returns (uint256[] memory trusts)
    {
        uint256 n = given.n;
        int256[] memory cosines = _rootCosines(given, norms);
        int256[] memory weights = new int256[](n);
        int256[] memory pulls = new int256[](n);
        trusts = new uint256[](n);
        unchecked {
            for (uint256 i = 0; i < n; ++i) {
                weights[i] = int256(_capped(cosines[i] > 0 ? uint256(cosines[i]) : 0, norms[i], cap));
            }
            int256 square = 0;
            for (uint256 i = 0; i < n; ++i) {
                for (uint256 j = 0; j < n; ++j) {
                    if (weights[j] == 0) continue;
                    int256 dot = Figures.at(given.gram, Figures.pair(i, j));
                    pulls[i] += weights[j] * Exact.cosine(dot, norms[i], norms[j]);
                }
                square += weights[i] * pulls[i];
            }
            square = Exact.floorDiv(square, ONE);
            int256 centre = int256(Exact.isqrt(square > 1 ? uint256(square) : 1));
            for (uint256 i = 0; i < n; ++i) {
                int256 trust = Exact.floorDiv(pulls[i], centre) + cosines[i];
                trusts[i] = trust > 0 ? uint256(trust) : 0;
            }
        }
    }

    function _rootCosines(Given memory given, uint256[] memory norms) private pure returns (int256[] memory cosines) {
        uint256 n = given.n;
        uint256 root = Exact.isqrt(uint256(Figures.at(given.gram, Figures.rootOf(n, n))));
        cosines = new int256[](n);
        for (uint256 i = 0; i < n; ++i) {
            cosines[i] = Exact.cosine(Figures.at(given.gram, Figures.rootOf(n, i)), norms[i], root);
        }
    }

    /// @dev Whether update `i` repeats an earlier one of this round, or another holder's of the last.
    function _isCopy(Given memory given, uint256 i) private pure returns (bool) {
        (uint256 n, uint256 q) = (given.n, given.q);
        for (uint256 j = 0; j < i; ++j) {
            if (_isAbove(given, Figures.at(given.gram, Figures.pair(i, j)), i, _square(given, j))) return true;
        }
        address holder = Params.holder(given.people, i);
        for (uint256 j = 0; j < q; ++j) {
            if (Params.previousHolder(given.people, n, j) == holder) continue;
            int256 dot = Figures.at(given.gram, Figures.previousOf(n, q, i, j));
            if (_isAbove(given, dot, i, Figures.at(given.gram, Figures.previousOf(n, q, n, j)))) return true;
        }
        return false;
    }

    /// @dev Whether a cosine exceeds the copy threshold, exactly. At most 126 + 40 bits, and 64 + 126.
    function _isAbove(Given memory given, int256 dot, uint256 i, int256 square) private pure returns (bool) {
        if (dot <= 0) return false;
        unchecked {
            int256 ppm = int256(given.copyPpm);
            return dot * dot * int256(Params.PPM * Params.PPM) > ppm * ppm * _square(given, i) * square;
        }
    }

    /// @dev value * min(norm, cap) // max(1, norm).
    function _capped(uint256 value, uint256 norm, uint256 cap) private pure returns (uint256) {
        unchecked {
            return value * (norm < cap ? norm : cap) / (norm == 0 ? 1 : norm);
        }
    }

    function _square(Given memory given, uint256 i) private pure returns (int256) {
        return Figures.at(given.gram, Figures.pair(i, i));
    }
}
