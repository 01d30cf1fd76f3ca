// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {Coefficients, Given} from "./Coefficients.sol";
import {Exact} from "./Exact.sol";
import {Frames} from "./Frames.sol";
import {Blob, Openings} from "./Openings.sol";
import {Params} from "./Params.sol";
import {PayoutTree} from "./PayoutTree.sol";
import {Steps} from "./Steps.sol";

/// @title Judge 4: from dot products and contributions to coefficients, scales and money, and what of it the sheet states.
contract MoneyJudge is IJudge {
    using Openings for Blob;

    /// @dev In place of a submission: what concerns the whole round.
    uint256 private constant ROUND = 255;
    /// @dev Sums beyond this are no contribution's: rows have at most 32 bits, numerators 63. `Exact.lowerBound` needs it.
    int256 private constant MOST_SUM = 1 << 118;

    /// @inheritdoc IJudge
    function contradicts(bytes32, uint256, bytes32 fieldsHash, Frame calldata frame, uint256 at, bytes calldata proof)
        external
        pure
        returns (bool wrong)
    {
        Blob memory b = Openings.read(frame, proof);
        uint256 kind = Steps.kind(at);
        uint256 i = Steps.g(at);
        if (kind == Steps.WEIGHTS) wrong = _weights(b, i);
        else if (kind == Steps.PARAMS) wrong = _params(b);
        else if (kind == Steps.MONEY) wrong = i == ROUND ? _round(b, b.sheet(fieldsHash)) : _submission(b, i);
        else if (kind == Steps.PAYOUTS) wrong = _payouts(b, b.sheet(fieldsHash));
        else revert Judge_UnknownKind(kind);
        b.finish();
    }

    /// @dev c, a or player of a submission, or K, is not what the dot products yield.
    function _weights(Blob memory b, uint256 i) private pure returns (bool) {
        uint256 n = Frames.submissions(b.counts);
        if (i >= n && i != ROUND) revert Judge_BadPosition(i);
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 gram = b.leaf(Frames.GRAM, 0);
        uint256 weights = b.leaf(Frames.WEIGHTS, 0);
        uint256 people = b.leaf(Frames.PEOPLE, 0);
        Given memory given =
            Given(gram, people, n, Frames.previous(b.counts), Params.coefficientMax(params), Params.copyPpm(params));
        (bool sane, uint256[] memory c) = Coefficients.values(given);
        uint256 quarters = Params.stepQuarters(params);
        // Steps of no quarter have no denominator.
        if (!sane || quarters == 0) return true;
        uint256 total = 0;
        for (uint256 j = 0; j < n; ++j) {
            total += c[j];
        }
        if (Params.k(params) != Exact.stepDenominator(total, quarters)) return true;
        if (i == ROUND) return false;
        return Params.coefficient(weights, i) != c[i] || Params.known(weights, i) != Coefficients.known(given, i, c[i])
            || Params.player(weights, i) != _playerOf(people, c, i);
    }

    /// @dev 1 + how many live submissions are of holders with a smaller index; 0 for one that is not live.
    function _playerOf(uint256 people, uint256[] memory c, uint256 i) private pure returns (uint256 player) {
        if (c[i] == 0) return 0;
        player = 1;
        for (uint256 j = 0; j < c.length; ++j) {
            if (c[j] != 0 && Params.holderIndex(people, j) < Params.holderIndex(people, i)) ++player;
        }
    }

    /// @dev Scales, denominator, players or evaluations are not what K and the live submissions make them.
    function _params(Blob memory b) private pure returns (bool) {
        uint256 counts = b.counts;
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 weights = b.leaf(Frames.WEIGHTS, 0);
        uint256 players = 0;
        for (uint256 i = 0; i < Frames.submissions(counts); ++i) {
            if (Params.player(weights, i) != 0) ++players;
        }
        uint256 permutations = Frames.permutations(counts);
        // Where every coalition has a column nothing is drawn, and a seed would be a figure that nothing contradicts.
        if (players <= Frames.EXACT_PLAYERS && Params.seed(params) != 0) return true;
        return Frames.players(counts) != players || permutations != Params.permutations(params)
            || Frames.evaluations(counts) != Frames.columns(players, permutations)
            || Openings.word(params + 64) != _scale(counts, params, players);
    }

    /// @dev Word 2 of PARAMS under its own K; a word that none has when a clip exceeds 64 bits.
    function _scale(uint256 counts, uint256 params, uint256 players) private pure returns (uint256) {
        uint256 k = Params.k(params);
        (uint256 clip, uint256 lastClip) = (_clip(counts, params, k), _clip(counts, params, 1));
        if (clip > type(uint64).max || lastClip > type(uint64).max) return type(uint256).max;
        uint256 denominator = Exact.contributionDenominator(players, Frames.permutations(counts));
        return k | (clip << 32) | (Exact.shiftOf(clip) << 96) | (lastClip << 104) | (Exact.shiftOf(lastClip) << 168)
            | (denominator << 176);
    }

    function _clip(uint256 counts, uint256 params, uint256 k) private pure returns (uint256) {
        uint256 layers = Frames.hidden(counts) == 0 ? 1 : 2;
        return Exact.clipOf(Params.clipLogits(params), Frames.inputScale(counts), Frames.weightScale(counts), k, layers);
    }

    /// @dev A submission's lower bound or payout does not follow from its sums; or one that is no player has sums.
    function _submission(Blob memory b, uint256 i) private pure returns (bool) {
        uint256 n = Frames.submissions(b.counts);
        if (i >= n) revert Judge_BadPosition(i);
        (uint256 params, uint256 weights, uint256 money) = _openMoney(b);
        uint256 rows = Frames.rows(b.counts);
        (int256 sum, uint256 squares) = (Params.sum(money, i), Params.squares(money, i));
        if (Params.player(weights, i) == 0 && (sum != 0 || squares != 0)) return true;
        if (rows == 0 || sum > MOST_SUM || sum < -MOST_SUM) return true;
        uint256 bound = Params.lowerBound(money, i);
        if (bound != Exact.lowerBound(sum, squares, rows, Params.zSquaredPercent(params))) return true;
        uint256 paid = 0;
        if (Params.adopted(money, n) != 0) {
            uint256 all = 0;
            for (uint256 j = 0; j < n; ++j) {
                all += Params.lowerBound(money, j);
            }
            paid = Exact.payoutFloor(Params.roundBudget(params), bound, Params.target(money, n), all);
        }
        return Params.payout(money, i) != paid;
    }

    /// @dev What MONEY states of the whole round does not follow, or the sheet states something else.
    function _round(Blob memory b, IMarket.Sheet calldata sheet) private pure returns (bool) {
        uint256 n = Frames.submissions(b.counts);
        (uint256 params, uint256 weights, uint256 money) = _openMoney(b);
        bool adopted = _isAdopted(params, weights, money, n);
        if (Params.adopted(money, n) != (adopted ? 1 : 0) || sheet.adopted != adopted) return true;
        uint256 pool = 0;
        for (uint256 i = 0; i < n; ++i) {
            pool += Params.payout(money, i);
        }
        if (Params.pool(money, n) != pool || sheet.pool != pool) return true;
        return !_isScaled(b.counts, params, money) || !_isReleased(b.counts, params, money, sheet.released);
    }

    /// @dev `adoption.is_adopted`: the coalition of all gains, and enough updates are in it.
    function _isAdopted(uint256 params, uint256 weights, uint256 money, uint256 n) private pure returns (bool) {
        uint256 live = 0;
        for (uint256 i = 0; i < n; ++i) {
            if (Params.coefficient(weights, i) != 0) ++live;
        }
        return Params.gain(money, n) > 0 && live >= Params.minHolders(params);
    }

    /// @dev Whether target and gain_ppb follow. Without rows or a clip, or with a shift beyond all clips, nothing does.
    function _isScaled(uint256 counts, uint256 params, uint256 money) private pure returns (bool) {
        (uint256 n, uint256 rows) = (Frames.submissions(counts), Frames.rows(counts));
        (uint256 clip, uint256 shift) = (Params.clip(params), Params.shift(params));
        if (clip == 0 || rows == 0 || shift > Exact.MAX_SHIFT) return false;
        uint256 target = Exact.targetCeil(Params.targetPpm(params), clip, Params.denominator(params), rows, shift);
        return Params.target(money, n) == target
            && Params.gainPpb(money, n) == Exact.gainPpbFloor(Params.gain(money, n), shift, clip, rows);
    }

    /// @dev Whether the hold-back is paid out exactly when it has to be: never before the last round; in it, unless the final shard was
    /// scored and the whole gain on it is less than half of all adopted gains.
    function _isReleased(uint256 counts, uint256 params, uint256 money, bool stated) private pure returns (bool) {
        uint256 n = Frames.submissions(counts);
        bool scored = Frames.finalRows(counts) != 0;
        int256 finalPpb = Params.finalPpb(money, n);
        if (Params.finalKnown(money, n) != (scored ? 1 : 0) || (!scored && finalPpb != 0)) return false;
        bool released = Params.lastRound(params);
        if (released && scored) {
            int256 gain = Params.adopted(money, n) == 0 ? int256(0) : Params.gainPpb(money, n);
            // On this side 128 bits suffice for any sum; gainsBefore may be any 256.
            released = 2 * finalPpb - gain >= Params.gainsBefore(params);
        }
        return Params.released(money, n) == (released ? 1 : 0) && stated == released;
    }

    /// @dev The sheet's payout tree is not the one over MONEY's payouts.
    function _payouts(Blob memory b, IMarket.Sheet calldata sheet) private pure returns (bool) {
        uint256 money = b.leaf(Frames.MONEY, 0);
        uint256 people = b.leaf(Frames.PEOPLE, 0);
        (bytes32 root, uint256 sum) = PayoutTree.rootOf(money, people, Frames.submissions(b.counts));
        return sheet.payoutRoot != root || sheet.pool != sum;
    }

    function _openMoney(Blob memory b) private pure returns (uint256 params, uint256 weights, uint256 money) {
        params = b.leaf(Frames.PARAMS, 0);
        weights = b.leaf(Frames.WEIGHTS, 0);
        money = b.leaf(Frames.MONEY, 0);
    }
}
