// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ShardTree} from "../../libraries/ShardTree.sol";
import {SumTree} from "../../libraries/SumTree.sol";
import {Coalitions} from "../../referee/Coalitions.sol";
import {Coefficients, Given} from "../../referee/Coefficients.sol";
import {Exact} from "../../referee/Exact.sol";
import {Numbers} from "../../referee/Numbers.sol";
import {Blob, Node, Openings} from "../../referee/Openings.sol";
import {PayoutTree} from "../../referee/PayoutTree.sol";

/// @title The referee's arithmetic, many cases a call: what the tests in Python compare with the functions it is the twin of.
contract ExactCases {
    using Openings for Blob;

    function roots(uint256[] calldata squares) external pure returns (uint256[] memory down, uint256[] memory up) {
        (down, up) = (new uint256[](squares.length), new uint256[](squares.length));
        for (uint256 i = 0; i < squares.length; ++i) {
            (down[i], up[i]) = (Exact.isqrt(squares[i]), Exact.ceilSqrt(squares[i]));
        }
    }

    function rowScores(
        bytes calldata logits,
        uint256 classes,
        uint256[] calldata labels,
        uint256[] calldata clips,
        uint256[] calldata shifts
    ) external pure returns (uint256[] memory found) {
        found = new uint256[](labels.length);
        uint256 at = _start(logits);
        for (uint256 i = 0; i < labels.length; ++i) {
            found[i] = Exact.rowScore(at + 8 * classes * i, classes, labels[i], clips[i], shifts[i]);
        }
    }

    function dots(bytes calldata weights, bytes calldata features, uint256 width)
        external
        pure
        returns (int256[] memory found)
    {
        found = new int256[](features.length / width);
        (uint256 at, uint256 x) = (_start(weights), _start(features));
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = Numbers.dotBytes(at + 4 * width * i, x + width * i, width);
        }
    }

    function dots32(bytes calldata a, bytes calldata b, uint256 width) external pure returns (int256[] memory found) {
        found = new int256[](a.length / width / 4);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = Numbers.dot32(_start(a) + 4 * width * i, _start(b) + 4 * width * i, width);
        }
    }

    function dots64(bytes calldata a, bytes calldata b, uint256 width) external pure returns (int256[] memory found) {
        found = new int256[](a.length / width / 8);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = Numbers.dot64(_start(a) + 8 * width * i, _start(b) + 8 * width * i, width);
        }
    }

    function lowerBounds(int256[] calldata totals, uint256[] calldata squares, uint256[] calldata rows, uint256 z)
        external
        pure
        returns (uint256[] memory found)
    {
        found = new uint256[](totals.length);
        for (uint256 i = 0; i < totals.length; ++i) {
            found[i] = Exact.lowerBound(totals[i], squares[i], rows[i], z);
        }
    }

    function payouts(uint256 budget, uint256[] calldata bounds, uint256 target)
        external
        pure
        returns (uint256[] memory found)
    {
        found = new uint256[](bounds.length);
        uint256 all = 0;
        for (uint256 i = 0; i < bounds.length; ++i) {
            all += bounds[i];
        }
        for (uint256 i = 0; i < bounds.length; ++i) {
            found[i] = Exact.payoutFloor(budget, bounds[i], target, all);
        }
    }

    function cosines(int256[] calldata products, uint256[] calldata a, uint256[] calldata b)
        external
        pure
        returns (int256[] memory found)
    {
        found = new int256[](products.length);
        for (uint256 i = 0; i < products.length; ++i) {
            found[i] = Exact.cosine(products[i], Exact.isqrt(a[i]), Exact.isqrt(b[i]));
        }
    }

    function steps(uint256[] calldata totals, uint256[] calldata quarters)
        external
        pure
        returns (uint256[] memory found)
    {
        found = new uint256[](totals.length);
        for (uint256 i = 0; i < totals.length; ++i) {
            found[i] = Exact.stepDenominator(totals[i], quarters[i]);
        }
    }

    function scale(uint256 clipLogits, uint256 inputScale, uint256 weightScale, uint256 k, uint256 layers)
        external
        pure
        returns (uint256 clip, uint256 shift)
    {
        clip = Exact.clipOf(clipLogits, inputScale, weightScale, k, layers);
        shift = Exact.shiftOf(clip);
    }

    function gains(
        int256[] calldata gained,
        uint256[] calldata ppm,
        uint256 clip,
        uint256 shift,
        uint256 rows,
        uint256 den
    ) external pure returns (int256[] memory ppb, uint256[] memory targets) {
        (ppb, targets) = (new int256[](gained.length), new uint256[](gained.length));
        for (uint256 i = 0; i < gained.length; ++i) {
            ppb[i] = Exact.gainPpbFloor(gained[i], shift, clip, rows);
            targets[i] = Exact.targetCeil(ppm[i], clip, den, rows, shift);
        }
    }

    function shapley(uint256 players) external pure returns (uint256 denominator, uint256[] memory weights) {
        denominator = Exact.contributionDenominator(players, 0);
        weights = new uint256[](players);
        for (uint256 i = 0; i < players; ++i) {
            weights[i] = Exact.shapleyWeight(players, i);
        }
    }

    function permutations(bytes32[] calldata seeds, uint256[] calldata draws, uint256[] calldata players)
        external
        pure
        returns (bytes[] memory found)
    {
        found = new bytes[](seeds.length);
        for (uint256 i = 0; i < seeds.length; ++i) {
            found[i] = Coalitions.permutation(seeds[i], draws[i], players[i]);
        }
    }

    function means(int256[] calldata sums, uint256 k) external pure returns (int256[] memory found) {
        found = new int256[](sums.length);
        for (uint256 i = 0; i < sums.length; ++i) {
            found[i] = Exact.roundedMean(sums[i], k);
        }
    }

    function biases(int256[] calldata old, int256[] calldata moves, uint256 bound, int256 unit)
        external
        pure
        returns (int256[] memory next, int256[] memory differences)
    {
        (next, differences) = (new int256[](old.length), new int256[](old.length));
        for (uint256 i = 0; i < old.length; ++i) {
            next[i] = Exact.movedBias(old[i], moves[i], bound, unit);
            differences[i] = Exact.biasDifference(next[i], old[i], unit);
        }
    }

    function coefficients(
        bytes calldata gram,
        bytes calldata people,
        uint256 n,
        uint256 q,
        uint256 coefficientMax,
        uint256 copyPpm
    ) external pure returns (bool sane, uint256[] memory c, uint256[] memory a) {
        Given memory given = Given(_start(gram), _start(people), n, q, coefficientMax, copyPpm);
        (sane, c) = Coefficients.values(given);
        a = new uint256[](c.length);
        for (uint256 i = 0; i < c.length; ++i) {
            a[i] = Coefficients.known(given, i, c[i]);
        }
    }

    function payoutRoots(bytes[] calldata money, bytes[] calldata people, uint256 n)
        external
        pure
        returns (bytes32[] memory hashes, uint256[] memory sums)
    {
        (hashes, sums) = (new bytes32[](money.length), new uint256[](money.length));
        for (uint256 i = 0; i < money.length; ++i) {
            (hashes[i], sums[i]) = PayoutTree.rootOf(_start(money[i]), _start(people[i]), n);
        }
    }

    function merkleRoots(bytes32[] calldata leaves, uint256[] calldata indices, bytes calldata paths, uint256 depth)
        external
        pure
        returns (bytes32[] memory found)
    {
        found = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            found[i] = Openings.rootAbove(leaves[i], indices[i], _start(paths) + 32 * depth * i, depth);
        }
    }

    /// @notice Whether each leaf leads to its root, as the market asks about shards.
    function shardPaths(
        bytes32[] calldata tops,
        uint256[] calldata indices,
        bytes32[] calldata leaves,
        bytes32[][] calldata paths
    ) external pure returns (bool[] memory found) {
        found = new bool[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            found[i] = ShardTree.leadsTo(tops[i], indices[i], leaves[i], paths[i]);
        }
    }

    /// @notice The root above each payout, as the market asks before it pays.
    function payoutPaths(
        uint256[] calldata indices,
        address[] calldata holders,
        uint256[] calldata amounts,
        bytes[] calldata paths
    ) external pure returns (bytes32[] memory hashes, uint256[] memory sums) {
        (hashes, sums) = (new bytes32[](indices.length), new uint256[](indices.length));
        for (uint256 i = 0; i < indices.length; ++i) {
            bytes32 leaf = SumTree.leaf(indices[i], holders[i], amounts[i]);
            (hashes[i], sums[i]) = SumTree.rootAbove(indices[i], leaf, amounts[i], paths[i]);
        }
    }

    /// @notice The sums of the leaves at `positions` of one sum tree, whose root has this hash.
    function sumLeaves(bytes32 root, uint256[] calldata positions, bytes calldata preimages, uint256 depth)
        external
        pure
        returns (bytes32[] memory hashes, int256[] memory sums, uint256[] memory squares)
    {
        (hashes, sums) = (new bytes32[](positions.length), new int256[](positions.length));
        squares = new uint256[](positions.length);
        uint256 at = _start(preimages);
        Blob memory b = Blob(0, 0, at, at, at + preimages.length, 0);
        for (uint256 i = 0; i < positions.length; ++i) {
            Node memory node = Node(root, 0, 0);
            b.walk(node, depth, positions[i]);
            (hashes[i], sums[i], squares[i]) = (node.hash, node.sum, node.square);
        }
        b.finish();
    }

    function _start(bytes calldata given) private pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := given.offset
        }
    }
}
