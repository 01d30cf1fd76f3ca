// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../../interfaces/IAnswers.sol";
import {IJudge} from "../../interfaces/IJudge.sol";
import {Traces} from "./Traces.sol";

/// @title Leaves of pre-activations that have several groups: a step shows one of them, or all.
/// forge-config: default.fuzz.runs = 8
/// forge-config: long.fuzz.runs = 256
contract GroupsTest is Traces {
    IJudge private judge;
    IAnswers private answers;

    function setUp() public {
        judge = IJudge(vm.deployCode("ActivationJudge.sol:ActivationJudge"));
        answers = IAnswers(vm.deployCode("AnswerJudge.sol:AnswerJudge"));
        rowContents[1] = abi.encodePacked(uint32(0), int8(1), int8(-2));
    }

    /// @notice With so many submissions a leaf has so many groups of so many parts.
    function test_sizes() public {
        uint16[3][8] memory cases = [
            [uint16(0), 1, 2],
            [uint16(10), 1, 12],
            [uint16(11), 2, 7],
            [uint16(16), 2, 9],
            [uint16(22), 2, 12],
            [uint16(23), 4, 7],
            [uint16(128), 16, 9],
            [uint16(255), 32, 9]
        ];
        for (uint256 i = 0; i < cases.length; ++i) {
            _putLeaf(cases[i][0], cases[i][2] * cases[i][1], 7);
            vm.assertEq(cases[i][1], _groups(3), "groups");
            vm.assertTrue(_answered(_open(3, 3)), "all of them");
        }
    }

    /// @notice The step shows one group; a wrong part is seen in whichever it stands, and only there.
    function testFuzz_oneGroup(uint256 submissions, uint256 p, int32[3] memory neuron) public {
        submissions = _bound(submissions, 11, 40);
        p = _bound(p, 0, 1 + submissions);
        _putLeaf(submissions, _putLeaf(submissions, 0, 0), 7);
        _putNeuron(p < 2 ? p : p + 4, 1, abi.encodePacked(neuron[0], neuron[1], int64(neuron[2])));
        int256 dot = int256(neuron[0]) - 2 * int256(neuron[1]);
        dot += (p == 0 ? int256(1) : int256(24)) * neuron[2];
        _checkPart(p, int64(dot), false);
        _checkPart(p, int64(dot + 1), true);
    }

    /// @notice What fills the last group up is no part.
    function test_fillersAreNoParts() public {
        _putLeaf(11, 14, 0);
        vm.assertFalse(
            _refuses(judge, _at(0x10, 0, 1, 1, 0, 12, 1), bytes.concat(_openPart(3, 12), _openAbsent(16))), "last"
        );
        vm.assertTrue(
            _refuses(judge, _at(0x10, 0, 1, 1, 0, 13, 1), bytes.concat(_openPart(3, 13), _openAbsent(16))), "filler"
        );
    }

    function _checkPart(uint256 p, int64 part, bool wrong) private {
        _change(p, part);
        uint256 at = _at(0x10, 0, 1, 1, 0, p, 0);
        bytes memory behind = abi.encodePacked(_openNeuron(p < 2 ? p : p + 4, 1), _openRow(1));
        bytes memory proof = abi.encodePacked(_openPart(3, p), behind);
        vm.assertTrue(wrong == _ask(judge, at, proof), "verdict");
        vm.assertTrue(_refuses(judge, at, abi.encodePacked(_openPart(3, _inAnother(p)), behind)), "another group");
        vm.assertTrue(_refuses(judge, at, abi.encodePacked(_open(3, 3), behind)), "the whole leaf");
        if (wrong) _checkStrict(judge, at, proof, p);
    }

    /// @dev A place in the next group.
    function _inAnother(uint256 p) private view returns (uint256) {
        uint256 size = _contentOf(3, 3).length / 8;
        return (p + size / _groups(3)) % size;
    }

    /// @notice What combines all parts opens all groups, in their order; the answer to a demand is the same.
    function testFuzz_allGroups(uint256 submissions, uint256 swapped) public {
        submissions = _bound(submissions, 11, 40);
        uint256 size = _putLeaf(submissions, 0, 0);
        _putLeaf(submissions, size, 7);
        bytes memory all = _open(3, 3);
        vm.assertTrue(_answered(all), "the answer");
        swapped = _bound(swapped, 0, all.length - 1);
        all[swapped] ^= 0x10;
        vm.assertFalse(_answered(all), "another leaf");
        _putParams();
        uint256 at = _at(0x12, 0, 1, 1, 0, 0, 0);
        // the base alone: K times its part
        _put(5, 1, abi.encodePacked(int64(0), int64(14), int64(0), uint16(0)));
        bytes memory head = abi.encodePacked(_open(0, 0), _open(10, 0), _open(5, 1));
        vm.assertFalse(_ask(judge, at, abi.encodePacked(head, _open(3, 3))), "combined");
        _change(0, 8);
        head = abi.encodePacked(_open(0, 0), _open(10, 0), _open(5, 1));
        vm.assertTrue(_ask(judge, at, abi.encodePacked(head, _open(3, 3))), "another base");
    }

    /// @dev Leaf 3, of row 1 and output 1, all of whose parts are `part`; returns how many there are room for, by the rule of twelve.
    function _putLeaf(uint256 submissions, uint256 size, int64 part) private returns (uint256) {
        c = Counts(2, 2, 1, 3, submissions, 0, submissions > 8 ? 8 : submissions, 5, 24, 8, 1, 0);
        uint256 groups = _groups(3);
        uint256 room = (2 + submissions + groups - 1) / groups * groups;
        bytes memory content;
        for (uint256 i = 0; i < (size == 0 ? room : size); ++i) {
            content = abi.encodePacked(content, part);
        }
        _put(3, 3, content);
        return room;
    }

    function _change(uint256 p, int64 part) private {
        bytes memory content = _contentOf(3, 3);
        for (uint256 i = 0; i < 8; ++i) {
            content[8 * p + i] = bytes8(uint64(part))[i];
        }
        _put(3, 3, content);
    }

    function _putParams() private {
        _put(0, 0, abi.encode(0, 0, 2, 0, 0, 0, 0)); // K = 2
        _put(10, 0, new bytes(11 * c.submissions));
    }

    function _answered(bytes memory answer) private view returns (bool) {
        try answers.answers(_frame(), 3 | (3 << 8), answer) returns (bool fine) {
            return fine;
        } catch {
            return false;
        }
    }
}
