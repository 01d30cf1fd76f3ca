// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {SumTree} from "../libraries/SumTree.sol";
import {Params} from "./Params.sol";

/// @title The whole payout tree of a round, from what MONEY pays to whom.
/// @dev The Python twin is `marketplace.domain.sumtree.PayoutTree`; `SumTree` checks single payouts.
library PayoutTree {
    /// @notice Root and sum of the tree over `n` submissions: each payout that is not 0 at its holder's index.
    /// @dev Of two submissions with one index the later counts. Sums are not cut: 255 of 128 bits.
    function rootOf(uint256 money, uint256 people, uint256 n) internal pure returns (bytes32 root, uint256 sum) {
        uint256 width = _width(money, people, n);
        bytes32[] memory hashes = new bytes32[](width);
        uint256[] memory sums = new uint256[](width);
        for (uint256 i = 0; i < n; ++i) {
            uint256 amount = Params.payout(money, i);
            if (amount == 0) continue;
            uint256 index = Params.holderIndex(people, i);
            hashes[index] = SumTree.leaf(index, Params.holder(people, i), amount);
            sums[index] = amount;
        }
        unchecked {
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

    /// @dev The smallest power of two above every index that is paid.
    function _width(uint256 money, uint256 people, uint256 n) private pure returns (uint256 width) {
        width = 1;
        for (uint256 i = 0; i < n; ++i) {
            if (Params.payout(money, i) == 0) continue;
            while (width <= Params.holderIndex(people, i)) width *= 2;
        }
    }
}
