// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {Traces} from "./Traces.sol";

/// @title The leaves of a round that judge 4 reads, written by hand.
/// @dev D_0 = (3, 4), D_1 = (6, 8), R = (3, 4), P = (0, 2), E_0 = (0, 1): D_1 repeats D_0, so D_0 counts alone.
abstract contract Moneys is Traces {
    IJudge internal judge;
    IMarket.Sheet internal sheet;
    bytes32 internal seed;
    uint256[4] internal words;
    int64[12] internal gram;

    struct Round {
        int128 gain;
        int128 gainPpb;
        uint128 target;
        uint128 pool;
        uint8 adopted;
        int128 finalPpb;
        uint8 finalKnown;
        uint8 released;
    }

    function setUp() public {
        judge = IJudge(vm.deployCode("MoneyJudge.sol:MoneyJudge"));
        c = Counts(3, 2, 3, 3, 2, 1, 1, 3, 24, 8, 1, 0);
        // clipLogits 2, coefficientMax 15, stepQuarters 5, copyPpm 970000, z 269, target 1000 ppm, 16 submissions, 1 permutation
        words[1] = 2 | (15 << 16) | (uint256(5) << 32) | (uint256(970_000) << 40) | (uint256(269) << 72)
            | (uint256(1000) << 88) | (uint256(16) << 120) | (uint256(1) << 128);
        // K = 12: clip 2 * 24 * (8 * 12)^2 = 442368, 20 bits doubled; final clip 2 * 24 * 64 = 3072; denominator 2
        words[2] = 12 | (uint256(442_368) << 32) | (uint256(5) << 96) | (uint256(3072) << 104) | (uint256(2) << 176);
        // budget 1000, one holder is enough
        words[3] = 1000 | (uint256(1) << 104);
        _putParams(0);
        gram = [int64(25), 50, 100, 25, 50, 25, 8, 16, 4, 4, 8, 1];
        _putGram();
        _putWeights(15, 30, 1);
        _put(13, 0, abi.encodePacked(address(11), uint8(9), uint8(0), address(22), uint8(4), uint8(0), address(33)));
    }

    // ---------------------------------------------------------------- words
    function _putParams(int256 gainsBefore) internal {
        _put(0, 0, abi.encode(words[0], words[1], words[2], words[3], seed, gainsBefore, bytes32(0)));
    }

    function _putGram() internal {
        bytes memory content;
        for (uint256 i = 0; i < 12; ++i) {
            content = abi.encodePacked(content, gram[i]);
        }
        _put(9, 0, content);
    }

    function _putWeights(uint16 coefficient, uint64 known, uint8 player) internal {
        _put(10, 0, abi.encodePacked(coefficient, known, player, uint16(0), uint64(0), uint8(0)));
    }

    /// @dev gain 60: 60 * 10^9 * 32 / (442368 * 3) = 1446759.2; target 1000 ppm of 442368 * 2 * 3 / 32 = 82.9
    function _round() internal pure returns (Round memory) {
        return Round(60, 1_446_759, 83, 1000, 1, 0, 0, 0);
    }

    /// @dev Sum, squares, bound and payout of the first submission; the sum of the second.
    function _putMoney(int128[4] memory first, int128 other, Round memory round) internal {
        bytes memory shares =
            abi.encodePacked(first[0], first[1], first[2], first[3], other, uint128(0), uint128(0), uint128(0));
        bytes memory tail = abi.encodePacked(round.adopted, round.finalPpb, round.finalKnown, round.released);
        _put(11, 0, abi.encodePacked(shares, round.gain, round.gainPpb, round.target, round.pool, tail));
    }

    function _weightsProof() internal view returns (bytes memory) {
        return abi.encodePacked(_open(0, 0), _open(9, 0), _open(10, 0), _open(13, 0));
    }

    function _checkWeights(uint256 i, bool wrong, string memory reason) internal view {
        vm.assertTrue(wrong == _ask(judge, _at(0x40, 0, 0, i, 0, 0, 0), _weightsProof()), reason);
    }

    function _checkMoney(uint256 i, bool wrong, string memory reason) internal view {
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0), _open(11, 0));
        vm.assertTrue(wrong == _askSheet(_at(0x42, 0, 0, i, 0, 0, 0), proof), reason);
    }

    function _askSheet(uint256 at, bytes memory proof) internal view returns (bool) {
        bytes memory fields = abi.encode(sheet);
        bool opened = uint8(at) == 0x43 || uint16(at >> 56) == 255;
        return judge.contradicts(0, 0, keccak256(fields), _frame(), at, opened ? bytes.concat(fields, proof) : proof);
    }
}
