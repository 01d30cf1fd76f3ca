// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {TicketList} from "./TicketList.sol";

/// @title Which tickets a seed draws.
/// @notice The seed names an endless sequence of numbers; the first live tickets in it that existed at the posting are drawn.
/// @dev Why nobody gains by acting once the seed is known: tickets opened or freed later are not eligible (`sinceBlock`), and a
/// ticket that leaves only makes room for whoever comes next in the sequence. The order of the list never changes.
library Drawing {
    /// @notice Numbers looked at before the draw gives up on filling all seats: about 10 M gas when all of them are new and dead.
    uint256 internal constant MAX_TRIES = 4096;

    /// @notice Up to `count` distinct eligible tickets and their validators.
    function draw(TicketList.Pool storage pool, uint256 length, uint256 postedBlock, bytes32 seed, uint256 count)
        internal
        view
        returns (uint256[] memory tickets, address[] memory validators)
    {
        tickets = new uint256[](count);
        validators = new address[](count);
        uint256 found = 0;
        uint256 looked = 0;
        uint256[] memory seen = new uint256[](length / 256 + 1); // a bitmap, so that looking twice costs little
        for (uint256 i = 0; i < MAX_TRIES && found < count && looked < length; ++i) {
            uint256 ticket = _number(seed, i) % length;
            if ((seen[ticket / 256] >> (ticket % 256)) & 1 == 1) continue;
            seen[ticket / 256] |= 1 << (ticket % 256);
            ++looked;
            TicketList.Slot memory slot = pool.tickets[ticket];
            if (slot.state != IRegistry.TicketState.Live || slot.sinceBlock > postedBlock) continue;
            tickets[found] = ticket;
            validators[found] = slot.validator;
            ++found;
        }
        assembly ("memory-safe") {
            // Shorten both to what was found.
            mstore(tickets, found)
            mstore(validators, found)
        }
    }

    /// @dev Number `i` of the sequence. 64 random bits modulo at most 65,535: no ticket is favoured by more than 2^-48.
    function _number(bytes32 seed, uint256 i) private pure returns (uint256) {
        return uint64(uint256(keccak256(abi.encode(seed, i))));
    }
}
