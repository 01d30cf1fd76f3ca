// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Stage} from "./Stage.sol";
import {Terms} from "../Terms.sol";

/// @title What seats earn and lose.
/// @dev The set-up stands before posting, for a bench of five.
contract SeatsFuzz is Stage {
    uint256 private constant SEATS = 5;

    enum Deed {
        Agrees,
        Silent,
        NeverReveals,
        Disagrees
    }

    function setUp() public {
        _raise(2);
        terms = _someTerms();
        terms.seats = uint8(SEATS);
        _stakeAll();
    }

    /// @notice The first half of the pay comes with the settlement, the second when a majority served; without one it stays
    /// the owner's, and so does an odd unit. GM-311.
    function testFuzz_payComesInHalves(uint96 pay, uint256 served, bool adopted) public {
        terms.seatPay = uint96(_bound(pay, 2, 1e24));
        served = _bound(served, 0, SEATS);
        _play();
        uint256 reserve = _reserve();
        uint256 half = terms.seatPay / 2;
        IMarket.Sheet memory sheet = _sheet(0, 0);
        sheet.adopted = adopted;
        if (!adopted) sheet.nextBaseRoot = 0;
        _settle(sheet);
        uint256 fees = 2 * uint256(terms.fee);
        vm.assertEq(reserve + fees - SEATS * 2 * half, _reserve(), "reserve");
        uint256[] memory before = _collectAll(adopted ? half : 2 * half);
        if (!adopted) return;
        reserve = _reserve();
        _serve(served);
        if (served > SEATS / 2) {
            for (uint256 seat = 0; seat < SEATS; ++seat) {
                address validator = _validatorOf(seat);
                market.collect(bounty, Terms.pack(terms), seat);
                vm.assertEq(before[seat] + 2 * half, _balance(validator), "second half");
            }
        } else if (served != 0) {
            vm.assertEq(reserve + SEATS * half, _reserve(), "the second half returned");
        } else {
            vm.assertEq(uint256(IMarket.CloseReason.NotServed), uint256(_view().closed), "closed");
            for (uint256 i = 0; i < 2; ++i) {
                market.leave(bounty, Terms.pack(terms), holders[i]);
            }
            vm.assertEq(0, _balance(bounty), "bounty");
        }
    }

    /// @notice Each seat loses the percentage of its deed, rounded down, and no more than its stake; winners lose nothing and
    /// keep their seats. GM-305, GM-306, GM-307.
    function testFuzz_deedsHaveTheirPrice(uint256 seed, uint128 ticketStake) public {
        if (_bound(ticketStake, 1, 1e28) == terms.ticketStake) return; // that pool has other tickets
        terms.ticketStake = uint128(_bound(ticketStake, 1, 1e28));
        terms.roundBudget = uint128(_bound(seed, 1, (uint256(terms.ticketStake) * 3 + 1) / 2));
        if (terms.roundBudget > 3 * uint256(terms.ticketStake) / 2) terms.roundBudget -= 1;
        if (terms.roundBudget == 0) return;
        _stakeAll();
        _play();
        Deed[SEATS] memory deeds;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            deeds[seat] = Deed(_mix(seed, seat) % 6 < 3 ? 0 : _mix(seed, seat) % 6 - 2);
        }
        uint256[SEATS] memory tickets;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            tickets[seat] = market.seatOf(bounty, seat).ticket;
        }
        _act(deeds);
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        uint256 agreeing = _number(deeds, Deed.Agrees);
        uint256 disagreeing = _number(deeds, Deed.Disagrees);
        bool stands = agreeing > SEATS / 2 || disagreeing > SEATS / 2;
        uint256 burned = 0;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            uint256 percent = 0;
            if (deeds[seat] == Deed.Silent) percent = 10;
            if (deeds[seat] == Deed.NeverReveals) percent = 30;
            if (stands && deeds[seat] == Deed.Disagrees && disagreeing <= SEATS / 2) percent = 20;
            if (stands && deeds[seat] == Deed.Agrees && agreeing <= SEATS / 2) percent = 20;
            uint256 lost = uint256(terms.ticketStake) * percent / 100;
            IRegistry.Ticket memory ticket = registry.ticketOf(pool, tickets[seat]);
            vm.assertEq(terms.ticketStake - lost, ticket.stake, "stake left");
            vm.assertEq(
                uint256(percent == 0 ? IRegistry.TicketState.Seated : IRegistry.TicketState.Leaving),
                uint256(ticket.state),
                "state"
            );
            vm.assertTrue(_has(_view().vacant, seat) == (percent != 0), "vacant");
            burned += lost;
        }
        vm.assertEq(burned, _burned(), "burned");
        vm.assertEq(VALIDATORS * uint256(terms.ticketStake) - burned, _balance(pool), "pool");
    }

    /// @notice Called by the market or not, a slash never takes more than the stake, whatever percentage it is told.
    /// GM-117.
    function testFuzz_aSlashNeverExceedsTheStake(uint256 percent, uint128 ticketStake, bool challenged) public {
        ticketStake = uint128(_bound(ticketStake, 1, 1e29));
        percent = _bound(percent, 0, type(uint256).max);
        bytes32 pool = registry.poolOf(address(token), ticketStake);
        vm.prank(validators[0]);
        uint256 ticket = registry.stake(address(token), ticketStake, 1);
        vm.prank(address(market));
        registry.seat(pool, IRegistry.Draw(SOME, 1, type(uint40).max), 0, 0, validators[0], SOME);
        address challenger = challenged ? address(0xC0DE) : address(0);
        vm.prank(address(market));
        registry.slash(address(token), ticketStake, ticket, percent, challenger);
        uint256 lost = percent >= 100 ? ticketStake : uint256(ticketStake) * percent / 100;
        vm.assertEq(challenged ? lost / 2 : 0, _balance(address(0xC0DE)), "challenger");
        vm.assertEq(lost - (challenged ? lost / 2 : 0), _burned(), "burned");
        vm.assertEq(ticketStake - lost, registry.ticketOf(pool, ticket).stake, "left");
        vm.warp(vm.getBlockTimestamp() + registry.UNBONDING());
        uint256 before = _balance(validators[0]);
        registry.redeem(address(token), ticketStake, ticket);
        vm.assertEq(before + ticketStake - lost, _balance(validators[0]), "redeemed");
        vm.assertEq(0, _balance(pool), "pool");
    }

    /// @dev To `Commit`.
    function _play() private {
        _post();
        _seatAll();
        _joinAll();
        _toCommit();
    }

    /// @dev From `Commit` to the round's end. Without an adopted sheet, so that nobody need serve.
    function _act(Deed[SEATS] memory deeds) private {
        IMarket.Sheet memory sheet = _sheet(0, 0);
        sheet.adopted = false;
        sheet.nextBaseRoot = 0;
        IMarket.Sheet memory other = abi.decode(abi.encode(sheet), (IMarket.Sheet));
        other.document = keccak256("another");
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            if (deeds[seat] != Deed.Silent) _commit(seat, deeds[seat] == Deed.Disagrees ? other : sheet);
        }
        if (_view().phase == IMarket.Phase.Commit) {
            _warpPast(_view().deadline);
            market.advance(bounty, Terms.pack(terms));
        }
        if (_view().phase != IMarket.Phase.Reveal) return; // nobody committed
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            if (deeds[seat] == Deed.Agrees) _reveal(seat, sheet);
            if (deeds[seat] == Deed.Disagrees) _reveal(seat, other);
        }
        if (_view().phase == IMarket.Phase.Reveal) {
            _warpPast(_view().deadline);
            market.advance(bounty, Terms.pack(terms));
        }
        if (_view().phase != IMarket.Phase.Challenge) return; // no majority
        _warpPast(_view().deadline);
        market.settle(bounty, Terms.pack(terms), _number(deeds, Deed.Agrees) > SEATS / 2 ? sheet : other);
    }

    function _number(Deed[SEATS] memory deeds, Deed deed) private pure returns (uint256 n) {
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            if (deeds[seat] == deed) ++n;
        }
    }

    /// @dev Everybody collects `due`; returns what they had before.
    function _collectAll(uint256 due) private returns (uint256[] memory before) {
        before = new uint256[](SEATS);
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            address validator = _validatorOf(seat);
            before[seat] = _balance(validator);
            vm.assertEq(due, market.collect(bounty, Terms.pack(terms), seat), "told");
            vm.assertEq(before[seat] + due, _balance(validator), "collected");
            vm.expectRevert(abi.encodeWithSelector(IMarket.Market_NothingToDo.selector, bounty));
            market.collect(bounty, Terms.pack(terms), seat);
        }
    }
}
