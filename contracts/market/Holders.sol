// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {Tags} from "../libraries/Tags.sol";
import {Bounty, Clock} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title Data holders: joining, leaving, submitting.
/// @dev Fees are paid in advance for every round left and counted in `prepaid`. A submission uses one up; when its round turns out
/// void, or excludes it, the fee comes back lazily, with the holder's next submission or when it leaves.
abstract contract Holders is Core {
    using Bits for uint256;

    /// @inheritdoc IMarket
    function join(bytes32 bounty, Terms calldata given, uint256 index, bytes32 key, bytes32[] calldata allowlistProof)
        external
    {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        _requireAllowed(bounty, terms, allowlistProof);
        Clock storage clock = b.clock;
        HolderView storage holder = b.holders[msg.sender];
        _requirePhase(bounty, clock, Phase.Join);
        _requireNotAfter(bounty, clock.deadline);
        if (holder.joined) revert Market_AlreadyJoined(bounty, msg.sender);
        if (index >= terms.maxHolders || uint256(b.joined).has(index)) revert Market_BadIndex(bounty, index);
        _requireDigest(key);
        uint16 roundsLeft = terms.rounds - clock.round;
        b.joined |= uint128(1 << index);
        // `held` stays: it may be from an earlier stay.
        holder.joined = true;
        holder.index = uint8(index);
        holder.joinedRound = clock.round;
        holder.prepaid = roundsLeft;
        holder.lastRound = 0;
        emit Joined(bounty, msg.sender, index, key);
        _take(bounty, terms, msg.sender, uint256(terms.holderStake) + uint256(terms.fee) * roundsLeft);
    }

    /// @inheritdoc IMarket
    /// @dev Whoever lost its stake may be sent off at any time: the round it failed in is decided as far as its fee goes, because
    /// either it did not submit to it, or it is settled and was included.
    function leave(bytes32 bounty, Terms calldata given, address holder) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        HolderView storage h = b.holders[holder];
        if (!h.joined) revert Market_NotJoined(bounty, holder);
        uint256 index = h.index;
        bool lost = uint256(b.forfeited).has(index);
        if (!lost) _requireMayLeave(bounty, b.clock, holder);
        uint256 fees = uint256(h.prepaid) + (_feeReturns(b, h) ? 1 : 0);
        uint256 returned = fees * terms.fee + (lost ? 0 : terms.holderStake);
        uint256 burned = lost ? terms.holderStake : 0;
        uint128 others = ~uint128(1 << index);
        if (uint256(b.compensated).has(index)) {
            returned += terms.compensation;
            b.compensated &= others;
            b.bond -= terms.compensation;
        }
        b.joined &= others;
        if (lost) b.forfeited &= others;
        uint128 held = h.held;
        delete b.holders[holder];
        b.holders[holder].held = held;
        emit Left(bounty, holder, index, returned, burned);
        _pay(bounty, terms, holder, returned);
        _burn(bounty, terms, burned);
    }

    /// @inheritdoc IMarket
    /// @dev No money moves: the fee was paid on joining.
    function submit(bytes32 bounty, bytes32 commitment, bytes32 document) external {
        Bounty storage b = _known(bounty);
        Clock storage clock = b.clock;
        HolderView storage holder = b.holders[msg.sender];
        uint256 index = holder.index;
        uint256 submitted = clock.submitted;
        if (!holder.joined) revert Market_NotJoined(bounty, msg.sender);
        _requirePhase(bounty, clock, Phase.Submit);
        _requireNotAfter(bounty, clock.deadline);
        if (submitted.has(index)) revert Market_AlreadySubmitted(bounty, msg.sender);
        if (!uint256(b.expected).has(index)) {
            if (uint256(b.forfeited).has(index)) revert Market_Forfeited(bounty, msg.sender);
            revert Market_NotExpected(bounty, msg.sender);
        }
        _requireDigest(commitment);
        _requireDigest(document);
        if (!_feeReturns(b, holder)) holder.prepaid -= 1;
        uint16 round = clock.round;
        holder.lastRound = round + 1;
        bytes32 previous = submitted == 0 ? bytes32(0) : b.submissions;
        b.submissions = keccak256(abi.encode(previous, msg.sender, index, commitment, document));
        clock.submitted = uint128(submitted | (1 << index));
        emit Submitted(bounty, round, msg.sender, index, commitment, document);
    }

    /// @dev Whether the fee of the holder's last submission comes back.
    function _feeReturns(Bounty storage b, HolderView storage h) private view returns (bool) {
        uint256 last = h.lastRound;
        if (last == 0) return false;
        RoundView storage r = b.rounds[last - 1];
        return r.status == RoundStatus.Void || (r.anyExcluded && uint256(r.excluded).has(h.index));
    }

    function _requireMayLeave(bytes32 id, Clock storage clock, address holder) private view {
        Phase phase = clock.phase;
        if (phase == Phase.Closed) return;
        if (phase != Phase.Join || msg.sender != holder) revert Market_WrongPhase(id, phase);
        _requireNotAfter(id, clock.deadline);
    }

    /// @dev Leaves hash a tag and an address, nodes two hashes: none passes for the other.
    function _requireAllowed(bytes32 id, Terms memory terms, bytes32[] calldata proof) private view {
        if (terms.allowlistRoot == 0) return;
        bytes32 leaf = keccak256(abi.encode(Tags.ALLOW, msg.sender));
        if (!MerkleProof.verifyCalldata(proof, terms.allowlistRoot, leaf)) revert Market_NotAllowed(id, msg.sender);
    }
}
