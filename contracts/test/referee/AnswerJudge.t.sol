// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../../interfaces/IAnswers.sol";
import {IJudge} from "../../interfaces/IJudge.sol";
import {Traces} from "./Traces.sol";

/// @title Answers to demands, on leaves written by hand.
/// forge-config: default.fuzz.runs = 16
/// forge-config: long.fuzz.runs = 256
contract AnswerJudgeTest is Traces {
    uint256 private constant SUMS = 7;

    IAnswers private judge;

    function setUp() public {
        judge = IAnswers(vm.deployCode("AnswerJudge.sol:AnswerJudge"));
        c = Counts(3, 2, 3, 7, 2, 1, 2, 5, 24, 8, 1, 0);
        for (uint256 r = 0; r < 7; ++r) {
            _putSum(SUMS, 1, r, int128(int256(r)) - 3, uint128(r * r));
        }
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
    }

    /// @notice Leaves, figures, roots and neurons answer for themselves and for nothing else.
    function test_leaves() public {
        _put(6, 2, new bytes(26));
        _putNeuron(4, 1, abi.encodePacked(int32(1), int32(2), int32(3), int64(4)));
        _check(_what(6, 2, 0, 0, 0, 0), _open(6, 2));
        _check(_what(SUMS, 1, 0, 0, 0, 0), _open(SUMS, 1));
        _check(_what(1, 6, 0, 0, 0, 0), _openRoot(6));
        _check(_what(1, 1, 2, 0, 0, 4), _openNeuron(4, 1));
        _check(_what(1, 1, 2, 0, 0, 5), _openAbsent(5));
        vm.assertFalse(judge.exists(_frame(), _what(1, 1, 2, 0, 0, 6)), "somebody's update, which seats have");
        vm.assertTrue(_refuses(_what(6, 3, 0, 0, 0, 0), _open(6, 2)), "another leaf");
        vm.assertTrue(_refuses(_what(1, 1, 2, 0, 0, 4), _openAbsent(4)), "it exists");
    }

    /// @notice A node is answered by any number of levels below it.
    function test_sumNodes() public view {
        for (uint256 level = 0; level < 3; ++level) {
            for (uint256 levels = 1; level + levels <= 3; ++levels) {
                for (uint256 at = 0; at < 1 << level; ++at) {
                    bytes memory answer = _descent(SUMS, 1, level, at);
                    for (uint256 i = 0; i < 1 << levels; ++i) {
                        Sum memory node = _node(SUMS, 1, level + levels, (at << levels) + i);
                        answer = abi.encodePacked(answer, node.hash, node.sum, node.square);
                    }
                    _check(_what(SUMS, at, 1, level, levels, 1), answer);
                }
            }
        }
    }

    /// @notice A leaf of a sum tree is answered by its salt; a place without one by showing that it is empty.
    function test_sumLeaves() public {
        for (uint256 r = 0; r < 7; ++r) {
            bytes memory answer = abi.encodePacked(_descent(SUMS, 1, 3, r), _saltOf(SUMS, (1 << 32) | r));
            _check(_what(SUMS, r, 1, 3, 0, 1), answer);
        }
        _check(_what(SUMS, 7, 1, 3, 0, 1), _descent(SUMS, 1, 3, 7));
        sumLeaves[SUMS][1][7] = Sum(0, 5, 0);
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
        vm.assertFalse(judge.answers(_frame(), _what(SUMS, 7, 1, 3, 0, 1), _descent(SUMS, 1, 3, 7)), "not empty");
    }

    /// @notice Sums that do not add up to the node's are no answer, though every hash is right.
    function testFuzz_sumsHaveToAddUp(int128 sum, uint128 square) public {
        sumLeaves[SUMS][1][0].sum = sum;
        sumLeaves[SUMS][1][0].square = square;
        Sum memory top = _node(SUMS, 1, 0, 0);
        (top.sum, top.square) = (0, 91);
        _putFigure(SUMS, 1, top);
        bytes memory answer = _descent(SUMS, 1, 0, 0);
        for (uint256 i = 0; i < 8; ++i) {
            Sum memory node = _node(SUMS, 1, 3, i);
            answer = abi.encodePacked(answer, node.hash, node.sum, node.square);
        }
        bool right = sum == -3 && square == 0;
        vm.assertTrue(right == judge.answers(_frame(), _what(SUMS, 0, 1, 0, 3, 1), answer), "sums");
    }

    /// @notice A sum below the node that exceeds its 128 bits is no answer, though it wraps round and the node's is right again.
    function test_sumsThatDoNotFit() public {
        sumLeaves[SUMS][1][0].sum = type(int128).max;
        sumLeaves[SUMS][1][1].sum = 1;
        sumLeaves[SUMS][1][2].sum = -50;
        _putFigure(SUMS, 1, _node(SUMS, 1, 0, 0));
        bytes memory answer = _descent(SUMS, 1, 0, 0);
        for (uint256 i = 0; i < 8; ++i) {
            Sum memory node = _node(SUMS, 1, 3, i);
            answer = abi.encodePacked(answer, node.hash, node.sum, node.square);
        }
        vm.assertFalse(judge.answers(_frame(), _what(SUMS, 0, 1, 0, 3, 1), answer), "a sum wraps");
    }

    /// @notice Nobody can be asked for what the trace cannot have.
    function test_exists() public view {
        uint256[12] memory never = [
            _what(6, 7, 0, 0, 0, 0), // a row too many
            _what(14, 0, 0, 0, 0, 0), // an empty section
            _what(18, 0, 0, 0, 0, 0), // no final block
            _what(6, 2, 0, 0, 0, 1), // a field too many
            _what(6, 2, 0, 1, 0, 0),
            _what(6, 0, 1, 0, 1, 0), // no sum tree
            _what(SUMS, 0, 1, 0, 1, 3), // no such figure
            _what(SUMS, 0, 1, 0, 0, 1), // no levels, but no leaf
            _what(SUMS, 2, 1, 1, 1, 1), // beyond the level
            _what(SUMS, 0, 1, 2, 2, 1), // below the leaves
            _what(1, 5, 2, 0, 0, 4), // no such neuron
            _what(1, 1, 2, 0, 0, 9) // no such model
        ];
        for (uint256 i = 0; i < never.length; ++i) {
            vm.assertFalse(judge.exists(_frame(), never[i]), "nothing");
            vm.assertTrue(_refuses(never[i], _open(6, 2)), "no answer");
        }
        vm.assertFalse(judge.exists(_frame(), 3 << 72), "no such kind");
        vm.assertFalse(judge.exists(_frame(), 1 << 128), "a bit too many");
    }

    /// @notice At most eight levels are asked for at once, down to the leaves of any tree: over rows, final rows and neurons.
    function test_levels() public {
        (c.rows, c.finalRows) = (1000, 300);
        IJudge.Frame memory frame = IJudge.Frame(_packed(), 0, 0);
        uint8[3] memory sections = [7, 8, 23];
        uint8[3] memory depths = [10, 3, 9];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 level = 0; level < 12; ++level) {
                for (uint256 levels = 0; levels < 12; ++levels) {
                    bool may = levels == 0 ? level == depths[i] : levels < 9 && level + levels <= depths[i];
                    vm.assertTrue(may == judge.exists(frame, _what(sections[i], 0, 1, level, levels, 0)), "levels");
                }
            }
        }
        vm.assertFalse(judge.exists(frame, _what(23, 0, 1, 0, 1, 1)), "the final block has one figure");
    }

    /// @notice Whatever a frame has can be asked for, up to the last of it: leaves of each section, and neurons of two models.
    function test_existsUpToTheLast() public {
        c.finalRows = 3;
        IJudge.Frame memory frame = IJudge.Frame(_packed(), 0, 0);
        for (uint256 section = 0; section < 33; ++section) {
            uint256 size = section < 32 ? _size(section) : 0;
            vm.assertFalse(judge.exists(frame, _what(section, size, 0, 0, 0, 0)), "one too many");
            if (size != 0) vm.assertTrue(judge.exists(frame, _what(section, size - 1, 0, 0, 0, 0)), "the last");
            vm.assertFalse(judge.exists(frame, _what(section, 0, 0, 0, 1, 0)), "levels of a leaf");
            vm.assertTrue((section == 1) == judge.exists(frame, _what(section, 4, 2, 0, 0, 4)), "neurons of models");
        }
        for (uint256 model = 0; model < 10; ++model) {
            bool made = model == 4 || model == 5;
            vm.assertTrue(made == judge.exists(frame, _what(1, 4, 2, 0, 0, model)), "next base and aggregate");
        }
        vm.assertFalse(judge.exists(frame, _what(1, 5, 2, 0, 0, 4)), "a neuron too many");
    }

    /// @notice Nodes and leaves of dot products and of the final block are answered as those of contributions.
    function test_otherTrees() public {
        c.finalRows = 3;
        uint8[2] memory sections = [8, 23];
        uint8[2] memory depths = [3, 2];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 section = sections[i];
            for (uint256 place = 0; place < (i == 0 ? c.hidden + c.classes : c.finalRows); ++place) {
                _putSum(section, 0, place, int128(int256(place)) - 2, 0);
            }
            _putFigure(section, 0, _node(section, 0, 0, 0));
            bytes memory answer = _descent(section, 0, 0, 0);
            for (uint256 place = 0; place < 1 << depths[i]; ++place) {
                Sum memory node = _node(section, 0, depths[i], place);
                answer = abi.encodePacked(answer, node.hash, node.sum, node.square);
            }
            _check(_what(section, 0, 1, 0, depths[i], 0), answer);
            answer = abi.encodePacked(_descent(section, 0, depths[i], 2), _saltOf(section, 2));
            _check(_what(section, 2, 1, depths[i], 0, 0), answer);
            uint256 last = (1 << depths[i]) - 1;
            _check(_what(section, last, 1, depths[i], 0, 0), _descent(section, 0, depths[i], last));
        }
    }

    /// @dev section, index, kind, level, levels, figure
    function _what(uint256 section, uint256 index, uint256 kind, uint256 level, uint256 levels, uint256 figure)
        private
        pure
        returns (uint256)
    {
        return section | (index << 8) | (kind << 72) | (level << 80) | (levels << 88) | (figure << 96);
    }

    /// @dev It may be asked for and is answered; with a byte more or less or changed it is not.
    function _check(uint256 what, bytes memory answer) private view {
        vm.assertTrue(judge.exists(_frame(), what), "exists");
        vm.assertTrue(judge.answers(_frame(), what, answer), "answers");
        vm.assertTrue(_refuses(what, abi.encodePacked(answer, bytes1(0))), "a byte more");
        answer[answer.length / 2] ^= 0x01;
        vm.assertTrue(_refuses(what, answer), "a bit changed");
        answer[answer.length / 2] ^= 0x01;
        answer[answer.length - 1] ^= 0x01;
        vm.assertTrue(_refuses(what, answer), "the last bit changed");
    }

    /// @dev Whether it is no answer, for whatever reason.
    function _refuses(uint256 what, bytes memory answer) private view returns (bool) {
        try judge.answers(_frame(), what, answer) returns (bool fine) {
            return !fine;
        } catch {
            return true;
        }
    }
}
