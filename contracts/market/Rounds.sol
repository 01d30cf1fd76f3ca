// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {ShardTree} from "../libraries/ShardTree.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Bounty, Clock} from "./BountyState.sol";
import {Scoring} from "./Scoring.sol";

/// @title The owner's part of a round: opening it, opening its shard, proving that the shard was opened.
abstract contract Rounds is Scoring {
    using Bits for uint256;
    using TermsWords for PackedTerms;

    /// @dev Stands for a holder's index in the running hash's step of an opened round.
    uint256 private constant OPENED = 255;

    /// @inheritdoc IMarket
    function openRound(
        bytes32 bounty,
        PackedTerms calldata given,
        uint128 sealedTo,
        bytes32 rootUpdate,
        bytes32 document
    ) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        _requireOwner(bounty, terms);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Join);
        _requireAfter(bounty, clock.deadline);
        _requireNotAfter(bounty, uint256(clock.deadline) + terms.phase(TermsWords.OPEN));
        if (sealedTo & ~b.joined != 0) revert Market_BadBitmap(bounty, sealedTo);
        uint128 expected = sealedTo & ~b.forfeited;
        if (uint256(expected).count() < terms.minHolders()) {
            revert Market_TooFewHolders(bounty, uint256(expected).count());
        }
        _requireDigest(rootUpdate);
        _requireDigest(document);
        b.expected = expected;
        // The first opening pays for the slot: the first holder to submit shall not pay more than the others.
        bytes32 before = b.submissions == 0 ? bounty : b.submissions;
        b.submissions = keccak256(abi.encode(before, clock.round, msg.sender, OPENED, rootUpdate, document));
        clock.awaited = expected;
        clock.unopened = 0;
        clock.lacking = 0;
        clock.phase = Phase.Submit;
        _begin(bounty, b, terms.phase(TermsWords.SUBMIT));
        emit RoundOpened(bounty, clock.round, expected, rootUpdate, document, clock.deadline);
    }

    /// @inheritdoc IMarket
    function openShard(bytes32 bounty, PackedTerms calldata given, bytes32 document) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        _requireOwner(bounty, terms);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Submit);
        _requireAfter(bounty, clock.deadline);
        _requireNotAfter(bounty, uint256(clock.deadline) + terms.phase(TermsWords.SHARD));
        uint256 submitted = uint256(_submitted(b)).count();
        if (submitted < terms.minHolders()) revert Market_TooFewHolders(bounty, submitted);
        _requireDigest(document);
        _forfeitSilent(b);
        emit ShardOpened(bounty, clock.round, document);
        clock.phase = Phase.Attest;
        _begin(bounty, b, terms.phase(TermsWords.ATTEST));
    }

    /// @inheritdoc IMarket
    function rebut(
        bytes32 bounty,
        PackedTerms calldata given,
        Roots calldata roots,
        bytes32 key,
        bytes32 shardRoot,
        bytes32 shardDigest,
        bytes32[] calldata proof
    ) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        if (!terms.names(roots)) revert Market_WrongTerms(bounty);
        _requireOwner(bounty, terms);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Rebut);
        _requireNotAfter(bounty, clock.deadline);
        bytes32 leaf = ShardTree.leaf(clock.round, shardRoot, shardDigest, key);
        if (!ShardTree.leadsTo(roots.shardsRoot, clock.round, leaf, proof)) revert Market_BadKey(bounty);
        emit Rebutted(bounty, clock.round, key);
        _startCommit(bounty, b, terms);
    }

    /// @dev Joining is over and the round was not opened. Without enough holders it could not be; otherwise it is the owner's
    /// fault, once its time is over.
    function _endJoin(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        uint128 ready = b.joined & ~b.forfeited;
        if (uint256(ready).count() < terms.minHolders()) {
            _void(id, b, terms);
            return;
        }
        _requireAfter(id, uint256(b.clock.deadline) + terms.phase(TermsWords.OPEN));
        _default(id, b, terms, ready);
    }

    /// @dev Submitting is over and the shard was not opened; as `_endJoin`.
    function _endSubmit(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        uint128 submitted = _submitted(b);
        if (uint256(submitted).count() < terms.minHolders()) {
            _forfeitSilent(b);
            _void(id, b, terms);
            return;
        }
        _requireAfter(id, uint256(b.clock.deadline) + terms.phase(TermsWords.SHARD));
        _forfeitSilent(b);
        _announceVoid(id, b);
        _default(id, b, terms, submitted);
    }

    /// @dev Nobody proved that the shard was opened.
    function _endRebut(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        _announceVoid(id, b);
        _default(id, b, terms, _submitted(b));
    }

    function _default(bytes32 id, Bounty storage b, PackedTerms calldata terms, uint128 compensated) private {
        b.compensated = compensated;
        b.sums.closed = CloseReason.OwnerDefault;
        _close(id, b, terms);
    }

    /// @dev Whoever was expected took the base; without an update in return it loses its stake.
    function _forfeitSilent(Bounty storage b) private {
        uint128 silent = b.clock.awaited;
        if (silent != 0) b.forfeited |= silent;
    }
}
