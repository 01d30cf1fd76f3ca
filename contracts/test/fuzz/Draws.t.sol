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

    /// @notice A draw picks distinct live tickets of the frozen list, with their validators, as many as asked for if there
    /// are so many. GM-301, GM-302.
    function testFuzz_drawsPickDistinctLiveFrozenTickets(uint256 seed, uint256 size, uint256 count) public {
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
        (uint256[] memory tickets, address[] memory drawn) =
            registry.draw(pool, length, frozenBlock, bytes32(seed), count);
        vm.assertEq(live < count ? live : count, tickets.length, "as many as there are");
        vm.assertEq(tickets.length, drawn.length, "a validator each");
        uint256 seen = 0;
        for (uint256 i = 0; i < tickets.length; ++i) {
            vm.assertFalse(_has(seen, tickets[i]), "distinct");
            seen |= 1 << tickets[i];
            IRegistry.Ticket memory ticket = registry.ticketOf(pool, tickets[i]);
            vm.assertTrue(tickets[i] < length, "in the list");
            vm.assertEq(uint256(IRegistry.TicketState.Live), uint256(ticket.state), "live");
            vm.assertLe(ticket.sinceBlock, frozenBlock, "frozen");
            vm.assertEq(ticket.validator, drawn[i], "its validator");
        }
    }

    /// @notice The same seed over the same list draws the same; a ticket that leaves changes nothing for those before it.
    function testFuzz_drawsAreFixedByTheSeed(uint256 seed, uint256 size) public {
        size = _bound(size, 4, 40);
        for (uint256 i = 0; i < size; ++i) {
            _stake(i % 4, 1);
        }
        uint256 frozenBlock = vm.getBlockNumber();
        (uint256[] memory first,) = registry.draw(pool, size, frozenBlock, bytes32(seed), 4);
        _leave(first[2], frozenBlock);
        (uint256[] memory second,) = registry.draw(pool, size, frozenBlock, bytes32(seed), 4);
        vm.assertEq(first[0], second[0], "the first");
        vm.assertEq(first[1], second[1], "the second");
        if (size > 4) vm.assertEq(first[3], second[2], "the next takes the place");
    }

    function _stake(uint256 validator, uint256 count) private {
        vm.prank(validators[validator]);
        registry.stake(address(token), STAKE, count);
    }

    /// @dev Some tickets are seated, some leave, some are gone.
    function _change(uint256 ticket, uint256 dice) private {
        address validator = registry.ticketOf(pool, ticket).validator;
        if (dice == 0) {
            vm.prank(address(market));
            registry.seat(pool, ticket, validator, SOME);
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
