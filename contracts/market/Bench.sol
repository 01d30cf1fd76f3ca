// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Bits} from "../libraries/Bits.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Bounty, Clock, Draft, Seat} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title Who sits: drawing, taking and losing seats, and their pay.
/// @dev A round's pay of a seat comes in two equal halves. They are counted once for all seats, and in lanes where seats differ.
/// Whoever loses a seat is paid at that moment, so what is owed always belongs to the validator that has the seat now.
abstract contract Bench is Core {
    using Bits for uint256;
    using TermsWords for PackedTerms;
    using Lanes for uint256;

    /// @inheritdoc IMarket
    function draw(bytes32 bounty, PackedTerms calldata given) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        _requirePhase(bounty, b.clock, Phase.Draw);
        Draft memory draft = _draft(b.clock);
        uint256 drawBlock = draft.drawBlock;
        if (block.number <= drawBlock) revert Market_TooEarly(bounty, drawBlock + 1);
        // Only the last 256 hashes are known: of the blocks a multiple of 256 later, the last one always is.
        drawBlock = block.number - 1 - (block.number - 1 - drawBlock) % 256;
        bytes32 seed = keccak256(abi.encode(blockhash(drawBlock), bounty, draft.draws));
        draft.draws += 1;
        _setDraft(b.clock, draft);
        b.seed = seed;
        emit Drawn(bounty, seed, draft.length, draft.frozenBlock);
        b.clock.phase = Phase.Acknowledge;
        _begin(bounty, b, terms.phase(TermsWords.ACKNOWLEDGE));
    }

    /// @inheritdoc IMarket
    function acknowledge(bytes32 bounty, PackedTerms calldata given, uint256 seat, uint256 tries, bytes32 key)
        external
    {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Acknowledge);
        _requireNotAfter(bounty, clock.deadline);
        if (seat >= terms.seats()) revert Market_NotSeat(bounty, seat, msg.sender);
        if (!uint256(clock.vacant).has(seat)) revert Market_AlreadyActed(bounty, seat);
        _requireDigest(key);
        IRegistry.Draw memory drawn = _drawn(b);
        Seat storage s = b.seats[seat];
        s.validator = msg.sender;
        s.sinceRound = clock.round;
        clock.vacant &= ~uint16(1 << seat);
        clock.acted |= uint16(1 << seat);
        emit Acknowledged(bounty, seat, msg.sender, key);
        if (clock.vacant == 0) {
            clock.phase = Phase.Join;
            _begin(bounty, b, terms.phase(TermsWords.JOIN));
        }
        bytes32 pool = Accounts.ofPool(terms.token(), terms.ticketStake());
        // slither-disable-next-line reentrancy-no-eth,reentrancy-benign -- the registry calls nobody; see Core
        s.ticket = uint16(IRegistry(registry).seat(pool, drawn, seat, tries, msg.sender, bounty));
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
    function collect(bytes32 bounty, PackedTerms calldata given, uint256 seat) external returns (uint256 paid) {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        paid = _settlePay(b, terms, seat);
        if (paid == 0) revert Market_NothingToDo(bounty);
        address validator = b.seats[seat].validator;
        emit SeatPaid(bounty, seat, validator, paid);
        _pay(bounty, terms.token(), validator, paid);
    }

    /// @dev Acknowledging is over and a seat is vacant: draw again, or give up. The first bench is drawn from the list of the
    /// posting, however often; later ones from the list of the moment.
    function _endAcknowledge(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        Draft memory draft = _draft(b.clock);
        if (draft.draws == MAX_DRAWS) {
            b.sums.closed = CloseReason.TooFewSeats;
            _close(id, b, terms);
            return;
        }
        if (b.clock.round == 0) {
            draft.drawBlock = uint40(block.number + DRAW_DELAY);
            _setDraft(b.clock, draft);
        } else {
            _freeze(b, terms);
        }
        b.clock.phase = Phase.Draw;
        _begin(id, b, 0);
    }

    /// @dev Takes the seats with a penalty away. `percents` has 8 bits a seat. What is owed and what is taken moves in `_dismiss`,
    /// after the rest of the caller's effects; the seats' slots keep who that is until they are taken anew.
    function _vacate(Bounty storage b, uint256 percents) internal {
        uint256 vacant = b.clock.vacant;
        for (uint256 seat = 0; percents >> (8 * seat) != 0; ++seat) {
            if ((percents >> (8 * seat)) & 0xff != 0) vacant |= 1 << seat;
        }
        b.clock.vacant = uint16(vacant);
    }

    /// @dev The money of `_vacate`. Half of what a disproved sheet costs goes to whoever disproved it; all else is burned.
    // slither-disable-next-line reentrancy-no-eth -- vault and registry call nobody; see Core
    function _dismiss(bytes32 id, Bounty storage b, PackedTerms calldata terms, uint256 round, uint256 percents)
        internal
    {
        for (uint256 seat = 0; percents >> (8 * seat) != 0; ++seat) {
            uint256 percent = (percents >> (8 * seat)) & 0xff;
            if (percent == 0) continue;
            address validator = b.seats[seat].validator;
            uint256 owed = _settlePay(b, terms, seat);
            emit SeatSlashed(id, round, seat, percent);
            if (owed != 0) emit SeatPaid(id, seat, validator, owed);
            _pay(id, terms.token(), validator, owed);
            IRegistry(registry)
                .slash(terms.token(), terms.ticketStake(), b.seats[seat].ticket, percent, _challengerOf(b, seat));
        }
        if (percents != 0) (b.sums.disproved, b.sums.led, b.sums.excused) = (0, 0, 0);
    }

    /// @dev Who disproved the seat's sheet; nobody if none was.
    function _challengerOf(Bounty storage b, uint256 seat) private view returns (address) {
        if (!uint256(b.sums.disproved).has(seat)) return address(0);
        bytes32 mark = uint256(b.sums.led).has(seat) ? b.leading : b.seats[seat].word;
        return address(uint160(uint256(mark)));
    }

    /// @dev What one half of a seat's pay is; an odd unit stays with the owner.
    function _halfPayRoundedDown(PackedTerms calldata terms) internal pure returns (uint256) {
        return terms.seatPay() / 2;
    }

    /// @dev The halves a seat is owed: those that all are, and its own.
    function _halvesOf(Bounty storage b, uint256 seat) internal view returns (uint256) {
        return (b.sums.halves + b.lanes.at(seat)) & 0xffff;
    }

    function _settlePay(Bounty storage b, PackedTerms calldata terms, uint256 seat) private returns (uint256 paid) {
        if (seat >= terms.seats()) return 0;
        uint256 halves = _halvesOf(b, seat);
        if (halves == 0) return 0;
        b.lanes = b.lanes.set(seat, 0x10000 - uint256(b.sums.halves));
        return halves * _halfPayRoundedDown(terms);
    }

    function _drawn(Bounty storage b) internal view returns (IRegistry.Draw memory) {
        Draft memory draft = _draft(b.clock);
        return IRegistry.Draw(b.seed, draft.length, draft.frozenBlock);
    }
}
