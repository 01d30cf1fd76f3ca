// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {Exact} from "./Exact.sol";
import {Figures} from "./Figures.sol";
import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";
import {Blob, Openings} from "./Openings.sol";
import {Params} from "./Params.sol";
import {Steps} from "./Steps.sol";

/// @title Judge 3: from models to the entries that steps use, and from updates to the next base and the aggregate.
/// @dev TRANS exists for the final block too, as kind + 0x80.
contract ModelJudge is IJudge {
    using Openings for Blob;

    /// @inheritdoc IJudge
    function contradicts(bytes32, uint256, bytes32 fieldsHash, Frame calldata frame, uint256 at, bytes calldata proof)
        external
        pure
        returns (bool wrong)
    {
        Blob memory b = Openings.read(frame, proof);
        uint256 kind = Steps.kind(at);
        if (kind & ~Steps.FINAL == Steps.TRANS) wrong = _trans(b, at, kind != Steps.TRANS);
        else if (kind == Steps.SUMROW) wrong = _sumRow(b, at);
        else if (kind == Steps.NEXT) wrong = _next(b, Steps.g(at));
        else if (kind == Steps.KEPT) wrong = _kept(b, b.sheet(fieldsHash).nextBaseRoot);
        else if (kind == Steps.AGGREGATE) wrong = _aggregate(b, Steps.g(at));
        else if (kind == Steps.BOUNDS) wrong = _bounds(b, at);
        else if (kind == Steps.NORM) wrong = _norm(b, Steps.k(at));
        else revert Judge_UnknownKind(kind);
        b.finish();
    }

    /// @dev An entry is not the model's. Level 1: the part's model does not exist, and is 0.
    function _trans(Blob memory b, uint256 at, bool last) private pure returns (bool) {
        (uint256 g, uint256 k, uint256 p) = (Steps.g(at), Steps.k(at), Steps.p(at));
        if (last && Frames.finalRows(b.counts) == 0) revert Judge_BadPosition(at);
        if (p >= Frames.parts(b.counts, last)) revert Judge_BadPosition(p);
        int256 stated = Numbers.int64At(_entry(b, last, g, k) + 8 * p);
        uint256 model = Frames.modelOf(p, last);
        if (Steps.level(at) != 0) {
            b.absent(model);
            return stated != 0;
        }
        return stated != _entryOf(b.neuron(model, g), Frames.width(b.counts, g), k);
    }

    /// @dev An entry of the summed updates is not sum(c_i D_i). At most 255 products of 16 times 64 bits.
    function _sumRow(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 g, uint256 k, uint256 n) = (Steps.g(at), Steps.k(at), Frames.submissions(b.counts));
        uint256 weights = b.leaf(Frames.WEIGHTS, 0);
        uint256 row = b.leaf(Frames.SUMROWS, g);
        uint256 parts = _entry(b, false, g, k);
        unchecked {
            int256 found = 0;
            for (uint256 i = 0; i < n; ++i) {
                found += int256(Params.coefficient(weights, i)) * Numbers.int64At(parts + 16 + 8 * i);
            }
            return Numbers.int64At(row + 8 * k) != found;
        }
    }

    /// @dev A neuron of the next base is not the base's, moved by the mean of the updates and saturated.
    function _next(Blob memory b, uint256 g) private pure returns (bool) {
        uint256 params = b.leaf(Frames.PARAMS, 0);
        if (_adopted(b) == 0) revert Judge_BadPosition(g);
        uint256 row = b.leaf(Frames.SUMROWS, g);
        uint256 base = b.neuron(Frames.BASE_MODEL, g);
        uint256 next = b.neuron(Frames.NEXT_MODEL, g);
        uint256 width = Frames.width(b.counts, g);
        int256 unit = int256(Frames.biasUnit(b.counts, g));
        uint256 k = Params.k(params);
        // There is no mean over 0, and no bias in units of 0.
        if (k == 0 || unit == 0) return true;
        if (!_moves(params, row, base, next, width)) return true;
        unchecked {
            int256 mean = Exact.roundedMean(Numbers.int64At(row + 8 * width), k);
            int256 bias = Exact.movedBias(Numbers.int64At(base + 4 * width), mean, Params.biasBound(params), unit);
            return Numbers.int64At(next + 4 * width) != bias;
        }
    }

    /// @dev Whether the weights at `next` are those at `base`, moved. Clamped weights have at most 48 bits: their squares sum to less
    /// than 2^112, and 2^96 bounds the products of `Exact.shrunk`.
    function _moves(uint256 params, uint256 row, uint256 base, uint256 next, uint256 width)
        private
        pure
        returns (bool)
    {
        uint256 k = Params.k(params);
        uint256 most = Params.weightBound(params);
        uint256 longest = Params.rowNormBound(params);
        int256[] memory weights = new int256[](width);
        uint256 square = 0;
        unchecked {
            for (uint256 i = 0; i < width; ++i) {
                int256 mean = Exact.roundedMean(Numbers.int64At(row + 8 * i), k);
                int256 weight = Exact.clamp(Numbers.int32At(base + 4 * i) + mean, most);
                weights[i] = weight;
                square += uint256(weight * weight);
            }
            bool long = square > longest * longest;
            uint256 norm = long ? Exact.ceilSqrt(square) : 0;
            for (uint256 i = 0; i < width; ++i) {
                int256 weight = long ? Exact.shrunk(weights[i], longest, norm) : weights[i];
                if (Numbers.int32At(next + 4 * i) != weight) return false;
            }
        }
        return true;
    }

    /// @dev Roots of the next base and the aggregate do not fit whether it is adopted. PARAMS is read, but nothing follows from it.
    function _kept(Blob memory b, bytes32 stated) private pure returns (bool) {
        b.leaf(Frames.PARAMS, 0);
        uint256 adopted = _adopted(b);
        bytes32 base = b.raw(Frames.BASE_MODEL);
        bytes32 next = b.raw(Frames.NEXT_MODEL);
        bytes32 aggregate = b.raw(Frames.AGGREGATE_MODEL);
        if (adopted == 0) return next != base || aggregate != 0 || stated != 0;
        return next == 0 || aggregate == 0 || stated != next;
    }

    /// @dev A neuron of the aggregate is not next base less base.
    function _aggregate(Blob memory b, uint256 g) private pure returns (bool) {
        if (_adopted(b) == 0) revert Judge_BadPosition(g);
        uint256 base = b.neuron(Frames.BASE_MODEL, g);
        uint256 next = b.neuron(Frames.NEXT_MODEL, g);
        uint256 aggregate = b.neuron(Frames.AGGREGATE_MODEL, g);
        uint256 width = Frames.width(b.counts, g);
        int256 unit = int256(Frames.biasUnit(b.counts, g));
        if (unit == 0) return true;
        unchecked {
            for (uint256 i = 0; i < 4 * width; i += 4) {
                int256 found = Numbers.int32At(next + i) - Numbers.int32At(base + i);
                if (Numbers.int32At(aggregate + i) != found) return true;
            }
            uint256 at = 4 * width;
            int256 bias = Exact.biasDifference(Numbers.int64At(next + at), Numbers.int64At(base + at), unit);
            return Numbers.int64At(aggregate + at) != bias;
        }
    }

    /// @dev An entry of an update of this round, or of the root update, exceeds its bound.
    function _bounds(Blob memory b, uint256 at) private pure returns (bool) {
        (uint256 g, uint256 k, uint256 model) = (Steps.g(at), Steps.k(at), Steps.p(at));
        unchecked {
            bool ofRound = model >= Frames.UPDATE_MODELS && model - Frames.UPDATE_MODELS < Frames.submissions(b.counts);
            if (!ofRound && model != Frames.ROOT_MODEL) revert Judge_BadPosition(model);
        }
        uint256 width = Frames.width(b.counts, g);
        if (k > width) revert Judge_BadPosition(k);
        uint256 most = Params.entryBound(b.leaf(Frames.PARAMS, 0));
        int256 entry = _entryOf(b.neuron(model, g), width, k);
        return Exact.clamp(entry, most) != entry;
    }

    /// @dev An update of this round, or the root update, is longer than the norm's bound.
    function _norm(Blob memory b, uint256 k) private pure returns (bool) {
        if (k >= Frames.figures(b.counts)) revert Judge_BadPosition(k);
        (uint256 first, uint256 second) = Figures.vectorsOf(b.counts, k);
        bool known = first == Frames.KNOWN_MODEL;
        bool past = first >= Frames.UPDATE_MODELS + Frames.submissions(b.counts);
        if (first != second || known || past) revert Judge_BadPosition(k);
        uint256 most = Params.normBound(b.leaf(Frames.PARAMS, 0));
        int256 square = Figures.at(b.leaf(Frames.GRAM, 0), k);
        return square > int256(most * most);
    }

    /// @dev Opens entry k of neuron g in TRANS; k = width is the bias.
    function _entry(Blob memory b, bool last, uint256 g, uint256 k) private pure returns (uint256) {
        uint256 counts = b.counts;
        if (g >= Frames.neurons(counts)) revert Judge_BadPosition(g);
        if (k > Frames.width(counts, g)) revert Judge_BadPosition(k);
        return b.leaf(last ? Frames.FINAL + Frames.TRANS : Frames.TRANS, Frames.offset(counts, g) + k);
    }

    /// @dev Entry k of an opened neuron; k = width is the bias.
    function _entryOf(uint256 weights, uint256 width, uint256 k) private pure returns (int256) {
        unchecked {
            return k == width ? Numbers.int64At(weights + 4 * width) : Numbers.int32At(weights + 4 * k);
        }
    }

    /// @dev Opens MONEY: whether the aggregate is adopted, as the sheet states.
    function _adopted(Blob memory b) private pure returns (uint256) {
        return Params.adopted(b.leaf(Frames.MONEY, 0), Frames.submissions(b.counts));
    }
}
