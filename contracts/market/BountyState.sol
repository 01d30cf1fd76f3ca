// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";

/// @dev What nearly every transaction reads and changes: one storage slot.
struct Clock {
    IMarket.Phase phase;
    IMarket.CloseReason closed;
    uint16 round;
    uint40 deadline;
    uint8 draws;
    uint16 acted; // seats, in this phase
    uint16 vacant; // seats without an acknowledged validator
    uint16 unopened; // seats that attested "shard not opened"
    uint128 submitted; // of the last round that opened
}

/// @dev What fixes a draw: the hash of `drawBlock` over the first `length` tickets that existed at `frozenBlock`.
struct Draft {
    uint64 drawBlock;
    uint64 frozenBlock;
    uint16 length;
}

/// @dev `word` is in turn what the seat attested (a bitmap), its commit and its sheet hash. `Bounty.attesters`, `.committed` and
/// `.revealed` say which of them it is; what is left over from an earlier round is never read.
struct Seat {
    address validator;
    uint16 ticket;
    uint16 sinceRound;
    bytes32 word;
}

/// @dev Everything of one bounty, and nothing else: no function writes to two of these.
/// Of its vault account, at any time: balance = reserve + bond + stakes of the joined + fee * (all `prepaid`, last submissions
/// that are refundable, submissions of the running round) + all `unclaimed` + all `held` + halves owed * (seatPay / 2), and
/// during Serve one more half for each of the round's winners, which is decided when Serve ends.
struct Bounty {
    Clock clock;
    bytes32 submissions; // running hash of the last round that opened; stale while `clock.submitted` is 0
    uint128 joined;
    uint128 expected;
    uint128 included;
    uint16 attesters;
    uint16 committed;
    uint16 revealed;
    bool heldReturns; // hold-backs go to the owner
    uint128 forfeited;
    uint128 compensated;
    uint128 reserve;
    uint128 bond;
    uint256 halvesOwed; // a lane a seat, see Lanes
    Draft draft;
    bytes32 baseRoot;
    bytes32 termsHash;
    mapping(uint256 seat => Seat) seats;
    mapping(uint256 round => IMarket.RoundView) rounds;
    mapping(address holder => IMarket.HolderView) holders;
}
