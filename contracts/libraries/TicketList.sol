// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "../interfaces/IRegistry.sol";

/// @title The numbered tickets of one pool.
/// @dev A ticket's number is its position in `tickets` for as long as it lives. Numbers of tickets that are gone form a chain:
/// `spare` is the first, the `freeAt` of each the next (both hold the number plus one; 0 ends the chain).
library TicketList {
    uint256 internal constant MAX_TICKETS = 65_535;

    /// @dev One storage slot. What is left of the stake follows from `slashed`.
    struct Slot {
        address validator;
        IRegistry.TicketState state;
        uint40 sinceBlock;
        uint40 freeAt;
        uint8 slashed; // percent
    }

    /// @dev All but the mapping share a storage slot.
    struct Pool {
        uint128 ticketStake;
        uint32 length;
        uint32 live;
        uint32 spare;
        mapping(uint256 ticket => Slot) tickets;
    }

    /// @notice How many tickets can be opened at once now.
    function room(Pool storage pool, uint256 count) internal view returns (uint256) {
        return count == 1 && pool.spare != 0 ? 1 : MAX_TICKETS - pool.length;
    }

    /// @notice Adds `count` live tickets and returns the first number. A single ticket takes a spare number if there is one;
    /// several take new ones, so that their numbers follow each other.
    /// @dev Assumes that there is room.
    function open(Pool storage pool, uint128 ticketStake, address validator, uint256 count)
        internal
        returns (uint256 first)
    {
        pool.ticketStake = ticketStake;
        pool.live += uint32(count);
        if (count == 1 && pool.spare != 0) {
            first = pool.spare - 1;
            pool.spare = uint32(pool.tickets[first].freeAt);
        } else {
            first = pool.length;
            pool.length = uint32(first + count);
        }
        for (uint256 i = 0; i < count; ++i) {
            pool.tickets[first + i] = Slot(validator, IRegistry.TicketState.Live, uint40(block.number), 0, 0);
        }
    }

    /// @notice Changes a ticket's state and keeps count of the live ones.
    function setState(Pool storage pool, uint256 ticket, IRegistry.TicketState state) internal {
        Slot storage slot = pool.tickets[ticket];
        if (slot.state == IRegistry.TicketState.Live) pool.live -= 1;
        if (state == IRegistry.TicketState.Live) pool.live += 1;
        slot.state = state;
    }

    /// @notice Gives the number of a ticket that left back.
    function remove(Pool storage pool, uint256 ticket) internal {
        pool.tickets[ticket] = Slot(address(0), IRegistry.TicketState.None, 0, pool.spare, 0);
        pool.spare = uint32(ticket + 1);
    }

    /// @notice What a slash of `percent` leaves of a stake; the loss is rounded down.
    function stakeLeft(uint256 ticketStake, uint256 percent) internal pure returns (uint256) {
        return ticketStake - ticketStake * percent / 100;
    }
}
