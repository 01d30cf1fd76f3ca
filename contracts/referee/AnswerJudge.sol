// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../interfaces/IAnswers.sol";
import {IJudge} from "../interfaces/IJudge.sol";
import {Tags} from "../libraries/Tags.sol";
import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";
import {Blob, Node, Openings} from "./Openings.sol";

/// @title Answers to demands for parts of a trace.
contract AnswerJudge is IAnswers {
    using Openings for Blob;

    uint256 private constant LEAF = 0;
    uint256 private constant SUM_NODE = 1;
    uint256 private constant NEURON = 2;
    /// @dev 256 descendants are 16 KiB of calldata, about 0.3 M gas.
    uint256 private constant MAX_LEVELS = 8;
    uint256 private constant USED_BITS = 128;
    uint256 private constant ENTRY = 64;

    /// @inheritdoc IAnswers
    function exists(IJudge.Frame calldata frame, uint256 what) external pure returns (bool) {
        return _exists(frame.counts, what);
    }

    /// @inheritdoc IAnswers
    function answers(IJudge.Frame calldata frame, uint256 what, bytes calldata answer)
        external
        pure
        returns (bool fine)
    {
        if (!_exists(frame.counts, what)) revert IJudge.Judge_BadPosition(what);
        Blob memory b = Openings.read(frame, answer);
        if (_kind(what) == SUM_NODE) {
            fine = _sumNode(b, what);
        } else {
            if (_kind(what) == NEURON) _neuron(b, _figure(what), _index(what));
            else if (_section(what) == Frames.MODELS) b.raw(_index(what));
            else b.leaf(_section(what), _index(what));
            fine = true;
        }
        b.finish();
    }

    function _exists(uint256 counts, uint256 what) private pure returns (bool) {
        if (what >> USED_BITS != 0) return false;
        (uint256 section, uint256 index, uint256 figure) = (_section(what), _index(what), _figure(what));
        (uint256 level, uint256 levels) = (_level(what), _levels(what));
        if (_kind(what) == SUM_NODE) {
            bool isTree = section == Frames.SUMS || section == Frames.DOTS || section == Frames.FINAL + Frames.SUMS;
            uint256 depth = Frames.depth(_width(counts, section));
            if (!isTree || figure >= Frames.count(counts, section) || levels > MAX_LEVELS) return false;
            if (level + levels > depth || index >> level != 0) return false;
            return levels != 0 || level == depth;
        }
        if (level != 0 || levels != 0) return false;
        if (_kind(what) == LEAF) return figure == 0 && index < Frames.count(counts, section);
        // Seats have all other models: a demand for them would only publish somebody's update.
        bool made = figure == Frames.NEXT_MODEL || figure == Frames.AGGREGATE_MODEL;
        return _kind(what) == NEURON && section == Frames.MODELS && made && index < Frames.neurons(counts);
    }

    /// @dev A model that does not exist has no neuron to open; then the path of its zero root is the answer.
    function _neuron(Blob memory b, uint256 model, uint256 g) private pure {
        uint256 path = 32 * (Frames.depth(Frames.count(b.counts, Frames.MODELS)) + 4);
        if (b.end - b.start == path) b.absent(model);
        else b.neuron(model, g);
    }

    /// @dev Whether the node's descendants add and hash up to it; or of a leaf, whether its salt opens it, or it is nothing.
    function _sumNode(Blob memory b, uint256 what) private pure returns (bool) {
        (uint256 section, uint256 index, uint256 levels) = (_section(what), _index(what), _levels(what));
        Node memory node = b.descend(section, _figure(what), _level(what), index);
        if (levels != 0) {
            (bool fits, bytes32 hash, int256 sum, uint256 square) = _above(b.take(ENTRY << levels), levels);
            return fits && hash == node.hash && sum == node.sum && square == node.square;
        }
        if (index >= _width(b.counts, section)) return node.hash == 0 && node.sum == 0 && node.square == 0;
        b.sumLeaf(section, node);
        return true;
    }

    /// @dev The node above the `2 ** levels` entries at `from`. `fits` is false when a sum exceeds its 128 bits.
    function _above(uint256 from, uint256 levels) private pure returns (bool, bytes32, int256, uint256) {
        uint256 size = 1 << levels;
        bytes32[] memory hashes = new bytes32[](size);
        int256[] memory sums = new int256[](size);
        uint256[] memory squares = new uint256[](size);
        unchecked {
            for (uint256 i = 0; i < size; ++i) {
                uint256 entry = from + ENTRY * i;
                hashes[i] = bytes32(Openings.word(entry));
                (sums[i], squares[i]) = (Numbers.int128At(entry + 32), Numbers.uint128At(entry + 48));
            }
            for (; size > 1; size /= 2) {
                for (uint256 i = 0; i < size; i += 2) {
                    hashes[i / 2] = _join(hashes, sums, squares, i);
                    int256 sum = sums[i] + sums[i + 1];
                    uint256 square = squares[i] + squares[i + 1];
                    if (sum != int128(sum) || square != uint128(square)) return (false, 0, 0, 0);
                    (sums[i / 2], squares[i / 2]) = (sum, square);
                }
            }
        }
        return (true, hashes[0], sums[0], squares[0]);
    }

    function _join(bytes32[] memory hashes, int256[] memory sums, uint256[] memory squares, uint256 i)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encodePacked(
                Tags.TRACE_SUM,
                hashes[i],
                hashes[i + 1],
                int128(sums[i]),
                uint128(squares[i]),
                int128(sums[i + 1]),
                uint128(squares[i + 1])
            )
        );
    }

    /// @dev How many leaves of a sum tree are not just there to fill it up.
    function _width(uint256 counts, uint256 section) private pure returns (uint256) {
        if (section == Frames.DOTS) return Frames.neurons(counts);
        return Frames.sampleRows(counts, section >= Frames.FINAL);
    }

    function _section(uint256 what) private pure returns (uint256) {
        return uint8(what);
    }

    function _index(uint256 what) private pure returns (uint256) {
        return uint64(what >> 8);
    }

    function _kind(uint256 what) private pure returns (uint256) {
        return uint8(what >> 72);
    }

    function _level(uint256 what) private pure returns (uint256) {
        return uint8(what >> 80);
    }

    function _levels(uint256 what) private pure returns (uint256) {
        return uint8(what >> 88);
    }

    function _figure(uint256 what) private pure returns (uint256) {
        return uint32(what >> 96);
    }
}
