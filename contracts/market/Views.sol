// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {Sheets} from "../libraries/Sheets.sol";
import {Tags} from "../libraries/Tags.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Bounty, Clock, Holder, Seat} from "./BountyState.sol";
import {Holders} from "./Holders.sol";
import {Scoring} from "./Scoring.sol";

/// @title What anybody may ask the market.
abstract contract Views is Holders, Scoring {
    using Bits for uint256;
    using TermsWords for PackedTerms;

    /// @inheritdoc IMarket
    function bountyOf(bytes32 bounty) external view returns (BountyView memory v) {
        Bounty storage b = _bounties[bounty];
        Clock storage clock = b.clock;
        v.phase = clock.phase;
        v.closed = b.sums.closed;
        v.round = clock.round;
        v.deadline = clock.deadline;
        if (clock.phase < Phase.Join) v.draws = _draft(clock).draws;
        if (clock.phase == Phase.Draw) v.drawBlock = _draft(clock).drawBlock;
        if (clock.phase == Phase.Acknowledge) v.drawn = _drawn(b);
        v.acted = clock.acted;
        v.vacant = clock.vacant;
        v.joined = b.joined;
        v.forfeited = b.forfeited;
        v.compensated = b.compensated;
        v.submissions = b.submissions;
        v.termsHash = b.termsHash;
        if (clock.phase == Phase.Closed) return v;
        v.reserveChange = b.sums.reserveChange;
        if (clock.phase < Phase.Submit) return v;
        v.expected = b.expected;
        v.submitted = _submitted(b);
        if (clock.phase > Phase.Attest) v.included = b.ballot.included;
        if (clock.phase > Phase.Reveal || (clock.phase == Phase.Reveal && clock.acted != 0)) v.leading = b.leading;
    }

    /// @inheritdoc IMarket
    function resultOf(bytes32 bounty, uint256 round) external view returns (bytes32) {
        return _bounties[bounty].results[round];
    }

    /// @inheritdoc IMarket
    function holderOf(bytes32 bounty, address holder) external view returns (HolderView memory v) {
        Bounty storage b = _bounties[bounty];
        Holder storage h = b.holders[holder];
        v = HolderView(h.joined, h.index, h.joinedRound, 0, h.held, h.claimed);
        if (h.joined) v.prepaid = uint16(_feesLeft(b, h));
    }

    /// @inheritdoc IMarket
    function claimedOf(bytes32 bounty, address holder, uint256 round) external view returns (bool) {
        return _isClaimed(_bounties[bounty], holder, round);
    }

    /// @inheritdoc IMarket
    function seatOf(bytes32 bounty, uint256 seat) external view returns (SeatView memory v) {
        Bounty storage b = _bounties[bounty];
        Seat memory s = b.seats[seat];
        Phase phase = b.clock.phase;
        v.halves = uint16(_halvesOf(b, seat));
        if (s.validator == address(0) || uint256(b.clock.vacant).has(seat)) return v;
        v.validator = s.validator;
        v.ticket = s.ticket;
        v.acknowledged = true;
        v.sinceRound = s.sinceRound;
        // A disproved sheet has no hash any more, and nobody is disproved between rounds.
        if (phase < Phase.Attest || phase > Phase.Serve || uint256(b.sums.disproved).has(seat)) return v;
        uint256 acted = b.clock.acted;
        uint256 attesters = phase == Phase.Attest ? acted : b.ballot.attesters;
        uint256 committed = phase > Phase.Commit ? b.ballot.committed : phase == Phase.Commit ? acted : 0;
        uint256 revealed = phase > Phase.Reveal ? b.ballot.revealed : phase == Phase.Reveal ? acted : 0;
        if ((revealed & ~uint256(b.ballot.others)).has(seat)) v.word = b.leading;
        else if (committed.has(seat)) v.word = s.word;
        else if (attesters.has(seat)) v.attested = uint128(_attested(b, seat));
    }

    /// @inheritdoc IMarket
    function bountyId(address owner, bytes32 salt) external view returns (bytes32) {
        return _idOf(owner, salt);
    }

    /// @inheritdoc IMarket
    function sheetHashOf(bytes32 bounty, uint256 round, Sheet calldata sheet) external view returns (bytes32) {
        return Sheets.hash(bounty, round, sheet);
    }

    function _idOf(address owner, bytes32 salt) internal view returns (bytes32) {
        return keccak256(abi.encode(Tags.BOUNTY, block.chainid, address(this), owner, salt));
    }
}
