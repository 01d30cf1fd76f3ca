// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {SumTree} from "../../libraries/SumTree.sol";
import {Exact} from "../../referee/Exact.sol";
import {Traces} from "./Traces.sol";

/// @title Judge 4 on leaves written by hand.
/// @dev D_0 = (3, 4), D_1 = (6, 8), R = (3, 4), P = (0, 2), E_0 = (0, 1): D_1 repeats D_0, so D_0 counts alone.
/// forge-config: default.fuzz.runs = 16
/// forge-config: long.fuzz.runs = 256
contract MoneyJudgeTest is Traces {
    IJudge private judge;
    IMarket.Sheet private sheet;
    uint256[4] private words;
    int64[12] private gram;
    bytes private weights;

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

    /// @notice Coefficient, share of the last aggregate, player and denominator follow from the dot products.
    function test_weights() public {
        _checkWeights(0, false, "first");
        _checkWeights(1, false, "a copy");
        _checkWeights(255, false, "the denominator");
        vm.assertTrue(_refuses(judge, _at(0x40, 0, 0, 2, 0, 0, 0), _weightsProof()), "no third");
        _checkStrict(judge, _at(0x40, 0, 0, 0, 0, 0, 0), _weightsProof(), 12_345);
        _putWeights(14, 30, 1);
        _checkWeights(0, true, "coefficient");
        _checkWeights(1, false, "not of the other");
        _putWeights(15, 31, 1);
        _checkWeights(0, true, "last aggregate");
        _putWeights(15, 30, 2);
        _checkWeights(0, true, "player");
        words[2] += 1;
        _putParams(0);
        _checkWeights(255, true, "K");
    }

    /// @notice A square below 0 is no vector's, and steps of no quarter have no denominator: both are wrong, whatever else is stated.
    function test_weightsOfNothing() public {
        uint256[4] memory squares = [uint256(0), 5, 8, 11];
        for (uint256 i = 0; i < 4; ++i) {
            int64 kept = gram[squares[i]];
            gram[squares[i]] = -1;
            _putGram();
            _checkWeights(255, true, "square");
            gram[squares[i]] = kept;
        }
        _putGram();
        words[1] &= ~(uint256(0xff) << 32);
        _putParams(0);
        _checkWeights(255, true, "quarters");
    }

    /// @notice The largest and smallest totals anybody can assert lead to a verdict, not to a failure.
    function testFuzz_weightsOfAnything(uint256 seed) public {
        for (uint256 i = 0; i < 12; ++i) {
            gram[i] = int64(uint64(_mix(seed, i)));
            if (_rarely(seed, i, 3)) gram[i] = i % 2 == 0 ? type(int64).max : type(int64).min;
            if (_rarely(seed, 100 + i, 2) && gram[i] < 0) gram[i] = ~gram[i];
        }
        _putGram();
        words[1] |= 0xffff0000;
        _putParams(0);
        _ask(judge, _at(0x40, 0, 0, 0, 0, 0, 0), _weightsProof());
    }

    /// @notice Scales, players and evaluations follow from K and the live submissions.
    function test_params() public {
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertFalse(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "right");
        for (uint256 bit = 32; bit < 256; bit += 16) {
            words[2] ^= 1 << bit;
            _putParams(0);
            proof = abi.encodePacked(_open(0, 0), _open(10, 0));
            vm.assertTrue(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "scale");
            words[2] ^= 1 << bit;
        }
        _putParams(0);
        _putWeights(15, 30, 0);
        proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertTrue(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "players");
        _putWeights(15, 30, 1);
        words[1] += 1 << 128;
        _putParams(0);
        proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertTrue(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "permutations");
    }

    /// @notice A clip of more than 64 bits has no word, whatever its bits spill into.
    function test_clipThatDoesNotFit() public {
        (c.inputScale, c.weightScale) = (1 << 31, 1 << 31);
        uint256 clip = 2 * c.inputScale * (c.weightScale * 12) ** 2;
        uint256 last = 2 * c.inputScale * c.weightScale ** 2;
        words[2] = 12 | (clip << 32) | (Exact.shiftOf(clip) << 96) | (last << 104) | (Exact.shiftOf(last) << 168)
            | (uint256(2) << 176);
        _putParams(0);
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertTrue(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "no word");
        // only the round's: 2 * 2^30 * (2^16 * 12)^2 has 71 bits, the final one without K 63
        (c.inputScale, c.weightScale) = (1 << 30, 1 << 16);
        clip = 2 * c.inputScale * (c.weightScale * 12) ** 2;
        last = 2 * c.inputScale * c.weightScale ** 2;
        words[2] = 12 | (clip << 32) | (Exact.shiftOf(clip) << 96) | (last << 104) | (Exact.shiftOf(last) << 168)
            | (uint256(2) << 176);
        _putParams(0);
        proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertTrue(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "no word for one of them");
    }

    /// @notice A lower bound follows from the sums, a payout from the bounds; who is no player has no sums.
    function test_submission() public {
        // 300 each row: no doubt; 300 * 1000 / 300
        Round memory round = _round();
        _putMoney([int128(300), 30_000, 300, 1000], 0, round);
        _checkMoney(0, false, "right");
        _checkMoney(1, false, "nothing");
        _putMoney([int128(300), 30_000, 299, 1000], 0, round);
        _checkMoney(0, true, "bound");
        _putMoney([int128(300), 30_000, 300, 999], 0, round);
        _checkMoney(0, true, "payout");
        _putMoney([int128(300), 30_000, 300, 1000], 1, round);
        _checkMoney(1, true, "no player");
        _putMoney([type(int128).min, 30_000, 300, 1000], 0, round);
        _checkMoney(0, true, "no such sum");
        round.adopted = 0;
        _putMoney([int128(300), 30_000, 300, 0], 0, round);
        _checkMoney(0, false, "not adopted");
    }

    /// @notice Sums are at most 2^118, of either sign: beyond it whatever is stated is wrong, also what the formula would make of it. Without
    /// rows no sum has a bound.
    function test_submissionOfTheLargestSums() public {
        Round memory round = _round();
        int128 most = 1 << 118;
        for (int128 more = 0; more < 2; ++more) {
            // squares below the sum's: no variance, and the bound is the sum; all of the budget
            _putMoney([most + more, 0, most + more, 1000], 0, round);
            _checkMoney(0, more == 1, "above");
            _putMoney([-most - more, 0, 0, 0], 0, round);
            _checkMoney(0, more == 1, "below");
        }
        _putMoney([int128(0), 0, 0, 0], 0, round);
        _checkMoney(0, false, "nothing");
        c.rows = 0;
        _checkMoney(0, true, "no rows");
    }

    /// @notice Where nothing is aimed at and nobody has a bound, nobody is paid, and that is right.
    function test_submissionOfNothing() public {
        Round memory round = _round();
        round.target = 0;
        _putMoney([int128(0), 0, 0, 0], 0, round);
        _checkMoney(0, false, "nothing");
        _putMoney([int128(0), 0, 0, 1], 0, round);
        _checkMoney(0, true, "something");
    }

    /// @notice A submission that there is none is refused as such, whatever its round is like.
    function test_noSuchSubmission() public {
        bytes[2] memory proofs = [_weightsProof(), abi.encodePacked(_open(0, 0), _open(10, 0), _open(11, 0))];
        for (uint256 i = 2; i < 256; i += 252) {
            for (uint256 kind = 0x40; kind < 0x44; kind += 2) {
                uint256 at = _at(kind, 0, 0, i, 0, 0, 0);
                vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadPosition.selector, i));
                _ask(judge, at, proofs[(kind - 0x40) / 2]);
            }
        }
        // with another K all of WEIGHTS would be wrong
        words[2] += 1;
        _putParams(0);
        vm.assertTrue(_refuses(judge, _at(0x40, 0, 0, 2, 0, 0, 0), _weightsProof()), "no third");
    }

    /// @notice Target, gain, adoption and pool follow, and the sheet states them.
    function test_round() public {
        (sheet.pool, sheet.adopted) = (1000, true);
        int128[4] memory paid = [int128(300), 30_000, 300, 1000];
        _putMoney(paid, 0, _round());
        _checkMoney(255, false, "right");
        for (uint256 i = 0; i < 8; ++i) {
            Round memory round = _round();
            if (i == 0) round.gain = 0;
            if (i == 1) round.gainPpb += 1;
            if (i == 2) round.target += 1;
            if (i == 3) round.pool += 1;
            if (i == 4) round.adopted = 2;
            if (i == 5) round.finalPpb = 1;
            if (i == 6) round.finalKnown = 1;
            if (i == 7) round.released = 1;
            _putMoney(paid, 0, round);
            _checkMoney(255, true, "a field");
        }
        Round memory gainless = _round();
        (gainless.gain, gainless.gainPpb) = (0, 0);
        _putMoney(paid, 0, gainless);
        _checkMoney(255, true, "adopted without a gain");
        _putMoney(paid, 0, _round());
        sheet.pool = 1001;
        _checkMoney(255, true, "the sheet's pool");
        (sheet.pool, sheet.adopted) = (1000, false);
        _checkMoney(255, true, "the sheet's adoption");
        (sheet.adopted, sheet.released) = (true, true);
        _checkMoney(255, true, "the sheet's release");
        sheet.released = false;
        words[2] = 12 | (uint256(2) << 176);
        _putParams(0);
        _checkMoney(255, true, "no clip");
    }

    /// @notice With fewer coefficients than holders it takes to hide each other, nothing is adopted, whatever is stated.
    function test_notAdopted() public {
        words[3] = 1000 | (uint256(3) << 104);
        _putParams(0);
        Round memory round = _round();
        (round.pool, round.adopted) = (0, 0);
        int128[4] memory unpaid = [int128(300), 30_000, 300, 0];
        _putMoney(unpaid, 0, round);
        _checkMoney(255, false, "as it should be");
        sheet.adopted = true;
        _checkMoney(255, true, "the sheet says it is");
        sheet.adopted = false;
        round.adopted = 1;
        _putMoney(unpaid, 0, round);
        _checkMoney(255, true, "the trace says it is");
    }

    /// @notice The hold-back of the last round is paid out if the final gain is half of all gains, or nobody scored it.
    function test_released() public {
        (sheet.pool, sheet.adopted) = (1000, true);
        words[3] |= 1 << 112;
        int128[4] memory paid = [int128(300), 30_000, 300, 1000];
        Round memory round = _round();
        (round.released, sheet.released) = (1, true);
        _putParams(0);
        _putMoney(paid, 0, round);
        _checkMoney(255, false, "not scored");
        c.finalRows = 4;
        (round.finalKnown, round.finalPpb) = (1, 1000);
        _putMoney(paid, 0, round);
        _putParams(2000 - int256(round.gainPpb));
        _checkMoney(255, false, "half");
        _putParams(2001 - int256(round.gainPpb));
        _checkMoney(255, true, "less than half");
        _putParams(type(int256).max);
        _checkMoney(255, true, "no sum wraps");
        _putParams(type(int256).min);
        _checkMoney(255, false, "nor below");
    }

    /// @notice The sheet's payout tree is the one over MONEY.
    function test_payouts() public {
        _putMoney([int128(300), 30_000, 300, 1000], 0, _round());
        bytes32 node = SumTree.leaf(9, address(11), 1000);
        for (uint256 i = 0; i < 4; ++i) {
            (bytes32 left, bytes32 right) = (9 >> i) & 1 == 0 ? (node, bytes32(0)) : (bytes32(0), node);
            // Nodes beside the way are those over nothing.
            bytes32 beside = 0;
            for (uint256 k = 0; k < i; ++k) {
                beside = keccak256(abi.encodePacked(beside, beside, uint256(0)));
            }
            if ((9 >> i) & 1 == 0) right = beside;
            else left = beside;
            uint256 sums = (9 >> i) & 1 == 0 ? uint256(1000) << 128 : 1000;
            node = keccak256(abi.encodePacked(left, right, sums));
        }
        bytes memory proof = abi.encodePacked(_open(11, 0), _open(13, 0));
        (sheet.payoutRoot, sheet.pool) = (node, 1000);
        vm.assertFalse(_askSheet(_at(0x43, 0, 0, 0, 0, 0, 0), proof), "right");
        sheet.pool = 999;
        vm.assertTrue(_askSheet(_at(0x43, 0, 0, 0, 0, 0, 0), proof), "pool");
        (sheet.payoutRoot, sheet.pool) = (bytes32("else"), 1000);
        vm.assertTrue(_askSheet(_at(0x43, 0, 0, 0, 0, 0, 0), proof), "root");
        // Index 0, like any other, has an empty place when nothing is paid there.
        _put(13, 0, abi.encodePacked(address(11), uint8(9), uint8(0), address(22), uint8(0), uint8(0), address(33)));
        proof = abi.encodePacked(_open(11, 0), _open(13, 0));
        sheet.payoutRoot = node;
        vm.assertFalse(_askSheet(_at(0x43, 0, 0, 0, 0, 0, 0), proof), "nothing at index 0");
    }

    /// @notice What is shown of the sheet are its own fields, whole.
    function test_theSheetIsOpenedWhole() public {
        _putMoney([int128(0), 0, 0, 0], 0, _round());
        bytes memory proof = abi.encodePacked(_open(11, 0), _open(13, 0));
        bytes memory fields = abi.encode(sheet);
        uint256 at = _at(0x43, 0, 0, 0, 0, 0, 0);
        vm.assertFalse(_refusesSheet(fields, at, bytes.concat(fields, proof)), "its own");
        for (uint256 i = 31; i < fields.length; i += 32) {
            bytes memory others = abi.encode(sheet);
            others[i] ^= 0x01;
            vm.assertTrue(_refusesSheet(fields, at, bytes.concat(others, proof)), "another one's");
        }
        vm.assertTrue(_refusesSheet(fields, at, proof), "none");
    }

    function _refusesSheet(bytes memory fields, uint256 at, bytes memory shown) private view returns (bool) {
        try judge.contradicts(0, 0, keccak256(fields), _frame(), at, shown) returns (bool) {
            return false;
        } catch {
            return true;
        }
    }

    /// @notice Kinds of other judges, and of nobody, are unknown, and of the final block all.
    function test_unknownKinds() public {
        _checkUnknown(judge, [uint8(0), 0x44, 0x3f, 0xc2]);
    }

    // ---------------------------------------------------------------- words
    function _putParams(int256 gainsBefore) private {
        _put(0, 0, abi.encode(words[0], words[1], words[2], words[3], bytes32("seed"), gainsBefore, bytes32(0)));
    }

    function _putGram() private {
        bytes memory content;
        for (uint256 i = 0; i < 12; ++i) {
            content = abi.encodePacked(content, gram[i]);
        }
        _put(9, 0, content);
    }

    function _putWeights(uint16 coefficient, uint64 known, uint8 player) private {
        _put(10, 0, abi.encodePacked(coefficient, known, player, uint16(0), uint64(0), uint8(0)));
    }

    /// @dev gain 60: 60 * 10^9 * 32 / (442368 * 3) = 1446759.2; target 1000 ppm of 442368 * 2 * 3 / 32 = 82.9
    function _round() private pure returns (Round memory) {
        return Round(60, 1_446_759, 83, 1000, 1, 0, 0, 0);
    }

    /// @dev Sum, squares, bound and payout of the first submission; the sum of the second.
    function _putMoney(int128[4] memory first, int128 other, Round memory round) private {
        bytes memory shares =
            abi.encodePacked(first[0], first[1], first[2], first[3], other, uint128(0), uint128(0), uint128(0));
        bytes memory tail = abi.encodePacked(round.adopted, round.finalPpb, round.finalKnown, round.released);
        _put(11, 0, abi.encodePacked(shares, round.gain, round.gainPpb, round.target, round.pool, tail));
    }

    function _weightsProof() private view returns (bytes memory) {
        return abi.encodePacked(_open(0, 0), _open(9, 0), _open(10, 0), _open(13, 0));
    }

    function _checkWeights(uint256 i, bool wrong, string memory reason) private view {
        vm.assertTrue(wrong == _ask(judge, _at(0x40, 0, 0, i, 0, 0, 0), _weightsProof()), reason);
    }

    function _checkMoney(uint256 i, bool wrong, string memory reason) private view {
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0), _open(11, 0));
        vm.assertTrue(wrong == _askSheet(_at(0x42, 0, 0, i, 0, 0, 0), proof), reason);
    }

    function _askSheet(uint256 at, bytes memory proof) private view returns (bool) {
        bytes memory fields = abi.encode(sheet);
        bool opened = uint8(at) == 0x43 || uint16(at >> 56) == 255;
        return judge.contradicts(0, 0, keccak256(fields), _frame(), at, opened ? bytes.concat(fields, proof) : proof);
    }
}
