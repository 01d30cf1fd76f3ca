// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {SumTree} from "../libraries/SumTree.sol";
import {Params} from "./Params.sol";

/// @title The whole payout tree of a round, from what MONEY pays to whom.
/// @dev The Python twin is `marketplace.domain.sumtree.PayoutTree`; `SumTree` checks single payouts.
library PayoutTree {
    /// @dev A holder's index has 8 bits.
    uint256 private constant INDICES = 256;

    /// @notice Root and sum of the tree over `n` submissions: each payout that is not 0 at its holder's index.
    /// @dev Of two submissions with one index the later counts. Sums are not cut: 255 of 128 bits.
    function rootOf(uint256 money, uint256 people, uint256 n) internal pure returns (bytes32 root, uint256 sum) {
        uint256[] memory owners = new uint256[](INDICES);
        for (uint256 i = 0; i < n; ++i) {
            owners[Params.holderIndex(people, i)] = i + 1;
        }
        uint256 width = 1;
        for (uint256 index = 0; index < INDICES; ++index) {
            if (owners[index] == 0) continue;
            if (Params.payout(money, owners[index] - 1) == 0) owners[index] = 0;
            else while (width <= index) width *= 2;
        }
        return _root(money, people, owners, width);
    }

    /// @dev `owners` holds 1 + the submission that is paid at each index, 0 for nobody; `width` is a power of two above those of them.
    function _root(uint256 money, uint256 people, uint256[] memory owners, uint256 width)
        private
        pure
        returns (bytes32, uint256)
    {
        bytes32[] memory hashes = new bytes32[](width);
        uint256[] memory sums = new uint256[](width);
        unchecked {
            for (uint256 index = 0; index < width; ++index) {
                if (owners[index] == 0) continue;
                uint256 i = owners[index] - 1;
                sums[index] = Params.payout(money, i);
                hashes[index] = SumTree.leaf(index, Params.holder(people, i), sums[index]);
            }
            for (; width > 1; width /= 2) {
                for (uint256 i = 0; i < width; i += 2) {
                    (uint256 left, uint256 right) = (sums[i], sums[i + 1]);
                    hashes[i / 2] = keccak256(abi.encodePacked(hashes[i], hashes[i + 1], uint128(left), uint128(right)));
                    sums[i / 2] = left + right;
                }
            }
        }
        return (hashes[0], sums[0]);
    }
}
