// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {Exact} from "../../referee/Exact.sol";
import {Moneys} from "./Moneys.sol";

/// @title Judge 4: coefficients, players and scales.
/// forge-config: default.fuzz.runs = 16
/// forge-config: long.fuzz.runs = 256
contract MoneyJudgeTest is Moneys {
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

    /// @notice Players are numbered by their holders' indices, whatever order they submitted in.
    function test_playersOfTwo() public {
        // D_0 = (3, 4), D_1 = (4, -3), R = (7, 1): as much along R, and at right angles; no last aggregate
        gram = [int64(25), 0, 25, 25, 25, 50, 0, 0, 0, 0, 0, 0];
        _putGram();
        words[2] = 24; // (4 * 30 / 5), what both take part with
        _putParams(0);
        for (uint8 first = 1; first < 3; ++first) {
            _put(10, 0, abi.encodePacked(uint16(15), uint64(0), first, uint16(15), uint64(0), 3 - first));
            _checkWeights(0, first == 1, "index 9");
            _checkWeights(1, first == 1, "index 4");
        }
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
    function testFuzz_weightsOfAnything(uint256 drawn) public {
        for (uint256 i = 0; i < 12; ++i) {
            gram[i] = int64(uint64(_mix(drawn, i)));
            if (_rarely(drawn, i, 3)) gram[i] = i % 2 == 0 ? type(int64).max : type(int64).min;
            if (_rarely(drawn, 100 + i, 2) && gram[i] < 0) gram[i] = ~gram[i];
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
        seed = bytes32(uint256(1));
        _putParams(0);
        proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertTrue(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "a seed where nothing is drawn");
        seed = 0;
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

    /// @notice A clip of 64 bits that are all set has a word.
    function test_clipThatJustFits() public {
        // 2^64 - 1 = 65535 * (641 * 65537) * 6700417
        (c.hidden, c.inputScale, c.weightScale) = (0, 641 * 65_537, 6_700_417);
        uint256 clip = type(uint64).max;
        words[1] |= 65_535;
        words[2] = 1 | (clip << 32) | (Exact.shiftOf(clip) << 96) | (clip << 104) | (Exact.shiftOf(clip) << 168)
            | (uint256(2) << 176);
        _putParams(0);
        bytes memory proof = abi.encodePacked(_open(0, 0), _open(10, 0));
        vm.assertFalse(_ask(judge, _at(0x41, 0, 0, 0, 0, 0, 0), proof), "it fits");
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

    /// @notice Kinds of other judges, and of nobody, are unknown, and of the final block all.
    function test_unknownKinds() public {
        _checkUnknown(judge, [uint8(0), 0x44, 0x3f, 0xc2]);
    }
}
