// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Numbers} from "./Numbers.sol";
import {Frames} from "./Frames.sol";

/// @title The figures of DOTS: which two vectors each is the product of, and where it stands in GRAM.
/// @dev With n updates D_i, the root update R, the last aggregate P and q updates E_j of the last settled round, in this order:
/// <D_i, D_j> for j <= i; <D_i, R>; <R, R>; <D_i, P>; <P, P>; <D_i, E_j>; <E_j, E_j>.
library Figures {
    /// @notice The figure of <D_i, D_j>, in any order.
    function pair(uint256 i, uint256 j) internal pure returns (uint256) {
        unchecked {
            return i < j ? j * (j + 1) / 2 + i : i * (i + 1) / 2 + j;
        }
    }

    /// @notice The figure of <D_i, R>; of <R, R> with i = n.
    function rootOf(uint256 n, uint256 i) internal pure returns (uint256) {
        unchecked {
            return n * (n + 1) / 2 + i;
        }
    }

    /// @notice The figure of <D_i, P>; of <P, P> with i = n.
    function knownOf(uint256 n, uint256 i) internal pure returns (uint256) {
        unchecked {
            return rootOf(n, n) + 1 + i;
        }
    }

    /// @notice The figure of <D_i, E_j>; of <E_j, E_j> with i = n.
    function previousOf(uint256 n, uint256 q, uint256 i, uint256 j) internal pure returns (uint256) {
        unchecked {
            return knownOf(n, n) + 1 + i * q + j;
        }
    }

    /// @notice What GRAM states for a figure.
    function at(uint256 gram, uint256 figure) internal pure returns (int256) {
        unchecked {
            return Numbers.int64At(gram + 8 * figure);
        }
    }

    /// @notice The models whose vectors figure `f` multiplies. Assumes that `f` exists.
    function vectorsOf(uint256 counts, uint256 f) internal pure returns (uint256 a, uint256 b) {
        uint256 n = Frames.submissions(counts);
        uint256 q = Frames.previous(counts);
        uint256 updates = Frames.UPDATE_MODELS;
        unchecked {
            if (f < rootOf(n, 0)) {
                while (f > a) {
                    ++a;
                    f -= a;
                }
                return (updates + a, updates + f);
            }
            f -= rootOf(n, 0);
            if (f <= n) return (f < n ? updates + f : Frames.ROOT_MODEL, Frames.ROOT_MODEL);
            f -= n + 1;
            if (f <= n) return (f < n ? updates + f : Frames.KNOWN_MODEL, Frames.KNOWN_MODEL);
            f -= n + 1;
            b = updates + n + f % q;
            return (f < n * q ? updates + f / q : b, b);
        }
    }
}
