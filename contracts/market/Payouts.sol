// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {Bounty} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title What holders earned: payouts and their hold-back.
/// @dev The hold-back is decided when the bounty is closed: until then a fifth of every payout waits in `Holder.held`.
abstract contract Payouts is Core {
    using Bits for uint256;

    uint256 private constant HOLD_BACK_DIVISOR = 5;

    /// @inheritdoc IMarket
    /// @dev No caller is required, and no membership: the leaf names who is paid.
    function claim(
        bytes32 bounty,
        Terms calldata given,
        uint256 round,
        uint256 index,
        address holder,
        uint128 amount,
        bytes32[] calldata hashes,
        uint128[] calldata sums
    ) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        RoundView storage r = b.rounds[round];
        if (r.status != RoundStatus.Settled || amount == 0) revert Market_NothingToDo(bounty);
        if (uint256(r.claimed).has(index)) revert Market_AlreadyClaimed(bounty, round, index);
        bytes32 leaf = SumTree.leaf(index, holder, amount);
        if (!SumTree.leadsTo(r.payoutRoot, r.pool, index, leaf, amount, hashes, sums)) revert Market_BadProof(bounty);
        r.claimed |= uint128(1 << index);
        r.unclaimed -= amount;
        bool undecided = b.clock.phase != Phase.Closed;
        uint128 held = undecided || b.heldReturns ? _holdBackRoundedDown(amount) : 0;
        if (undecided && held != 0) b.holders[holder].held += held;
        emit Claimed(bounty, round, holder, amount - held, held);
        _pay(bounty, terms, holder, amount - held);
        if (!undecided) _pay(bounty, terms, terms.owner, held);
    }

    /// @inheritdoc IMarket
    /// @dev No caller is required: the money goes where it belongs whoever asks.
    function claimHeld(bytes32 bounty, Terms calldata given, address holder) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        _requirePhase(bounty, b.clock, Phase.Closed);
        uint256 amount = b.holders[holder].held;
        if (amount == 0) revert Market_NothingToDo(bounty);
        address to = b.heldReturns ? terms.owner : holder;
        b.holders[holder].held = 0;
        emit HeldPaid(bounty, to, amount);
        _pay(bounty, terms, to, amount);
    }

    function _holdBackRoundedDown(uint128 amount) private pure returns (uint128) {
        return uint128(amount / HOLD_BACK_DIVISOR);
    }
}
