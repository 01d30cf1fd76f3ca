// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Disputes} from "./Disputes.sol";
import {Terms} from "./Terms.sol";

/// @title What a majority that lied does not get, and what a minority that did not lie does.
contract FallingTest is Disputes {
    function setUp() public override {
        super.setUp();
        _stakeAll(); // enough to draw anew
    }

    // ---------------------------------------------------------------- a lying majority
    /// @dev Given a majority of 3, 5 or 7 seats that lied and an honest minority, wherever they sit and whoever led, when the lie is
    /// disproved, then the honest sheet settles, liars lose all they staked, half of it to the challenger, and the honest are paid.
    function test_theHonestMinoritysSheetStands() public {
        bytes[8] memory benches = [bytes("AAH"), "HAA", "AHA", "AAAHH", "HAAHA", "AAAAHHH", "HHHAAAA", "HAHAHAA"];
        for (uint256 i = 0; i < 8; ++i) {
            _newBench();
            _honestMinority(benches[i]);
        }
    }

    function _honestMinority(bytes memory bench) private {
        _toBench(bench);
        IMarket.Sheet memory lie = _sheetOf("A");
        _disprove(challenger, "A");
        _refused(IMarket.Market_TooEarly.selector, uint256(_view().deadline) + 1);
        market.settle(bounty, Terms.pack(terms), lie);
        _pass();
        _refused(IMarket.Market_NothingToDo.selector); // there is a sheet to settle on
        market.advance(bounty, Terms.pack(terms));
        _refused(IMarket.Market_NoMajority.selector, 0);
        market.settle(bounty, Terms.pack(terms), lie);
        _settleOn("H");
        _assertPhase(IMarket.Phase.Serve);
        uint256 liars = bench.length / 2 + 1;
        vm.assertEq(PURSE + liars * TICKET / 2, _balance(challenger), "half of what they lost");
        vm.assertEq(liars * TICKET / 2, _burned(), "the other half");
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            bool honest = bench[seat] == "H";
            _assertLost(seat, honest ? 0 : 100);
            vm.assertEq(honest ? 1 : 0, market.seatOf(bounty, seat).halves, "paid for scoring");
            vm.assertTrue(_has(_view().vacant, seat) != honest, "who sits");
        }
        _serveAndClaim(bench);
        _nextRoundIsClean(bench.length);
    }

    /// @dev The honest serve, which they can do without those who have no seat any more, and holders are paid by the honest sheet.
    function _serveAndClaim(bytes memory bench) private {
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            if (bench[seat] != "H") continue;
            vm.prank(_validatorOf(seat));
            market.serve(bounty, seat, SOME);
        }
        market.advance(bounty, Terms.pack(terms));
        _assertPhase(IMarket.Phase.Draw);
        _assertSound();
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            vm.assertEq(bench[seat] == "H" ? 2 : 0, market.seatOf(bounty, seat).halves, "paid for serving");
        }
        uint256[3] memory due = [uint256(201), 120, 80]; // of 251, 149 and 100
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = _balance(holders[i]);
            _claim(0, i);
            vm.assertEq(before + due[i], _balance(holders[i]), "paid by the honest sheet");
        }
        _assertSound();
    }

    /// @dev Nothing of what fell is left: the seats are taken anew, their holders agree and are paid, and nobody is slashed again.
    function _nextRoundIsClean(uint256 seats) private {
        uint256 burned = _burned();
        uint256 rewarded = _balance(challenger);
        vm.roll(_view().drawBlock + 1);
        market.draw(bounty, Terms.pack(terms));
        for (uint256 seat = 0; seat < seats; ++seat) {
            if (_has(_view().vacant, seat)) _acknowledge(seat);
        }
        bytes memory all = new bytes(seats);
        for (uint256 seat = 0; seat < seats; ++seat) {
            all[seat] = "H";
        }
        _playBench(all);
        for (uint256 seat = 0; seat < seats; ++seat) {
            vm.assertEq(_hash("H"), market.seatOf(bounty, seat).word, "stands for it");
        }
        _pass();
        _refused(IMarket.Market_NothingToDo.selector);
        market.advance(bounty, Terms.pack(terms));
        _settleOn("H");
        _serve(seats);
        _assertClosed(IMarket.CloseReason.Finished);
        vm.assertEq(burned, _burned(), "nobody is slashed");
        vm.assertEq(rewarded, _balance(challenger), "nobody is rewarded");
        for (uint256 seat = 0; seat < seats; ++seat) {
            vm.assertTrue(market.seatOf(bounty, seat).halves >= 2, "all are paid");
        }
        _assertSound();
    }

    // ---------------------------------------------------------------- nothing is left
    /// @dev Given that every sheet fell, when the window is over, then anybody voids the round: fees return, and nobody but the liars and
    /// the silent loses anything.
    function test_aRoundWithoutASheetIsVoid() public {
        bytes[6] memory benches = [bytes("AAA"), "ABA", "AA-", "A.A", "AAAAABB", "BAABAAx"];
        for (uint256 i = 0; i < 6; ++i) {
            _newBench();
            _voided(benches[i]);
        }
    }

    function _voided(bytes memory bench) private {
        _toBench(bench);
        uint256 b = 0;
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            if (bench[seat] == "B") ++b;
        }
        _disprove(challenger, "A");
        if (b != 0) _disprove(rival, "B");
        IMarket.Sheet memory good = _sheetOf("H");
        uint256 reserve = _reserve();
        _refused(IMarket.Market_TooEarly.selector, uint256(_view().deadline) + 1);
        market.advance(bounty, Terms.pack(terms));
        _pass();
        _refused(IMarket.Market_NoMajority.selector, 0);
        market.settle(bounty, Terms.pack(terms), good);
        vm.expectEmit(address(market));
        emit IMarket.RoundVoid(bounty, 0);
        market.advance(bounty, Terms.pack(terms));
        _assertSound();
        _assertPhase(IMarket.Phase.Draw);
        _assertSettled(0, false);
        vm.assertEq(1, _view().round, "the next");
        vm.assertEq(reserve, _reserve(), "no fee, no pay");
        uint256 a = 0;
        for (uint256 seat = 0; seat < bench.length; ++seat) {
            bytes1 kind = bench[seat];
            if (kind == "A") ++a;
            _assertLost(seat, kind == "x" ? 0 : kind == "-" ? 10 : kind == "." ? 30 : 100);
            vm.assertEq(0, market.seatOf(bounty, seat).halves, "no pay");
        }
        vm.assertEq(PURSE + a * TICKET / 2, _balance(challenger), "the reward");
        vm.assertEq(PURSE + b * TICKET / 2, _balance(rival), "the other's");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(2, market.holderOf(bounty, holders[i]).prepaid, "the fee is back");
        }
    }

    /// @dev When what is left has no majority of the seats that are left, then the round is void, and a sheet that nobody disproved costs
    /// nothing.
    function test_aRestWithoutAMajorityIsVoid() public {
        bytes[3] memory benches = [bytes("AAAH-"), "AAAHB", "AAAAHH."];
        uint256[3] memory silent = [uint256(4), 5, 6];
        for (uint256 i = 0; i < 2; ++i) {
            _newBench();
            _toBench(benches[i]);
            _disprove(challenger, "A");
            IMarket.Sheet memory good = _sheetOf("H");
            _pass();
            _refused(IMarket.Market_NoMajority.selector, 0);
            market.settle(bounty, Terms.pack(terms), good);
            market.advance(bounty, Terms.pack(terms));
            _assertSound();
            _assertSettled(0, false);
            _assertLost(3, 0);
            if (silent[i] == 4) _assertLost(4, 10);
            else _assertLost(4, 0);
        }
        _newBench();
        _toBench(benches[2]); // two of three
        _disprove(challenger, "A");
        _pass();
        _settleOn("H");
        _assertLost(6, 30);
    }

    // ---------------------------------------------------------------- a lying minority
    /// @dev A disproved minority costs its seats all instead of a fifth, and the majority settles as before.
    function test_aLyingMinorityFallsToo() public {
        _toBench("HAHBH");
        _disprove(challenger, "A");
        _pass();
        _settleOn("H");
        _assertLost(1, 100);
        _assertLost(3, 20);
        vm.assertEq(PURSE + TICKET / 2, _balance(challenger), "half of one stake");
        vm.assertEq(TICKET / 2 + TICKET / 5, _burned(), "the rest");
        _serve(0);
        _assertClosed(IMarket.CloseReason.NotServed);
        _assertSound();
    }

    /// @dev What falls last leaves the rest to whoever stands: lies do not shield each other.
    function test_liesDoNotShieldEachOther() public {
        _toBench("AAAABBH");
        IMarket.Sheet memory second = _sheetOf("B");
        _disprove(challenger, "A");
        _disprove(challenger, "B");
        _pass();
        _refused(IMarket.Market_NoMajority.selector, 0);
        market.settle(bounty, Terms.pack(terms), second);
        _settleOn("H");
        vm.assertEq(1, market.seatOf(bounty, 6).halves, "one seat of seven");
        vm.assertEq(PURSE + 6 * TICKET / 2, _balance(challenger), "half of six stakes");
    }

    /// @dev In the last round the bounty ends with it: whoever lost its ticket is not released with the others.
    function test_theLastRoundEndsOnAFallenSheet() public {
        for (uint256 i = 0; i < 2; ++i) {
            _newBench();
            terms.rounds = 1;
            _toBench(i == 0 ? bytes("AAH") : bytes("AAA"));
            _disprove(challenger, "A");
            _pass();
            if (i == 1) {
                market.advance(bounty, Terms.pack(terms));
            } else {
                _settleOn("H");
                vm.prank(_validatorOf(2));
                market.serve(bounty, 2, SOME);
                market.advance(bounty, Terms.pack(terms)); // the only seat has served
                vm.assertEq(2, market.seatOf(bounty, 2).halves, "both halves");
            }
            _assertClosed(IMarket.CloseReason.Finished);
            _assertLost(0, 100);
            _assertLost(1, 100);
            _assertSound();
        }
    }

    /// @dev Pay of earlier rounds is not lost with the seat.
    function test_whoFallsIsPaidForEarlierRounds() public {
        _toBench("HHH");
        _pass();
        _settleOn("H");
        _serve(3);
        address liar = _validatorOf(0);
        uint256 before = _balance(liar);
        _playBench("AAH");
        _disprove(challenger, "A");
        _pass();
        IMarket.Sheet memory sheet = _sheetOf("H");
        vm.expectEmit(address(market));
        emit IMarket.SeatPaid(bounty, 0, liar, 2 * HALF_PAY);
        market.settle(bounty, Terms.pack(terms), sheet);
        vm.assertEq(before + 2 * HALF_PAY, _balance(liar), "the first round's");
        _assertLost(0, 100);
    }

    /// @dev A minority of those who are left leaves the second half of the pay to the owner, as ever.
    function test_aMinorityOfTheRestThatServesLeavesTheSecondHalf() public {
        _toBench("AAAAHHH");
        _disprove(challenger, "A");
        _pass();
        _settleOn("H");
        uint256 reserve = _reserve();
        vm.prank(_validatorOf(4));
        market.serve(bounty, 4, SOME);
        _advanceAfterDeadline();
        vm.assertEq(1, market.seatOf(bounty, 4).halves, "the first half only");
        vm.assertEq(reserve + 3 * HALF_PAY, _reserve(), "back");
        _assertSound();
    }
}
