// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Numbers} from "./Numbers.sol";
import {Openings} from "./Openings.sol";

/// @title Fields of the leaves that everybody can read: PARAMS, WEIGHTS, MONEY and PEOPLE, by where their content lies.
/// @dev A field of a word is read with its own bits; those of the next field stand above it.
library Params {
    uint256 internal constant PPM = 1e6;
    uint256 private constant WORD = 32;
    uint256 private constant WEIGHT_BYTES = 11;
    uint256 private constant MONEY_BYTES = 64;
    uint256 private constant PERSON_BYTES = 22;
    uint256 private constant HOLDER_BYTES = 20;

    // ---------------------------------------------------------------- word 0: bounds
    function entryBound(uint256 params) internal pure returns (uint256) {
        return uint48(_word(params, 0));
    }

    function normBound(uint256 params) internal pure returns (uint256) {
        return uint48(_word(params, 0) >> 48);
    }

    function weightBound(uint256 params) internal pure returns (uint256) {
        return uint48(_word(params, 0) >> 96);
    }

    function rowNormBound(uint256 params) internal pure returns (uint256) {
        return uint48(_word(params, 0) >> 144);
    }

    function biasBound(uint256 params) internal pure returns (uint256) {
        return uint48(_word(params, 0) >> 192);
    }

    // ---------------------------------------------------------------- word 1: terms
    function clipLogits(uint256 params) internal pure returns (uint256) {
        return uint16(_word(params, 1));
    }

    function coefficientMax(uint256 params) internal pure returns (uint256) {
        return uint16(_word(params, 1) >> 16);
    }

    function stepQuarters(uint256 params) internal pure returns (uint256) {
        return uint8(_word(params, 1) >> 32);
    }

    function copyPpm(uint256 params) internal pure returns (uint256) {
        return uint32(_word(params, 1) >> 40);
    }

    function zSquaredPercent(uint256 params) internal pure returns (uint256) {
        return uint16(_word(params, 1) >> 72);
    }

    function targetPpm(uint256 params) internal pure returns (uint256) {
        return uint32(_word(params, 1) >> 88);
    }

    function permutations(uint256 params) internal pure returns (uint256) {
        return uint16(_word(params, 1) >> 128);
    }

    // ---------------------------------------------------------------- word 2: scale
    function k(uint256 params) internal pure returns (uint256) {
        return uint32(_word(params, 2));
    }

    function clip(uint256 params) internal pure returns (uint256) {
        return uint64(_word(params, 2) >> 32);
    }

    function shift(uint256 params) internal pure returns (uint256) {
        return uint8(_word(params, 2) >> 96);
    }

    function finalClip(uint256 params) internal pure returns (uint256) {
        return uint64(_word(params, 2) >> 104);
    }

    function finalShift(uint256 params) internal pure returns (uint256) {
        return uint8(_word(params, 2) >> 168);
    }

    function denominator(uint256 params) internal pure returns (uint256) {
        return uint48(_word(params, 2) >> 176);
    }

    // ---------------------------------------------------------------- word 3: money
    function roundBudget(uint256 params) internal pure returns (uint256) {
        return uint104(_word(params, 3));
    }

    function minHolders(uint256 params) internal pure returns (uint256) {
        return uint8(_word(params, 3) >> 104);
    }

    function lastRound(uint256 params) internal pure returns (bool) {
        return uint8(_word(params, 3) >> 112) != 0;
    }

    // ---------------------------------------------------------------- words 4 to 6
    function seed(uint256 params) internal pure returns (bytes32) {
        return bytes32(_word(params, 4));
    }

    function gainsBefore(uint256 params) internal pure returns (int256) {
        return int256(_word(params, 5));
    }

    function finalRowsRoot(uint256 params) internal pure returns (bytes32) {
        return bytes32(_word(params, 6));
    }

    // ---------------------------------------------------------------- WEIGHTS
    /// @notice c of submission `i`.
    function coefficient(uint256 weights, uint256 i) internal pure returns (uint256) {
        return Numbers.uint16At(weights + WEIGHT_BYTES * i);
    }

    /// @notice a of submission `i`: how often the last aggregate is taken out of it.
    function known(uint256 weights, uint256 i) internal pure returns (uint256) {
        return Numbers.uint64At(weights + WEIGHT_BYTES * i + 2);
    }

    /// @notice 1 + the player that submission `i` is; 0 for none.
    function player(uint256 weights, uint256 i) internal pure returns (uint256) {
        return Numbers.uint8At(weights + WEIGHT_BYTES * i + 10);
    }

    // ---------------------------------------------------------------- MONEY
    function sum(uint256 money, uint256 i) internal pure returns (int256) {
        return Numbers.int128At(money + MONEY_BYTES * i);
    }

    function squares(uint256 money, uint256 i) internal pure returns (uint256) {
        return Numbers.uint128At(money + MONEY_BYTES * i + 16);
    }

    function lowerBound(uint256 money, uint256 i) internal pure returns (uint256) {
        return Numbers.uint128At(money + MONEY_BYTES * i + 32);
    }

    function payout(uint256 money, uint256 i) internal pure returns (uint256) {
        return Numbers.uint128At(money + MONEY_BYTES * i + 48);
    }

    function gain(uint256 money, uint256 n) internal pure returns (int256) {
        return Numbers.int128At(money + MONEY_BYTES * n);
    }

    function gainPpb(uint256 money, uint256 n) internal pure returns (int256) {
        return Numbers.int128At(money + MONEY_BYTES * n + 16);
    }

    function target(uint256 money, uint256 n) internal pure returns (uint256) {
        return Numbers.uint128At(money + MONEY_BYTES * n + 32);
    }

    function pool(uint256 money, uint256 n) internal pure returns (uint256) {
        return Numbers.uint128At(money + MONEY_BYTES * n + 48);
    }

    /// @notice 1 when the aggregate is adopted, 0 when not; a sheet may assert anything else, which no step yields.
    function adopted(uint256 money, uint256 n) internal pure returns (uint256) {
        return Numbers.uint8At(money + MONEY_BYTES * n + 64);
    }

    function finalPpb(uint256 money, uint256 n) internal pure returns (int256) {
        return Numbers.int128At(money + MONEY_BYTES * n + 65);
    }

    /// @notice 1 when the final shard was scored; see `adopted`.
    function finalKnown(uint256 money, uint256 n) internal pure returns (uint256) {
        return Numbers.uint8At(money + MONEY_BYTES * n + 81);
    }

    /// @notice 1 when the hold-back is paid out; see `adopted`.
    function released(uint256 money, uint256 n) internal pure returns (uint256) {
        return Numbers.uint8At(money + MONEY_BYTES * n + 82);
    }

    // ---------------------------------------------------------------- PEOPLE
    /// @notice Who made submission `i`.
    function holder(uint256 people, uint256 i) internal pure returns (address) {
        return address(uint160(Openings.word(people + PERSON_BYTES * i) >> 96));
    }

    /// @notice The index of that holder within the bounty.
    function holderIndex(uint256 people, uint256 i) internal pure returns (uint256) {
        return Numbers.uint8At(people + PERSON_BYTES * i + HOLDER_BYTES);
    }

    /// @notice Who made submission `j` of the last settled round.
    function previousHolder(uint256 people, uint256 n, uint256 j) internal pure returns (address) {
        return address(uint160(Openings.word(people + PERSON_BYTES * n + HOLDER_BYTES * j) >> 96));
    }

    function _word(uint256 params, uint256 i) private pure returns (uint256) {
        return Openings.word(params + WORD * i);
    }
}
