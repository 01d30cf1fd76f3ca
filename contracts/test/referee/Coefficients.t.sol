// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Cheats} from "../fuzz/Vm.sol";
import {ExactCases} from "./ExactCases.sol";

/// @title Coefficients of updates that fit a head; what they are, the Python function says.
contract CoefficientsTest is Cheats {
    ExactCases private cases;

    function setUp() public {
        cases = ExactCases(vm.deployCode("ExactCases.sol:ExactCases"));
    }

    /// @notice Updates count whatever order their norms come in: the cap is twice the median, not twice whatever stands there.
    function test_normsInAnyOrder() public {
        // three updates at right angles, of norms 30, 20 and 10; each turns the same way as the root update; no last aggregate
        bytes memory gram = abi.encodePacked(int64(900), int64(0), int64(400), int64(0), int64(0), int64(100));
        gram = abi.encodePacked(gram, int64(300), int64(200), int64(100), int64(2500), new bytes(32));
        (bool sane, uint256[] memory c,) = cases.coefficients(gram, new bytes(66), 3, 0, 15, 970_000);
        vm.assertTrue(sane, "sane");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertTrue(c[i] != 0, "each counts");
        }
    }

    /// @notice Coefficients are those of the Python function: of three updates that differ, one of which repeats its own holder's
    /// earlier one; two that repeat somebody else's, and an update of nothing, do not count.
    function test_coefficients() public {
        bytes memory people;
        for (uint160 i = 0; i < 6; ++i) {
            people = abi.encodePacked(people, address(10 + i), uint16(0));
        }
        people = abi.encodePacked(people, address(20), address(12));
        (bool sane, uint256[] memory c, uint256[] memory known) =
            cases.coefficients(_gramOfSix(), people, 6, 2, 1000, 970_000);
        vm.assertTrue(sane, "sane");
        uint256[6] memory expected = [uint256(1000), 672, 365, 0, 0, 0];
        uint256[6] memory out = [uint256(3794), 0, 2618, 0, 0, 0];
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertEq(expected[i], c[i], "coefficient");
            vm.assertEq(out[i], known[i], "of the last aggregate");
        }
    }

    /// @dev The products of six updates, the root update, the last aggregate and two earlier updates. The fourth is longer than the cap.
    function _gramOfSix() private pure returns (bytes memory gram) {
        int64[3][10] memory v = [
            [int64(30), 10, 0],
            [int64(20), -15, 4],
            [int64(4), 40, 10],
            [int64(100), 10, 80],
            [int64(25), 0, 20],
            [int64(0), 0, 0],
            [int64(10), 3, 1],
            [int64(2), 5, 0],
            [int64(5), 0, 4],
            [int64(1), 8, 3]
        ];
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 j = 0; j <= i; ++j) {
                gram = abi.encodePacked(gram, _dot(v[i], v[j]));
            }
        }
        for (uint256 other = 6; other < 8; ++other) {
            for (uint256 i = 0; i < 6; ++i) {
                gram = abi.encodePacked(gram, _dot(v[i], v[other]));
            }
            gram = abi.encodePacked(gram, _dot(v[other], v[other]));
        }
        for (uint256 i = 0; i < 6; ++i) {
            gram = abi.encodePacked(gram, _dot(v[i], v[8]), _dot(v[i], v[9]));
        }
        gram = abi.encodePacked(gram, _dot(v[8], v[8]), _dot(v[9], v[9]));
    }

    function _dot(int64[3] memory a, int64[3] memory b) private pure returns (int64) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }

    /// @notice Below a fifth of the largest weight an update does not count at all, and from there on in proportion.
    function test_coefficientsBelowChance() public {
        for (int64 x = 13; x < 15; ++x) {
            // D_0 = R = (100, 0), D_1 = (x, 99)
            int64 dot = 100 * x;
            bytes memory gram = abi.encodePacked(int64(10_000), dot, x * x + 9801, int64(10_000), dot, int64(10_000));
            (, uint256[] memory c,) =
                cases.coefficients(bytes.concat(gram, new bytes(24)), new bytes(44), 2, 0, 1000, 970_000);
            vm.assertEq(1000, c[0], "the largest");
            vm.assertEq(x == 13 ? 0 : 210, c[1], "195 would be no more than chance");
        }
    }

    /// @notice An update against the root update neither counts nor moves what the others are compared with.
    function test_anUpdateAgainstTheRootMovesNothing() public {
        // D = R = (100, 0, 0), (-50, 80, 0), (60, 0, 80)
        int64[10] memory totals = [int64(10_000), -5000, 8900, 6000, -3000, 10_000, 10_000, -5000, 6000, 10_000];
        bytes memory gram;
        for (uint256 i = 0; i < 10; ++i) {
            gram = abi.encodePacked(gram, totals[i]);
        }
        (, uint256[] memory c,) =
            cases.coefficients(bytes.concat(gram, new bytes(32)), new bytes(66), 3, 0, 1000, 970_000);
        vm.assertEq(1000, c[0], "along the root update");
        vm.assertEq(0, c[1], "against it");
        vm.assertEq(737, c[2], "as if the second were not there");
    }

    /// @notice Updates of nothing do not lower the cap, which is twice the median of those that are something.
    function test_nothingLowersNoCap() public {
        // D_0 = (30, 0), D_1 = (0, 10), twice 0; R = (10, 10)
        int64[15] memory totals = [int64(900), 0, 100, 0, 0, 0, 0, 0, 0, 0, 300, 100, 0, 0, 200];
        bytes memory gram;
        for (uint256 i = 0; i < 15; ++i) {
            gram = abi.encodePacked(gram, totals[i]);
        }
        (, uint256[] memory c,) =
            cases.coefficients(bytes.concat(gram, new bytes(40)), new bytes(88), 4, 0, 1000, 970_000);
        vm.assertEq(1000, c[0], "in full");
        vm.assertEq(1000, c[1], "as much");
        vm.assertEq(0, c[2] + c[3], "nothing");
    }

    /// @notice The opposite of somebody else's earlier update is no copy of it; the same is.
    function test_theOppositeIsNoCopy() public {
        for (int64 sign = -1; sign < 2; sign += 2) {
            // D = R = (5, 0), no last aggregate, E = (5, 0) or (-5, 0)
            bytes memory gram =
                abi.encodePacked(int64(25), int64(25), int64(25), int64(0), int64(0), sign * 25, int64(25));
            bytes memory people = abi.encodePacked(address(1), uint16(0), address(2));
            (, uint256[] memory c,) = cases.coefficients(gram, people, 1, 1, 15, 970_000);
            vm.assertEq(sign == 1 ? 0 : 15, c[0], "coefficient");
        }
    }

    /// @notice A square below 0 is that of no vector, whichever it is of: an update, the root update, the last aggregate, an earlier update.
    function test_coefficientsOfNoVectors() public {
        uint8[6] memory squares = [0, 2, 5, 8, 13, 14]; // with two updates and two earlier ones; 3 is no square
        for (uint256 i = 0; i < 6; ++i) {
            bytes memory gram = new bytes(8 * 15);
            gram[8 * 3] = 0xff;
            (bool sane,,) = cases.coefficients(gram, new bytes(84), 2, 2, 15, 970_000);
            vm.assertTrue(sane, "a product may be below 0");
            gram[8 * uint256(squares[i])] = 0xff;
            (sane,,) = cases.coefficients(gram, new bytes(84), 2, 2, 15, 970_000);
            vm.assertFalse(sane, "a square may not");
        }
    }

    /// @notice A single update counts in full, beside updates that are nothing; nothing but nothing counts for nothing.
    function test_coefficientsOfOneAndOfNone() public {
        for (uint256 one = 0; one < 2; ++one) {
            // the squares of D_0 and D_1, of which one is 0; R is like it
            int64 square = one == 1 ? int64(25) : int64(0);
            bytes memory gram = abi.encodePacked(square, int64(0), int64(0), square, int64(0), int64(25), new bytes(24));
            (bool sane, uint256[] memory c,) = cases.coefficients(gram, new bytes(44), 2, 0, 15, 970_000);
            vm.assertTrue(sane, "sane");
            vm.assertEq(15 * one, c[0], "the only one");
            vm.assertEq(0, c[1], "nothing");
        }
    }
}
