// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {Disputes} from "../Disputes.sol";
import {Terms} from "../Terms.sol";

/// @title Any bench, any sheets that fall: what comes of the round is what counting by hand says.
contract FallsFuzz is Disputes {
    bytes private constant KINDS = "HHAAAB.-x";
    bytes private constant SHEETS = "HAB";

    /// @notice Given seats of every kind and any set of fallen sheets, in any order: a round settles on the sheet that more than half of the
    /// seats that did not fall revealed, and on no other; without one it is void. Each seat loses what its deed costs, each challenger
    /// gets the halves of its own sheets, winners are paid, and every unit is accounted for. GM-108, GM-117.
    function testFuzz_benchesCountAsByHand(uint256 seed) public {
        bytes memory bench = new bytes(3 + 2 * (_mix(seed, 0) % 3));
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            // The first two kinds of a seed's own three, mostly: otherwise there is hardly ever a majority.
            uint256 draw = _mix(seed, 10 + seat);
            bench[seat] = draw % 4 == 0 ? KINDS[(draw >> 8) % KINDS.length] : KINDS[_mix(seed, 1 + draw % 2) % 6];
        }
        if (2 * _count(bench, 0, "x") > bench.length) return; // the owner is asked for the shard first
        _toBench(bench);
        if (_count(bench, 0, "H") + _count(bench, 0, "A") + _count(bench, 0, "B") == 0) return; // all silent: void
        bytes1 stands = _standing(bench, 0);
        vm.assertTrue((_view().phase == IMarket.Phase.Challenge) == (stands != 0), "challenged when a sheet stands");
        if (stands == 0) return;
        uint256 fallen = 0;
        uint256 start = _mix(seed, 5) % 3;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 which = (start + i) % 3;
            if (_mix(seed, 6) >> which & 1 == 0 || _count(bench, fallen, SHEETS[which]) == 0) continue;
            _disprove(_challengerOf(which), SHEETS[which]);
            fallen |= 1 << which;
        }
        _pass();
        _finish(bench, fallen);
    }

    function _finish(bytes memory bench, uint256 fallen) private {
        bytes1 stands = _standing(bench, fallen);
        IMarket.Sheet[3] memory sheets = [_sheetOf("H"), _sheetOf("A"), _sheetOf("B")];
        for (uint256 which = 0; which < 3; ++which) {
            if (SHEETS[which] == stands) continue;
            _refused(IMarket.Market_NoMajority.selector, 0);
            market.settle(bounty, Terms.pack(terms), sheets[which]);
        }
        uint256[3] memory before = [_balance(challenger), _balance(rival), _balance(defender)];
        if (stands == 0) {
            market.advance(bounty, Terms.pack(terms));
        } else {
            _refused(IMarket.Market_NothingToDo.selector);
            market.advance(bounty, Terms.pack(terms));
            market.settle(bounty, Terms.pack(terms), sheets[stands == "H" ? 0 : stands == "A" ? 1 : 2]);
        }
        _assertSettled(0, stands != 0);
        _assertAccounts(bench, fallen, stands);
        for (uint256 which = 0; which < 3; ++which) {
            uint256 seats = _has(fallen, which) ? _count(bench, 0, SHEETS[which]) : 0;
            vm.assertEq(before[which] + seats * (TICKET / 2), _balance(_challengerOf(which)), "a challenger's reward");
        }
    }

    function _assertAccounts(bytes memory bench, uint256 fallen, bytes1 stands) private view {
        uint256 burned = 0;
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            uint256 percent = _percentOf(bench[seat], fallen, stands);
            _assertLost(seat, percent);
            burned += percent == 100 ? TICKET / 2 : TICKET * percent / 100;
            vm.assertTrue(_has(_view().vacant, seat) == (percent != 0), "who loses anything loses the seat");
            uint256 halves = bench[seat] == stands ? 1 : 0;
            vm.assertEq(halves, market.seatOf(bounty, seat).halves, "pay");
        }
        vm.assertEq(burned, _burned(), "burned");
        // The stake of what `stands` pays out is not this test's sum: a lie's payouts have no tree here.
        if (stands == "H" || stands == 0) _assertSound();
    }

    function _percentOf(bytes1 kind, uint256 fallen, bytes1 stands) private pure returns (uint256) {
        if (kind == "x") return 0;
        if (kind == "-") return 10;
        if (kind == ".") return 30;
        if (_has(fallen, _numberOf(kind))) return 100;
        return stands == 0 || kind == stands ? 0 : 20;
    }

    /// @dev By hand: the sheet that has more than half of the seats whose sheet did not fall; 0 if there is none.
    function _standing(bytes memory bench, uint256 fallen) private pure returns (bytes1) {
        uint256 left = bench.length;
        for (uint256 which = 0; which < 3; ++which) {
            if (_has(fallen, which)) left -= _count(bench, 0, SHEETS[which]);
        }
        for (uint256 which = 0; which < 3; ++which) {
            uint256 seats = _count(bench, fallen, SHEETS[which]);
            if (seats != 0 && seats > left / 2) return SHEETS[which];
        }
        return 0;
    }

    /// @dev Seats that revealed the sheet, none if it fell.
    function _count(bytes memory bench, uint256 fallen, bytes1 kind) private pure returns (uint256 n) {
        if (_has(fallen, _numberOf(kind))) return 0;
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            if (bench[seat] == kind) ++n;
        }
    }

    function _numberOf(bytes1 kind) private pure returns (uint256) {
        return kind == "H" ? 0 : kind == "A" ? 1 : 2;
    }

    function _challengerOf(uint256 which) private view returns (address) {
        return which == 0 ? challenger : which == 1 ? rival : defender;
    }
}
