// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Drawing} from "./libraries/Drawing.sol";
import {TicketList} from "./libraries/TicketList.sol";

/// @title Registry
/// @dev Stakes lie in the vault under the pool's id: `ticketStake` for every ticket that is not gone, less what slashes took.
contract Registry is IRegistry {
    using TicketList for TicketList.Pool;

    /// @inheritdoc IRegistry
    uint256 public constant UNBONDING = 7 days;

    /// @inheritdoc IRegistry
    address public immutable market;
    /// @inheritdoc IRegistry
    address public immutable vault;

    mapping(bytes32 pool => TicketList.Pool) private _pools;

    modifier onlyMarket() {
        if (msg.sender != market) revert Registry_NotMarket(msg.sender);
        _;
    }

    /// @param market_ Where the market will be deployed.
    /// @param vault_ The vault.
    /// @dev Neither address is checked here: the market, deployed last, checks all three.
    // slither-disable-next-line missing-zero-check -- a wrong address is caught by the market's constructor
    constructor(address market_, address vault_) {
        market = market_;
        vault = vault_;
    }

    /// @inheritdoc IRegistry
    function stake(address token, uint128 ticketStake, uint256 count) external returns (uint256 first) {
        bytes32 pool = poolOf(token, ticketStake);
        if (ticketStake == 0 || count == 0 || count > _pools[pool].room(count)) {
            revert Registry_BadPool(token, ticketStake, count);
        }
        first = _pools[pool].open(ticketStake, msg.sender, count);
        emit Staked(pool, msg.sender, first, count);
        IVault(vault).move(token, Accounts.ofPerson(msg.sender), pool, ticketStake * count);
    }

    /// @inheritdoc IRegistry
    function leave(address token, uint128 ticketStake, uint256 ticket) external {
        bytes32 pool = poolOf(token, ticketStake);
        _requireValidator(pool, ticket, msg.sender);
        _requireState(pool, ticket, TicketState.Live);
        _startUnbonding(pool, ticket);
    }

    /// @inheritdoc IRegistry
    function redeem(address token, uint128 ticketStake, uint256 ticket) external {
        bytes32 pool = poolOf(token, ticketStake);
        _requireState(pool, ticket, TicketState.Leaving);
        TicketList.Slot memory slot = _pools[pool].tickets[ticket];
        if (block.timestamp < slot.freeAt) revert Registry_StillUnbonding(pool, ticket, slot.freeAt);
        uint256 left = TicketList.stakeLeft(ticketStake, slot.slashed);
        _pools[pool].remove(ticket);
        emit Left(pool, ticket, left);
        if (left != 0) IVault(vault).move(token, pool, Accounts.ofPerson(slot.validator), left);
    }

    /// @inheritdoc IRegistry
    function seat(
        bytes32 pool,
        Draw calldata drawn,
        uint256 seatIndex,
        uint256 tries,
        address validator,
        bytes32 bounty
    ) external onlyMarket returns (uint256 ticket) {
        ticket = Drawing.candidate(drawn, seatIndex, tries);
        _requireValidator(pool, ticket, validator);
        _requireState(pool, ticket, TicketState.Live);
        uint256 first = Drawing.first(_pools[pool], drawn, seatIndex, tries + 1);
        if (first != tries) revert Registry_NotFirst(pool, ticket, first);
        _pools[pool].setState(ticket, TicketState.Seated);
        emit Seated(pool, ticket, bounty);
    }

    /// @inheritdoc IRegistry
    /// @dev Whoever reads "drawable again" in a seed that is known already could choose the moment: postings before this block
    /// do not draw the ticket.
    function unseat(bytes32 pool, uint256 ticket) external onlyMarket {
        _requireState(pool, ticket, TicketState.Seated);
        _pools[pool].setState(ticket, TicketState.Live);
        _pools[pool].tickets[ticket].sinceBlock = uint40(block.number);
        emit Seated(pool, ticket, 0);
    }

    /// @inheritdoc IRegistry
    /// @dev A ticket is slashed at most once: it leaves by it. So `percent` of the full stake is never more than is left.
    function slash(address token, uint128 ticketStake, uint256 ticket, uint256 percent, address challenger)
        external
        onlyMarket
    {
        bytes32 pool = poolOf(token, ticketStake);
        _requireState(pool, ticket, TicketState.Seated);
        if (percent > 100) percent = 100;
        uint256 taken = ticketStake - TicketList.stakeLeft(ticketStake, percent);
        uint256 rewarded = challenger == address(0) ? 0 : taken / 2;
        uint256 burned = taken - rewarded;
        _pools[pool].tickets[ticket].slashed = uint8(percent);
        emit Slashed(pool, ticket, burned, rewarded, challenger);
        _startUnbonding(pool, ticket);
        if (burned != 0) IVault(vault).move(token, pool, IVault(vault).BURNED(), burned);
        if (rewarded != 0) IVault(vault).move(token, pool, Accounts.ofPerson(challenger), rewarded);
    }

    /// @inheritdoc IRegistry
    function freeze(bytes32 pool) external view returns (uint256 length, uint256 live) {
        return (_pools[pool].length, _pools[pool].live);
    }

    /// @inheritdoc IRegistry
    function candidate(bytes32 pool, Draw calldata drawn, uint256 seatIndex)
        external
        view
        returns (address validator, uint256 ticket, uint256 tries)
    {
        tries = Drawing.first(_pools[pool], drawn, seatIndex, Drawing.MAX_TRIES);
        if (tries == Drawing.MAX_TRIES) return (address(0), 0, tries);
        ticket = Drawing.candidate(drawn, seatIndex, tries);
        validator = _pools[pool].tickets[ticket].validator;
    }

    /// @inheritdoc IRegistry
    function ticketOf(bytes32 pool, uint256 ticket) external view returns (Ticket memory) {
        TicketList.Slot memory slot = _pools[pool].tickets[ticket];
        if (slot.state == TicketState.None) return Ticket(address(0), TicketState.None, 0, 0, 0);
        uint256 left = TicketList.stakeLeft(_pools[pool].ticketStake, slot.slashed);
        return Ticket(slot.validator, slot.state, slot.sinceBlock, slot.freeAt, uint128(left));
    }

    /// @inheritdoc IRegistry
    function poolOf(address token, uint128 ticketStake) public pure returns (bytes32) {
        return Accounts.ofPool(token, ticketStake);
    }

    function _startUnbonding(bytes32 pool, uint256 ticket) private {
        uint256 freeAt = block.timestamp + UNBONDING;
        _pools[pool].setState(ticket, TicketState.Leaving);
        _pools[pool].tickets[ticket].freeAt = uint40(freeAt);
        emit Leaving(pool, ticket, freeAt);
    }

    function _requireValidator(bytes32 pool, uint256 ticket, address validator) private view {
        if (_pools[pool].tickets[ticket].validator != validator) {
            revert Registry_NotYourTicket(pool, ticket, validator);
        }
    }

    function _requireState(bytes32 pool, uint256 ticket, TicketState state) private view {
        TicketState actual = _pools[pool].tickets[ticket].state;
        if (actual != state) revert Registry_WrongState(pool, ticket, actual);
    }
}
