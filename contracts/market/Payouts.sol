// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {Bounty, Holder} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title What holders earned: payouts and their hold-back.
/// @dev The hold-back is decided when the bounty is closed: until then a fifth of every payout waits in `Holder.held`. A settled
/// round keeps one word, the hash of what its claims and the disputes of later rounds need; whoever claims passes that. Claims carry
/// no terms: the token is in that hash.
abstract contract Payouts is Core {
    using Bits for uint256;
    using TermsWords for PackedTerms;

    uint256 private constant HOLD_BACK_DIVISOR = 5;
    uint256 private constant ROUNDS_AT_HAND = 64; // in `Holder.claimed`

    /// @inheritdoc IMarket
    /// @dev No caller is required, and no membership: the leaf names who is paid.
    function claim(bytes32 bounty, address token, address holder, Claim[] calldata claims) external {
        Bounty storage b = _known(bounty);
        bool holdsBack = b.clock.phase != Phase.Closed || b.ballot.heldReturns;
        uint256 paid = 0;
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata c = claims[i];
            _requirePayout(bounty, b, token, holder, c);
            uint256 fifth = holdsBack ? c.amount / HOLD_BACK_DIVISOR : 0;
            unchecked {
                // A fifth is less than the whole, and at most 4,096 payouts are below 2^96 each.
                uint256 now_ = c.amount - fifth;
                emit Claimed(bounty, c.round, holder, now_, fifth);
                paid += now_;
            }
            _markClaimed(bounty, b, holder, c, fifth);
        }
        if (paid == 0) revert Market_NothingToDo(bounty);
        _pay(bounty, token, holder, paid);
    }

    /// @inheritdoc IMarket
    /// @dev No caller is required: the money goes where it belongs whoever asks.
    function claimHeld(bytes32 bounty, PackedTerms calldata given, address holder) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        _requirePhase(bounty, b.clock, Phase.Closed);
        uint256 amount = b.holders[holder].held;
        if (amount == 0) revert Market_NothingToDo(bounty);
        address to = b.ballot.heldReturns ? terms.owner() : holder;
        b.holders[holder].held = 0;
        emit HeldPaid(bounty, to, amount);
        _pay(bounty, terms.token(), to, amount);
    }

    /// @dev What is kept of a settled round.
    function _resultHash(bytes32 payoutRoot, uint256 pool, address token, bytes32 sheetHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(payoutRoot, pool, token, sheetHash));
    }

    function _requirePayout(bytes32 id, Bounty storage b, address token, address holder, Claim calldata c)
        private
        view
    {
        bytes32 result = b.results[c.round];
        if (result == 0 || c.amount == 0) revert Market_NothingToDo(id);
        bytes32 leaf = SumTree.leaf(c.index, holder, c.amount);
        (bytes32 root, uint256 pool) = SumTree.rootAbove(c.index, leaf, c.amount, c.path);
        if (result != _resultHash(root, pool, token, c.sheetHash)) revert Market_BadProof(id);
    }

    /// @dev A holder is paid once a round, and its bits outlive its membership.
    function _markClaimed(bytes32 id, Bounty storage b, address holder, Claim calldata c, uint256 held) private {
        if (_isClaimed(b, holder, c.round)) revert Market_AlreadyClaimed(id, c.round, c.index);
        Holder storage h = b.holders[holder];
        // Sums of at most 4,096 payouts below 2^96: TermsCheck.
        h.held += uint128(held);
        if (c.round < ROUNDS_AT_HAND) h.claimed |= uint64(1 << c.round);
        else b.claimedLater[holder][c.round / 256] |= 1 << (c.round % 256);
    }

    function _isClaimed(Bounty storage b, address holder, uint256 round) internal view returns (bool) {
        Holder storage h = b.holders[holder];
        if (round < ROUNDS_AT_HAND) return uint256(h.claimed).has(round);
        return b.claimedLater[holder][round / 256].has(round % 256);
    }
}
