// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {Bits} from "../libraries/Bits.sol";
import {Tags} from "../libraries/Tags.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Bounty, Clock, Draft} from "./BountyState.sol";

/// @title What every part of the market needs: who is who, what time it is, where money goes, which phase comes next.
/// @dev The market calls nobody but the vault and the registry of its own deployment, and neither calls back or calls a
/// stranger on its behalf. So an interaction in the middle of a function can be wrong for readability, not for safety.
abstract contract Core is IMarket {
    using Bits for uint256;
    using TermsWords for PackedTerms;

    /// @dev Blocks between the end of a draw's list and the block whose hash draws.
    uint256 internal constant DRAW_DELAY = 4;
    /// @dev Draws in a row that may leave a seat vacant.
    uint256 internal constant MAX_DRAWS = 3;

    /// @inheritdoc IMarket
    address public immutable vault;
    /// @inheritdoc IMarket
    address public immutable registry;
    /// @inheritdoc IMarket
    address public immutable referee;

    mapping(bytes32 bounty => Bounty) internal _bounties;

    constructor(address vault_, address registry_, address referee_) {
        vault = vault_;
        registry = registry_;
        referee = referee_;
    }

    // ---------------------------------------------------------------- identity
    function _known(bytes32 id) internal view returns (Bounty storage b) {
        b = _bounties[id];
        if (b.clock.phase == Phase.None) revert Market_UnknownBounty(id);
    }

    /// @dev Terms stay in calldata; `TermsWords` reads their fields there. They are handed back so that the optimizer does not know
    /// where they lie: it would copy every function that takes them, once for each place.
    function _known(bytes32 id, PackedTerms calldata given)
        internal
        view
        returns (Bounty storage b, PackedTerms calldata terms)
    {
        b = _known(id);
        if (b.termsHash != given.hash()) revert Market_WrongTerms(id);
        terms = given;
    }

    function _requireOwner(bytes32 id, PackedTerms calldata terms) internal view {
        if (msg.sender != terms.owner()) revert Market_NotOwner(id, msg.sender);
    }

    /// @dev No need to check that `seat` exists: one that does not has no validator.
    function _requireSeat(bytes32 id, Bounty storage b, uint256 seat) internal view {
        if (b.seats[seat].validator != msg.sender || uint256(b.clock.vacant).has(seat)) {
            revert Market_NotSeat(id, seat, msg.sender);
        }
    }

    function _requireDigest(bytes32 digest) internal pure {
        if (digest == 0) revert Market_ZeroDigest();
    }

    // ---------------------------------------------------------------- time
    function _requirePhase(bytes32 id, Clock storage clock, Phase phase) internal view {
        if (clock.phase != phase) revert Market_WrongPhase(id, clock.phase);
    }

    /// @dev In time is up to and including the deadline; later begins one second after it.
    function _requireNotAfter(bytes32 id, uint256 deadline) internal view {
        if (block.timestamp > deadline) revert Market_TooLate(id, deadline);
    }

    function _requireAfter(bytes32 id, uint256 deadline) internal view {
        if (block.timestamp <= deadline) revert Market_TooEarly(id, deadline + 1);
    }

    /// @dev A seat acts once in a phase, in time.
    function _act(bytes32 id, Clock storage clock, uint256 seat) internal {
        _requireNotAfter(id, clock.deadline);
        if (uint256(clock.acted).has(seat)) revert Market_AlreadyActed(id, seat);
        clock.acted |= uint16(1 << seat);
    }

    // ---------------------------------------------------------------- money
    function _take(bytes32 id, address token, address from, uint256 amount) internal {
        _move(token, Accounts.ofPerson(from), id, amount);
    }

    function _pay(bytes32 id, address token, address to, uint256 amount) internal {
        _move(token, id, Accounts.ofPerson(to), amount);
    }

    function _burn(bytes32 id, address token, uint256 amount) internal {
        _move(token, id, Tags.BURNED, amount);
    }

    function _move(address token, bytes32 from, bytes32 to, uint256 amount) private {
        if (amount != 0) IVault(vault).move(token, from, to, amount);
    }

    /// @dev What posting puts into the reserve.
    function _postedReserve(PackedTerms calldata terms) internal pure returns (uint256) {
        return terms.rounds() * (terms.roundBudget() + terms.seats() * terms.seatPay());
    }

    /// @dev How the reserve changes when it gains and loses so much. In all it never falls below zero: of what was posted,
    /// `roundBudget + seats * seatPay` is there for each round, and no round takes more.
    function _difference(uint256 gained, uint256 lost) internal pure returns (int128) {
        // Both are below 2^116 (TermsCheck), so the casts keep them whole.
        unchecked {
            return int128(int256(gained) - int256(lost));
        }
    }

    // ---------------------------------------------------------------- phases
    /// @dev Starts the phase that `b.clock` was just set to. `length` 0: without a deadline.
    function _begin(bytes32 id, Bounty storage b, uint256 length) internal {
        Clock storage clock = b.clock;
        uint256 deadline = length == 0 ? 0 : block.timestamp + length;
        clock.deadline = uint40(deadline);
        clock.acted = 0;
        emit PhaseChanged(id, clock.round, clock.phase, deadline);
    }

    /// @dev Freezes the list that the next draw is over; how many draws there were stays.
    function _freeze(Bounty storage b, PackedTerms calldata terms) internal returns (uint256 live) {
        uint256 length = 0;
        (length, live) = IRegistry(registry).freeze(Accounts.ofPool(terms.token(), terms.ticketStake()));
        _setDraft(
            b.clock,
            Draft(uint40(block.number + DRAW_DELAY), uint40(block.number), uint16(length), _draft(b.clock).draws)
        );
    }

    /// @dev A draft takes the place of `awaited`, which means nothing between rounds; `openRound` writes that anew.
    function _setDraft(Clock storage clock, Draft memory draft) internal {
        clock.awaited = uint128(draft.drawBlock) | (uint128(draft.frozenBlock) << 40) | (uint128(draft.length) << 80)
            | (uint128(draft.draws) << 96);
    }

    function _draft(Clock storage clock) internal view returns (Draft memory) {
        uint128 word = clock.awaited;
        return Draft(uint40(word), uint40(word >> 40), uint16(word >> 80), uint8(word >> 96));
    }

    /// @dev The holders that submitted to the round, from its opening until the next draw or round.
    function _submitted(Bounty storage b) internal view returns (uint128) {
        return b.expected & ~b.clock.awaited;
    }

    /// @dev The round is over, well or not: what comes next. Seats that lost their validator are drawn anew before joining.
    function _nextRound(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        Clock storage clock = b.clock;
        clock.round += 1;
        if (clock.round == terms.rounds()) {
            b.sums.closed = CloseReason.Finished;
            _close(id, b, terms);
        } else if (clock.vacant != 0) {
            clock.awaited = 0; // no draws yet
            _freeze(b, terms);
            clock.phase = Phase.Draw;
            _begin(id, b, 0);
        } else {
            clock.phase = Phase.Join;
            _begin(id, b, terms.phase(TermsWords.JOIN));
        }
    }

    /// @dev The end, for the reason that `b.sums` was just given. Whatever is not promised goes back; stakes, fees, payouts, pay and compensation stay to be fetched. After an
    /// owner's default the bond keeps what compensates holders, and the rest of it is burned.
    function _close(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        CloseReason reason = b.sums.closed;
        uint256 returned = uint256(int256(_postedReserve(terms)) + b.sums.reserveChange);
        uint256 burned = 0;
        if (reason == CloseReason.OwnerDefault) {
            uint256 owed = uint256(b.compensated).count() * terms.compensation();
            burned = terms.bond() - owed; // the bond covers twice as many: TermsCheck
        } else {
            returned += terms.bond();
        }
        b.clock.phase = Phase.Closed;
        _begin(id, b, 0);
        emit Closed(id, reason, returned, burned);
        _pay(id, terms.token(), terms.owner(), returned);
        _burn(id, terms.token(), burned);
        _unseatAll(b, terms);
    }

    function _unseatAll(Bounty storage b, PackedTerms calldata terms) private {
        bytes32 pool = Accounts.ofPool(terms.token(), terms.ticketStake());
        uint256 vacant = b.clock.vacant;
        for (uint256 seat = 0; seat < terms.seats(); ++seat) {
            if (!vacant.has(seat)) IRegistry(registry).unseat(pool, b.seats[seat].ticket);
        }
    }
}
