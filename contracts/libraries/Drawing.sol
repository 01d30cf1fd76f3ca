// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {TicketList} from "./TicketList.sol";

/// @title Which tickets a seed draws.
/// @notice The seed names an endless sequence of candidates for every seat; the first eligible one may take it. Nobody looks at a
/// ticket before somebody acknowledges, so a draw costs the same whatever the number of tickets and seats.
/// @dev Why nobody gains by acting once the seed is known: tickets opened or freed later are not eligible (`sinceBlock`), and a
/// ticket that leaves only makes room for whoever comes next in the sequence. The order of the list never changes. What remains:
/// whoever comes first for two seats takes the one it likes, and so picks between two tickets for the other.
library Drawing {
    /// @notice Candidates that `first` looks at: about 10 M gas when all of them are new and not eligible.
    uint256 internal constant MAX_TRIES = 4096;

    /// @notice Candidate number `i` for a seat.
    /// @dev 64 random bits modulo at most 65,535: no ticket is favoured by more than 2^-48.
    function candidate(IRegistry.Draw memory drawn, uint256 seatIndex, uint256 i) internal pure returns (uint256) {
        return uint64(uint256(keccak256(abi.encode(drawn.seed, seatIndex, i)))) % drawn.length;
    }

    /// @notice The number of the first eligible candidate for a seat; `limit` if none before it is.
    function first(TicketList.Pool storage pool, IRegistry.Draw memory drawn, uint256 seatIndex, uint256 limit)
        internal
        view
        returns (uint256 tries)
    {
        while (tries < limit && !eligible(pool, drawn, candidate(drawn, seatIndex, tries))) ++tries;
    }

    /// @notice Whether a ticket may take a seat of this draw.
    function eligible(TicketList.Pool storage pool, IRegistry.Draw memory drawn, uint256 ticket)
        internal
        view
        returns (bool)
    {
        TicketList.Slot storage slot = pool.tickets[ticket];
        return slot.state == IRegistry.TicketState.Live && slot.sinceBlock <= drawn.frozenBlock;
    }
}
