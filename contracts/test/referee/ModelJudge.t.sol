// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {Traces} from "./Traces.sol";

/// @title Judge 3 on leaves written by hand.
/// forge-config: default.fuzz.runs = 16
/// forge-config: long.fuzz.runs = 256
contract ModelJudgeTest is Traces {
    IJudge private judge;

    function setUp() public {
        judge = IJudge(vm.deployCode("ModelJudge.sol:ModelJudge"));
        c = Counts(3, 2, 3, 3, 2, 1, 2, 5, 24, 8, 1, 0);
        // entry 10, norm 20, weight 100, row norm 120, bias 50; K = 2
        uint256 bounds = 10 | (20 << 48) | (100 << 96) | (120 << 144) | (50 << 192);
        _put(0, 0, abi.encode(bounds, 0, 2, 0, 0, 0, 0));
        _put(10, 0, abi.encodePacked(uint16(3), uint64(7), uint8(2), uint16(5), uint64(9), uint8(1)));
        _putAdopted(1);
    }

    /// @notice An entry is its model's, and 0 of a model that does not exist.
    function testFuzz_trans(int32 w, int64 bias, uint256 seed) public {
        _putNeuron(7, 1, abi.encodePacked(int32(1), int32(2), w, bias));
        for (uint256 k = 2; k < 4; ++k) {
            // entry k of neuron 1
            _put(2, 4 + k, abi.encodePacked(int64(1), int64(0), int64(3), k == 2 ? int64(w) : bias));
            bytes memory proof = abi.encodePacked(_open(2, 4 + k), _openNeuron(7, 1));
            vm.assertFalse(_ask(judge, _at(0x30, 0, 0, 1, k, 3, 0), proof), "right");
            _checkStrict(judge, _at(0x30, 0, 0, 1, k, 3, 0), proof, seed);
            vm.assertTrue(_refuses(judge, _at(0x30, 0, 0, 1, k, 2, 0), proof), "of another model");
            proof = abi.encodePacked(_open(2, 4 + k), _openAbsent(1));
            vm.assertFalse(_ask(judge, _at(0x30, 0, 0, 1, k, 1, 1), proof), "absent");
            _put(2, 4 + k, abi.encodePacked(int64(1), int64(1), int64(3), int64(w) + 1));
            proof = abi.encodePacked(_open(2, 4 + k), _openAbsent(1));
            vm.assertTrue(_ask(judge, _at(0x30, 0, 0, 1, k, 1, 1), proof), "not 0");
        }
    }

    /// @notice A summed entry is each update's as often as it counts; nothing wraps.
    function testFuzz_sumRow(int64 a, int64 b) public {
        int256 right = 3 * int256(a) + 5 * int256(b);
        int64 stated;
        unchecked {
            stated = int64(right);
        }
        _put(2, 5, abi.encodePacked(int64(1), int64(2), a, b));
        _put(12, 1, abi.encodePacked(int64(0), stated, int64(0), int64(0)));
        bytes memory proof = abi.encodePacked(_open(10, 0), _open(12, 1), _open(2, 5));
        vm.assertTrue((stated != right) == _ask(judge, _at(0x31, 0, 0, 1, 1, 0, 0), proof), "verdict");
    }

    /// @notice The next base is the base plus the rounded mean, within the bounds of weights and biases.
    function test_next() public {
        // means 2 (of 3 halves), -1 (of -3 halves), 80; bias 1
        _put(12, 1, abi.encodePacked(int64(3), int64(-3), int64(160), int64(2)));
        _putNeuron(0, 1, abi.encodePacked(int32(10), int32(20), int32(30), int64(7)));
        _checkNext(abi.encodePacked(int32(12), int32(19), int32(100), int64(31)), false, "clamped");
        _checkNext(abi.encodePacked(int32(12), int32(19), int32(101), int64(31)), true, "a weight more");
        _checkNext(abi.encodePacked(int32(12), int32(19), int32(100), int64(32)), true, "a bias more");
        // limit 50 * 24 = 1200, from 7: at most 49 units up
        _put(12, 1, abi.encodePacked(int64(3), int64(-3), int64(160), int64(2000)));
        _checkNext(abi.encodePacked(int32(12), int32(19), int32(100), int64(7 + 49 * 24)), false, "bias saturated");
    }

    /// @notice A row that is too long is shrunk towards 0.
    function test_shrunk() public {
        _put(12, 1, abi.encodePacked(int64(0), int64(0), int64(0), int64(0)));
        _putNeuron(0, 1, abi.encodePacked(int32(100), int32(-99), int32(1), int64(0)));
        // 10000 + 9801 + 1 = 19802 > 120^2; its root rounded up is 141
        _checkNext(abi.encodePacked(int32(85), int32(-84), int32(0), int64(0)), false, "shrunk");
        _checkNext(abi.encodePacked(int32(100), int32(-99), int32(1), int64(0)), true, "not shrunk");
    }

    /// @notice Without a denominator there is no mean, and without an adoption no next base.
    function test_nextWithoutMean() public {
        _put(12, 1, abi.encodePacked(int64(0), int64(0), int64(0), int64(0)));
        _putNeuron(0, 1, abi.encodePacked(int32(1), int32(2), int32(3), int64(0)));
        _put(0, 0, abi.encode(0, 0, 0, 0, 0, 0, 0));
        _checkNext(abi.encodePacked(int32(1), int32(2), int32(3), int64(0)), true, "K is 0");
        _putAdopted(0);
        vm.assertTrue(_refuses(judge, _at(0x32, 0, 0, 1, 0, 0, 0), _nextProof()), "not adopted");
    }

    /// @notice Roots fit the adoption: all of them, or none.
    function test_kept() public {
        modelRoot[0] = bytes32("base");
        bytes32[3] memory nothing = [bytes32("base"), 0, 0];
        bytes32[3] memory next = [bytes32("next"), "moved", "next"];
        _putAdopted(0);
        _checkKept(nothing, false);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32[3] memory changed = [nothing[0], nothing[1], nothing[2]];
            changed[i] = "else";
            _checkKept(changed, true);
        }
        _putAdopted(1);
        _checkKept(next, false);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32[3] memory changed = [next[0], next[1], next[2]];
            changed[i] = 0;
            _checkKept(changed, true);
        }
        _checkKept([bytes32(0), "moved", 0], true);
    }

    /// @notice The aggregate is what the next base differs by; its bias in whole units, half up.
    function test_aggregate() public {
        _putNeuron(0, 1, abi.encodePacked(int32(1), int32(2), int32(3), int64(0)));
        _putNeuron(4, 1, abi.encodePacked(int32(4), int32(2), type(int32).min, int64(36)));
        _putNeuron(5, 1, abi.encodePacked(int32(3), int32(0), int32(5), int64(2)));
        bytes memory proof = abi.encodePacked(_open(11, 0), _openNeuron(0, 1), _openNeuron(4, 1), _openNeuron(5, 1));
        vm.assertTrue(_ask(judge, _at(0x34, 0, 0, 1, 0, 0, 0), proof), "beyond 32 bits");
        _putNeuron(4, 1, abi.encodePacked(int32(4), int32(2), int32(8), int64(36)));
        proof = abi.encodePacked(_open(11, 0), _openNeuron(0, 1), _openNeuron(4, 1), _openNeuron(5, 1));
        vm.assertFalse(_ask(judge, _at(0x34, 0, 0, 1, 0, 0, 0), proof), "right");
        _putNeuron(5, 1, abi.encodePacked(int32(3), int32(0), int32(5), int64(1)));
        proof = abi.encodePacked(_open(11, 0), _openNeuron(0, 1), _openNeuron(4, 1), _openNeuron(5, 1));
        vm.assertTrue(_ask(judge, _at(0x34, 0, 0, 1, 0, 0, 0), proof), "half a unit is one");
    }

    /// @notice Where a bias changes its sign, only its difference counts: the weights end before it.
    function test_aggregateOfABiasBeyondZero() public {
        _putNeuron(0, 1, abi.encodePacked(int32(1), int32(-2), int32(3), int64(-1)));
        _putNeuron(4, 1, abi.encodePacked(int32(-1), int32(2), int32(3), int64(35)));
        _putNeuron(5, 1, abi.encodePacked(int32(-2), int32(4), int32(0), int64(2)));
        bytes memory proof = abi.encodePacked(_open(11, 0), _openNeuron(0, 1), _openNeuron(4, 1), _openNeuron(5, 1));
        vm.assertFalse(_ask(judge, _at(0x34, 0, 0, 1, 0, 0, 0), proof), "36 of 24 is two");
    }

    /// @notice An entry may be as large as its bound, of either sign; other models have other bounds.
    function testFuzz_bounds(int32 w, int64 bias) public {
        _putNeuron(6, 1, abi.encodePacked(w, int32(0), int32(0), bias));
        bytes memory proof = abi.encodePacked(_open(0, 0), _openNeuron(6, 1));
        bool large = w > 10 || w < -10;
        vm.assertTrue(large == _ask(judge, _at(0x35, 0, 0, 1, 0, 6, 0), proof), "weight");
        large = bias > 10 || bias < -10;
        vm.assertTrue(large == _ask(judge, _at(0x35, 0, 0, 1, 3, 6, 0), proof), "bias");
        vm.assertTrue(_refuses(judge, _at(0x35, 0, 0, 1, 0, 0, 0), proof), "a base");
        vm.assertTrue(_refuses(judge, _at(0x35, 0, 0, 1, 0, 8, 0), proof), "of the last round");
    }

    /// @notice A square may be that of the norm's bound; only squares of this round's updates and of the root update count.
    function test_norm() public {
        // figures: 00 10 11, R0 R1 RR, P0 P1 PP, E0 E1 EE
        int64[12] memory totals = [int64(400), 999, 401, 999, 999, 400, 999, 999, 999, 999, 999, 999];
        bytes memory content;
        for (uint256 i = 0; i < 12; ++i) {
            content = abi.encodePacked(content, totals[i]);
        }
        _put(9, 0, content);
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(9, 0));
        for (uint256 k = 0; k < 13; ++k) {
            uint256 at = _at(0x36, 0, 0, 0, k, 0, 0);
            if (k == 0 || k == 2 || k == 5) vm.assertTrue((k == 2) == _ask(judge, at, proof), "square");
            else vm.assertTrue(_refuses(judge, at, proof), "no such square");
        }
    }

    /// @notice Kinds of other judges, and of nobody, are unknown, and of those of the final block all but one.
    function test_unknownKinds() public {
        _checkUnknown(judge, [uint8(0), 0x37, 0x2f, 0xb1]);
    }

    /// @notice Each position is bounded by its own count, before anything is opened by it: what lies behind it in a section is another's.
    function test_beyond() public {
        _checkBeyond(judge, _at(0x30, 0, 0, 1, 0, 4, 0), 4, ""); // parts
        _checkBeyond(judge, _at(0x30, 0, 0, 5, 0, 3, 0), 5, ""); // neurons
        _checkBeyond(judge, _at(0x30, 0, 0, 1, 4, 3, 0), 4, ""); // weights and bias, of the first layer
        _checkBeyond(judge, _at(0x30, 0, 0, 2, 3, 3, 0), 3, ""); // and of the second
        _checkBeyond(judge, _at(0xb0, 0, 0, 1, 0, 0, 0), _at(0xb0, 0, 0, 1, 0, 0, 0), ""); // no final block
        _checkBeyond(judge, _at(0x31, 0, 0, 5, 0, 0, 0), 5, _open(10, 0));
        _checkBeyond(judge, _at(0x34, 0, 0, 5, 0, 0, 0), 5, _open(11, 0));
        uint8[4] memory noUpdates = [0, 1, 5, 8];
        for (uint256 i = 0; i < 4; ++i) {
            _checkBeyond(judge, _at(0x35, 0, 0, 1, 0, noUpdates[i], 0), noUpdates[i], "");
        }
        _checkBeyond(judge, _at(0x35, 0, 0, 1, 4, 6, 0), 4, "");
        _checkBeyond(judge, _at(0x35, 0, 0, 5, 0, 6, 0), 5, _open(0, 0));
        for (uint256 k = 0; k < 13; ++k) {
            if (k != 0 && k != 2 && k != 5) _checkBeyond(judge, _at(0x36, 0, 0, 0, k, 0, 0), k, "");
        }
        _putAdopted(0);
        _checkBeyond(judge, _at(0x32, 0, 0, 1, 0, 0, 0), 1, abi.encodePacked(_open(0, 0), _open(11, 0)));
        _checkBeyond(judge, _at(0x34, 0, 0, 1, 0, 0, 0), 1, _open(11, 0));
        c.finalRows = 3;
        _checkBeyond(judge, _at(0xb0, 0, 0, 1, 0, 2, 0), 2, ""); // two parts
    }

    /// @notice In the final block the parts are the first and the last base.
    function test_transOfTheFinalBlock() public {
        c.finalRows = 3;
        _putNeuron(3, 1, abi.encodePacked(int32(5), int32(6), int32(7), int64(100)));
        _putNeuron(4, 1, abi.encodePacked(int32(5), int32(8), int32(7), int64(100)));
        _put(16 + 2, 5, abi.encodePacked(int64(6), int64(9))); // entry 1 of neuron 1
        bytes memory proof = abi.encodePacked(_open(16 + 2, 5), _openNeuron(3, 1));
        vm.assertFalse(_ask(judge, _at(0xb0, 0, 0, 1, 1, 0, 0), proof), "first");
        proof = abi.encodePacked(_open(16 + 2, 5), _openNeuron(4, 1));
        vm.assertTrue(_ask(judge, _at(0xb0, 0, 0, 1, 1, 1, 0), proof), "last");
    }

    /// @notice The root update and every update of this round have bounds; a neuron of the second layer has entries of its own.
    function test_boundsOfEach() public {
        uint8[3] memory models = [2, 6, 7];
        for (uint256 i = 0; i < 3; ++i) {
            _putNeuron(models[i], 2, abi.encodePacked(int32(10), int32(-11), int64(11)));
            bytes memory proof = abi.encodePacked(_open(0, 0), _openNeuron(models[i], 2));
            for (uint256 k = 0; k < 3; ++k) {
                vm.assertTrue((k > 0) == _ask(judge, _at(0x35, 0, 0, 2, k, models[i], 0), proof), "entry");
            }
        }
    }

    /// @notice In the second layer a bias counts input and weight scale, and moves by whole units of both.
    function test_nextOfTheSecondLayer() public {
        _put(12, 2, abi.encodePacked(int64(2), int64(4), int64(2))); // means 1, 2 and 1 unit of 192
        _putNeuron(0, 2, abi.encodePacked(int32(10), int32(20), int64(7)));
        _putNeuron(4, 2, abi.encodePacked(int32(11), int32(22), int64(7 + 192)));
        _putNeuron(5, 2, abi.encodePacked(int32(1), int32(2), int64(1)));
        bytes memory both = abi.encodePacked(_openNeuron(0, 2), _openNeuron(4, 2));
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(11, 0), _open(12, 2), both);
        vm.assertFalse(_ask(judge, _at(0x32, 0, 0, 2, 0, 0, 0), proof), "next");
        proof = abi.encodePacked(_open(11, 0), both, _openNeuron(5, 2));
        vm.assertFalse(_ask(judge, _at(0x34, 0, 0, 2, 0, 0, 0), proof), "aggregate");
    }

    // ---------------------------------------------------------------- words
    function _putAdopted(uint8 adopted) private {
        bytes memory shares = new bytes(128);
        _put(11, 0, abi.encodePacked(shares, uint256(0), uint256(0), adopted, int128(0), uint8(0), uint8(0)));
    }

    function _nextProof() private view returns (bytes memory) {
        return abi.encodePacked(_open(0, 0), _open(11, 0), _open(12, 1), _openNeuron(0, 1), _openNeuron(4, 1));
    }

    function _checkNext(bytes memory next, bool wrong, string memory reason) private {
        _putNeuron(4, 1, next);
        vm.assertTrue(wrong == _ask(judge, _at(0x32, 0, 0, 1, 0, 0, 0), _nextProof()), reason);
    }

    /// @dev Roots of next base and aggregate, and what the sheet states.
    function _checkKept(bytes32[3] memory roots, bool wrong) private {
        (modelRoot[4], modelRoot[5]) = (roots[0], roots[1]);
        IMarket.Sheet memory sheet;
        sheet.nextBaseRoot = roots[2];
        bytes memory fields = abi.encode(sheet);
        bytes memory roots_ = abi.encodePacked(_openRoot(0), _openRoot(4), _openRoot(5));
        bytes memory proof = bytes.concat(fields, _open(0, 0), _open(11, 0), roots_);
        uint256 at = _at(0x33, 0, 0, 0, 0, 0, 0);
        vm.assertTrue(wrong == judge.contradicts(0, 0, keccak256(fields), _frame(), at, proof), "roots");
    }
}
