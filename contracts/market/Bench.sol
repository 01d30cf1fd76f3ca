// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Bits} from "../libraries/Bits.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Bounty, Clock, Seat} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title Who sits: drawing, taking and losing seats, and their pay.
/// @dev A round's pay of a seat comes in two equal halves, counted in lanes. Whoever loses a seat is paid at that moment, so what
/// a lane holds always belongs to the validator that has the seat now.
abstract contract Bench is Core {
    using Bits for uint256;
    using Lanes for uint256;

    /// @dev A validator that lost its seat, and what is due to it and from it.
    struct Dismissal {
        uint256 seat;
        address validator;
        uint256 ticket;
        uint256 percent;
        uint256 owed;
    }

    /// @inheritdoc IMarket
    function draw(bytes32 bounty, Terms calldata given) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        _requirePhase(bounty, b.clock, Phase.Draw);
        uint256 drawBlock = b.draft.drawBlock;
        if (block.number <= drawBlock) revert Market_TooEarly(bounty, drawBlock + 1);
        // Only the last 256 hashes are known: of the blocks a multiple of 256 later, the last one always is.
        drawBlock = block.number - 1 - (block.number - 1 - drawBlock) % 256;
        bytes32 seed = keccak256(abi.encode(blockhash(drawBlock), bounty, b.clock.draws));
        b.clock.draws += 1;
        (uint256[] memory tickets, address[] memory validators) = IRegistry(registry)
            .draw(
                Accounts.ofPool(terms.token, terms.ticketStake),
                b.draft.length,
                b.draft.frozenBlock,
                seed,
                uint256(b.clock.vacant).count()
            );
        _fill(bounty, b, terms, tickets, validators);
        b.clock.phase = Phase.Acknowledge;
        _begin(bounty, b, terms.phases.acknowledge);
    }

    /// @inheritdoc IMarket
    /// @dev No need to check that `seat` exists: nobody is drawn for one that does not.
    function acknowledge(bytes32 bounty, Terms calldata given, uint256 seat, bytes32 key) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        Seat storage s = b.seats[seat];
        if (s.validator != msg.sender) revert Market_NotSeat(bounty, seat, msg.sender);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Acknowledge);
        _requireNotAfter(bounty, clock.deadline);
        if (!uint256(clock.vacant).has(seat)) revert Market_AlreadyActed(bounty, seat);
        _requireDigest(key);
        s.sinceRound = clock.round;
        clock.vacant &= ~uint16(1 << seat);
        clock.acted |= uint16(1 << seat);
        emit Acknowledged(bounty, seat, msg.sender, key);
        if (clock.vacant == 0) {
            clock.draws = 0;
            clock.phase = Phase.Join;
            _begin(bounty, b, terms.phases.join);
        }
        IRegistry(registry).seat(Accounts.ofPool(terms.token, terms.ticketStake), s.ticket, msg.sender, bounty);
    }

    /// @inheritdoc IMarket
    function serve(bytes32 bounty, uint256 seat, bytes32 document) external {
        Bounty storage b = _known(bounty);
        _requireSeat(bounty, b, seat);
        _requirePhase(bounty, b.clock, Phase.Serve);
        _act(bounty, b.clock, seat);
        _requireDigest(document);
        emit Served(bounty, b.clock.round, seat, document);
    }

    /// @inheritdoc IMarket
    /// @dev No phase is required: seats drawn since may ask at any time.
    function handOver(bytes32 bounty, uint256 seat, bytes32 document) external {
        Bounty storage b = _known(bounty);
        _requireSeat(bounty, b, seat);
        _requireDigest(document);
        emit HandedOver(bounty, b.clock.round, seat, document);
    }

    /// @inheritdoc IMarket
    /// @dev No caller is required: the money goes to the seat's validator whoever asks.
    function collect(bytes32 bounty, Terms calldata given, uint256 seat) external returns (uint256 paid) {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        paid = _settlePay(b, terms, seat);
        if (paid == 0) revert Market_NothingToDo(bounty);
        address validator = b.seats[seat].validator;
        emit SeatPaid(bounty, seat, validator, paid);
        _pay(bounty, terms, validator, paid);
    }

    /// @dev Acknowledging is over and a seat is vacant: draw again, or give up. The first bench is drawn from the list of the
    /// posting, however often; later ones from the list of the moment.
    function _endAcknowledge(bytes32 id, Bounty storage b, Terms memory terms) internal {
        if (b.clock.draws == MAX_DRAWS) {
            b.clock.closed = CloseReason.TooFewSeats;
            _close(id, b, terms);
            return;
        }
        if (b.clock.round == 0) b.draft.drawBlock = uint64(block.number + DRAW_DELAY);
        else _freeze(b, terms);
        b.clock.phase = Phase.Draw;
        _begin(id, b, 0);
    }

    /// @dev Takes the seats with a penalty away. `percents` has 8 bits a seat. What is owed and what is taken moves in `_dismiss`,
    /// after the rest of the caller's effects.
    function _vacate(Bounty storage b, Terms memory terms, uint256 percents)
        internal
        returns (Dismissal[] memory dismissals)
    {
        dismissals = new Dismissal[](terms.seats);
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            uint256 percent = (percents >> (8 * seat)) & 0xff;
            if (percent == 0) continue;
            Seat storage s = b.seats[seat];
            dismissals[seat] = Dismissal(seat, s.validator, s.ticket, percent, _settlePay(b, terms, seat));
            b.clock.vacant |= uint16(1 << seat);
            delete b.seats[seat];
        }
    }

    /// @dev The money of `_vacate`. There is no challenger: all that is slashed is burned.
    function _dismiss(bytes32 id, Terms memory terms, uint256 round, Dismissal[] memory dismissals) internal {
        for (uint256 i = 0; i < dismissals.length; ++i) {
            Dismissal memory d = dismissals[i];
            if (d.percent == 0) continue;
            emit SeatSlashed(id, round, d.seat, d.percent);
            if (d.owed != 0) emit SeatPaid(id, d.seat, d.validator, d.owed);
            _pay(id, terms, d.validator, d.owed);
            IRegistry(registry).slash(terms.token, terms.ticketStake, d.ticket, d.percent, address(0));
        }
    }

    /// @dev What one half of a seat's pay is; an odd unit stays with the owner.
    function _halfPayRoundedDown(Terms memory terms) internal pure returns (uint256) {
        return terms.seatPay / 2;
    }

    function _settlePay(Bounty storage b, Terms memory terms, uint256 seat) private returns (uint256 paid) {
        uint256 lanes = b.halvesOwed;
        paid = lanes.at(seat) * _halfPayRoundedDown(terms);
        if (paid != 0) b.halvesOwed = lanes.clear(seat);
    }

    /// @dev A seat for which nobody was found loses whoever was drawn for it before.
    function _fill(
        bytes32 id,
        Bounty storage b,
        Terms memory terms,
        uint256[] memory tickets,
        address[] memory validators
    ) private {
        uint256 vacant = b.clock.vacant;
        uint256 next = 0;
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            if (!vacant.has(seat)) continue;
            delete b.seats[seat];
            if (next >= tickets.length) continue;
            b.seats[seat].validator = validators[next];
            b.seats[seat].ticket = uint16(tickets[next]);
            emit Drawn(id, seat, tickets[next], validators[next]);
            ++next;
        }
    }
}
