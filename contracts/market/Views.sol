// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Sheets} from "../libraries/Sheets.sol";
import {Tags} from "../libraries/Tags.sol";
import {Bounty, Clock, Seat} from "./BountyState.sol";
import {Core} from "./Core.sol";

/// @title What anybody may ask the market.
abstract contract Views is Core {
    using Bits for uint256;
    using Lanes for uint256;

    /// @inheritdoc IMarket
    function bountyOf(bytes32 bounty) external view returns (BountyView memory v) {
        Bounty storage b = _bounties[bounty];
        Clock storage clock = b.clock;
        v.phase = clock.phase;
        v.closed = clock.closed;
        v.round = clock.round;
        v.deadline = clock.deadline;
        v.drawBlock = clock.phase == Phase.Draw ? b.draft.drawBlock : 0;
        v.draws = clock.draws;
        v.acted = clock.acted;
        v.vacant = clock.vacant;
        v.joined = b.joined;
        v.forfeited = b.forfeited;
        v.compensated = b.compensated;
        v.baseRoot = b.baseRoot;
        v.reserve = b.reserve;
        v.bond = b.bond;
        v.termsHash = b.termsHash;
        if (clock.phase < Phase.Submit || clock.phase > Phase.Serve) return v;
        v.expected = b.expected;
        v.submitted = clock.submitted;
        v.submissions = clock.submitted == 0 ? bytes32(0) : b.submissions;
        if (clock.phase > Phase.Attest) v.included = b.included;
    }

    /// @inheritdoc IMarket
    function roundOf(bytes32 bounty, uint256 round) external view returns (RoundView memory) {
        return _bounties[bounty].rounds[round];
    }

    /// @inheritdoc IMarket
    function holderOf(bytes32 bounty, address holder) external view returns (HolderView memory) {
        return _bounties[bounty].holders[holder];
    }

    /// @inheritdoc IMarket
    function seatOf(bytes32 bounty, uint256 seat) external view returns (SeatView memory v) {
        Bounty storage b = _bounties[bounty];
        Seat memory s = b.seats[seat];
        Phase phase = b.clock.phase;
        v.validator = s.validator;
        v.ticket = s.ticket;
        v.acknowledged = s.validator != address(0) && !uint256(b.clock.vacant).has(seat);
        v.sinceRound = s.sinceRound;
        v.halves = uint16(b.halvesOwed.at(seat));
        if (phase < Phase.Attest || phase > Phase.Serve) return v;
        uint256 attesters = phase == Phase.Attest ? b.clock.acted : b.attesters;
        uint256 committed = phase > Phase.Commit ? b.committed : phase == Phase.Commit ? b.clock.acted : 0;
        if (committed.has(seat)) v.word = s.word;
        else if (attesters.has(seat)) v.attested = uint128(uint256(s.word));
    }

    /// @inheritdoc IMarket
    function bountyId(address owner, bytes32 salt) external view returns (bytes32) {
        return _idOf(owner, salt);
    }

    /// @inheritdoc IMarket
    function sheetHashOf(bytes32 bounty, uint256 round, Sheet calldata sheet) external view returns (bytes32) {
        return Sheets.hash(bounty, round, sheet);
    }

    /// @inheritdoc IMarket
    function escrowOf(Terms calldata terms) external pure returns (uint256) {
        return uint256(terms.rounds) * (uint256(terms.roundBudget) + uint256(terms.seats) * terms.seatPay) + terms.bond;
    }

    function _idOf(address owner, bytes32 salt) internal view returns (bytes32) {
        return keccak256(abi.encode(Tags.BOUNTY, block.chainid, address(this), owner, salt));
    }

    function _reserveOf(Terms memory terms) internal pure returns (uint256) {
        return uint256(terms.rounds) * (uint256(terms.roundBudget) + uint256(terms.seats) * terms.seatPay);
    }
}
