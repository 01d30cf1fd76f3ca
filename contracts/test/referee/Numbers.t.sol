// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Coalitions} from "../../referee/Coalitions.sol";
import {Exact} from "../../referee/Exact.sol";
import {Figures} from "../../referee/Figures.sol";
import {Frames} from "../../referee/Frames.sol";
import {Numbers} from "../../referee/Numbers.sol";
import {Cheats} from "../fuzz/Vm.sol";

/// @title The referee's arithmetic against the plainest way to do the same.
contract RefereeNumbersTest is Cheats {
    /// @notice Eight products at a time are the products one by one, whatever the bits and the width.
    function testFuzz_dotBytesIsTheNaiveSum(uint256 seed, uint256 width) public view {
        width = _bound(width, 0, 70);
        (bytes memory weights, bytes memory features) = (new bytes(4 * width), new bytes(width));
        int256 expected = 0;
        for (uint256 i = 0; i < width; ++i) {
            (int32 w, int8 x) = (int32(uint32(_mix(seed, 2 * i))), int8(uint8(_mix(seed, 2 * i + 1))));
            if (_rarely(seed, 3 * i, 3)) w = i % 2 == 0 ? type(int32).min : type(int32).max;
            if (_rarely(seed, 3 * i + 1, 3)) x = i % 3 == 0 ? type(int8).min : type(int8).max;
            expected += int256(w) * x;
            for (uint256 k = 0; k < 4; ++k) {
                weights[4 * i + k] = bytes1(uint8(uint32(w) >> (24 - 8 * k)));
            }
            features[i] = bytes1(uint8(x));
        }
        vm.assertEq(expected, this.dotBytes(weights, features), "sum");
    }

    /// @notice The widest layer of the most extreme numbers does not wrap either.
    function test_dotBytesHoldsTheWorstCase() public view {
        uint256 width = 4096;
        (bytes memory weights, bytes memory features) = (new bytes(4 * width), new bytes(width));
        for (uint256 i = 0; i < width; ++i) {
            weights[4 * i] = 0x80;
            features[i] = 0x80;
        }
        vm.assertEq(int256(width) << 38, this.dotBytes(weights, features), "largest");
    }

    /// @notice Products of 32 and of 64 bits add up as one by one.
    function testFuzz_dotsAreTheNaiveSums(uint256 seed, uint256 width) public view {
        width = _bound(width, 0, 20);
        (bytes memory a, bytes memory b) = (new bytes(8 * width), new bytes(8 * width));
        for (uint256 i = 0; i < 8 * width; ++i) {
            (a[i], b[i]) = (bytes1(uint8(_mix(seed, 2 * i))), bytes1(uint8(_mix(seed, 2 * i + 1))));
        }
        (int256 by32, int256 by64) = (0, 0);
        for (uint256 i = 0; i < width; ++i) {
            by32 += int256(int32(uint32(_number(a, 4 * i, 4)))) * int32(uint32(_number(b, 4 * i, 4)));
            by64 += int256(int64(uint64(_number(a, 8 * i, 8)))) * int64(uint64(_number(b, 8 * i, 8)));
        }
        (int256 found32, int256 found64) = this.dots(a, b, width);
        vm.assertEq(by32, found32, "of 32 bits");
        vm.assertEq(by64, found64, "of 64 bits");
    }

    /// @notice A root rounded down or up is next to the true one.
    function testFuzz_rootsAreTheNearest(uint256 square) public pure {
        square = square >> (square % 200);
        uint256 root = Exact.isqrt(square);
        vm.assertTrue(root < 1 << 128 && root * root <= square, "down");
        vm.assertTrue(root == type(uint128).max || (root + 1) * (root + 1) > square, "next");
        uint256 up = Exact.ceilSqrt(square);
        vm.assertEq(root * root == square ? root : root + 1, up, "up");
        vm.assertEq(root, Exact.ceilSqrt(root * root), "of a square");
    }

    /// @notice A number has as many bits as it takes to write it, and 0 has none.
    function test_bitLengths() public pure {
        uint256[2][5] memory cases =
            [[uint256(0), 0], [uint256(1), 1], [uint256(255), 8], [uint256(256), 9], [type(uint256).max, 256]];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(cases[i][1], Exact.bitLength(cases[i][0]), "bits");
        }
    }

    /// @notice Quotients are rounded the way their names say.
    function testFuzz_quotientsRound(int128 a, int64 b) public pure {
        if (b == 0) return;
        int256 down = Exact.floorDiv(a, b);
        int256 rest = a - down * b;
        vm.assertTrue(b > 0 ? rest >= 0 && rest < b : rest <= 0 && rest > b, "down");
        vm.assertEq(-Exact.floorDiv(-int256(a), b), Exact.ceilDiv(a, b), "up");
    }

    /// @notice Trees have as many levels as their leaves need.
    function testFuzz_depthIsTheSmallestThatHolds(uint256 leaves) public pure {
        leaves = (leaves >> 208) >> (leaves % 48);
        uint256 depth = Frames.depth(leaves);
        vm.assertTrue(1 << depth >= leaves, "enough");
        vm.assertTrue(depth == 0 || 1 << (depth - 1) < leaves, "no more");
    }

    /// @notice One leaf more than a power of two needs one level more, up to 2^64.
    function test_depthAtEachPower() public pure {
        for (uint256 depth = 1; depth < 64; ++depth) {
            vm.assertEq(depth, Frames.depth(1 << depth), "full");
            vm.assertEq(depth + 1, Frames.depth((1 << depth) + 1), "one more");
        }
    }

    /// @notice Following one player finds the place the whole permutation gives it, and a permutation holds everybody once.
    function testFuzz_placesAreThoseOfThePermutation(bytes32 seed, uint256 draw, uint256 players) public pure {
        players = _bound(players, 1, 24);
        bytes memory order = Coalitions.permutation(seed, draw, players);
        uint256 seen = 0;
        for (uint256 place = 0; place < players; ++place) {
            seen |= 1 << uint8(order[place]);
            vm.assertEq(place, Coalitions.placeOf(seed, draw, players, uint8(order[place])), "place");
        }
        vm.assertEq((1 << players) - 1, seen, "everybody");
    }

    /// @notice Sampled columns: the empty coalition, everybody alone, then growing prefixes of each order and of its reverse.
    function test_columnsOfDrawnOrders() public pure {
        uint256 players = 9;
        uint256 counts = (players << 96) | (uint256(2) << 184);
        bytes32 seed = keccak256("seed");
        vm.assertEq(uint256(0), Coalitions.membersOf(counts, seed, 1), "empty");
        for (uint256 i = 0; i < players; ++i) {
            vm.assertEq(1 << i, Coalitions.membersOf(counts, seed, 2 + i), "alone");
        }
        for (uint256 draw = 0; draw < 2; ++draw) {
            bytes memory order = Coalitions.permutation(seed, draw, players);
            (uint256 forwards, uint256 backwards) = (0, 0);
            uint256 column = 2 + players + 2 * players * draw;
            for (uint256 i = 0; i < players; ++i) {
                forwards |= 1 << uint8(order[i]);
                backwards |= 1 << uint8(order[players - 1 - i]);
                vm.assertEq(forwards, Coalitions.membersOf(counts, seed, column + i), "forwards");
                vm.assertEq(backwards, Coalitions.membersOf(counts, seed, column + players + i), "backwards");
            }
        }
        vm.assertEq(uint256(511), Coalitions.membersOf(counts, seed, Frames.fullColumn(players)), "everybody");
        vm.assertEq(uint256(2 + 9 + 2 * 2 * 9), Frames.columns(players, 2), "columns");
    }

    /// @notice With few players a column is its coalition's bitmap, from 1 on.
    function test_columnsOfAllCoalitions() public pure {
        uint256 counts = uint256(3) << 96;
        for (uint256 set = 0; set < 8; ++set) {
            vm.assertEq(set, Coalitions.membersOf(counts, 0, 1 + set), "set");
        }
        vm.assertEq(uint256(7), Coalitions.membersOf(counts, 0, Frames.fullColumn(3)), "everybody");
        vm.assertEq(uint256(9), Frames.columns(3, 16), "columns");
    }

    /// @notice Figures are numbered without gaps, and each names the models it multiplies.
    function testFuzz_figuresNameTheirVectors(uint256 n, uint256 q) public pure {
        (n, q) = (_bound(n, 0, 12), _bound(q, 0, 9));
        uint256 counts = (n << 80) | (q << 88);
        uint256 f = 0;
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = 0; j <= i; ++j) {
                f = _named(counts, f, Figures.pair(i, j), 6 + i, 6 + j);
                vm.assertEq(f - 1, Figures.pair(j, i), "in any order");
            }
        }
        for (uint256 i = 0; i <= n; ++i) {
            f = _named(counts, f, Figures.rootOf(n, i), i < n ? 6 + i : 2, 2);
        }
        for (uint256 i = 0; i <= n; ++i) {
            f = _named(counts, f, Figures.knownOf(n, i), i < n ? 6 + i : 1, 1);
        }
        for (uint256 i = 0; i <= n; ++i) {
            for (uint256 j = 0; j < q; ++j) {
                f = _named(counts, f, Figures.previousOf(n, q, i, j), i < n ? 6 + i : 6 + n + j, 6 + n + j);
            }
        }
        vm.assertEq(f, Frames.figures(counts), "figures");
    }

    function _named(uint256 counts, uint256 f, uint256 named, uint256 a, uint256 b) private pure returns (uint256) {
        vm.assertEq(f, named, "number");
        (uint256 first, uint256 second) = Figures.vectorsOf(counts, f);
        vm.assertEq(a, first, "first");
        vm.assertEq(b, second, "second");
        return f + 1;
    }

    /// @dev The libraries read calldata, so they are asked through a call.
    function dotBytes(bytes calldata weights, bytes calldata features) external pure returns (int256) {
        return Numbers.dotBytes(_start(weights), _start(features), features.length);
    }

    /// @dev As `dotBytes`.
    function dots(bytes calldata a, bytes calldata b, uint256 width) external pure returns (int256, int256) {
        return (Numbers.dot32(_start(a), _start(b), width), Numbers.dot64(_start(a), _start(b), width));
    }

    function _start(bytes calldata given) private pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := given.offset
        }
    }

    function _number(bytes memory from, uint256 at, uint256 size) private pure returns (uint256 value) {
        for (uint256 i = 0; i < size; ++i) {
            value = (value << 8) | uint8(from[at + i]);
        }
    }

    /// @notice Over all sets of others that a player can meet, the weights add up to one, and each size of set weighs as much as any.
    function test_shapleyWeights() public pure {
        for (uint256 players = 1; players < 9; ++players) {
            uint256 sets = 1; // of so many others
            for (uint256 others = 0; others < players; ++others) {
                uint256 weight = Exact.shapleyWeight(players, others);
                vm.assertEq(Exact.shapleyDenominator(players), players * sets * weight, "of one size");
                sets = sets * (players - 1 - others) / (others + 1);
            }
        }
        vm.assertEq(840, Exact.shapleyDenominator(8), "lcm(1..8)");
    }

    /// @notice A target is rounded up, by the smallest part as by the largest; a gain in billionths is rounded down.
    function test_targetsAndGains() public pure {
        uint256[2][6] memory cases = [
            [uint256(0), 0],
            [uint256(1), 1],
            [uint256(999_999), 1],
            [uint256(1e6), 1],
            [uint256(1e6 + 1), 2],
            [uint256(2e6), 2]
        ];
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertEq(cases[i][1], Exact.targetCeil(cases[i][0], 1, 1, 1, 0), "of millionths");
        }
        vm.assertEq(1, Exact.targetCeil(1000, 20, 40, 10, 3), "eight millionths");
        vm.assertEq(2, Exact.targetCeil(1000, 20, 40, 10, 2), "twice four");
        vm.assertEq(int256(333_333_333), Exact.gainPpbFloor(1, 0, 3, 1), "a third");
        vm.assertEq(int256(-333_333_334), Exact.gainPpbFloor(-1, 0, 1, 3), "a third lost");
        vm.assertEq(int256(1_333_333_333), Exact.gainPpbFloor(2, 2, 3, 2), "four thirds");
    }

    /// @notice A sum is paid less its doubt, which is rounded up twice: the variance, and its root. Nobody owes anything.
    function test_lowerBounds() public pure {
        vm.assertEq(300, Exact.lowerBound(300, 30_000, 3, 269), "no doubt");
        vm.assertEq(135, Exact.lowerBound(300, 40_000, 3, 269), "the root of 26900 is above 164");
        vm.assertEq(298, Exact.lowerBound(300, 30_001, 3, 269), "807 / 300 is above 2, and the root of 3 above 1");
        vm.assertEq(0, Exact.lowerBound(1, 1000, 1, 269), "more doubt than sum");
        vm.assertEq(0, Exact.lowerBound(-5, 100, 3, 269), "a loss");
    }

    /// @notice Up to eight players shares are over twice the least common multiple, above it over what was drawn.
    function test_contributionDenominators() public pure {
        vm.assertEq(1680, Exact.contributionDenominator(8, 3), "of all coalitions");
        vm.assertEq(
            12, Exact.contributionDenominator(9, 3), "of three orders, forwards and backwards, and as often alone"
        );
    }

    /// @notice A step has a denominator of at least one, rounded half up.
    function test_stepDenominators() public pure {
        vm.assertEq(1, Exact.stepDenominator(0, 5), "of nothing");
        vm.assertEq(12, Exact.stepDenominator(15, 5), "60 fifths");
        vm.assertEq(2, Exact.stepDenominator(3, 8), "12 eighths");
        vm.assertEq(1, Exact.stepDenominator(2, 6), "8 sixths");
    }

    /// @notice A bias moves by whole units up to its bound on either side; one that is beyond it already does not move further.
    function test_biasesMoveWithinTheirBound() public pure {
        int256[3][8] memory cases = [
            [int256(7), 2, 55], // old, mean, next: units of 24, bound 50 * 24 = 1200
            [int256(7), -2, -41],
            [int256(7), 1000, 7 + 49 * 24], // 49.7 units up
            [int256(7), -1000, 7 - 50 * 24], // 50.3 units down
            [int256(1210), 3, 1210], // beyond, and up
            [int256(1210), -3, 1138],
            [int256(-1210), -3, -1210], // beyond, and down
            [int256(-1210), 3, -1138]
        ];
        for (uint256 i = 0; i < cases.length; ++i) {
            vm.assertEq(cases[i][2], Exact.movedBias(cases[i][0], cases[i][1], 50, 24), "moved");
        }
    }

    /// @notice A bias differs by whole units, and half a unit up is one.
    function test_biasesDifferByWholeUnits() public pure {
        int256[3][7] memory cases = [
            [int256(127), 7, 5], // five units of 24
            [int256(7), 127, -5],
            [int256(19), 7, 1], // half a unit
            [int256(18), 7, 0],
            [int256(7), 19, 0], // half a unit down
            [int256(7), 20, -1],
            [int256(-9), -9, 0]
        ];
        for (uint256 i = 0; i < cases.length; ++i) {
            vm.assertEq(cases[i][2], Exact.biasDifference(cases[i][0], cases[i][1], 24), "units");
        }
    }
}
