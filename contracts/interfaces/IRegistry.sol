// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Validators and their stakes: equal tickets in pools, drawn by a future block.
/// @notice A pool is a pair (token, stake a ticket). Anybody may open tickets in any pool; terms name the pool they draw from.
/// @dev A ticket is `Live` (drawable), `Seated` (acknowledged a seat of one bounty), `Leaving` (unbonding), or gone (`None`).
/// A ticket that was slashed leaves by itself: stakes of drawable tickets are always equal.
/// Numbers of tickets that are gone are given out again, one by one, so that a pool never fills up for ever.
interface IRegistry {
    enum TicketState {
        None,
        Live,
        Seated,
        Leaving
    }

    struct Ticket {
        address validator;
        TicketState state;
        uint40 sinceBlock; // first block whose postings may draw it
        uint40 freeAt; // while leaving: when the stake can be taken back
        uint128 stake; // what is left of it
    }

    /// @dev What orders candidates. A ticket is eligible when it is among the first `length`, live, and was at `frozenBlock`.
    struct Draw {
        bytes32 seed;
        uint256 length;
        uint256 frozenBlock;
    }

    /// @notice Thrown when somebody else than the market calls.
    error Registry_NotMarket(address caller);
    /// @notice Thrown when the caller does not hold the ticket.
    error Registry_NotYourTicket(bytes32 pool, uint256 ticket, address caller);
    /// @notice Thrown when a ticket is not in the state an act needs.
    error Registry_WrongState(bytes32 pool, uint256 ticket, TicketState state);
    /// @notice Thrown when a ticket wants a seat that `first` comes before it for, or that came after the draw was fixed.
    error Registry_NotFirst(bytes32 pool, uint256 ticket, uint256 first);
    /// @notice Thrown when a stake is taken back before its unbonding time is over.
    error Registry_StillUnbonding(bytes32 pool, uint256 ticket, uint256 freeAt);
    /// @notice Thrown when a pool is asked for zero tickets, a zero stake, or is full (65,535 tickets).
    error Registry_BadPool(address token, uint256 stake, uint256 count);

    /// @notice Emitted when tickets `first .. first + count - 1` are opened.
    event Staked(bytes32 indexed pool, address indexed validator, uint256 first, uint256 count);
    /// @notice Emitted when a ticket starts to unbond.
    event Leaving(bytes32 indexed pool, uint256 indexed ticket, uint256 freeAt);
    /// @notice Emitted when a ticket's stake went back to its validator's vault account.
    event Left(bytes32 indexed pool, uint256 indexed ticket, uint256 stake);
    /// @notice Emitted when a ticket takes (`bounty` set) or gives back (`bounty` zero) a seat.
    event Seated(bytes32 indexed pool, uint256 indexed ticket, bytes32 indexed bounty);
    /// @notice Emitted when a ticket loses `burned + rewarded` of its stake.
    event Slashed(bytes32 indexed pool, uint256 indexed ticket, uint256 burned, uint256 rewarded, address challenger);

    /// @notice Opens `count` tickets of `ticketStake` each, paid from the caller's vault account. Returns the first ticket's number.
    function stake(address token, uint128 ticketStake, uint256 count) external returns (uint256 first);
    /// @notice Starts the unbonding of a live ticket.
    function leave(address token, uint128 ticketStake, uint256 ticket) external;
    /// @notice Takes an unbonded ticket's stake back into the validator's vault account. Anyone may call it.
    function redeem(address token, uint128 ticketStake, uint256 ticket) external;

    /// @notice The length of the pool's list now, and how many of it are live. What a posting freezes.
    function freeze(bytes32 pool) external view returns (uint256 length, uint256 live);
    /// @notice The first eligible candidate for a seat, after `tries` others; `validator` is 0 when 4,096 tries find none.
    function candidate(bytes32 pool, Draw calldata drawn, uint256 seatIndex)
        external
        view
        returns (address validator, uint256 ticket, uint256 tries);
    /// @notice Market only. The ticket that is candidate number `tries` for a seat takes it for `bounty`. Reverts unless `validator`
    /// holds the ticket, it is eligible, and no candidate before it is.
    function seat(
        bytes32 pool,
        Draw calldata drawn,
        uint256 seatIndex,
        uint256 tries,
        address validator,
        bytes32 bounty
    ) external returns (uint256 ticket);
    /// @notice Market only. A seated ticket is drawable again.
    function unseat(bytes32 pool, uint256 ticket) external;
    /// @notice Market only. Takes `percent` of the ticket's full stake (never more than is left): half burned and half to
    /// `challenger`, or all burned when `challenger` is zero. The ticket gives its seat back and starts to unbond.
    function slash(address token, uint128 ticketStake, uint256 ticket, uint256 percent, address challenger) external;

    /// @notice One ticket.
    function ticketOf(bytes32 pool, uint256 ticket) external view returns (Ticket memory);
    /// @notice keccak256(abi.encode(token, ticketStake)); also the pool's vault account.
    function poolOf(address token, uint128 ticketStake) external pure returns (bytes32);
    /// @notice Seconds between `leave` (or a slash) and `redeem`.
    function UNBONDING() external view returns (uint256);
    /// @notice The market of this deployment.
    function market() external view returns (address);
    /// @notice The vault of this deployment.
    function vault() external view returns (address);
}
