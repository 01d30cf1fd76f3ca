// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {SumTree} from "../../libraries/SumTree.sol";
import {Moneys} from "./Moneys.sol";

/// @title Judge 4: what submissions and the round are paid, and what of it the sheet states.
contract MoneyRoundsTest is Moneys {
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
        _putMoney([int128(300), 30_000, 300, 1000], -1, round);
        _checkMoney(1, true, "no player, whose loss has no bound");
        _put(
            11,
            0,
            abi.encodePacked(
                new bytes(64), int128(0), int128(1), new bytes(32), new bytes(32), uint128(83), new bytes(35)
            )
        );
        _checkMoney(1, true, "no player, whose squares have none");
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
        words[3] = 1000 | (uint256(2) << 104); // one is there
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

    /// @notice Without rows nothing follows, and with a shift beyond all clips neither, though what is stated of no gain would.
    function test_roundWithoutScale() public {
        words[3] = 1000 | (uint256(2) << 104);
        for (uint256 shift = 64; shift < 66; ++shift) {
            words[2] = 12 | (uint256(442_368) << 32) | (shift << 96) | (uint256(2) << 176);
            _putParams(0);
            _putMoney([int128(0), 0, 0, 0], 0, Round(0, 0, 1, 0, 0, 0, 0, 0));
            _checkMoney(255, shift == 65, "shift");
        }
        words[2] = 12 | (uint256(442_368) << 32) | (uint256(5) << 96) | (uint256(2) << 176);
        _putParams(0);
        c.rows = 0;
        _putMoney([int128(0), 0, 0, 0], 0, Round(0, 0, 0, 0, 0, 0, 0, 0));
        _checkMoney(255, true, "no rows");
    }

    /// @notice A round that is not adopted has no gain that the final one could be compared with.
    function test_releasedWithoutAdoption() public {
        words[3] = 1000 | (uint256(2) << 104) | (1 << 112);
        c.finalRows = 4;
        Round memory round = _round();
        (round.pool, round.adopted, round.finalPpb, round.finalKnown, round.released) = (0, 0, 1000, 1, 1);
        sheet.released = true;
        _putMoney([int128(300), 30_000, 300, 0], 0, round);
        _putParams(2000);
        _checkMoney(255, false, "half of the gains before");
        _putParams(2001);
        _checkMoney(255, true, "less than half of them");
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

    /// @notice The tree of payouts reaches up to index 255, and is as wide as the largest that is paid.
    function test_payoutOfTheLastIndex() public {
        _putMoney([int128(300), 30_000, 300, 1000], 0, _round());
        _put(13, 0, abi.encodePacked(address(11), uint8(255), uint8(0), address(22), uint8(0), uint8(0), address(33)));
        bytes32 node = SumTree.leaf(255, address(11), 1000);
        bytes32 beside = 0;
        for (uint256 i = 0; i < 8; ++i) {
            node = keccak256(abi.encodePacked(beside, node, uint256(1000)));
            beside = keccak256(abi.encodePacked(beside, beside, uint256(0)));
        }
        (sheet.payoutRoot, sheet.pool) = (node, 1000);
        bytes memory proof = abi.encodePacked(_open(11, 0), _open(13, 0));
        vm.assertFalse(_askSheet(_at(0x43, 0, 0, 0, 0, 0, 0), proof), "root");
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
}
