// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Tags} from "../libraries/Tags.sol";
import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";
import {Params} from "./Params.sol";

/// @title Which players a column of the table is of, and what a coalition makes of the parts of a value.
/// @dev The Python twins are `marketplace.scoring.contribution` and `marketplace.scoring.trace`.
library Coalitions {
    /// @dev Columns before the first drawn one that do not depend on the players: the base alone and the empty coalition.
    uint256 private constant FIXED = 2;

    /// @notice The set of players of column `e`, at least 1.
    /// @dev A column beyond those that the players need is some set of players all the same: `e` is below the frame's evaluations, and a
    /// frame with too many of them is disproved by PARAMS.
    function membersOf(uint256 counts, bytes32 seed, uint256 e) internal pure returns (uint256) {
        unchecked {
            uint256 players = Frames.players(counts);
            if (players <= Frames.EXACT_PLAYERS) return (e - 1) & ((1 << players) - 1);
            if (e < FIXED) return 0;
            e -= FIXED;
            if (e < players) return 1 << e;
            e -= players;
            return _prefix(permutation(seed, e / (2 * players), players), e % (2 * players));
        }
    }

    /// @notice `contribution.draw_permutation`: Fisher-Yates, each choice from one Keccak word.
    function permutation(bytes32 seed, uint256 draw, uint256 players) internal pure returns (bytes memory order) {
        unchecked {
            order = new bytes(players);
            for (uint256 i = 0; i < players; ++i) {
                order[i] = bytes1(uint8(i));
            }
            for (uint256 last = players; last-- > 1;) {
                uint256 chosen = _choice(seed, draw, last);
                (order[last], order[chosen]) = (order[chosen], order[last]);
            }
        }
    }

    /// @notice Where `player` stands in a drawn permutation.
    /// @dev Following one player through the exchanges is enough: a place is final once the exchanges are below it.
    function placeOf(bytes32 seed, uint256 draw, uint256 players, uint256 player)
        internal
        pure
        returns (uint256 place)
    {
        unchecked {
            place = player;
            for (uint256 last = players; last-- > 1 && place <= last;) {
                uint256 chosen = _choice(seed, draw, last);
                if (place == last) place = chosen;
                else if (place == chosen) place = last;
            }
        }
    }

    /// @notice What the int64 parts at `parts` (base, last aggregate, updates) add up to: the base's, and what all others together move
    /// it by: sum of c_i D_i over the coalition, and a_i P over the other players.
    /// @dev `weights` is the content of WEIGHTS; a submission whose player is no number of one is in no coalition. At most 255 products of 64 times 64 bits each: |moved| < 2^137.
    function moved(uint256 weights, uint256 n, uint256 members, uint256 parts)
        internal
        pure
        returns (int256 base, int256 change)
    {
        unchecked {
            base = Numbers.int64At(parts);
            uint256 known = 0;
            for (uint256 i = 0; i < n; ++i) {
                uint256 player = Params.player(weights, i);
                if (player == 0) continue;
                if ((members >> (player - 1)) & 1 == 1) {
                    change += int256(Params.coefficient(weights, i)) * Numbers.int64At(parts + 16 + 8 * i);
                } else {
                    known += Params.known(weights, i);
                }
            }
            change += int256(known) * Numbers.int64At(parts + 8);
        }
    }

    /// @dev The set of the first players of an order, which comes forwards and then backwards; `at` counts prefixes from length 1.
    function _prefix(bytes memory order, uint256 at) private pure returns (uint256 members) {
        unchecked {
            uint256 players = order.length;
            bool backwards = at >= players;
            if (backwards) at -= players;
            for (uint256 i = 0; i <= at; ++i) {
                members |= 1 << uint8(order[backwards ? players - 1 - i : i]);
            }
        }
    }

    /// @dev keccak256(abi.encode(tag, seed, draw, last)) modulo last + 1.
    function _choice(bytes32 seed, uint256 draw, uint256 last) private pure returns (uint256 chosen) {
        bytes32 tag = Tags.PERMUTATION;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, tag)
            mstore(add(m, 32), seed)
            mstore(add(m, 64), draw)
            mstore(add(m, 96), last)
            chosen := mod(keccak256(m, 128), add(last, 1))
        }
    }
}
