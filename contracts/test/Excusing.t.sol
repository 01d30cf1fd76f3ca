// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {Disputes} from "./Disputes.sol";
import {Terms} from "./Terms.sol";

/// @title Who says what a majority says, under other salts, loses nothing by it.
contract ExcusingTest is Disputes {
    function setUp() public override {
        super.setUp();
        _stakeAll(); // enough to draw anew
    }

    function _excuse(bytes1 carried, bytes1 other) private {
        (IMarket.Sheet memory a, IMarket.Sheet memory b) = (_sheetOf(carried), _sheetOf(other));
        vm.prank(stranger);
        referee.excuse(bounty, _view().round, Terms.pack(terms), a, b);
        bytes32 sheetHash = _hash(other);
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            if (market.seatOf(bounty, seat).word == sheetHash) excused |= 1 << seat;
        }
    }

    /// @dev The refusal has to be said after everything else was asked for.
    function _notExcused(bytes1 carried, bytes1 other, bytes4 error_, bytes32 about) private {
        (IMarket.Sheet memory a, IMarket.Sheet memory b) = (_sheetOf(carried), _sheetOf(other));
        uint256 round = _view().round;
        vm.expectRevert(abi.encodeWithSelector(error_, bounty, about));
        referee.excuse(bounty, round, Terms.pack(terms), a, b);
    }

    /// @dev Given a majority with salts of its own, wherever it sits and whoever led, when the others are excused, then the majority is paid
    /// and nobody loses anything; the next round knows nothing of it.
    function test_theSameFiguresCostNothing() public {
        bytes[4] memory benches = [bytes("SSH"), "HSS", "SHSSH", "SSTSHSH"];
        for (uint256 i = 0; i < 4; ++i) {
            _newBench();
            bytes memory bench = benches[i];
            _toBench(bench);
            _excuse("S", "H");
            if (i == 3) _excuse("S", "T");
            _pass();
            _settleOn("S");
            for (uint256 seat = 0; seat < bench.length; ++seat) {
                _assertLost(seat, 0);
                vm.assertEq(bench[seat] == "S" ? 1 : 0, market.seatOf(bounty, seat).halves, "paid for scoring");
            }
            _serve(bench.length);
            excused = 0;
            _playBench(i == 3 ? bytes("SSSSSSH") : i == 2 ? bytes("SSSSH") : bytes("SSH"));
            _pass();
            _settleOn("S");
            _assertLost(bench.length - 1, 20);
        }
    }

    /// @dev Unless somebody says so, another sheet is another sheet.
    function test_nobodyIsExcusedUnasked() public {
        _toBench("SSHTSSH");
        vm.expectEmit(address(referee));
        emit IReferee.Excused(bounty, 0, _hash("T"), 8);
        _excuse("S", "T");
        _pass();
        _settleOn("S");
        uint256[7] memory lost = [uint256(0), 0, 20, 0, 0, 0, 20];
        for (uint256 seat = 0; seat < 7; ++seat) {
            _assertLost(seat, lost[seat]);
        }
        _assertSound();
    }

    /// @dev Whatever else the sheets differ in than hashes with salts in them, nobody is excused.
    function test_everyFigureHasToBeTheSame() public {
        _toBench("HHS");
        IMarket.Sheet memory good = _sheetOf("H");
        IMarket.Sheet[6] memory others;
        for (uint256 i = 0; i < 6; ++i) {
            others[i] = _sheetOf("S");
        }
        others[0].included ^= 1;
        others[1].breached ^= 1;
        others[2].payoutRoot ^= bytes32(uint256(1));
        others[3].pool ^= 1;
        others[4].adopted = !good.adopted;
        others[5].released = !good.released;
        for (uint256 i = 0; i < 6; ++i) {
            bytes32 sheetHash = market.sheetHashOf(bounty, 0, others[i]);
            vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_OtherFigures.selector, bounty, sheetHash));
            referee.excuse(bounty, 0, Terms.pack(terms), good, others[i]);
        }
    }

    /// @dev Only a sheet that more than half of all seats stand for excuses others.
    function test_onlyAMajorityExcuses() public {
        _toBench("AAAASSH");
        _disprove(challenger, "A"); // two of the three that are left carry the round, and excuse nobody
        _notExcused("S", "H", IReferee.Referee_NoMajority.selector, _hash("S"));
    }

    /// @dev Only one that somebody stands for is excused, and only by the bounty's terms.
    function test_onlySheetsOfSeatsAreExcused() public {
        _toBench("SSA");
        _notExcused("S", "H", IReferee.Referee_UnknownSheet.selector, _hash("H"));
        _notExcused("H", "S", IReferee.Referee_NoMajority.selector, _hash("H"));
        _notExcused("S", "A", IReferee.Referee_OtherFigures.selector, _hash("A"));
        (IMarket.Sheet memory a, IMarket.Sheet memory b) = (_sheetOf("S"), _sheetOf("H"));
        IMarket.PackedTerms memory others = Terms.pack(terms);
        others.frame ^= 1 << 176; // fewer seats would be a majority
        vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_WrongTerms.selector, bounty));
        referee.excuse(bounty, 0, others, a, b);
    }

    /// @dev An excuse is for the smaller offence: a sheet that is disproved costs everything, and a round without a result
    /// keeps no excuse for the next one.
    function test_anExcuseDoesNotCoverWhatIsDisproved() public {
        _toBench("SSH");
        _excuse("S", "H");
        _disprove(challenger, "H"); // whatever the judges know
        bytes32 sheetHash = _hash("S");
        vm.prank(address(referee));
        market.rule(bounty, 0, sheetHash, challenger, IMarket.Verdict.Wrong, IMarket.Docket.AsBefore);
        _pass();
        market.advance(bounty, Terms.pack(terms));
        for (uint256 seat = 0; seat < 3; ++seat) {
            _assertLost(seat, 100);
        }
        _assertSound();
    }

    /// @dev Like every word of the referee: inside the window, and while something is disputed.
    function test_excusesHaveTheirTime() public {
        _toBench("SSH");
        uint256 window = _view().deadline;
        vm.warp(window + 1);
        (IMarket.Sheet memory a, IMarket.Sheet memory b) = (_sheetOf("S"), _sheetOf("H"));
        _refused(IMarket.Market_TooLate.selector, window);
        referee.excuse(bounty, 0, Terms.pack(terms), a, b);
        vm.warp(window);
        referee.excuse(bounty, 0, Terms.pack(terms), a, b);
        _assertPhase(IMarket.Phase.Challenge);
    }
}
