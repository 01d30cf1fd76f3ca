// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bits} from "../libraries/Bits.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Sheets} from "../libraries/Sheets.sol";
import {Tags} from "../libraries/Tags.sol";
import {TermsCheck} from "../libraries/TermsCheck.sol";
import {Bench} from "./Bench.sol";
import {Ballot, Bounty, Clock, Sums} from "./BountyState.sol";
import {Payouts} from "./Payouts.sol";

/// @title From what seats hold to what a round is worth: attest, commit, reveal, settle.
abstract contract Scoring is Bench, Payouts {
    using Bits for uint256;
    using TermsWords for PackedTerms;
    using Lanes for uint256;

    uint256 private constant NO_COMMIT_PERCENT = 10;
    uint256 private constant NO_REVEAL_PERCENT = 30;
    uint256 private constant OTHER_SHEET_PERCENT = 20;
    uint256 private constant WRONG_SHEET_PERCENT = 100;

    /// @inheritdoc IMarket
    /// @dev No need to check since when the seat scores: joining starts only when every seat is taken.
    function attest(
        bytes32 bounty,
        PackedTerms calldata given,
        uint256 seat,
        uint128 bitmap,
        bool shardOpened,
        bytes32 document
    ) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        _requireSeat(bounty, b, seat);
        _requirePhase(bounty, clock, Phase.Attest);
        _act(bounty, clock, seat);
        uint128 submitted = _submitted(b);
        if (bitmap & ~submitted != 0) revert Market_BadBitmap(bounty, bitmap);
        if (bitmap != 0) _requireDigest(document); // a seat that holds nothing has nothing to share
        if (bitmap != submitted) clock.lacking |= uint16(1 << seat);
        // In a seat's first round this pays for the slot, so that its commits do not.
        if (bitmap != submitted || b.seats[seat].sinceRound == clock.round) {
            b.seats[seat].word = bytes32(uint256(bitmap));
        }
        if (!shardOpened) clock.unopened |= uint16(1 << seat);
        emit Attested(bounty, clock.round, seat, bitmap, shardOpened, document);
        if (clock.acted == terms.seats().full()) _endAttest(bounty, b, terms);
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
        if (b.clock.acted == _bench(b)) _startReveal(bounty, b);
    }

    /// @inheritdoc IMarket
    /// @dev No need to ask who has the seat: the commit names its sender, and nobody changes seats within a round.
    function reveal(bytes32 bounty, PackedTerms calldata given, uint256 seat, Sheet calldata sheet, bytes32 salt)
        external
    {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        bytes32 sheetHash = Sheets.hash(bounty, clock.round, sheet);
        bool first = clock.acted == 0;
        _open(bounty, b, seat, sheetHash, salt);
        Sheets.check(bounty, terms, sheet, b);
        if (first) {
            b.leading = sheetHash;
        } else if (b.leading != sheetHash) {
            b.ballot.others |= uint16(1 << seat);
            b.seats[seat].word = sheetHash;
        }
        emit Revealed(bounty, clock.round, seat, sheetHash, sheet);
        if (clock.acted == b.ballot.committed) _endReveal(bounty, b, terms);
    }

    /// @inheritdoc IMarket
    /// @dev The last one ends the phase if a majority agrees; otherwise `advance` does, which need not wait then. Somebody has to
    /// have revealed before: what leads from an earlier round is a sheet of that round.
    function agree(bytes32 bounty, uint256 seat, bytes32 salt) external {
        Bounty storage b = _known(bounty);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Reveal);
        if (clock.acted == 0) revert Market_BadReveal(bounty, seat);
        _open(bounty, b, seat, b.leading, salt);
        emit Agreed(bounty, clock.round, seat);
        Ballot storage ballot = b.ballot;
        uint16 acted = clock.acted;
        if (acted == ballot.committed && uint256(acted & ~ballot.others).count() >= ballot.majority) {
            _startChallenge(bounty, b);
        }
    }

    /// @inheritdoc IMarket
    /// @dev A disproved sheet has no hash any more that could be found here, and open disputes have a phase of their own.
    /// No need to check the sheet again: it was when it was revealed. No need to check that the reserve suffices: of what was
    /// posted, `roundBudget + seats * seatPay` for this round is untouched.
    function settle(bytes32 bounty, PackedTerms calldata given, Sheet calldata sheet) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        _requirePhase(bounty, clock, Phase.Challenge);
        _requireAfter(bounty, clock.deadline);
        uint256 round = clock.round;
        bytes32 sheetHash = Sheets.hash(bounty, round, sheet);
        uint256 winners = _seatsWith(b, sheetHash);
        bool unanimous = winners == _bench(b); // most often all seats agree, and then nobody needs to be told apart
        uint256 percents = 0;
        if (!unanimous) {
            if (!_carries(b, winners)) revert Market_NoMajority(bounty, round);
            b.ballot.others = b.ballot.revealed & ~uint16(winners);
            percents = _penalties(b, terms, winners);
        }
        if (!sheet.adopted && sheet.aggregate == Tags.FAILED && terms.unjudged() != 0) {
            _announceVoid(bounty, b); // a majority says that nothing came out: fees return, and whoever says otherwise is to blame
        } else {
            b.results[round] = _resultHash(sheet.payoutRoot, sheet.pool, terms.token(), sheetHash);
            _account(b, terms, sheet, winners, unanimous);
            emit Settled(bounty, round, sheetHash, winners);
            if (sheet.adopted) clock.phase = Phase.Serve;
        }
        _endScoring(bounty, b, terms, percents);
    }

    /// @dev Attesting is over: fixes what is included, and asks the owner when a majority of seats could not open the shard.
    function _endAttest(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        Clock storage clock = b.clock;
        uint256 acted = clock.acted;
        uint256[] memory bitmaps = new uint256[](terms.seats());
        for (uint256 seat = 0; seat < terms.seats(); ++seat) {
            if (acted.has(seat)) bitmaps[seat] = _attested(b, seat);
        }
        uint128 included = uint128(Bits.inAtLeast(bitmaps, TermsCheck.thresholdRoundedUp(terms.seats())));
        b.ballot.included = included;
        b.ballot.attesters = uint16(acted);
        emit Included(id, clock.round, included);
        if (uint256(clock.unopened).count() >= TermsCheck.majority(terms.seats())) {
            clock.phase = Phase.Rebut;
            _begin(id, b, terms.phase(TermsWords.REBUT));
        } else {
            _startCommit(id, b, terms);
        }
    }

    /// @dev The shard is open: scores can be committed to, if there is enough to score.
    function _startCommit(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        if (uint256(b.ballot.included).count() < terms.minHolders()) {
            _void(id, b, terms);
            return;
        }
        b.ballot.reveal = uint24(terms.phase(TermsWords.REVEAL));
        b.ballot.challenge = uint24(terms.phase(TermsWords.CHALLENGE));
        b.ballot.majority = uint8(TermsCheck.majority(terms.seats()));
        b.clock.phase = Phase.Commit;
        _begin(id, b, terms.phase(TermsWords.COMMIT));
    }

    function _endCommit(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        if (b.clock.acted != 0) {
            _startReveal(id, b);
        } else {
            b.ballot.committed = 0;
            b.ballot.revealed = 0;
            _voidScored(id, b, terms);
        }
    }

    function _startReveal(bytes32 id, Bounty storage b) private {
        Ballot storage ballot = b.ballot;
        ballot.committed = b.clock.acted;
        ballot.revealed = 0;
        ballot.others = 0;
        b.clock.phase = Phase.Reveal;
        _begin(id, b, ballot.reveal);
    }

    /// @dev All seats of the bounty: an odd number, of which `majority` is just more than half.
    function _bench(Bounty storage b) internal view returns (uint256) {
        return (2 * uint256(b.ballot.majority) - 1).full();
    }

    function _endReveal(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        b.ballot.revealed = b.clock.acted;
        if (_stands(b, terms)) _startChallenge(id, b);
        else _voidScored(id, b, terms);
    }

    /// @inheritdoc IMarket
    /// @dev The referee answers for the verdict: nothing about the sheet is looked at here. No event but the phase's: the referee tells.
    function rule(bytes32 bounty, uint256 round, bytes32 sheetHash, address challenger, Verdict verdict, Docket docket)
        external
        returns (uint256 seats, uint256 deadline, uint256 turn)
    {
        if (msg.sender != referee) revert Market_NotReferee(msg.sender);
        Bounty storage b = _known(bounty);
        Clock storage clock = b.clock;
        Phase phase = clock.phase;
        deadline = clock.deadline;
        turn = b.ballot.reveal;
        if (phase != Phase.Dispute) {
            _requirePhase(bounty, clock, Phase.Challenge);
            _requireNotAfter(bounty, deadline);
        }
        seats = clock.round == round ? _seatsWith(b, sheetHash) : 0;
        if (verdict == Verdict.Wrong) _disprove(b, sheetHash, seats, challenger);
        else if (verdict == Verdict.Excused) b.sums.excused |= uint16(seats);
        Phase next = docket == Docket.AsBefore ? phase : docket == Docket.Clear ? Phase.Challenge : Phase.Dispute;
        if (phase != next) {
            clock.phase = next;
            emit PhaseChanged(bounty, round, next, deadline);
        }
    }

    /// @dev Every sheet that a majority had revealed was disproved. Otherwise there is one to settle on.
    function _endChallenge(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        if (_stands(b, terms)) revert Market_NothingToDo(id);
        _voidScored(id, b, terms);
    }

    /// @dev Leaves the challenger's address where the sheet's hash was, so that nobody finds the sheet, and the slash its reward.
    function _disprove(Bounty storage b, bytes32 sheetHash, uint256 seats, address challenger) private {
        bytes32 mark = bytes32(uint256(uint160(challenger)));
        b.sums.disproved |= uint16(seats);
        if (sheetHash == b.leading) {
            b.leading = mark;
            b.sums.led = uint16(seats);
            return;
        }
        for (uint256 seat = 0; seats >> seat != 0; ++seat) {
            if (seats.has(seat)) b.seats[seat].word = mark;
        }
    }

    /// @dev Whether some sheet is there to be settled on.
    function _stands(Bounty storage b, PackedTerms calldata terms) private view returns (bool stands) {
        uint256 right = b.ballot.revealed & ~uint256(b.sums.disproved);
        uint256 others = b.ballot.others & right;
        stands = _carries(b, right & ~others);
        for (uint256 seat = 0; !stands && seat < terms.seats(); ++seat) {
            stands = others.has(seat) && _carries(b, _seatsWith(b, b.seats[seat].word));
        }
    }

    /// @dev More than half of the seats whose sheet was not disproved; silent ones count against.
    function _carries(Bounty storage b, uint256 seats) private view returns (bool) {
        // Of `2 * majority - 1` seats, so that 2 * count > 2 * majority - 1 - disproved, without a subtraction.
        return 2 * seats.count() + uint256(b.sums.disproved).count() >= 2 * uint256(b.ballot.majority);
    }

    function _startChallenge(bytes32 id, Bounty storage b) private {
        b.ballot.revealed = b.clock.acted;
        b.clock.phase = Phase.Challenge;
        _begin(id, b, b.ballot.challenge);
    }

    /// @dev Opens the commit of `seat`, which acts by it.
    function _open(bytes32 id, Bounty storage b, uint256 seat, bytes32 sheetHash, bytes32 salt) private {
        Clock storage clock = b.clock;
        _requirePhase(id, clock, Phase.Reveal);
        bool opens = uint256(b.ballot.committed).has(seat)
            && b.seats[seat].word == Sheets.commitment(id, clock.round, seat, sheetHash, salt);
        if (!uint256(clock.acted).has(seat) && !opens) revert Market_BadReveal(id, seat);
        _act(id, clock, seat);
    }

    /// @inheritdoc IMarket
    /// @dev The last one ends the phase, unless the bounty ends with it or seats have to be drawn: then `advance` does, which need
    /// not wait.
    function serve(bytes32 bounty, uint256 seat, bytes32 document) external {
        Bounty storage b = _known(bounty);
        Clock storage clock = b.clock;
        _requireSeat(bounty, b, seat);
        _requirePhase(bounty, clock, Phase.Serve);
        _act(bounty, clock, seat);
        _requireDigest(document);
        emit Served(bounty, clock.round, seat, document);
        if (clock.acted == _bench(b) && clock.round + 1 != b.sums.rounds) {
            _oweForServing(b);
            clock.round += 1;
            clock.phase = Phase.Join;
            _begin(bounty, b, b.sums.join);
        }
    }

    /// @dev Serving is over. Seats earn their second half together: when more served than half of those that are to earn it. They may be
    /// fewer than a majority of the seats: whose sheet was disproved has no seat to serve from.
    function _endServe(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        uint256 served = uint256(b.clock.acted).count();
        uint256 winners = _winners(b).count();
        if (2 * served > winners) _oweForServing(b);
        else b.sums.reserveChange += _difference(winners * _halfPayRoundedDown(terms), 0);
        if (served == 0) {
            b.sums.closed = CloseReason.NotServed;
            _close(id, b, terms);
        } else {
            _nextRound(id, b, terms);
        }
    }

    function _oweForServing(Bounty storage b) private {
        uint256 winners = _winners(b);
        if (winners == _bench(b)) b.sums.halves += 1;
        else b.lanes = b.lanes.add(winners, 1);
    }

    /// @dev The seats that revealed the sheet that stands.
    function _winners(Bounty storage b) private view returns (uint256) {
        return b.ballot.revealed & ~b.ballot.others;
    }

    /// @dev The round ends without a result, and uses no fee.
    function _void(bytes32 id, Bounty storage b, PackedTerms calldata terms) internal {
        _announceVoid(id, b);
        _nextRound(id, b, terms);
    }

    /// @dev Nothing is kept of a void round: it is one that is over and has no result.
    function _announceVoid(bytes32 id, Bounty storage b) internal {
        emit RoundVoid(id, b.clock.round);
    }

    /// @dev As `_void`, when seats were asked to commit. No sheet stands, so none is "another one".
    function _voidScored(bytes32 id, Bounty storage b, PackedTerms calldata terms) private {
        _announceVoid(id, b);
        _endScoring(id, b, terms, _penalties(b, terms, b.ballot.revealed));
    }

    /// @dev Punishes seats, 8 bits each of `percents`, and goes on, to Serve if `b.clock` was set to that.
    function _endScoring(bytes32 id, Bounty storage b, PackedTerms calldata terms, uint256 percents) private {
        uint256 round = b.clock.round;
        if (percents != 0) _vacate(b, percents);
        if (b.clock.phase == Phase.Serve) {
            _begin(id, b, terms.phase(TermsWords.SERVE));
        } else {
            _nextRound(id, b, terms);
        }
        _dismiss(id, b, terms, round, percents);
    }

    function _account(
        Bounty storage b,
        PackedTerms calldata terms,
        Sheet calldata sheet,
        uint256 winners,
        bool unanimous
    ) private {
        uint256 fees = uint256(sheet.included).count() * terms.fee();
        uint256 pay;
        unchecked {
            // At most 15 seats, and an amount below 2^96.
            pay = winners.count() * 2 * _halfPayRoundedDown(terms);
        }
        uint256 halves = sheet.adopted ? 1 : 2;
        Sums memory sums = b.sums;
        sums.reserveChange += _difference(fees, sheet.pool + pay);
        sums.excused = 0;
        sums.join = uint24(terms.phase(TermsWords.JOIN));
        sums.rounds = uint16(terms.rounds());
        unchecked {
            // At most 4,096 rounds, and two halves in each.
            sums.settled += 1;
            if (unanimous) sums.halves += uint16(halves); // every seat is paid, and one counter moves
            else b.lanes = b.lanes.add(winners, halves);
            if (b.clock.round + 1 == terms.rounds()) b.ballot.heldReturns = !sheet.released;
        }
        b.sums = sums;
        uint256 spared = b.joined & ~sheet.included;
        for (uint256 group = 0; spared >> (16 * group) != 0; ++group) {
            uint256 part = (spared >> (16 * group)) & 0xffff;
            if (part != 0) b.spared[group] = b.spared[group].add(part, 1);
        }
        if (sheet.breached != 0) b.forfeited |= sheet.breached;
    }

    /// @dev The seats whose revealed sheet has this hash.
    function _seatsWith(Bounty storage b, bytes32 sheetHash) private view returns (uint256 seats) {
        uint256 others = b.ballot.others;
        if (sheetHash == b.leading) return b.ballot.revealed & ~others;
        for (uint256 seat = 0; others >> seat != 0; ++seat) {
            if (others.has(seat) && b.seats[seat].word == sheetHash) seats |= 1 << seat;
        }
    }

    /// @dev The percent each seat loses, 8 bits a seat. `fine` are the revealed sheets that nobody is punished for.
    function _penalties(Bounty storage b, PackedTerms calldata terms, uint256 fine)
        private
        view
        returns (uint256 percents)
    {
        uint256 committed = b.ballot.committed;
        uint256 revealed = b.ballot.revealed;
        uint256 wrong = b.sums.disproved;
        fine |= b.sums.excused;
        for (uint256 seat = 0; seat < terms.seats(); ++seat) {
            uint256 percent = 0;
            if (wrong.has(seat)) percent = WRONG_SHEET_PERCENT;
            else if (!committed.has(seat)) percent = _couldNotScore(b, seat) ? 0 : NO_COMMIT_PERCENT;
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
        return uint256(b.ballot.attesters).has(seat) && (b.ballot.included & ~_attested(b, seat)) != 0;
    }

    /// @dev What a seat attested, as long as it did not commit.
    function _attested(Bounty storage b, uint256 seat) internal view returns (uint256) {
        return uint256(b.clock.lacking).has(seat) ? uint256(b.seats[seat].word) : _submitted(b);
    }
}
