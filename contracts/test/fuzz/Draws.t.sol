// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Deployed} from "./Deployed.sol";

/// @title What a draw may pick.
contract DrawsFuzz is Deployed {
    uint128 private constant STAKE = 1e18;
    address[4] private validators;
    bytes32 private pool;

    function setUp() public {
        _deploy();
        pool = registry.poolOf(address(token), STAKE);
        for (uint256 i = 0; i < 4; ++i) {
            validators[i] = _person("validator", i);
        }
    }

    /// @notice Seats are taken by distinct live tickets of the frozen list, each the first eligible candidate, whatever order the
    /// seats are taken in; all that can be are taken. GM-301, GM-302.
    function testFuzz_seatsGoToTheFirstEligible(uint256 seed, uint256 size, uint256 count) public {
        size = _bound(size, 1, 40);
        count = _bound(count, 1, 15);
        for (uint256 i = 0; i < size; ++i) {
            _stake(i % 4, 1);
        }
        for (uint256 ticket = 0; ticket < size; ++ticket) {
            _change(ticket, _mix(seed, ticket) % 8);
        }
        (uint256 length, uint256 live) = registry.freeze(pool);
        uint256 frozenBlock = vm.getBlockNumber();
        vm.roll(frozenBlock + 4);
        _stake(seed % 4, 1 + _mix(seed, 100) % 3); // too late to be drawn, also where it takes a number that is free
        for (uint256 ticket = 0; ticket < size; ++ticket) {
            if (_rarely(seed, 200 + ticket, 8)) live -= _leave(ticket, frozenBlock);
        }
        IRegistry.Draw memory drawn = IRegistry.Draw(bytes32(seed), length, frozenBlock);
        uint256 taken = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 seat = (i + seed % count) % count;
            (address validator, uint256 ticket, uint256 tries) = registry.candidate(pool, drawn, seat);
            if (taken == live) {
                vm.assertEq(address(0), validator, "nobody is left");
                continue;
            }
            vm.assertTrue(_eligible(ticket, length, frozenBlock), "live, and in the list when it was frozen");
            for (uint256 k = 0; k < tries; ++k) {
                vm.assertFalse(_eligible(_candidate(drawn, seat, k), length, frozenBlock), "the first");
            }
            vm.prank(address(market));
            vm.assertEq(ticket, registry.seat(pool, drawn, seat, tries, validator, SOME), "takes it");
            vm.assertFalse(_eligible(ticket, length, frozenBlock), "takes no other");
            ++taken;
        }
    }

    /// @notice Nobody else gets in: another ticket, another place in the sequence, another validator are refused.
    function testFuzz_nobodyElseTakesASeat(uint256 seed, uint256 size, uint256 tries) public {
        size = _bound(size, 2, 40);
        for (uint256 i = 0; i < size; ++i) {
            _stake(i % 4, 1);
        }
        for (uint256 i = 0; i < size; ++i) {
            _change(i, _mix(seed, i) % 8);
        }
        IRegistry.Draw memory drawn = IRegistry.Draw(bytes32(seed), size, vm.getBlockNumber());
        (address first, uint256 its, uint256 right) = registry.candidate(pool, drawn, 0);
        tries = _bound(tries, 0, right + 20);
        uint256 ticket = _candidate(drawn, 0, tries);
        address validator = registry.ticketOf(pool, ticket).validator;
        if (tries != right || first == address(0)) {
            vm.expectRevert();
            vm.prank(address(market));
            registry.seat(pool, drawn, 0, tries, validator, SOME);
        }
        if (first == address(0)) return;
        vm.expectRevert();
        vm.prank(address(market));
        registry.seat(pool, drawn, 0, right, address(1), SOME);
        vm.prank(address(market));
        vm.assertEq(its, registry.seat(pool, drawn, 0, right, first, SOME), "the right one");
    }

    /// @notice A ticket that leaves changes nothing for seats that others come first for; for its own it makes room for the next.
    function testFuzz_whoLeavesMakesRoomForTheNext(uint256 seed, uint256 size) public {
        size = _bound(size, 4, 40);
        for (uint256 i = 0; i < size; ++i) {
            _stake(i % 4, 1);
        }
        IRegistry.Draw memory drawn = IRegistry.Draw(bytes32(seed), size, vm.getBlockNumber());
        uint256[4] memory before;
        for (uint256 seat = 0; seat < 4; ++seat) {
            (, before[seat],) = registry.candidate(pool, drawn, seat);
        }
        _leave(before[2], drawn.frozenBlock);
        for (uint256 seat = 0; seat < 4; ++seat) {
            (, uint256 ticket, uint256 tries) = registry.candidate(pool, drawn, seat);
            if (before[seat] != before[2]) vm.assertEq(before[seat], ticket, "as before");
            else vm.assertTrue(ticket != before[2] && tries != 0, "the next");
        }
    }

    function _eligible(uint256 number, uint256 length, uint256 frozenBlock) private view returns (bool) {
        IRegistry.Ticket memory ticket = registry.ticketOf(pool, number);
        return number < length && ticket.state == IRegistry.TicketState.Live && ticket.sinceBlock <= frozenBlock;
    }

    function _candidate(IRegistry.Draw memory drawn, uint256 seat, uint256 i) private pure returns (uint256) {
        return uint64(uint256(keccak256(abi.encode(drawn.seed, seat, i)))) % drawn.length;
    }

    function _stake(uint256 validator, uint256 count) private {
        vm.prank(validators[validator]);
        registry.stake(address(token), STAKE, count);
    }

    /// @dev A draw that `ticket` comes first in.
    function _only(uint256 ticket) private view returns (IRegistry.Draw memory drawn) {
        drawn = IRegistry.Draw(SOME, 40, vm.getBlockNumber());
        while (_candidate(drawn, 0, 0) != ticket) drawn.seed = keccak256(abi.encode(drawn.seed));
    }

    /// @dev Some tickets are seated, some leave, some are gone.
    function _change(uint256 ticket, uint256 dice) private {
        address validator = registry.ticketOf(pool, ticket).validator;
        if (dice == 0) {
            IRegistry.Draw memory drawn = _only(ticket);
            vm.prank(address(market));
            registry.seat(pool, drawn, 0, 0, validator, SOME);
        } else if (dice < 3) {
            vm.prank(validator);
            registry.leave(address(token), STAKE, ticket);
            if (dice == 1) return;
            vm.warp(vm.getBlockTimestamp() + registry.UNBONDING());
            registry.redeem(address(token), STAKE, ticket);
        }
    }

    /// @dev Returns 1 if the ticket was one that could be drawn.
    function _leave(uint256 number, uint256 frozenBlock) private returns (uint256) {
        IRegistry.Ticket memory ticket = registry.ticketOf(pool, number);
        if (ticket.state != IRegistry.TicketState.Live || ticket.sinceBlock > frozenBlock) return 0;
        vm.prank(ticket.validator);
        registry.leave(address(token), STAKE, number);
        return 1;
    }
}
