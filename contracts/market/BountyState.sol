// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";

/// @dev What nearly every transaction reads and changes: one storage slot.
struct Clock {
    IMarket.Phase phase;
    uint16 round;
    uint40 deadline;
    uint16 acted; // seats, in this phase
    uint16 vacant; // seats without an acknowledged validator
    uint16 unopened; // seats that attested "shard not opened"
    uint16 lacking; // seats that attested less than all submissions
    uint128 awaited; // expected holders that did not submit; while seats are drawn and taken, a `Draft`
}

/// @dev What fixes a draw: the hash of `drawBlock` over the first `length` tickets that existed at `frozenBlock`.
struct Draft {
    uint40 drawBlock;
    uint40 frozenBlock;
    uint16 length;
    uint8 draws; // so far, since the bench was last full
}

/// @dev The running round's scoring: one storage slot, rewritten by the ends of phases.
struct Ballot {
    uint128 included;
    uint16 attesters;
    uint16 committed;
    uint16 revealed;
    uint16 others; // seats that revealed another sheet than `Bounty.leading`; once settled, than the one that stands
    uint24 reveal; // seconds; this and the next two for calls that carry no terms
    uint24 challenge; // seconds
    uint8 majority; // of the seats
    bool heldReturns; // hold-backs go to the owner
}

/// @dev What settling adds up: one storage slot.
struct Sums {
    int128 reserveChange;
    IMarket.CloseReason closed;
    uint24 join; // seconds, and
    uint16 rounds; // for `serve`, which carries no terms
    uint16 settled; // rounds
    uint16 halves; // of a round's pay that every seat is owed, but for `Bounty.lanes`
    uint16 disproved; // seats of the running round whose sheet the referee found wrong
    uint16 led; // those of them whose sheet was the leading one: its place holds who disproved it
    uint16 excused; // seats of the running round that lose nothing by another sheet than the one that stands
}

/// @dev `word` is in turn what the seat attested (a bitmap) if that is not everything, its commit, and the hash of its sheet if that
/// is not the leading one. `Clock.lacking`, `Ballot.committed`, `.revealed` and `.others` say which of them it is; what is left over
/// is never read. Once a sheet is disproved, its challenger stands in its place: see `Sums.led`.
struct Seat {
    address validator;
    uint16 ticket;
    uint16 sinceRound;
    bytes32 word;
}

/// @dev One storage slot.
struct Holder {
    bool joined;
    uint8 index;
    uint16 joinedRound;
    uint16 locked; // fees
    uint16 settledBefore; // `Sums.settled` when it joined
    uint128 held;
    uint64 claimed; // of the first 64 rounds
}

/// @dev Everything of one bounty, and nothing else: no function writes to two of these.
/// Of its vault account, at any time: balance = reserve + bond + stakes of the joined + fee * (all `prepaid`) + payouts that were
/// not claimed + all `held` + halves owed * (seatPay / 2), and during Serve one more half for each of the round's winners, which is
/// decided when Serve ends. The reserve is what was posted for the rounds plus `reserveChange`; the bond stays whole until the end.
struct Bounty {
    Clock clock;
    bytes32 termsHash;
    bytes32 submissions; // running hash over all rounds; starts as the bounty's id when the first round opens
    bytes32 seed; // of the last draw
    bytes32 leading; // hash of the first sheet that was revealed in the last round that came so far
    uint128 joined;
    uint128 expected;
    uint128 forfeited;
    uint128 compensated;
    Ballot ballot;
    Sums sums;
    uint256 lanes; // by seat: halves owed beside `Sums.halves`, modulo 2^16, see Lanes
    mapping(uint256 group => uint256) spared; // lanes by index: rounds settled without that holder since it joined
    mapping(uint256 seat => Seat) seats;
    mapping(uint256 round => bytes32) results; // see IMarket.resultOf
    mapping(address holder => Holder) holders;
    mapping(address holder => mapping(uint256 group => uint256)) claimedLater; // rounds from 64 on, 256 a word
}
