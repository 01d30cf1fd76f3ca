// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {Coalitions} from "./Coalitions.sol";
import {Exact} from "./Exact.sol";
import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";
import {Blob, Openings} from "./Openings.sol";
import {Params} from "./Params.sol";
import {Steps} from "./Steps.sol";

/// @title Judge 1: from models and rows to row scores; pre-activations, coalitions, logits, scores and the table of them.
/// @dev The same steps of the final block have the kinds + 0x80: two parts, the first and the last base, each a column of its own.
/// What is compared is exact whatever bits the opened leaves hold: see `Numbers` and `Coalitions` for the bounds.
contract ActivationJudge is IJudge {
    using Openings for Blob;

    /// @dev Where a step is.
    struct Place {
        bool last; // of the final block
        uint256 section; // what is added to a section's number
        uint256 e;
        uint256 r;
        uint256 g;
        uint256 k;
        uint256 p;
        uint256 level;
    }

    /// @inheritdoc IJudge
    function contradicts(bytes32, uint256, bytes32, Frame calldata frame, uint256 at, bytes calldata proof)
        external
        pure
        returns (bool wrong)
    {
        Blob memory b = Openings.read(frame, proof);
        uint256 kind = Steps.kind(at);
        Place memory place = _place(at);
        if (place.last) {
            if (Frames.finalRows(b.counts) == 0 || kind == Steps.TABLE | Steps.FINAL) revert Judge_UnknownKind(kind);
            kind &= ~Steps.FINAL;
        }
        if (kind == Steps.NEURON) wrong = _neuron(b, place, frame.rowsRoot);
        else if (kind == Steps.ROWS) wrong = _rows(b, place);
        else if (kind == Steps.HIDDEN) wrong = _hidden(b, place);
        else if (kind == Steps.LOGIT) wrong = _logit(b, place);
        else if (kind == Steps.SCORE) wrong = _score(b, place, frame.rowsRoot);
        else if (kind == Steps.TABLE) wrong = _table(b, place);
        else revert Judge_UnknownKind(kind);
        b.finish();
    }

    function _place(uint256 at) private pure returns (Place memory) {
        bool last = Steps.kind(at) & Steps.FINAL != 0;
        return Place(
            last,
            last ? Frames.FINAL : 0,
            Steps.e(at),
            Steps.r(at),
            Steps.g(at),
            Steps.k(at),
            Steps.p(at),
            Steps.level(at)
        );
    }

    /// @dev The pre-activation of one part is not weights times row plus bias. Level 1: the part's model does not exist, and is 0.
    function _neuron(Blob memory b, Place memory place, bytes32 rowsRoot) private pure returns (bool) {
        (uint256 r, uint256 j, uint256 p) = (place.r, place.g, place.p);
        uint256 outputs = Frames.outputs(b.counts);
        if (j >= outputs || p >= Frames.parts(b.counts, place.last)) revert Judge_BadPosition(j);
        if (place.last) rowsRoot = Params.finalRowsRoot(b.leaf(Frames.PARAMS, 0));
        unchecked {
            int256 stated = Numbers.int64At(b.part(place.section + Frames.FIRST, r * outputs + j, p));
            uint256 model = Frames.modelOf(p, place.last);
            if (place.level != 0) {
                b.absent(model);
                return stated != 0;
            }
            uint256 weights = b.neuron(model, j);
            uint256 features = b.row(rowsRoot, Frames.sampleRows(b.counts, place.last), r) + 4;
            uint256 width = Frames.inputs(b.counts);
            int256 bias = Numbers.int64At(weights + 4 * width);
            // 64 bits of a bias times 32 of a scale.
            if (!Frames.isNetwork(model)) bias *= int256(Frames.inputScale(b.counts));
            return stated != Numbers.dotBytes(weights, features, width) + bias;
        }
    }

    /// @dev One weight, or the bias, of an evaluation's layer 1 is not what its parts combine to.
    function _rows(Blob memory b, Place memory place) private pure returns (bool) {
        (uint256 e, uint256 c, uint256 k) = (place.e, place.g, place.k);
        uint256 width = Frames.hidden(b.counts);
        if (width == 0 || c >= Frames.classes(b.counts) || k > width) revert Judge_BadPosition(c);
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 weights = place.last ? 0 : b.leaf(Frames.WEIGHTS, 0);
        unchecked {
            uint256 row = b.leaf(place.section + Frames.ROWS, e * Frames.classes(b.counts) + c);
            uint256 parts = b.leaf(place.section + Frames.TRANS, Frames.offset(b.counts, width + c) + k);
            int256 stated = Numbers.int64At(row + 8 * k);
            if (place.last) return stated != Numbers.int64At(parts + 8 * e);
            (int256 base, int256 change) = _moved(b, params, weights, e, parts);
            int256 factor = int256(Params.k(params));
            if (k < width) return stated != factor * base + change;
            // At most 32 + 32 + 64 bits, and 32 + 64 + 137.
            return stated != factor * (factor * base + int256(Frames.biasUnit(b.counts, width)) * change);
        }
    }

    /// @dev A hidden activation (of a linear model: a logit) is not what the parts of its pre-activation combine to.
    function _hidden(Blob memory b, Place memory place) private pure returns (bool) {
        (uint256 e, uint256 r, uint256 j) = (place.e, place.r, place.g);
        uint256 outputs = Frames.outputs(b.counts);
        if (j >= outputs) revert Judge_BadPosition(j);
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 weights = place.last ? 0 : b.leaf(Frames.WEIGHTS, 0);
        unchecked {
            // Hidden activations come first in a state, and logits where there are none.
            int256 stated = Numbers.int64At(_state(b, place) + 8 * j);
            uint256 parts = b.leaf(place.section + Frames.FIRST, r * outputs + j);
            int256 found;
            if (place.last) {
                found = Numbers.int64At(parts + 8 * e);
            } else {
                (int256 base, int256 change) = _moved(b, params, weights, e, parts);
                found = int256(Params.k(params)) * base + change;
            }
            if (found < 0 && Frames.hidden(b.counts) != 0) found = 0;
            return stated != found;
        }
    }

    /// @dev A logit is not its evaluation's row of layer 1 times the hidden activations, plus the bias.
    function _logit(Blob memory b, Place memory place) private pure returns (bool) {
        uint256 width = Frames.hidden(b.counts);
        uint256 classes = Frames.classes(b.counts);
        uint256 c = place.g;
        if (width == 0 || c >= classes) revert Judge_BadPosition(c);
        if (place.last) b.leaf(Frames.PARAMS, 0);
        unchecked {
            uint256 state = _state(b, place);
            uint256 row = b.leaf(place.section + Frames.ROWS, place.e * classes + c);
            int256 found = Numbers.dot64(row, state, width) + Numbers.int64At(row + 8 * width);
            return Numbers.int64At(state + 8 * (width + c)) != found;
        }
    }

    /// @dev A row's score is not that of its logits and label. A label that names no class has no score at all.
    function _score(Blob memory b, Place memory place, bytes32 rowsRoot) private pure returns (bool) {
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 clip = place.last ? Params.finalClip(params) : Params.clip(params);
        uint256 shift = place.last ? Params.finalShift(params) : Params.shift(params);
        if (place.last) rowsRoot = Params.finalRowsRoot(params);
        uint256 state = _state(b, place);
        uint256 label = Numbers.uint32At(b.row(rowsRoot, Frames.sampleRows(b.counts, place.last), place.r));
        uint256 classes = Frames.classes(b.counts);
        if (label >= classes) return true;
        unchecked {
            uint256 score = Exact.rowScore(state + 8 * Frames.hidden(b.counts), classes, label, clip, shift);
            return Numbers.uint16At(state + 8 * Frames.neurons(b.counts)) != score;
        }
    }

    /// @dev The table has another score than the state.
    function _table(Blob memory b, Place memory place) private pure returns (bool) {
        if (place.e >= Frames.evaluations(b.counts)) revert Judge_BadPosition(place.e);
        unchecked {
            uint256 stated = Numbers.uint16At(b.leaf(Frames.TABLE, place.r) + 2 * place.e);
            return stated != Numbers.uint16At(_state(b, place) + 8 * Frames.neurons(b.counts));
        }
    }

    /// @dev Opens the state of evaluation e on row r.
    function _state(Blob memory b, Place memory place) private pure returns (uint256) {
        uint256 rows = Frames.sampleRows(b.counts, place.last);
        if (place.e >= Frames.evaluated(b.counts, place.last) || place.r >= rows) revert Judge_BadPosition(place.r);
        unchecked {
            return b.leaf(place.section + Frames.STATES, place.e * rows + place.r);
        }
    }

    /// @dev Column 0 is the base alone; see `Coalitions.moved`.
    function _moved(Blob memory b, uint256 params, uint256 weights, uint256 e, uint256 parts)
        private
        pure
        returns (int256, int256)
    {
        if (e == 0) return (Numbers.int64At(parts), 0);
        uint256 members = Coalitions.membersOf(b.counts, Params.seed(params), e);
        return Coalitions.moved(weights, Frames.submissions(b.counts), members, parts);
    }
}
