// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {Bits} from "../libraries/Bits.sol";
import {Coalitions} from "./Coalitions.sol";
import {Exact} from "./Exact.sol";
import {Figures} from "./Figures.sol";
import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";
import {Blob, Node, Openings} from "./Openings.sol";
import {Params} from "./Params.sol";
import {Steps} from "./Steps.sol";

/// @title Judge 2: from row scores to contributions, and from models to dot products; the sum trees over both.
/// @dev SUM_LEAF and FIGURE exist for the final block too, as kinds + 0x80.
contract SumJudge is IJudge {
    using Openings for Blob;

    uint256 private constant FINAL_SUMS = Frames.FINAL + Frames.SUMS;

    /// @inheritdoc IJudge
    function contradicts(bytes32, uint256, bytes32, Frame calldata frame, uint256 at, bytes calldata proof)
        external
        pure
        returns (bool wrong)
    {
        Blob memory b = Openings.read(frame, proof);
        uint256 kind = Steps.kind(at);
        if (kind == Steps.NUMERATOR) wrong = _numerator(b, at);
        else if (kind == Steps.SUM_LEAF) wrong = _sumLeaf(b, at);
        else if (kind == Steps.SUM_LEAF | Steps.FINAL) wrong = _finalSumLeaf(b, at);
        else if (kind == Steps.SUM_NODE) wrong = _sumNode(b, at);
        else if (kind == Steps.FIGURE) wrong = _figure(b, at);
        else if (kind == Steps.FIGURE | Steps.FINAL) wrong = _finalFigure(b, at);
        else if (kind == Steps.DOT_LEAF) wrong = _dotLeaf(b, at);
        else if (kind == Steps.GRAM) wrong = _gram(b, at);
        else revert Judge_UnknownKind(kind);
        b.finish();
    }

    /// @dev A player's numerator on a row is not what the row's scores make of it.
    function _numerator(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 counts, uint256 player) = (b.counts, Steps.k(at));
        uint256 players = Frames.players(counts);
        if (player >= players) revert Judge_BadPosition(player);
        bool exact = players <= Frames.EXACT_PLAYERS;
        bytes32 seed = exact ? bytes32(0) : Params.seed(b.leaf(Frames.PARAMS, 0));
        uint256 row = b.leaf(Frames.TABLE, Steps.r(at));
        if (!_hasColumns(counts)) return true;
        unchecked {
            int256 found = exact
                ? _exactShapley(row, players, player)
                : _sampledShapley(row, players, player, seed, Frames.permutations(counts));
            return found != Numbers.int64At(row + 2 * Frames.evaluations(counts) + 8 * player);
        }
    }

    /// @dev A leaf of a sum tree over the rows is not (numerator, its square), or for the last figure (gain, 0). A place without a row
    /// holds nothing; its proof is the descent alone.
    function _sumLeaf(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 counts, uint256 f, uint256 r) = (b.counts, Steps.k(at), Steps.r(at));
        uint256 rows = Frames.rows(counts);
        Node memory node = b.descend(Frames.SUMS, f, Frames.depth(rows), r);
        if (r >= rows) return _isSomething(node);
        b.sumLeaf(Frames.SUMS, node);
        uint256 row = b.leaf(Frames.TABLE, r);
        if (!_hasColumns(counts)) return true;
        uint256 players = Frames.players(counts);
        unchecked {
            if (f < players) {
                int256 numerator = Numbers.int64At(row + 2 * Frames.evaluations(counts) + 8 * f);
                // A square of 64 bits has at most 127.
                return node.sum != numerator || node.square != uint256(numerator * numerator);
            }
            int256 gain = _column(row, Frames.fullColumn(players)) - _column(row, 0);
            return node.sum != gain || node.square != 0;
        }
    }

    /// @dev The same over the final shard: (score of the last base - score of the first, 0).
    function _finalSumLeaf(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 counts, uint256 r) = (b.counts, Steps.r(at));
        uint256 rows = Frames.finalRows(counts);
        Node memory node = b.descend(FINAL_SUMS, Steps.k(at), Frames.depth(rows), r);
        if (r >= rows) return _isSomething(node);
        b.sumLeaf(FINAL_SUMS, node);
        unchecked {
            uint256 score = 8 * Frames.neurons(counts);
            uint256 section = Frames.FINAL + Frames.STATES;
            uint256 last = Numbers.uint16At(b.leaf(section, rows + r) + score);
            uint256 first = Numbers.uint16At(b.leaf(section, r) + score);
            return node.sum != int256(last) - int256(first) || node.square != 0;
        }
    }

    /// @dev A node's sums are not those of its children together.
    function _sumNode(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 section, uint256 level) = (Steps.e(at), Steps.level(at));
        uint256 leaves = section == Frames.SUMS
            ? Frames.rows(b.counts)
            : section == Frames.DOTS ? Frames.neurons(b.counts) : section == FINAL_SUMS ? Frames.finalRows(b.counts) : 0;
        if (level >= Frames.depth(leaves)) revert Judge_BadPosition(level);
        Node memory node = b.descend(section, Steps.k(at), level, Steps.r(at));
        uint256 from = b.preimage(node);
        unchecked {
            // Sums of two numbers of 128 bits.
            int256 sum = Numbers.int128At(from + 64) + Numbers.int128At(from + 96);
            uint256 square = Numbers.uint128At(from + 80) + Numbers.uint128At(from + 112);
            return node.sum != sum || node.square != square;
        }
    }

    /// @dev What MONEY states of a player, or of the round's gain, is not the figure's total.
    function _figure(Blob memory b, uint256 at) private pure returns (bool) {
        uint256 weights = b.leaf(Frames.WEIGHTS, 0);
        uint256 money = b.leaf(Frames.MONEY, 0);
        uint256 f = Steps.k(at);
        Node memory node = b.figure(Frames.SUMS, f);
        uint256 n = Frames.submissions(b.counts);
        if (f == Frames.players(b.counts)) return Params.gain(money, n) != node.sum;
        for (uint256 i = 0; i < n; ++i) {
            if (Params.player(weights, i) == f + 1) {
                return Params.sum(money, i) != node.sum || Params.squares(money, i) != node.square;
            }
        }
        // WEIGHTS names fewer players than the frame: PARAMS disproves that.
        revert Judge_BadPosition(f);
    }

    /// @dev The gain on the final shard does not make MONEY's final_ppb. A clip of 0 or a shift beyond all clips makes nothing.
    function _finalFigure(Blob memory b, uint256 at) private pure returns (bool) {
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 money = b.leaf(Frames.MONEY, 0);
        Node memory node = b.figure(FINAL_SUMS, Steps.k(at));
        (uint256 clip, uint256 shift) = (Params.finalClip(params), Params.finalShift(params));
        if (clip == 0 || shift > Exact.MAX_SHIFT) return true;
        int256 found = Exact.gainPpbFloor(node.sum, shift, clip, Frames.finalRows(b.counts));
        return Params.finalPpb(money, Frames.submissions(b.counts)) != found;
    }

    /// @dev A leaf of a dot product's tree is not (product of the two neurons, biases included, 0). Level 1 or 2: the first or second
    /// model does not exist, and the product is 0. A place without a neuron holds nothing; its proof is the descent alone.
    function _dotLeaf(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 counts, uint256 f, uint256 g) = (b.counts, Steps.k(at), Steps.g(at));
        uint256 neurons = Frames.neurons(counts);
        Node memory node = b.descend(Frames.DOTS, f, Frames.depth(neurons), g);
        if (g >= neurons) return _isSomething(node);
        b.sumLeaf(Frames.DOTS, node);
        (uint256 first, uint256 second) = Figures.vectorsOf(counts, f);
        uint256 level = Steps.level(at);
        if (level > 2) revert Judge_BadPosition(level);
        if (level != 0) {
            b.absent(level == 1 ? first : second);
            return node.sum != 0 || node.square != 0;
        }
        uint256 left = b.neuron(first, g);
        uint256 right = first == second ? left : b.neuron(second, g);
        uint256 width = Frames.width(counts, g);
        unchecked {
            // At most 78 bits, and 126 of two asserted biases.
            int256 biases = Numbers.int64At(left + 4 * width) * Numbers.int64At(right + 4 * width);
            return node.sum != Numbers.dot32(left, right, width) + biases || node.square != 0;
        }
    }

    /// @dev GRAM has another total than the figure.
    function _gram(Blob memory b, uint256 at) private pure returns (bool) {
        uint256 gram = b.leaf(Frames.GRAM, 0);
        Node memory node = b.figure(Frames.DOTS, Steps.k(at));
        return Figures.at(gram, Steps.k(at)) != node.sum;
    }

    /// @dev Over lcm(1..players), plus the solo value times as much; at most 2^8 terms of 2^27.
    function _exactShapley(uint256 row, uint256 players, uint256 player) private pure returns (int256 found) {
        unchecked {
            uint256[] memory weights = new uint256[](players);
            for (uint256 i = 0; i < players; ++i) {
                weights[i] = Exact.shapleyWeight(players, i);
            }
            // Column 1 + coalition.
            for (uint256 others = 0; others < 1 << players; ++others) {
                if ((others >> player) & 1 == 1) continue;
                int256 marginal = _column(row, 1 + (others | (1 << player))) - _column(row, 1 + others);
                found += int256(weights[Bits.count(others)]) * marginal;
            }
            int256 solo = _column(row, 1 + (1 << player)) - _column(row, 1);
            found += solo * int256(Exact.shapleyDenominator(players));
        }
    }

    /// @dev Marginal contributions in every drawn order and its reverse, plus the solo value times as many; at most 2^18 terms of 2^17.
    function _sampledShapley(uint256 row, uint256 players, uint256 player, bytes32 seed, uint256 permutations)
        private
        pure
        returns (int256 found)
    {
        unchecked {
            int256 empty = _column(row, 1);
            // Behind the two first columns and the solo ones: prefixes of length 1 .. players, of each order forwards and backwards.
            uint256 prefixes = 2 + players;
            for (uint256 draw = 0; draw < permutations; ++draw) {
                uint256 place = Coalitions.placeOf(seed, draw, players, player);
                for (uint256 way = 0; way < 2; ++way) {
                    int256 before = place == 0 ? empty : _column(row, prefixes + place - 1);
                    found += _column(row, prefixes + place) - before;
                    place = players - 1 - place;
                    prefixes += players;
                }
            }
            found += (_column(row, 2 + player) - empty) * int256(2 * permutations);
        }
    }

    /// @dev Whether rows of the table have the columns its players need: else the frame contradicts itself.
    function _hasColumns(uint256 counts) private pure returns (bool) {
        return Frames.evaluations(counts) == Frames.columns(Frames.players(counts), Frames.permutations(counts));
    }

    function _column(uint256 row, uint256 e) private pure returns (int256) {
        unchecked {
            return int256(Numbers.uint16At(row + 2 * e));
        }
    }

    function _isSomething(Node memory node) private pure returns (bool) {
        return node.hash != 0 || node.sum != 0 || node.square != 0;
    }
}
