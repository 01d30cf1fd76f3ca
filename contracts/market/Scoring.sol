// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Sheets} from "../libraries/Sheets.sol";
import {TermsCheck} from "../libraries/TermsCheck.sol";
import {Bench} from "./Bench.sol";
import {Bounty, Clock, Seat} from "./BountyState.sol";

/// @title From what seats hold to what a round is worth: attest, commit, reveal, settle.
abstract contract Scoring is Bench {
    using Bits for uint256;
    using Lanes for uint256;

    uint256 private constant NO_COMMIT_PERCENT = 10;
    uint256 private constant NO_REVEAL_PERCENT = 30;
    uint256 private constant OTHER_SHEET_PERCENT = 20;

    /// @inheritdoc IMarket
    /// @dev No need to check since when the seat scores: joining starts only when every seat is taken.
    function attest(
        bytes32 bounty,
        Terms calldata given,
        uint256 seat,
        uint128 bitmap,
        bool shardOpened,
        bytes32 document
    ) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        _requireSeat(bounty, b, seat);
        _requirePhase(bounty, clock, Phase.Attest);
        _act(bounty, clock, seat);
        if (bitmap & ~clock.submitted != 0) revert Market_BadBitmap(bounty, bitmap);
        if (bitmap != 0) _requireDigest(document); // a seat that holds nothing has nothing to share
        b.seats[seat].word = bytes32(uint256(bitmap));
        if (!shardOpened) clock.unopened |= uint16(1 << seat);
        emit Attested(bounty, clock.round, seat, bitmap, shardOpened, document);
        if (clock.acted == uint256(terms.seats).full()) _endAttest(bounty, b, terms);
    }

    /// @inheritdoc IMarket
    function commit(bytes32 bounty, uint256 seat, bytes32 commitment) external {
        Bounty storage b = _known(bounty);
        _requireSeat(bounty, b, seat);
        _requirePhase(bounty, b.clock, Phase.Commit);
        _act(bounty, b.clock, seat);
        _requireDigest(commitment);
        b.seats[seat].word = commitment;
        emit Committed(bounty, b.clock.round, seat, commitment);
    }

    /// @inheritdoc IMarket
    function reveal(bytes32 bounty, Terms calldata given, uint256 seat, Sheet calldata sheet, bytes32 salt) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        _requireSeat(bounty, b, seat);
        if (clock.phase == Phase.Commit && clock.acted == uint256(terms.seats).full()) _endCommit(bounty, b, terms);
        _requirePhase(bounty, clock, Phase.Reveal);
        _act(bounty, clock, seat);
        Seat storage s = b.seats[seat];
        bytes32 sheetHash = Sheets.hash(bounty, clock.round, sheet);
        if (!uint256(b.committed).has(seat) || s.word != Sheets.commitment(bounty, clock.round, seat, sheetHash, salt))
        {
            revert Market_BadReveal(bounty, seat);
        }
        Sheets.check(bounty, terms, sheet, b);
        s.word = sheetHash;
        emit Revealed(bounty, clock.round, seat, sheetHash, sheet);
        if (clock.acted == b.committed) _endReveal(bounty, b, terms);
    }

    /// @inheritdoc IMarket
    /// @dev The seam for disputes: a sheet that was disproved within the window must not count here.
    /// No need to check the sheet again: it was when it was revealed. No need to check that the reserve suffices: of what was
    /// posted, `roundBudget + seats * seatPay` for this round is untouched.
    function settle(bytes32 bounty, Terms calldata given, Sheet calldata sheet) external {
        (Bounty storage b, Terms memory terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Challenge);
        _requireAfter(bounty, clock.deadline);
        uint256 round = clock.round;
        bytes32 sheetHash = Sheets.hash(bounty, round, sheet);
        uint256 winners = _seatsWith(b, terms, sheetHash);
        if (winners.count() < TermsCheck.majority(terms.seats)) revert Market_NoMajority(bounty, round);
        _record(b, sheet, round, winners);
        _account(b, terms, sheet, winners);
        emit Settled(bounty, round, sheetHash, sheet.pool, sheet.adopted);
        _endScoring(bounty, b, terms, winners);
    }

    /// @dev Attesting is over: fixes what is included, and asks the owner when a majority of seats could not open the shard.
    function _endAttest(bytes32 id, Bounty storage b, Terms memory terms) internal {
        Clock storage clock = b.clock;
        uint256 acted = clock.acted;
        uint256[] memory bitmaps = new uint256[](terms.seats);
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            if (acted.has(seat)) bitmaps[seat] = uint256(b.seats[seat].word);
        }
        uint128 included = uint128(Bits.inAtLeast(bitmaps, TermsCheck.thresholdRoundedUp(terms.seats)));
        b.included = included;
        b.attesters = uint16(acted);
        emit Included(id, clock.round, included);
        if (uint256(clock.unopened).count() >= TermsCheck.majority(terms.seats)) {
            clock.phase = Phase.Rebut;
            _begin(id, b, terms.phases.rebut);
        } else {
            _startCommit(id, b, terms);
        }
    }

    /// @dev The shard is open: scores can be committed to, if there is enough to score.
    function _startCommit(bytes32 id, Bounty storage b, Terms memory terms) internal {
        if (uint256(b.included).count() < terms.minHolders) {
            _void(id, b, terms);
            return;
        }
        b.clock.phase = Phase.Commit;
        _begin(id, b, terms.phases.commit);
    }

    function _endCommit(bytes32 id, Bounty storage b, Terms memory terms) internal {
        b.committed = b.clock.acted;
        b.revealed = 0;
        if (b.committed == 0) {
            _voidScored(id, b, terms);
            return;
        }
        b.clock.phase = Phase.Reveal;
        _begin(id, b, terms.phases.reveal);
    }

    function _endReveal(bytes32 id, Bounty storage b, Terms memory terms) internal {
        b.revealed = b.clock.acted;
        uint256 majority = TermsCheck.majority(terms.seats);
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            if (uint256(b.revealed).has(seat) && _seatsWith(b, terms, b.seats[seat].word).count() >= majority) {
                b.clock.phase = Phase.Challenge;
                _begin(id, b, terms.phases.challenge);
                return;
            }
        }
        _voidScored(id, b, terms);
    }

    /// @dev Serving is over. Seats earn their second half together: when a majority served.
    function _endServe(bytes32 id, Bounty storage b, Terms memory terms) internal {
        RoundView storage r = b.rounds[b.clock.round];
        uint256 served = b.clock.acted;
        r.served = uint16(served);
        if (served.count() >= TermsCheck.majority(terms.seats)) b.halvesOwed = b.halvesOwed.add(r.winners, 1);
        else b.reserve += uint128(uint256(r.winners).count() * _halfPayRoundedDown(terms));
        if (served == 0) {
            b.clock.closed = CloseReason.NotServed;
            _close(id, b, terms);
        } else {
            _nextRound(id, b, terms);
        }
    }

    /// @dev The round ends without a result; what was paid for it comes back lazily.
    function _void(bytes32 id, Bounty storage b, Terms memory terms) internal {
        _markVoid(id, b);
        _nextRound(id, b, terms);
    }

    function _markVoid(bytes32 id, Bounty storage b) internal {
        b.rounds[b.clock.round].status = RoundStatus.Void;
        emit RoundVoid(id, b.clock.round);
    }

    /// @dev As `_void`, when seats were asked to commit. No sheet stands, so none is "another one".
    function _voidScored(bytes32 id, Bounty storage b, Terms memory terms) private {
        _markVoid(id, b);
        _endScoring(id, b, terms, b.revealed);
    }

    /// @dev Punishes seats and goes on. `fine` are the revealed sheets that nobody is punished for.
    function _endScoring(bytes32 id, Bounty storage b, Terms memory terms, uint256 fine) private {
        uint256 round = b.clock.round;
        Dismissal[] memory dismissals = _vacate(b, terms, _penalties(b, terms, fine));
        if (b.rounds[round].adopted) {
            b.clock.phase = Phase.Serve;
            _begin(id, b, terms.phases.serve);
        } else {
            _nextRound(id, b, terms);
        }
        _dismiss(id, terms, round, dismissals);
    }

    function _record(Bounty storage b, Sheet calldata sheet, uint256 round, uint256 winners) private {
        RoundView storage r = b.rounds[round];
        r.status = RoundStatus.Settled;
        r.adopted = sheet.adopted;
        r.winners = uint16(winners);
        r.payoutRoot = sheet.payoutRoot;
        r.pool = sheet.pool;
        r.unclaimed = sheet.pool;
        uint128 excluded = b.clock.submitted & ~sheet.included;
        if (excluded != 0) {
            r.anyExcluded = true;
            r.excluded = excluded;
        }
    }

    function _account(Bounty storage b, Terms memory terms, Sheet calldata sheet, uint256 winners) private {
        uint256 pay = winners.count() * 2 * _halfPayRoundedDown(terms);
        uint256 fees = uint256(sheet.included).count() * terms.fee;
        b.reserve = uint128(uint256(b.reserve) - sheet.pool - pay + fees);
        b.halvesOwed = b.halvesOwed.add(winners, sheet.adopted ? 1 : 2);
        if (sheet.breached != 0) b.forfeited |= sheet.breached;
        if (sheet.adopted) b.baseRoot = sheet.nextBaseRoot;
        if (b.clock.round + 1 == terms.rounds) b.heldReturns = !sheet.released;
    }

    /// @dev The seats whose revealed sheet has this hash.
    function _seatsWith(Bounty storage b, Terms memory terms, bytes32 sheetHash) private view returns (uint256 seats) {
        uint256 revealed = b.revealed;
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            if (revealed.has(seat) && b.seats[seat].word == sheetHash) seats |= 1 << seat;
        }
    }

    /// @dev The percent each seat loses, 8 bits a seat. `fine` are the revealed sheets that nobody is punished for.
    function _penalties(Bounty storage b, Terms memory terms, uint256 fine) private view returns (uint256 percents) {
        uint256 committed = b.committed;
        uint256 revealed = b.revealed;
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            uint256 percent = 0;
            if (!committed.has(seat)) percent = _couldNotScore(b, seat) ? 0 : NO_COMMIT_PERCENT;
            else if (!revealed.has(seat)) percent = NO_REVEAL_PERCENT;
            else if (!fine.has(seat)) percent = OTHER_SHEET_PERCENT;
            percents |= percent << (8 * seat);
        }
    }

    /// @dev Whether a seat that did not commit had said that the shard did not open, whatever the owner rebutted (the right key
    /// may open the wrong rows), or that it lacks an included update. Its word is still what it attested, because no commit
    /// replaced it.
    function _couldNotScore(Bounty storage b, uint256 seat) private view returns (bool) {
        if (uint256(b.clock.unopened).has(seat)) return true;
        return uint256(b.attesters).has(seat) && (b.included & ~uint128(uint256(b.seats[seat].word))) != 0;
    }
}
