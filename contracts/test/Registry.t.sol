// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Deployed} from "./fuzz/Deployed.sol";

/// @title Tickets by themselves: opening, leaving, seats, slashes, numbers. The market's part is played by a prank.
contract RegistryTest is Deployed {
    uint128 private constant STAKE = 1001;
    address private val;
    address private other;
    bytes32 private pool;

    function setUp() public {
        vm.roll(500);
        vm.warp(1_800_000_000);
        _deploy();
        val = _person("val", 0);
        other = _person("other", 0);
        pool = registry.poolOf(address(token), STAKE);
    }

    function _stake(address who, uint256 count) private returns (uint256) {
        vm.prank(who);
        return registry.stake(address(token), STAKE, count);
    }

    function _leave(address who, uint256 ticket) private {
        vm.prank(who);
        registry.leave(address(token), STAKE, ticket);
    }

    function _seat(uint256 ticket) private {
        vm.prank(address(market));
        registry.seat(pool, _drawn(ticket), 0, 0, val, SOME);
    }

    /// @dev A draw whose first candidate for seat 0 is `ticket`, whatever came before this block.
    function _drawn(uint256 ticket) private view returns (IRegistry.Draw memory drawn) {
        drawn = IRegistry.Draw(SOME, 8, vm.getBlockNumber());
        while (_candidate(drawn, 0) != ticket) drawn.seed = keccak256(abi.encode(drawn.seed));
    }

    function _candidate(IRegistry.Draw memory drawn, uint256 i) private pure returns (uint256) {
        return uint64(uint256(keccak256(abi.encode(drawn.seed, uint256(0), i)))) % drawn.length;
    }

    function _slash(uint256 ticket, uint256 percent, address challenger) private {
        vm.prank(address(market));
        registry.slash(address(token), STAKE, ticket, percent, challenger);
    }

    function _unbond() private {
        vm.warp(vm.getBlockTimestamp() + registry.UNBONDING());
    }

    function _wrongState(uint256 ticket, IRegistry.TicketState state) private {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_WrongState.selector, pool, ticket, state));
    }

    function _assertTickets(uint256 length, uint256 live) private view {
        (uint256 length_, uint256 live_) = registry.freeze(pool);
        vm.assertEq(length, length_, "length");
        vm.assertEq(live, live_, "live");
    }

    // ---------------------------------------------------------------- opening and leaving
    /// @dev Tickets are numbered in a row and paid from the vault.
    function test_ticketsAreOpenedInARow() public {
        vm.assertEq(0, _stake(val, 2), "first");
        vm.assertEq(2, _stake(other, 3), "next");
        _assertTickets(5, 5);
        vm.assertEq(5 * uint256(STAKE), _balance(pool), "in the pool's account");
        IRegistry.Ticket memory t = registry.ticketOf(pool, 4);
        vm.assertEq(other, t.validator, "whose");
        vm.assertEq(uint256(STAKE), t.stake, "how much");
        vm.assertEq(500, t.sinceBlock, "since when");
        vm.assertEq(uint256(IRegistry.TicketState.Live), uint256(t.state), "state");
    }

    /// @dev No tickets, tickets of nothing and more than a pool can hold are refused.
    function test_badPoolsAreRefused() public {
        bytes4 bad = IRegistry.Registry_BadPool.selector;
        vm.expectRevert(abi.encodeWithSelector(bad, address(token), 0, 1));
        registry.stake(address(token), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(bad, address(token), 1, 0));
        registry.stake(address(token), 1, 0);
        vm.expectRevert(abi.encodeWithSelector(bad, address(token), 1, 65_536));
        registry.stake(address(token), 1, 65_536);
    }

    /// @dev Tickets cannot be had on credit.
    function test_aStakeMustBePaid() public {
        vm.prank(address(0xbeef));
        vm.expectPartialRevert(IVault.Vault_InsufficientBalance.selector);
        registry.stake(address(token), STAKE, 1);
    }

    /// @dev A stake is back after the unbonding time, not before, whoever asks. GM-309.
    function test_aStakeComesBackAfterUnbonding() public {
        _stake(val, 1);
        _leave(val, 0);
        _assertTickets(1, 0);
        uint256 freeAt = vm.getBlockTimestamp() + registry.UNBONDING();
        vm.assertEq(freeAt, registry.ticketOf(pool, 0).freeAt, "free at");
        vm.warp(freeAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_StillUnbonding.selector, pool, 0, freeAt));
        registry.redeem(address(token), STAKE, 0);
        vm.warp(freeAt);
        registry.redeem(address(token), STAKE, 0);
        vm.assertEq(PURSE, _balance(val), "all back");
        vm.assertEq(0, _balance(pool), "nothing left");
        vm.assertEq(address(0), registry.ticketOf(pool, 0).validator, "gone");
    }

    /// @dev One leaves with one's own, live tickets only, and once.
    function test_leavingIsForTheValidatorOfALiveTicket() public {
        _stake(val, 1);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_NotYourTicket.selector, pool, 0, other));
        registry.leave(address(token), STAKE, 0);
        _wrongState(0, IRegistry.TicketState.Live);
        registry.redeem(address(token), STAKE, 0);
        _leave(val, 0);
        vm.prank(val);
        _wrongState(0, IRegistry.TicketState.Leaving);
        registry.leave(address(token), STAKE, 0);
        _unbond();
        registry.redeem(address(token), STAKE, 0);
        _wrongState(0, IRegistry.TicketState.None);
        registry.redeem(address(token), STAKE, 0);
    }

    /// @dev Numbers of tickets that are gone are given out again, one by one, last gone first; a row always gets new ones.
    function test_numbersAreUsedAgainOneByOne() public {
        _stake(val, 4);
        _leave(val, 1);
        _leave(val, 2);
        _unbond();
        registry.redeem(address(token), STAKE, 1);
        registry.redeem(address(token), STAKE, 2);
        vm.assertEq(4, _stake(other, 2), "a row gets new numbers");
        vm.assertEq(2, _stake(other, 1), "last gone first");
        vm.assertEq(1, _stake(other, 1), "then the one before");
        vm.assertEq(6, _stake(other, 1), "then new ones");
        _assertTickets(7, 7);
        vm.assertEq(0, registry.ticketOf(pool, 1).freeAt, "nothing is left of the chain");
    }

    // ---------------------------------------------------------------- the market's part
    /// @dev Seats, and what is lost by them, are the market's alone.
    function test_onlyTheMarketSeatsAndSlashes() public {
        IRegistry.Draw memory drawn = _drawn(0);
        bytes memory no = abi.encodeWithSelector(IRegistry.Registry_NotMarket.selector, address(this));
        vm.expectRevert(no);
        registry.seat(pool, drawn, 0, 0, val, SOME);
        vm.expectRevert(no);
        registry.unseat(pool, 0);
        vm.expectRevert(no);
        registry.slash(address(token), STAKE, 0, 10, address(0));
    }

    /// @dev A seated ticket is not drawable, cannot leave and takes no second seat; unseated it is new to old postings.
    /// GM-302.
    function test_aTicketHoldsOneSeat() public {
        _stake(val, 1);
        _seat(0);
        _assertTickets(1, 0);
        vm.prank(val);
        _wrongState(0, IRegistry.TicketState.Seated);
        registry.leave(address(token), STAKE, 0);
        IRegistry.Draw memory drawn = _drawn(0);
        vm.prank(address(market));
        _wrongState(0, IRegistry.TicketState.Seated);
        registry.seat(pool, drawn, 0, 0, val, SOME);
        vm.roll(600);
        vm.prank(address(market));
        registry.unseat(pool, 0);
        _assertTickets(1, 1);
        vm.assertEq(600, registry.ticketOf(pool, 0).sinceBlock, "as if new");
        vm.prank(address(market));
        _wrongState(0, IRegistry.TicketState.Live);
        registry.unseat(pool, 0);
    }

    /// @dev A seat is for the validator of the ticket.
    function test_aSeatIsForItsValidator() public {
        _stake(val, 1);
        IRegistry.Draw memory drawn = _drawn(0);
        vm.prank(address(market));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_NotYourTicket.selector, pool, 0, other));
        registry.seat(pool, drawn, 0, 0, other, SOME);
    }

    /// @dev Without a challenger all of a slash is burned; the ticket leaves, and the rest comes back. GM-310.
    function test_aSlashBurnsAndTheTicketLeaves() public {
        _stake(val, 1);
        _seat(0);
        _slash(0, 30, address(0));
        vm.assertEq(300, _burned(), "30 % of 1,001, rounded down");
        vm.assertEq(701, registry.ticketOf(pool, 0).stake, "what is left");
        _assertTickets(1, 0);
        _unbond();
        registry.redeem(address(token), STAKE, 0);
        vm.assertEq(PURSE - 300, _balance(val), "the rest is back");
        vm.assertEq(0, _balance(pool), "nothing stays");
    }

    /// @dev Of a slash with a challenger half is burned, rounded up, and half is the challenger's.
    function test_aChallengerGetsHalfOfTheSlash() public {
        _stake(val, 1);
        _seat(0);
        _slash(0, 100, other);
        vm.assertEq(501, _burned(), "the larger half");
        vm.assertEq(PURSE + 500, _balance(other), "the smaller half");
        _unbond();
        registry.redeem(address(token), STAKE, 0);
        vm.assertEq(PURSE - 1001, _balance(val), "nothing is left to come back");
    }

    /// @dev Never more than the stake, and only while seated. GM-117.
    function test_aSlashNeverExceedsTheStake() public {
        _stake(val, 3);
        _seat(0);
        _slash(0, 250, address(0));
        vm.assertEq(1001, _burned(), "the whole stake");
        _seat(2);
        _slash(2, 101, address(0));
        vm.assertEq(2002, _burned(), "and no more of another");
        vm.prank(address(market));
        _wrongState(0, IRegistry.TicketState.Leaving);
        registry.slash(address(token), STAKE, 0, 10, address(0));
        vm.prank(address(market));
        _wrongState(1, IRegistry.TicketState.Live);
        registry.slash(address(token), STAKE, 1, 10, address(0));
    }

    /// @dev A slash of nothing moves nothing and still sends the ticket off.
    function test_aSlashOfNothingMovesNothing() public {
        _stake(val, 1);
        _seat(0);
        _slash(0, 0, other);
        vm.assertEq(0, _burned(), "nothing burned");
        vm.assertEq(uint256(IRegistry.TicketState.Leaving), uint256(registry.ticketOf(pool, 0).state), "leaving");
    }

    // ---------------------------------------------------------------- drawing
    /// @dev The first candidate that is live has the turn, however many before it are not.
    function test_theFirstLiveCandidateHasTheTurn() public {
        _stake(val, 3);
        _stake(other, 3);
        for (uint256 i = 0; i < 6; ++i) {
            if (i != 4) _leave(i < 3 ? val : other, i);
        }
        IRegistry.Draw memory drawn = IRegistry.Draw("seed", 6, 500);
        (address who, uint256 ticket, uint256 tries) = registry.candidate(pool, drawn, 0);
        vm.assertEq(other, who, "whose");
        vm.assertEq(4, ticket, "the only one");
        for (uint256 i = 0; i < tries; ++i) {
            vm.assertTrue(_candidate(drawn, i) != 4, "none before it");
        }
        vm.prank(address(market));
        vm.assertEq(4, registry.seat(pool, drawn, 0, tries, other, SOME), "takes the seat");
    }

    /// @dev Nobody has the turn when nobody is live.
    function test_nobodyMayHaveTheTurn() public {
        _stake(val, 2);
        _leave(val, 0);
        _leave(val, 1);
        (address who,, uint256 tries) = registry.candidate(pool, IRegistry.Draw(SOME, 2, 500), 0);
        vm.assertEq(address(0), who, "nobody");
        vm.assertEq(4096, tries, "after as many tries");
    }

    /// @dev Tickets that came after the posting, or were freed after it, are not drawn for it. GM-301.
    function test_laterTicketsAreNotDrawn() public {
        _stake(val, 2);
        _seat(0);
        vm.roll(501);
        vm.prank(address(market));
        registry.unseat(pool, 0);
        IRegistry.Draw memory drawn = _drawn(0);
        drawn.frozenBlock = 500;
        vm.prank(address(market));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_NotFirst.selector, pool, 0, 1));
        registry.seat(pool, drawn, 0, 0, val, SOME);
        drawn.frozenBlock = 501;
        vm.prank(address(market));
        registry.seat(pool, drawn, 0, 0, val, SOME);
    }
}
