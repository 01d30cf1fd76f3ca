// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Tags} from "../libraries/Tags.sol";
import {Bounty, Clock, Holder} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title Data holders: joining, leaving, submitting.
/// @dev Fees are locked in advance for every round left. A round uses one up when it settles and includes the holder; what was not
/// used comes back on leaving. A settled round counts for all at once (`Sums.settled`), less those it spared (`Bounty.spared`), so
/// that submitting writes nothing about money.
abstract contract Holders is Core {
    using Bits for uint256;
    using TermsWords for PackedTerms;
    using Lanes for uint256;

    uint256 private constant LANES = 16;

    /// @inheritdoc IMarket
    function join(
        bytes32 bounty,
        PackedTerms calldata given,
        uint256 index,
        bytes32 key,
        bytes32[] calldata allowlistProof
    ) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        _requireAllowed(bounty, terms, allowlistProof);
        Clock storage clock = b.clock;
        Holder storage holder = b.holders[msg.sender];
        _requirePhase(bounty, clock, Phase.Join);
        _requireNotAfter(bounty, clock.deadline);
        if (holder.joined) revert Market_AlreadyJoined(bounty, msg.sender);
        if (index >= terms.maxHolders() || uint256(b.joined).has(index)) revert Market_BadIndex(bounty, index);
        _requireDigest(key);
        uint256 roundsLeft = terms.rounds() - clock.round;
        b.joined |= uint128(1 << index);
        // `held` and `claimed` stay: they may be from an earlier stay.
        holder.joined = true;
        holder.index = uint8(index);
        holder.joinedRound = clock.round;
        holder.locked = uint16(roundsLeft);
        holder.settledBefore = b.sums.settled;
        emit Joined(bounty, msg.sender, index, key);
        _take(bounty, terms.token(), msg.sender, terms.holderStake() + terms.fee() * roundsLeft);
    }

    /// @inheritdoc IMarket
    /// @dev Whoever lost its stake may be sent off at any time: the round it failed in is decided as far as its fee goes, because
    /// either it did not submit to it, or it is settled and was included.
    function leave(bytes32 bounty, PackedTerms calldata given, address holder) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        Holder storage h = b.holders[holder];
        if (!h.joined) revert Market_NotJoined(bounty, holder);
        uint256 index = h.index;
        bool lost = uint256(b.forfeited).has(index);
        if (!lost) _requireMayLeave(bounty, b.clock, holder);
        uint256 returned = _feesLeft(b, h) * terms.fee() + (lost ? 0 : terms.holderStake());
        uint256 burned = lost ? terms.holderStake() : 0;
        uint128 others = ~uint128(1 << index);
        if (uint256(b.compensated).has(index)) {
            returned += terms.compensation();
            b.compensated &= others;
        }
        b.joined &= others;
        if (lost) b.forfeited &= others;
        if (_spared(b, index) != 0) b.spared[index / LANES] = b.spared[index / LANES].set(index % LANES, 0);
        b.holders[holder] = Holder(false, 0, 0, 0, 0, h.held, h.claimed);
        emit Left(bounty, holder, index, returned, burned);
        _pay(bounty, terms.token(), holder, returned);
        _burn(bounty, terms.token(), burned);
    }

    /// @inheritdoc IMarket
    /// @dev No money moves: the fee was paid on joining. Two slots change, and the holder's own is only read.
    function submit(bytes32 bounty, bytes32 commitment, bytes32 document) external {
        Bounty storage b = _known(bounty);
        Clock storage clock = b.clock;
        Holder storage holder = b.holders[msg.sender];
        uint256 index = holder.index;
        uint256 awaited = clock.awaited;
        if (!holder.joined) revert Market_NotJoined(bounty, msg.sender);
        _requirePhase(bounty, clock, Phase.Submit);
        _requireNotAfter(bounty, clock.deadline);
        if (!awaited.has(index)) {
            if (uint256(b.expected).has(index)) revert Market_AlreadySubmitted(bounty, msg.sender);
            if (uint256(b.forfeited).has(index)) revert Market_Forfeited(bounty, msg.sender);
            revert Market_NotExpected(bounty, msg.sender);
        }
        _requireDigest(commitment);
        _requireDigest(document);
        uint256 round = clock.round;
        b.submissions = keccak256(abi.encode(b.submissions, round, msg.sender, index, commitment, document));
        clock.awaited = uint128(awaited & ~(1 << index));
        emit Submitted(bounty, round, msg.sender, index, commitment, document);
    }

    /// @dev The fees of a joined holder that no settled round used.
    function _feesLeft(Bounty storage b, Holder storage h) internal view returns (uint256) {
        return uint256(h.locked) + _spared(b, h.index) + h.settledBefore - b.sums.settled;
    }

    /// @dev Rounds that were settled without the holder that has `index` now.
    function _spared(Bounty storage b, uint256 index) private view returns (uint256) {
        return b.spared[index / LANES].at(index % LANES);
    }

    function _requireMayLeave(bytes32 id, Clock storage clock, address holder) private view {
        Phase phase = clock.phase;
        if (phase == Phase.Closed) return;
        if (phase != Phase.Join || msg.sender != holder) revert Market_WrongPhase(id, phase);
        _requireNotAfter(id, clock.deadline);
    }

    /// @dev Leaves hash a tag and an address, nodes two hashes: none passes for the other.
    function _requireAllowed(bytes32 id, PackedTerms calldata terms, bytes32[] calldata proof) private view {
        if (terms.allowlistRoot == 0) return;
        bytes32 leaf = keccak256(abi.encode(Tags.ALLOW, msg.sender));
        if (!MerkleProof.verifyCalldata(proof, terms.allowlistRoot, leaf)) revert Market_NotAllowed(id, msg.sender);
    }
}
