// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {Traces} from "./Traces.sol";

/// @title Judge 1 on leaves written by hand.
/// forge-config: default.fuzz.runs = 16
/// forge-config: long.fuzz.runs = 256
contract ActivationJudgeTest is Traces {
    IJudge private judge;

    function setUp() public {
        judge = IJudge(vm.deployCode("ActivationJudge.sol:ActivationJudge"));
        c = Counts(3, 2, 3, 3, 2, 1, 2, 5, 24, 8, 1, 0);
        // K = 2, clip 100, shift 1, final clip 40, shift 0
        _putParams(2);
        // c = 3 and 5, a = 7 and 9, players 1 and 0
        _put(10, 0, abi.encodePacked(uint16(3), uint64(7), uint8(2), uint16(5), uint64(9), uint8(1)));
        rowContents[1] = abi.encodePacked(uint32(2), int8(1), int8(-2), int8(127));
    }

    /// @notice A pre-activation is weights times row plus bias: the base's as it stands, an update's in units of the input scale.
    function testFuzz_neuron(uint256 seed) public {
        int256 dot = int256(_weight(seed, 0)) - 2 * int256(_weight(seed, 1)) + 127 * int256(_weight(seed, 2));
        int64 bias = int64(int32(uint32(_mix(seed, 3))));
        bytes memory neuron = abi.encodePacked(_weight(seed, 0), _weight(seed, 1), _weight(seed, 2), bias);
        for (uint256 p = 0; p < 4; p += 3) {
            uint256 model = p == 0 ? 0 : 7;
            _putNeuron(model, 1, neuron);
            int256 right = dot + (p == 0 ? int256(1) : int256(24)) * bias;
            for (uint256 wrong = 0; wrong < 2; ++wrong) {
                _putPart(3, 3, p, int64(right + int256(wrong)));
                bytes memory proof = abi.encodePacked(_open(3, 3), _openNeuron(model, 1), _openRow(1));
                vm.assertTrue(wrong == 1 == _ask(judge, _at(0x10, 0, 1, 1, 0, p, 0), proof), "verdict");
                if (wrong == 1) _checkStrict(judge, _at(0x10, 0, 1, 1, 0, p, 0), proof, seed);
            }
        }
    }

    /// @notice Whoever's proof is refused is told which of its openings was wrong: part, neuron, row.
    function test_openingsAreNamed() public {
        _putNeuron(0, 1, abi.encodePacked(int32(1), int32(2), int32(3), int64(4)));
        _putPart(3, 3, 0, 0);
        bytes[] memory openings = new bytes[](3);
        (openings[0], openings[1], openings[2]) = (_open(3, 3), _openNeuron(0, 1), _openRow(1));
        _checkNamed(judge, _at(0x10, 0, 1, 1, 0, 0, 0), openings);
    }

    /// @notice A part whose model does not exist is 0; a model that does exist is not absent.
    function test_absentNeuron() public {
        uint256 at = _at(0x10, 0, 1, 1, 0, 1, 1);
        _putPart(3, 3, 1, 0);
        vm.assertFalse(_ask(judge, at, abi.encodePacked(_open(3, 3), _openAbsent(1))), "zero");
        _putPart(3, 3, 1, 1);
        vm.assertTrue(_ask(judge, at, abi.encodePacked(_open(3, 3), _openAbsent(1))), "not zero");
        _putNeuron(1, 1, abi.encodePacked(int32(1), int32(1), int32(1), int64(1)));
        vm.assertTrue(_refuses(judge, at, abi.encodePacked(_open(3, 3), _openAbsent(1))), "it exists");
    }

    /// @notice Positions beyond the counts are refused, and so are kinds of other judges.
    function test_positions() public {
        _putPart(3, 3, 1, 0);
        bytes memory proof = abi.encodePacked(_open(3, 3), _openAbsent(1));
        uint256[4] memory beyond = [
            _at(0x10, 0, 1, 2, 0, 1, 1),
            _at(0x10, 0, 3, 1, 0, 1, 1),
            _at(0x10, 0, 1, 1, 0, 4, 1),
            _at(0x20, 0, 0, 0, 0, 0, 0)
        ];
        for (uint256 i = 0; i < beyond.length; ++i) {
            vm.assertTrue(_refuses(judge, beyond[i], proof), "beyond");
        }
        vm.assertTrue(_refuses(judge, _at(0x90, 0, 1, 1, 0, 1, 1), proof), "no final block");
    }

    /// @notice A weight of layer 1 combines base, last aggregate and updates; a bias once more by K and the unit.
    function testFuzz_rows(int64[4] memory parts, uint256 e) public {
        e = _bound(e, 0, 4);
        for (uint256 k = 1; k < 3; ++k) {
            // entry k of neuron 2 + 1: behind two neurons of 3 + 1 and one of 2 + 1
            _put(2, 11 + k, abi.encodePacked(parts[0], parts[1], parts[2], parts[3]));
            (int256 base, int256 change) = _combined(parts, e);
            int256 right = k == 1 ? 2 * base + change : 2 * (2 * base + 24 * 8 * change);
            _checkRow(e, k, right);
        }
    }

    function _checkRow(uint256 e, uint256 k, int256 right) private {
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            int64 stated;
            unchecked {
                stated = int64(right) + int64(uint64(wrong));
            }
            _put(4, 3 * e + 1, abi.encodePacked(int64(5), k == 1 ? stated : int64(6), k == 2 ? stated : int64(7)));
            bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0), _open(4, 3 * e + 1), _open(2, 11 + k));
            // What does not fit 64 bits cannot be stated, and nothing passes for it.
            bool fits = right == stated;
            vm.assertTrue(!fits == _ask(judge, _at(0x11, e, 0, 1, k, 0, 0), proof), "verdict");
        }
    }

    /// @notice A hidden activation combines its parts, and is not below 0.
    function testFuzz_hidden(int32[4] memory given, uint256 e) public {
        e = _bound(e, 0, 4);
        int64[4] memory parts = [int64(given[0]), given[1], given[2], given[3]];
        _put(3, 3, abi.encodePacked(parts[0], parts[1], parts[2], parts[3]));
        (int256 base, int256 change) = _combined(parts, e);
        int256 right = 2 * base + change > 0 ? 2 * base + change : int256(0);
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            _putState(e, 1, int64(4), int64(right - int256(wrong)), int64(0), 0);
            bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0), _open(5, 3 * e + 1), _open(3, 3));
            vm.assertTrue(wrong == 1 == _ask(judge, _at(0x12, e, 1, 1, 0, 0, 0), proof), "verdict");
        }
    }

    /// @notice A logit is the evaluation's row times its hidden activations, plus the bias; nothing wraps.
    function testFuzz_logit(int64 w0, int64 w1, int64 bias, int64 h0, int64 h1) public {
        _put(4, 3 * 2 + 2, abi.encodePacked(w0, w1, bias));
        int256 right = int256(w0) * h0 + int256(w1) * h1 + bias;
        for (uint256 wrong = 0; wrong < 2; ++wrong) {
            int64 stated;
            unchecked {
                stated = int64(right) + int64(uint64(wrong));
            }
            _putState(2, 1, h0, h1, stated, 0);
            bytes memory proof = abi.encodePacked(_open(5, 3 * 2 + 1), _open(4, 3 * 2 + 2));
            vm.assertTrue((stated != right) == _ask(judge, _at(0x13, 2, 1, 2, 0, 0, 0), proof), "verdict");
        }
    }

    /// @notice A score is the clipped margin of the row's label; a label that names no class is wrong whatever the score.
    function test_score() public {
        uint256 at = _at(0x14, 2, 1, 0, 0, 0, 0);
        // label 2 has -40, the best other is 11: margin -51, plus 100, halved
        _putScored(2, int64(-40), 24);
        vm.assertFalse(_ask(judge, at, _scoreProof(2)), "right");
        _putScored(2, int64(-40), 25);
        vm.assertTrue(_ask(judge, at, _scoreProof(2)), "wrong");
        _putScored(2, type(int64).min, 0);
        vm.assertFalse(_ask(judge, at, _scoreProof(2)), "clipped below");
        _putScored(2, type(int64).max, 100);
        vm.assertFalse(_ask(judge, at, _scoreProof(2)), "clipped above");
        rowContents[1] = abi.encodePacked(uint32(3), int8(1), int8(-2), int8(127));
        vm.assertTrue(_ask(judge, at, _scoreProof(2)), "no such label");
        rowContents[1] = abi.encodePacked(uint32(1), int8(1), int8(-2), int8(127));
        int64 least = type(int64).min;
        // the best other is the first of them: margin -3, plus 100, halved
        _put(5, 7, abi.encodePacked(int64(0), int64(0), int64(7), int64(4), int64(5), uint16(48)));
        vm.assertFalse(_ask(judge, at, _scoreProof(2)), "the best other comes first");
        _put(5, 7, abi.encodePacked(int64(0), int64(0), least, least, least, uint16(50)));
        vm.assertFalse(_ask(judge, at, _scoreProof(2)), "as good as the others, however bad");
    }

    /// @notice The table repeats the state's score.
    function test_table() public {
        _putState(4, 1, 0, 0, 0, 77);
        _put(6, 1, abi.encodePacked(uint16(1), uint16(2), uint16(3), uint16(4), uint16(77), int64(0), int64(0)));
        bytes memory proof = abi.encodePacked(_open(6, 1), _open(5, 3 * 4 + 1));
        vm.assertFalse(_ask(judge, _at(0x15, 4, 1, 0, 0, 0, 0), proof), "right");
        vm.assertTrue(_refuses(judge, _at(0x15, 3, 1, 0, 0, 0, 0), proof), "another state");
        _putState(4, 1, 0, 0, 0, 78);
        proof = abi.encodePacked(_open(6, 1), _open(5, 3 * 4 + 1));
        vm.assertTrue(_ask(judge, _at(0x15, 4, 1, 0, 0, 0, 0), proof), "wrong");
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadPosition.selector, 5));
        _ask(judge, _at(0x15, 5, 1, 0, 0, 0, 0), proof); // no such column
    }

    /// @notice In the final block the parts are the first and the last base, each a column, on the final rows.
    function test_finalBlock() public {
        c.finalRows = 3;
        _putParams(2);
        _putNeuron(3, 1, abi.encodePacked(int32(5), int32(6), int32(7), int64(100)));
        _put(16 + 3, 3, abi.encodePacked(int64(5 - 12 + 7 * 127 + 100), int64(-9)));
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(16 + 3, 3), _openNeuron(3, 1), _openRow(1));
        vm.assertFalse(_ask(judge, _at(0x90, 0, 1, 1, 0, 0, 0), proof), "neuron");
        _put(16 + 2, 12, abi.encodePacked(int64(70), int64(71)));
        _put(16 + 4, 4, abi.encodePacked(int64(5), int64(71), int64(0)));
        proof = abi.encodePacked(_open(0, 0), _open(16 + 4, 4), _open(16 + 2, 12));
        vm.assertFalse(_ask(judge, _at(0x91, 1, 0, 1, 1, 0, 0), proof), "row");
        _put(16 + 4, 1, abi.encodePacked(int64(5), int64(70), int64(0)));
        proof = abi.encodePacked(_open(0, 0), _open(16 + 4, 1), _open(16 + 2, 12));
        vm.assertFalse(_ask(judge, _at(0x91, 0, 0, 1, 1, 0, 0), proof), "row of the first base");
        _put(16 + 5, 3 * 1 + 1, abi.encodePacked(int64(3), int64(0), int64(1), int64(15), int64(11), uint16(36)));
        proof = abi.encodePacked(_open(0, 0), _open(16 + 5, 4), _open(16 + 3, 3));
        vm.assertFalse(_ask(judge, _at(0x92, 1, 1, 1, 0, 0, 0), proof), "hidden");
        proof = abi.encodePacked(_open(0, 0), _open(16 + 5, 4), _open(16 + 4, 4));
        vm.assertFalse(_ask(judge, _at(0x93, 1, 1, 1, 0, 0, 0), proof), "logit");
        proof = abi.encodePacked(_open(0, 0), _open(16 + 5, 4), _openRow(1));
        vm.assertFalse(_ask(judge, _at(0x94, 1, 1, 0, 0, 0, 0), proof), "score");
        IJudge.Frame memory frame = _frame();
        frame.rowsRoot = keccak256("the round's own rows");
        vm.assertFalse(judge.contradicts(0, 0, 0, frame, _at(0x94, 1, 1, 0, 0, 0, 0), proof), "of the final rows");
        _put(16 + 3, 3, abi.encodePacked(int64(596), int64(-9)));
        _put(16 + 5, 1, abi.encodePacked(int64(3), int64(596), int64(1), int64(15), int64(11), uint16(36)));
        proof = abi.encodePacked(_open(0, 0), _open(16 + 5, 1), _open(16 + 3, 3));
        vm.assertFalse(_ask(judge, _at(0x92, 0, 1, 1, 0, 0, 0), proof), "hidden, of the first base");
        vm.assertTrue(_refuses(judge, _at(0x95, 1, 1, 0, 0, 0, 0), proof), "no table");
        _put(6, 1, new bytes(26));
        proof = abi.encodePacked(_open(6, 1), _open(16 + 5, 4));
        vm.assertTrue(_refuses(judge, _at(0x95, 1, 1, 0, 0, 0, 0), proof), "the table is not of the final scores");
    }

    /// @notice Kinds of other judges, and of nobody, are unknown; in the final block all are, where there is none.
    function test_unknownKinds() public {
        _checkUnknown(judge, [uint8(0), 0x16, 0x20, 0x94]);
    }

    /// @notice Each position is bounded by its own count, before anything is opened by it: what lies behind it in a section is another's.
    function test_beyond() public {
        _checkBeyond(judge, _at(0x10, 0, 1, 2, 0, 1, 0), 2, ""); // outputs
        _checkBeyond(judge, _at(0x10, 0, 1, 1, 0, 4, 0), 1, ""); // parts
        _checkBeyond(judge, _at(0x10, 0, 3, 1, 0, 3, 0), 7, ""); // rows, of two outputs
        _checkBeyond(judge, _at(0x11, 0, 0, 3, 0, 0, 0), 3, ""); // classes
        _checkBeyond(judge, _at(0x11, 0, 0, 1, 3, 0, 0), 1, ""); // weights and bias
        _checkBeyond(judge, _at(0x12, 0, 1, 2, 0, 0, 0), 2, ""); // outputs
        _checkBeyond(judge, _at(0x13, 0, 1, 3, 0, 0, 0), 3, ""); // classes
        _checkBeyond(judge, _at(0x13, 5, 1, 0, 0, 0, 0), 1, ""); // evaluations
        _checkBeyond(judge, _at(0x13, 4, 3, 0, 0, 0, 0), 3, ""); // rows
        _checkBeyond(judge, _at(0x14, 5, 1, 0, 0, 0, 0), 1, _open(0, 0));
        _checkBeyond(judge, _at(0x15, 5, 1, 0, 0, 0, 0), 5, "");
        _checkBeyond(judge, _at(0x15, 4, 3, 0, 0, 0, 0), 3, "");
        c.finalRows = 3;
        _checkBeyond(judge, _at(0x90, 0, 1, 1, 0, 2, 0), 1, ""); // two parts
        _checkBeyond(judge, _at(0x93, 2, 1, 0, 0, 0, 0), 1, _open(0, 0)); // two evaluations
        c.finalRows = 0;
        (c.hidden, c.classes) = (0, 3);
        _checkBeyond(judge, _at(0x11, 0, 0, 1, 0, 0, 0), 1, ""); // a linear model has no second layer
        _checkBeyond(judge, _at(0x13, 0, 1, 1, 0, 0, 0), 1, "");
    }

    /// @notice In a linear model a combined pre-activation is the logit: it may be below 0, and is where the logits are.
    function test_linear() public {
        (c.hidden, c.classes) = (0, 3);
        _put(3, 4, abi.encodePacked(int64(-5), int64(0), int64(0), int64(0))); // row 1, class 1
        _put(5, 1, abi.encodePacked(int64(1), int64(-10), int64(3), uint16(39))); // column 0: K is 2; (-10 - 3 + 100) / 2
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0), _open(5, 1), _open(3, 4));
        vm.assertFalse(_ask(judge, _at(0x12, 0, 1, 1, 0, 0, 0), proof), "logit");
        rowContents[1] = abi.encodePacked(uint32(1), int8(1), int8(-2), int8(127));
        proof = abi.encodePacked(_open(0, 0), _open(5, 1), _openRow(1));
        _put(5, 1, abi.encodePacked(int64(1), int64(-10), int64(3), uint16(43)));
        proof = abi.encodePacked(_open(0, 0), _open(5, 1), _openRow(1));
        vm.assertFalse(_ask(judge, _at(0x14, 0, 1, 0, 0, 0, 0), proof), "score");
    }

    // ---------------------------------------------------------------- words
    function _putParams(uint256 k) private {
        uint256 scale = k | (100 << 32) | (1 << 96) | (40 << 104);
        _put(0, 0, abi.encode(0, 0, scale, 0, bytes32("seed"), 0, _rowsRoot()));
    }

    /// @dev A leaf of four parts of which one matters.
    function _putPart(uint256 section, uint256 index, uint256 p, int64 value) private {
        int64[4] memory parts = [int64(1), 2, 3, 4];
        parts[p] = value;
        _put(section, index, abi.encodePacked(parts[0], parts[1], parts[2], parts[3]));
    }

    function _putState(uint256 e, uint256 r, int64 h0, int64 h1, int64 z2, uint16 score) private {
        _put(5, 3 * e + r, abi.encodePacked(h0, h1, int64(10), int64(11), z2, score));
    }

    function _putScored(uint256 e, int64 z2, uint16 score) private {
        _putState(e, 1, 0, 0, z2, score);
    }

    function _scoreProof(uint256 e) private view returns (bytes memory) {
        return abi.encodePacked(_open(0, 0), _open(5, 3 * e + 1), _openRow(1));
    }

    function _weight(uint256 seed, uint256 n) private pure returns (int32) {
        return int32(uint32(_mix(seed, n)) >> 4);
    }

    /// @dev Column e - 1 is the set of players; submission 0 is player 1, submission 1 player 0.
    function _combined(int64[4] memory parts, uint256 e) private pure returns (int256 base, int256 change) {
        base = parts[0];
        if (e == 0) return (base, 0);
        change += (e - 1) & 2 != 0 ? 3 * int256(parts[2]) : 7 * int256(parts[1]);
        change += (e - 1) & 1 != 0 ? 5 * int256(parts[3]) : 9 * int256(parts[1]);
    }
}
