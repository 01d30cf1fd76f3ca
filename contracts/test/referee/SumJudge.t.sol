// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {Coalitions} from "../../referee/Coalitions.sol";
import {Traces} from "./Traces.sol";

/// @title Judge 2 on leaves written by hand.
/// forge-config: default.fuzz.runs = 16
/// forge-config: long.fuzz.runs = 256
contract SumJudgeTest is Traces {
    uint256 private constant SUMS = 7;
    uint256 private constant DOTS = 8;

    IJudge private judge;

    function setUp() public {
        judge = IJudge(vm.deployCode("SumJudge.sol:SumJudge"));
        c = Counts(3, 2, 3, 3, 2, 1, 2, 5, 24, 8, 1, 0);
        // final clip 100, final shift 1
        _put(0, 0, abi.encode(0, 0, uint256(100) << 104 | uint256(1) << 168, 0, bytes32("seed"), 0, 0));
        _put(10, 0, abi.encodePacked(uint16(3), uint64(7), uint8(2), uint16(5), uint64(9), uint8(1)));
    }

    /// @notice Of two players each has what it adds alone and to the other, and twice what it adds alone.
    function testFuzz_numerator(uint16[5] memory s) public {
        int256[5] memory v = [
            int256(uint256(s[0])),
            int256(uint256(s[1])),
            int256(uint256(s[2])),
            int256(uint256(s[3])),
            int256(uint256(s[4]))
        ];
        int256 first = 3 * (v[2] - v[1]) + v[4] - v[3];
        int256 second = 3 * (v[3] - v[1]) + v[4] - v[2];
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            _putRow(1, s, int64(first), int64(second + int256(wrong)));
            bytes memory proof = _open(6, 1);
            vm.assertFalse(_ask(judge, _at(0x20, 0, 1, 0, 0, 0, 0), proof), "first player");
            vm.assertTrue((wrong == 1) == _ask(judge, _at(0x20, 0, 1, 0, 1, 0, 0), proof), "second player");
            _checkStrict(judge, _at(0x20, 0, 1, 0, 1, 0, 0), proof, s[0]);
        }
        vm.assertTrue(_refuses(judge, _at(0x20, 0, 1, 0, 2, 0, 0), _open(6, 1)), "no third player");
    }

    /// @notice Of three players each has what it adds in all six orders, and six times what it adds alone.
    function testFuzz_numeratorOfThree(uint16[9] memory s) public {
        (c.players, c.evaluations) = (3, 9);
        bytes memory row;
        for (uint256 e = 0; e < 9; ++e) {
            row = abi.encodePacked(row, s[e]);
        }
        int256[3] memory right;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 seen = 0;
            for (uint256 place = 0; place < 3; ++place) {
                // i / 2 comes first; behind it the others, in one way or the other
                uint256 player = (i / 2 + (i % 2 == 0 ? place : 3 - place)) % 3;
                right[player] += int256(uint256(s[1 + (seen | 1 << player)])) - int256(uint256(s[1 + seen]));
                right[player] += int256(uint256(s[1 + (1 << player)])) - int256(uint256(s[1]));
                seen |= 1 << player;
            }
        }
        _checkNumerators(row, right.length, abi.encode(right));
    }

    /// @notice Of more than eight players each has what it adds in every drawn order and in its reverse, and as often what it adds alone.
    function testFuzz_numeratorOfDrawnOrders(uint256 seed) public {
        (c.players, c.permutations, c.evaluations) = (9, 2, 2 + 9 + 2 * 2 * 9);
        uint16[47] memory s;
        bytes memory row;
        for (uint256 e = 0; e < 47; ++e) {
            s[e] = uint16(_mix(seed, e));
            row = abi.encodePacked(row, s[e]);
        }
        int256[9] memory right;
        uint256 column = 2 + 9; // behind the base alone, nobody and everybody alone
        for (uint256 way = 0; way < 4; ++way) {
            bytes memory order = Coalitions.permutation("seed", way / 2, 9);
            uint256 before = 1;
            for (uint256 place = 0; place < 9; ++place) {
                uint256 player = uint8(order[way % 2 == 0 ? place : 8 - place]);
                right[player] += int256(uint256(s[column])) - int256(uint256(s[before]));
                right[player] += int256(uint256(s[2 + player])) - int256(uint256(s[1]));
                before = column++;
            }
        }
        _checkNumerators(row, right.length, abi.encode(right));
    }

    /// @dev Each of the numerators behind the scores is right, and another one is wrong.
    function _checkNumerators(bytes memory row, uint256 players, bytes memory right) private {
        for (uint256 i = 0; i < players; ++i) {
            int256 numerator;
            assembly ("memory-safe") {
                numerator := mload(add(add(right, 32), mul(32, i)))
            }
            row = abi.encodePacked(row, int64(numerator));
        }
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            for (uint256 i = 0; i < players; ++i) {
                row[row.length - 8 * i - 1] ^= bytes1(uint8(wrong));
            }
            _put(6, 1, row);
            IJudge.Frame memory frame = _frame();
            bytes memory proof = players > 8 ? bytes.concat(_open(0, 0), _open(6, 1)) : _open(6, 1);
            for (uint256 i = 0; i < players; ++i) {
                bool found = judge.contradicts(0, 0, 0, frame, _at(0x20, 0, 1, 0, i, 0, 0), proof);
                vm.assertTrue((wrong == 1) == found, "numerator");
            }
        }
    }

    /// @notice A table that has not the columns its players need is wrong, whatever it holds.
    function test_columnsThatDoNotFit() public {
        c.evaluations = 4;
        _put(6, 1, abi.encodePacked(uint64(0), int64(0), int64(0)));
        vm.assertTrue(_ask(judge, _at(0x20, 0, 1, 0, 0, 0, 0), _open(6, 1)), "numerator");
    }

    /// @notice A leaf of the sums is a player's numerator and its square, or the gain of everybody over the base.
    function testFuzz_sumLeaf(uint16[5] memory s, int64 numerator, bool square) public {
        _putRow(1, s, 5, numerator);
        int128 gain = int128(uint128(s[4])) - int128(uint128(s[0]));
        uint128 squared = uint128(uint256(int256(numerator) * numerator));
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            (int128 off, uint128 offSquare) = square ? (int128(0), uint128(wrong)) : (int128(uint128(wrong)), 0);
            _putSum(SUMS, 1, 1, numerator + off, squared ^ offSquare);
            _putSum(SUMS, 2, 1, gain + off, offSquare);
            for (uint256 f = 1; f < 3; ++f) {
                _putFigure(SUMS, f, _node(SUMS, f, 0, 0));
            }
            for (uint256 f = 1; f < 3; ++f) {
                bytes memory proof =
                    abi.encodePacked(_descent(SUMS, f, 2, 1), _saltOf(SUMS, (f << 32) | 1), _open(6, 1));
                vm.assertTrue((wrong == 1) == _ask(judge, _at(0x21, 0, 1, 0, f, 0, 0), proof), "verdict");
            }
        }
    }

    /// @notice What fills a tree up holds nothing: sums hidden there are found.
    function test_padding() public {
        uint256 at = _at(0x21, 0, 3, 0, 1, 0, 0);
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
        vm.assertFalse(_ask(judge, at, _descent(SUMS, 1, 2, 3)), "nothing");
        sumLeaves[SUMS][1][3] = Sum(0, 1, 0);
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
        vm.assertTrue(_ask(judge, at, _descent(SUMS, 1, 2, 3)), "a sum");
        sumLeaves[SUMS][1][3] = Sum(bytes32("x"), 0, 0);
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
        vm.assertTrue(_ask(judge, at, _descent(SUMS, 1, 2, 3)), "a leaf");
        vm.assertTrue(_refuses(judge, _at(0x21, 0, 4, 0, 1, 0, 0), _descent(SUMS, 1, 2, 3)), "beyond");
    }

    /// @notice A node's sums are those below it, in 128 bits and without wrapping.
    function testFuzz_sumNode(int128[3] memory sums, uint128[3] memory squares, uint256 seed) public {
        for (uint256 i = 0; i < 3; ++i) {
            _putSum(SUMS, 0, i, sums[i], squares[i]);
        }
        Sum memory top = _node(SUMS, 0, 0, 0);
        _putFigure(SUMS, 0, top);
        Sum memory left = _node(SUMS, 0, 1, 0);
        bool wraps = int256(left.sum) + sums[2] != top.sum || uint256(left.square) + squares[2] != top.square;
        bytes memory proof = abi.encodePacked(_descent(SUMS, 0, 0, 0), _preimage(SUMS, 0, 0, 0));
        vm.assertTrue(wraps == _ask(judge, _at(0x22, SUMS, 0, 0, 0, 0, 0), proof), "root");
        _checkStrict(judge, _at(0x22, SUMS, 0, 0, 0, 0, 0), proof, seed);
        wraps = int256(sums[0]) + sums[1] != left.sum || uint256(squares[0]) + squares[1] != left.square;
        proof = abi.encodePacked(_descent(SUMS, 0, 1, 0), _preimage(SUMS, 0, 1, 0));
        vm.assertTrue(wraps == _ask(judge, _at(0x22, SUMS, 0, 0, 0, 0, 1), proof), "inner node");
        vm.assertTrue(_refuses(judge, _at(0x22, SUMS, 0, 0, 0, 0, 2), proof), "a leaf is no node");
        vm.assertTrue(_refuses(judge, _at(0x22, 9, 0, 0, 0, 0, 1), proof), "no tree");
    }

    /// @notice A node of a dot product's tree adds up as well, over as many places as there are neurons.
    function testFuzz_dotNode(int128[5] memory sums, uint256 position) public {
        for (uint256 g = 0; g < 5; ++g) {
            _putSum(DOTS, 4, g, sums[g] / 8, 0);
        }
        position = _bound(position, 0, 3);
        _putFigure(DOTS, 4, _node(DOTS, 4, 0, 0));
        bytes memory proof = abi.encodePacked(_descent(DOTS, 4, 2, position), _preimage(DOTS, 4, 2, position));
        vm.assertFalse(_ask(judge, _at(0x22, DOTS, position, 0, 4, 0, 2), proof), "right");
        vm.assertTrue(_refuses(judge, _at(0x22, DOTS, position, 0, 4, 0, 3), proof), "a leaf is no node");
        Sum memory top = _node(DOTS, 4, 0, 0);
        _putFigure(DOTS, 4, Sum(top.hash, top.sum, 1));
        proof = abi.encodePacked(_descent(DOTS, 4, 0, 0), _preimage(DOTS, 4, 0, 0));
        vm.assertTrue(_ask(judge, _at(0x22, DOTS, 0, 0, 4, 0, 0), proof), "a square of nothing");
    }

    /// @notice A figure that lies about its tree is found at the root.
    function test_figureAboveItsTree() public {
        _putSum(SUMS, 0, 0, 5, 25);
        Sum memory top = _node(SUMS, 0, 0, 0);
        top.sum += 1;
        _putFigure(SUMS, 0, top);
        bytes memory proof = abi.encodePacked(_descent(SUMS, 0, 0, 0), _preimage(SUMS, 0, 0, 0));
        vm.assertTrue(_ask(judge, _at(0x22, SUMS, 0, 0, 0, 0, 0), proof), "total");
    }

    /// @notice MONEY repeats the figures: of each player at its submission, and the gain.
    function test_figure() public {
        _putFigure(SUMS, 0, Sum(0, -7, 70));
        _putFigure(SUMS, 1, Sum(0, 9, 90));
        _putFigure(SUMS, 2, Sum(0, 11, 0));
        // Submission 0 is player 1.
        _putMoney(9, 90, -7, 70, 11, 0);
        for (uint256 f = 0; f < 3; ++f) {
            bytes memory proof = abi.encodePacked(_open(10, 0), _open(11, 0), _open(SUMS, f));
            vm.assertFalse(_ask(judge, _at(0x23, 0, 0, 0, f, 0, 0), proof), "right");
        }
        _putMoney(9, 91, -6, 70, 12, 0);
        for (uint256 f = 0; f < 3; ++f) {
            bytes memory proof = abi.encodePacked(_open(10, 0), _open(11, 0), _open(SUMS, f));
            vm.assertTrue(_ask(judge, _at(0x23, 0, 0, 0, f, 0, 0), proof), "wrong");
        }
    }

    /// @notice A leaf of a dot product multiplies two neurons, biases included; one that does not exist makes 0.
    function testFuzz_dotLeaf(int32[3] memory a, int32[3] memory b, int64 biasA, int64 biasB) public {
        // <D_1, D_0> is figure 1.
        _putNeuron(7, 1, abi.encodePacked(a[0], a[1], a[2], biasA));
        _putNeuron(6, 1, abi.encodePacked(b[0], b[1], b[2], biasB));
        int256 dot = int256(biasA) * biasB;
        for (uint256 i = 0; i < 3; ++i) {
            dot += int256(a[i]) * b[i];
        }
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            _putSum(DOTS, 1, 1, int128(dot) + int128(uint128(wrong)), 0);
            _putFigure(DOTS, 1, _node(DOTS, 1, 0, 0));
            bytes memory descent = abi.encodePacked(_descent(DOTS, 1, 3, 1), _saltOf(DOTS, (1 << 32) | 1));
            bytes memory proof = abi.encodePacked(descent, _openNeuron(7, 1), _openNeuron(6, 1));
            vm.assertTrue((wrong == 1) == _ask(judge, _at(0x24, 0, 0, 1, 1, 0, 0), proof), "verdict");
            vm.assertTrue(
                _refuses(judge, _at(0x24, 0, 0, 1, 1, 0, 1), abi.encodePacked(descent, _openAbsent(7))), "it exists"
            );
        }
        modelRoot[6] = 0;
        bytes memory absent = abi.encodePacked(_descent(DOTS, 1, 3, 1), _saltOf(DOTS, (1 << 32) | 1), _openAbsent(6));
        vm.assertTrue((dot + 1 != 0) == _ask(judge, _at(0x24, 0, 0, 1, 1, 0, 2), absent), "absent");
    }

    /// @notice Whoever's proof is refused is told which of its openings was wrong: figure, nodes, salt, neurons.
    function test_openingsAreNamed() public {
        _putNeuron(7, 1, abi.encodePacked(int32(1), int32(2), int32(3), int64(4)));
        _putNeuron(6, 1, abi.encodePacked(int32(5), int32(6), int32(7), int64(8)));
        _putSum(DOTS, 1, 1, 70, 0);
        _putFigure(DOTS, 1, _node(DOTS, 1, 0, 0));
        bytes[] memory openings = new bytes[](7);
        openings[0] = _open(DOTS, 1);
        for (uint256 level = 0; level < 3; ++level) {
            openings[1 + level] = _preimage(DOTS, 1, level, 0);
        }
        openings[4] = abi.encodePacked(_saltOf(DOTS, (1 << 32) | 1));
        (openings[5], openings[6]) = (_openNeuron(7, 1), _openNeuron(6, 1));
        _checkNamed(judge, _at(0x24, 0, 0, 1, 1, 0, 0), openings);
    }

    /// @notice A square opens its one neuron once.
    function test_squareLeaf() public {
        _putNeuron(2, 4, abi.encodePacked(int32(-3), int32(4), int64(12)));
        // <R, R> is figure 5; neuron 4 is the last of layer 1.
        _putSum(DOTS, 5, 4, 169, 0);
        _putFigure(DOTS, 5, _node(DOTS, 5, 0, 0));
        bytes memory proof = abi.encodePacked(_descent(DOTS, 5, 3, 4), _saltOf(DOTS, (5 << 32) | 4), _openNeuron(2, 4));
        vm.assertFalse(_ask(judge, _at(0x24, 0, 0, 4, 5, 0, 0), proof), "square");
        proof = abi.encodePacked(_descent(DOTS, 5, 3, 4), bytes16("another salt"), _openNeuron(2, 4));
        vm.assertTrue(_refuses(judge, _at(0x24, 0, 0, 4, 5, 0, 0), proof), "another salt");
        vm.assertFalse(_ask(judge, _at(0x24, 0, 0, 5, 5, 0, 0), _descent(DOTS, 5, 3, 5)), "padding");
    }

    /// @notice GRAM repeats the totals.
    function test_gram() public {
        int64[12] memory totals;
        totals[3] = 42;
        bytes memory content;
        for (uint256 i = 0; i < _figures(); ++i) {
            content = abi.encodePacked(content, totals[i]);
        }
        _put(9, 0, content);
        _putFigure(DOTS, 3, Sum(0, 42, 0));
        _putFigure(DOTS, 4, Sum(0, 1, 0));
        vm.assertFalse(_ask(judge, _at(0x25, 0, 0, 0, 3, 0, 0), abi.encodePacked(_open(9, 0), _open(DOTS, 3))), "right");
        vm.assertTrue(_ask(judge, _at(0x25, 0, 0, 0, 4, 0, 0), abi.encodePacked(_open(9, 0), _open(DOTS, 4))), "wrong");
    }

    /// @notice The final block sums what the last base scores more than the first, and MONEY states it in billionths.
    function test_finalBlock() public {
        c.finalRows = 3;
        for (uint256 e = 0; e < 2; ++e) {
            _put(16 + 5, 3 * e + 1, abi.encodePacked(uint256(0), uint64(0), uint16(e == 0 ? 20 : 13)));
        }
        _putSum(16 + SUMS, 0, 1, -7, 0);
        _putFigure(16 + SUMS, 0, _node(16 + SUMS, 0, 0, 0));
        _putMoney(0, 0, 0, 0, 0, -46_666_667);
        bytes memory proof =
            abi.encodePacked(_descent(16 + SUMS, 0, 2, 1), _saltOf(16 + SUMS, 1), _open(16 + 5, 4), _open(16 + 5, 1));
        vm.assertFalse(_ask(judge, _at(0xa1, 0, 1, 0, 0, 0, 0), proof), "leaf");
        vm.assertFalse(_ask(judge, _at(0xa1, 0, 3, 0, 0, 0, 0), _descent(16 + SUMS, 0, 2, 3)), "padding");
        proof = abi.encodePacked(_descent(16 + SUMS, 0, 0, 0), _preimage(16 + SUMS, 0, 0, 0));
        vm.assertFalse(_ask(judge, _at(0x22, 16 + SUMS, 0, 0, 0, 0, 0), proof), "node");
        // -7 * 2 * 10^9 / (100 * 3), rounded down
        proof = abi.encodePacked(_open(0, 0), _open(11, 0), _open(16 + SUMS, 0));
        vm.assertFalse(_ask(judge, _at(0xa3, 0, 0, 0, 0, 0, 0), proof), "figure");
        _putMoney(0, 0, 0, 0, 0, 0);
        _putFigure(16 + SUMS, 0, Sum(0, 0, 0));
        for (uint256 shift = 64; shift < 66; ++shift) {
            _put(0, 0, abi.encode(0, 0, uint256(100) << 104 | shift << 168, 0, 0, 0, 0));
            proof = abi.encodePacked(_open(0, 0), _open(11, 0), _open(16 + SUMS, 0));
            vm.assertTrue((shift == 65) == _ask(judge, _at(0xa3, 0, 0, 0, 0, 0, 0), proof), "shift");
        }
        _put(0, 0, abi.encode(0, 0, uint256(0), 0, 0, 0, 0));
        proof = abi.encodePacked(_open(0, 0), _open(11, 0), _open(16 + SUMS, 0));
        vm.assertTrue(_ask(judge, _at(0xa3, 0, 0, 0, 0, 0, 0), proof), "no clip");
    }

    /// @notice Kinds of other judges, and of nobody, are unknown, and of those of the final block all but two.
    function test_unknownKinds() public {
        _checkUnknown(judge, [uint8(0), 0x26, 0xa0, 0xa2]);
    }

    /// @notice Each position is bounded by its own count; what lies behind it in a section is another's.
    function test_beyond() public {
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
        _checkBeyond(judge, _at(0x20, 0, 1, 0, 2, 0, 0), 2, ""); // players
        _checkBeyond(judge, _at(0x20, 0, 3, 0, 1, 0, 0), 3, ""); // rows
        _checkBeyond(judge, _at(0x21, 0, 4, 0, 1, 0, 0), 4, ""); // places
        _checkBeyond(judge, _at(0x21, 0, 1, 0, 3, 0, 0), 3, ""); // figures: two players and the gain
        _checkBeyond(judge, _at(0x22, SUMS, 0, 0, 1, 0, 2), 2, ""); // levels above the leaves
        _checkBeyond(judge, _at(0x22, SUMS, 2, 0, 1, 0, 1), 2, ""); // nodes of a level
        _checkBeyond(judge, _at(0x22, 8, 0, 0, 1, 0, 3), 3, "");
        _checkBeyond(judge, _at(0x22, 9, 0, 0, 0, 0, 0), 0, ""); // GRAM has no tree
        _checkBeyond(judge, _at(0x22, 16 + SUMS, 0, 0, 0, 0, 0), 0, ""); // there is no final block
        _checkBeyond(judge, _at(0x24, 0, 0, 8, 1, 0, 0), 8, ""); // places for five neurons
        _checkBeyond(judge, _at(0x24, 0, 0, 1, 12, 0, 0), 12, ""); // figures
        _put(9, 0, new bytes(96));
        _checkBeyond(judge, _at(0x25, 0, 0, 0, 12, 0, 0), 12, _open(9, 0));
    }

    /// @notice A figure of a player that WEIGHTS does not name has nothing to be repeated by; a product is absent in one way or the other.
    function test_figureOfNobody() public {
        _put(10, 0, abi.encodePacked(uint16(3), uint64(7), uint8(2), uint16(5), uint64(9), uint8(0)));
        _putFigure(SUMS, 0, Sum(0, 1, 1));
        _putMoney(9, 90, -7, 70, 11, 0);
        bytes memory proof = abi.encodePacked(_open(10, 0), _open(11, 0), _open(SUMS, 0));
        _checkBeyond(judge, _at(0x23, 0, 0, 0, 0, 0, 0), 0, proof);
        _putSum(DOTS, 1, 1, 0, 0);
        _putFigure(DOTS, 1, _node(DOTS, 1, 0, 0));
        proof = abi.encodePacked(_descent(DOTS, 1, 3, 1), _saltOf(DOTS, (1 << 32) | 1));
        vm.assertFalse(_ask(judge, _at(0x24, 0, 0, 1, 1, 0, 1), bytes.concat(proof, _openAbsent(7))), "the first");
        vm.assertFalse(_ask(judge, _at(0x24, 0, 0, 1, 1, 0, 2), bytes.concat(proof, _openAbsent(6))), "the second");
        _checkBeyond(judge, _at(0x24, 0, 0, 1, 1, 0, 3), 3, proof);
    }

    // ---------------------------------------------------------------- words
    function _putRow(uint256 r, uint16[5] memory s, int64 first, int64 second) private {
        _put(6, r, abi.encodePacked(s[0], s[1], s[2], s[3], s[4], first, second));
    }

    function _putMoney(int128 sum0, uint128 square0, int128 sum1, uint128 square1, int128 gain, int128 finalPpb)
        private
    {
        bytes memory shares = abi.encodePacked(sum0, square0, uint256(0), sum1, square1, uint256(0));
        _put(11, 0, abi.encodePacked(shares, gain, int128(0), uint256(0), uint8(0), finalPpb, uint8(1), uint8(0)));
    }
}
