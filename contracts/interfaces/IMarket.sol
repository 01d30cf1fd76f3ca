// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "./IRegistry.sol";

/// @title Bounties for model improvement: posted, trained for, scored, paid.
/// @notice One bounty walks through the phases below; every waiting phase has a deadline after which anyone may push it on.
/// @dev Holders have an index (0..127) within a bounty while joined; every bitmap over holders or submissions is by that index.
/// Documents are named by the 32-byte sha2-256 digest of a raw IPFS block (CIDv1, raw codec).
///
///   Draw -> Acknowledge -> Join -> (Open) -> Submit -> Shard -> Attest [-> Rebut] -> Commit -> Reveal -> Challenge [-> Dispute ->] -> [Serve] -> Join ... -> Closed
///
/// `Join` has two halves: joining until `deadline`, then the owner may open the round until `deadline + phases.open`.
/// `Submit` likewise: submitting until `deadline`, then the owner may open the shard until `deadline + phases.shard`.
/// `Dispute` is `Challenge` while the referee has disputes to decide; the window to start one ends at the same `deadline`.
/// `Acknowledge`, `Attest`, `Commit`, `Reveal` and `Serve` end with the last seat's act. `agree` and `serve` carry no terms, so a
/// `Reveal` without a majority, and a `Serve` after which seats are drawn or the bounty ends, end with the next call instead:
/// once all seats have acted, `advance` need not wait for the deadline.
interface IMarket {
    enum Phase {
        None,
        Draw,
        Acknowledge,
        Join,
        Submit,
        Attest,
        Rebut,
        Commit,
        Reveal,
        Challenge,
        Dispute,
        Serve,
        Closed
    }

    /// @dev The referee's word on a sheet.
    enum Verdict {
        None,
        Wrong,
        Excused // another sheet than that of a majority, which pays the same: whoever revealed it loses nothing by that
    }

    /// @dev Whether a round has open disputes.
    enum Docket {
        AsBefore,
        Clear,
        Open
    }

    enum CloseReason {
        None,
        Finished,
        OwnerDefault, // round or shard not opened in time: the bond is forfeited
        TooFewSeats,
        NotServed // an adopted aggregate nobody served: the bond returns
    }

    /// @dev Terms as every call passes them; the market keeps the hash of these words alone. Fields stand in a word in the order
    /// named here, from the lowest bit up, each as wide as it says; what is left above them is zero. `TermsWords` reads them.
    ///   owner        posts
    ///   rounds       at most 4,096
    ///   seats        odd, 3..15
    ///   minHolders   at least 2
    ///   maxHolders   at most 128
    ///   postBefore   these terms cannot be posted after this time
    ///   unjudged     1 where scores are computed on shares or ciphertexts: no sheet has a trace, and none can be disputed
    ///   fee          a submission
    ///   roundBudget  most a round pays
    ///   ticketStake  with `token` names the pool seats are drawn from
    ///   holderStake  lost by not submitting, or by an update that contradicts its commitment or bounds
    ///   seatPay      a seat and round: 3c, in two halves; an odd unit stays the owner's
    ///   bond         the owner's
    ///   compensation paid from the bond to each holder when the owner defaults
    ///   phases       seconds, each at least 1 and at most 90 days
    struct PackedTerms {
        uint256 frame; // owner 160, rounds 16, seats 8, minHolders 8, maxHolders 8, postBefore 40, unjudged 1
        uint256 price; // token 160, fee 96
        uint256 risk; // roundBudget 96, ticketStake 96
        uint256 pay; // holderStake 96, seatPay 96
        uint256 cover; // bond 96, compensation 96
        uint256 phases; // 23 each: acknowledge, join, open, submit, shard, attest, rebut, commit, reveal, challenge, serve
        bytes32 allowlistRoot; // 0 = anybody; else a Merkle root over keccak256(abi.encode(TAG_ALLOW, holder))
        bytes32 rootsHash; // keccak256(abi.encode(roots))
    }

    /// @dev What of the terms only posting and rebutting need.
    struct Roots {
        bytes32 baseRoot; // commitment to the starting model
        bytes32 shardsRoot; // Merkle root over shardLeaf(round) for round 0..rounds (the last is the final shard)
        bytes32 document; // the terms document
    }

    /// @dev Terms in full, as they are posted.
    struct PostedTerms {
        PackedTerms packed;
        Roots roots;
    }

    /// @dev What a round's scoring states; its hash is what seats commit to.
    struct Sheet {
        uint128 included;
        uint128 breached; // included, but contradicts its hash, root or bounds: counts 0 and loses its stake
        bytes32 traceRoot;
        bytes32 payoutRoot;
        uint128 pool; // the sum of the payout tree
        bytes32 nextBaseRoot; // 0 when nothing is adopted: the base stays
        bool adopted;
        bool released; // last round: the hold-back is paid out (false: it returns to the owner)
        bytes32 aggregate; // digest of the document that names the sealed aggregate; FAILED, of an unjudged bounty, if nothing came out
        bytes32 document; // the score sheet
    }

    struct BountyView {
        Phase phase;
        CloseReason closed;
        uint16 round; // the current one (0-based); `rounds` once all are done
        uint40 deadline; // of the phase
        uint64 drawBlock; // while in Draw: the block whose hash seeds it
        IRegistry.Draw drawn; // while in Acknowledge: what `IRegistry.candidate` needs to tell whose turn a vacant seat is
        uint8 draws; // consecutive draws without a full bench
        uint16 acted; // seats that acted in this phase
        uint16 vacant; // seats without an acknowledged validator
        uint128 joined; // holders' indices in use
        uint128 expected; // holders that must submit in the current round
        uint128 submitted; // holders that did
        uint128 included; // fixed by attestation
        uint128 forfeited; // holders whose stake is lost
        uint128 compensated; // holders the bond compensates
        bytes32 submissions; // running hash: keccak256(abi.encode(previous, round, holder, index, commitment, document)), starts as the
        // id; an opened round is a step too: (owner, OPENED, root update, document)
        bytes32 leading; // hash of the sheet that was revealed first in the current round; once that was disproved, who did it
        int128 reserveChange; // what the owner's unpromised money gained since the posting, less what it lost; 0 once closed
        bytes32 termsHash; // keccak256(abi.encode(packedTerms))
    }

    struct HolderView {
        bool joined;
        uint8 index;
        uint16 joinedRound; // first round it is expected in
        uint16 prepaid; // fees that were locked on joining and that no settled round used
        uint128 held; // hold-back of claimed payouts, still open
        uint64 claimed; // which of the first 64 rounds were claimed
    }

    /// @dev A payout of a settled round and its place in the sum tree: `path` is hash (32 bytes) and sum (16 bytes) of the nodes
    /// beside the way up, leaf first; `sheetHash` is that of the sheet the round was settled on.
    struct Claim {
        uint256 round;
        uint256 index;
        uint128 amount;
        bytes32 sheetHash;
        bytes path;
    }

    struct SeatView {
        address validator;
        uint256 ticket;
        bool acknowledged;
        uint16 sinceRound; // first round it scores
        uint128 attested; // in the current round, until the seat commits
        bytes32 word; // commit, then sheet hash of the current round; stands until the round is over
        uint16 halves; // halves of a round's pay that it can collect
    }

    // ---------------------------------------------------------------- errors
    /// @notice Thrown when terms contradict themselves; `reason` names the field.
    error Market_BadTerms(bytes32 reason);
    /// @notice Thrown when the pool has fewer live tickets than seats are needed.
    error Market_TooFewTickets(uint256 live, uint256 seats);
    /// @notice Thrown when the money at risk in a round exceeds the burned part of a majority's stake.
    error Market_TooMuchAtRisk(uint256 atRisk, uint256 burned);
    /// @notice Thrown when the bounty does not exist.
    error Market_UnknownBounty(bytes32 bounty);
    /// @notice Thrown when the bounty was posted before.
    error Market_AlreadyPosted(bytes32 bounty);
    /// @notice Thrown when the terms passed are not the ones that were posted.
    error Market_WrongTerms(bytes32 bounty);
    /// @notice Thrown when an act does not belong to the phase the bounty is in.
    error Market_WrongPhase(bytes32 bounty, Phase phase);
    /// @notice Thrown when an act comes after its deadline.
    error Market_TooLate(bytes32 bounty, uint256 deadline);
    /// @notice Thrown when an act comes before its time; for `draw`, `notBefore` is a block.
    error Market_TooEarly(bytes32 bounty, uint256 notBefore);
    /// @notice Thrown when the caller is not the owner of the bounty.
    error Market_NotOwner(bytes32 bounty, address caller);
    /// @notice Thrown when the caller does not hold that seat.
    error Market_NotSeat(bytes32 bounty, uint256 seat, address caller);
    /// @notice Thrown when a seat acts twice in one phase.
    error Market_AlreadyActed(bytes32 bounty, uint256 seat);
    /// @notice Thrown when the holder is not joined.
    error Market_NotJoined(bytes32 bounty, address holder);
    /// @notice Thrown when the holder is joined already.
    error Market_AlreadyJoined(bytes32 bounty, address holder);
    /// @notice Thrown when the index is taken or beyond `maxHolders`.
    error Market_BadIndex(bytes32 bounty, uint256 index);
    /// @notice Thrown when the allowlist does not hold the caller.
    error Market_NotAllowed(bytes32 bounty, address holder);
    /// @notice Thrown when a holder submits twice in a round.
    error Market_AlreadySubmitted(bytes32 bounty, address holder);
    /// @notice Thrown when a holder submits that was left out of the round.
    error Market_NotExpected(bytes32 bounty, address holder);
    /// @notice Thrown when the caller's stake is forfeited.
    error Market_Forfeited(bytes32 bounty, address holder);
    /// @notice Thrown when a bitmap names somebody who is not there.
    error Market_BadBitmap(bytes32 bounty, uint256 bitmap);
    /// @notice Thrown when fewer holders than `minHolders` are named, or submitted.
    error Market_TooFewHolders(bytes32 bounty, uint256 holders);
    /// @notice Thrown when a digest, key or commitment is zero.
    error Market_ZeroDigest();
    /// @notice Thrown when a sheet breaks a rule the contract can check; `reason` names the field.
    error Market_BadSheet(bytes32 bounty, bytes32 reason);
    /// @notice Thrown when a reveal does not open its commit, or there is none.
    error Market_BadReveal(bytes32 bounty, uint256 seat);
    /// @notice Thrown when somebody else than the referee rules.
    error Market_NotReferee(address caller);
    /// @notice Thrown when no sheet, or another one, has a majority.
    error Market_NoMajority(bytes32 bounty, uint256 round);
    /// @notice Thrown when a payout's proof does not lead to the round's root.
    error Market_BadProof(bytes32 bounty);
    /// @notice Thrown when a shard's key, root, digest and path do not lead to the root of the shards.
    error Market_BadKey(bytes32 bounty);
    /// @notice Thrown when a payout was claimed before.
    error Market_AlreadyClaimed(bytes32 bounty, uint256 round, uint256 index);
    /// @notice Thrown when there is nothing to advance, collect or claim.
    error Market_NothingToDo(bytes32 bounty);
    /// @notice Thrown at deployment when vault, registry, referee and market do not name each other.
    error Market_BadDeployment(address vault, address registry, address referee);

    // ---------------------------------------------------------------- events
    /// @notice Emitted when `owner` posts. The terms are in the event and the log alone; `ownerKey` is what aggregates are sealed to.
    event Posted(bytes32 indexed bounty, address indexed owner, bytes32 ownerKey, uint256 drawBlock, PostedTerms terms);
    /// @notice Emitted when `seed` orders the first `length` tickets for every vacant seat; only those of `frozenBlock` count.
    event Drawn(bytes32 indexed bounty, bytes32 seed, uint256 length, uint256 frozenBlock);
    /// @notice Emitted when a drawn validator takes its seat; `key` is what it is sealed to.
    event Acknowledged(bytes32 indexed bounty, uint256 indexed seat, address indexed validator, bytes32 key);
    /// @notice Emitted when a holder joins; `key` is what it is sealed to.
    event Joined(bytes32 indexed bounty, address indexed holder, uint256 index, bytes32 key);
    /// @notice Emitted when a holder leaves with `returned`, and `forfeited` of its stake burned.
    event Left(bytes32 indexed bounty, address indexed holder, uint256 index, uint256 returned, uint256 forfeited);
    /// @notice Emitted when a round opens for the holders in `expected`; they submit until `deadline`.
    event RoundOpened(
        bytes32 indexed bounty,
        uint256 indexed round,
        uint128 expected,
        bytes32 rootUpdate,
        bytes32 document,
        uint256 deadline
    );
    /// @notice Emitted when a holder submits the sealed update named by `document`.
    event Submitted(
        bytes32 indexed bounty,
        uint256 indexed round,
        address indexed holder,
        uint256 index,
        bytes32 commitment,
        bytes32 document
    );
    /// @notice Emitted when the owner opens the round's shard to the seats.
    event ShardOpened(bytes32 indexed bounty, uint256 indexed round, bytes32 document);
    /// @notice Emitted when a seat says what it holds; `document` names its re-sealed shares.
    event Attested(
        bytes32 indexed bounty,
        uint256 indexed round,
        uint256 indexed seat,
        uint128 bitmap,
        bool shardOpened,
        bytes32 document
    );
    /// @notice Emitted when attesting is over and the included submissions are fixed.
    event Included(bytes32 indexed bounty, uint256 indexed round, uint128 included);
    /// @notice Emitted when the owner publishes the shard's key.
    event Rebutted(bytes32 indexed bounty, uint256 indexed round, bytes32 key);
    /// @notice Emitted when a seat commits to a sheet.
    event Committed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 commitment);
    /// @notice Emitted when a seat reveals its sheet in full.
    event Revealed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 sheetHash, Sheet sheet);
    /// @notice Emitted when a seat reveals that its sheet is the one that was revealed first.
    event Agreed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat);
    /// @notice Emitted when a round ends without a result; its fees return.
    event RoundVoid(bytes32 indexed bounty, uint256 indexed round);
    /// @notice Emitted when a round is settled on the sheet that the seats in `winners` revealed.
    event Settled(bytes32 indexed bounty, uint256 indexed round, bytes32 sheetHash, uint256 winners);
    /// @notice Emitted when a seat serves the aggregate's key, sealed to the owner in `document`.
    event Served(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 document);
    /// @notice Emitted when a seat hands a round's keys, sealed in `document`, to seats drawn since.
    event HandedOver(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 document);
    /// @notice Emitted when a payout is claimed: `paid` now, `held` until the hold-back is decided, or until `claimHeld` pays it to whom it
    /// went.
    event Claimed(bytes32 indexed bounty, uint256 indexed round, address indexed holder, uint256 paid, uint256 held);
    /// @notice Emitted when a hold-back is paid to the holder or to the owner.
    event HeldPaid(bytes32 indexed bounty, address indexed to, uint256 amount);
    /// @notice Emitted when a seat's pay goes to its validator.
    event SeatPaid(bytes32 indexed bounty, uint256 indexed seat, address indexed validator, uint256 amount);
    /// @notice Emitted when a seat is slashed by `percent` of its ticket's stake and becomes vacant.
    event SeatSlashed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, uint256 percent);
    /// @notice Emitted when a bounty enters a phase; `deadline` is 0 for those that have none (Draw, Closed).
    event PhaseChanged(bytes32 indexed bounty, uint256 indexed round, Phase phase, uint256 deadline);
    /// @notice Emitted when a bounty ends: `returned` went to the owner, `burned` of its bond was burned.
    event Closed(bytes32 indexed bounty, CloseReason reason, uint256 returned, uint256 burned);

    // ---------------------------------------------------------------- owner
    /// @notice Posts a bounty, paid from the caller's vault account:
    /// `rounds * (roundBudget + seats * seatPay) + bond`. Returns its id, which `bountyId` told before.
    function post(bytes32 salt, PostedTerms calldata terms, bytes32 ownerKey) external returns (bytes32 bounty);
    /// @notice Opens the round once joining is over: names who got the base key and commits to the root update.
    function openRound(
        bytes32 bounty,
        PackedTerms calldata terms,
        uint128 sealedTo,
        bytes32 rootUpdate,
        bytes32 document
    ) external;
    /// @notice Opens the round's shard to the seats once submitting is over (with the last round, the final shard too).
    function openShard(bytes32 bounty, PackedTerms calldata terms, bytes32 document) external;
    /// @notice Answers "shard not opened" by publishing the shard's key.
    function rebut(
        bytes32 bounty,
        PackedTerms calldata terms,
        Roots calldata roots,
        bytes32 key,
        bytes32 shardRoot,
        bytes32 shardDigest,
        bytes32[] calldata proof
    ) external;

    // ---------------------------------------------------------------- seats
    /// @notice Orders the pool's tickets for every vacant seat, by the hash of the draw block. Anyone may call it.
    function draw(bytes32 bounty, PackedTerms calldata terms) external;
    /// @notice Takes a vacant seat and freezes the encryption key the caller will be sealed to. Number `tries` (from 0) of the
    /// seat's candidates has to be the caller's, eligible, and the first that is.
    function acknowledge(bytes32 bounty, PackedTerms calldata terms, uint256 seat, uint256 tries, bytes32 key) external;
    /// @notice Says which submissions the seat could fetch and open its share of, whether the shard opened, and where its
    /// re-sealed shares lie. A seat that says that the shard did not open, or that it lacks an update that is included, may
    /// leave the round's commit out: it is not slashed for it, and not paid.
    function attest(
        bytes32 bounty,
        PackedTerms calldata terms,
        uint256 seat,
        uint128 bitmap,
        bool shardOpened,
        bytes32 document
    ) external;
    /// @notice Commits to a sheet: keccak256(abi.encode(TAG_COMMIT, chainid, market, bounty, round, seat, sender, sheetHash, salt)).
    function commit(bytes32 bounty, uint256 seat, bytes32 commitment) external;
    /// @notice Reveals the sheet that was committed to.
    function reveal(bytes32 bounty, PackedTerms calldata terms, uint256 seat, Sheet calldata sheet, bytes32 salt)
        external;
    /// @notice Reveals that the sheet that was committed to is the one that another seat revealed first.
    function agree(bytes32 bounty, uint256 seat, bytes32 salt) external;
    /// @notice Names the aggregate's key, sealed to the owner.
    function serve(bytes32 bounty, uint256 seat, bytes32 document) external;
    /// @notice Names the last round's keys, sealed to seats drawn since. Changes no state.
    function handOver(bytes32 bounty, uint256 seat, bytes32 document) external;
    /// @notice Pays a seat for every round it scored since it last collected. Anyone may call it.
    function collect(bytes32 bounty, PackedTerms calldata terms, uint256 seat) external returns (uint256 paid);

    // ---------------------------------------------------------------- holders
    /// @notice Joins at a free index: locks the stake and a fee for every round left.
    function join(
        bytes32 bounty,
        PackedTerms calldata terms,
        uint256 index,
        bytes32 key,
        bytes32[] calldata allowlistProof
    ) external;
    /// @notice Leaves while joining is open or after the end; pays back stake, unused fees and what the bond owes. A forfeited
    /// stake is burned. Anyone may call it for a holder whose stake is forfeited, and for everybody once the bounty is closed.
    /// Nobody leaves between the end of joining and the end of the round: the base is already sealed to them by then.
    function leave(bytes32 bounty, PackedTerms calldata terms, address holder) external;
    /// @notice Submits a sealed update.
    function submit(bytes32 bounty, bytes32 commitment, bytes32 document) external;
    /// @notice Pays a holder's payouts of settled rounds into its vault account; a fifth waits for the final shard. `token` is that of
    /// the terms. Anyone may call it.
    function claim(bytes32 bounty, address token, address holder, Claim[] calldata claims) external;
    /// @notice Pays the hold-back of claimed rounds once it is decided: to the holder, or to the owner. Anyone may call it.
    function claimHeld(bytes32 bounty, PackedTerms calldata terms, address holder) external;

    // ---------------------------------------------------------------- anyone
    /// @notice Pushes a bounty on whose phase is over: the next phase, a void round, a new draw, or the end. `Draw` is
    /// left by `draw` and `Challenge` by `settle`, which anyone may call as well; but when every sheet that a majority revealed was
    /// disproved, `advance` voids the round.
    function advance(bytes32 bounty, PackedTerms calldata terms) external;
    /// @notice The referee's word on a sheet of the running round, and whether disputes are still open, which keep the round from being
    /// settled. Returns what the referee has to know: the seats that revealed the sheet and were not disproved yet, the end of the
    /// window, and the seconds that each turn of a dispute has.
    function rule(bytes32 bounty, uint256 round, bytes32 sheetHash, address challenger, Verdict verdict, Docket docket)
        external
        returns (uint256 seats, uint256 deadline, uint256 turn);
    /// @notice Settles the round on the sheet a majority revealed, once the challenge window is over. Of an unjudged bounty a sheet that is
    /// not adopted and names FAILED as its aggregate voids the round instead: fees return, and who revealed another sheet is slashed.
    function settle(bytes32 bounty, PackedTerms calldata terms, Sheet calldata sheet) external;

    // ---------------------------------------------------------------- views
    /// @notice The id a bounty will have: keccak256(abi.encode(TAG_BOUNTY, chainid, market, owner, salt)).
    function bountyId(address owner, bytes32 salt) external view returns (bytes32);
    /// @notice Where a bounty stands. `expected`, `submitted`, `included` and `leading` are zero between rounds.
    function bountyOf(bytes32 bounty) external view returns (BountyView memory);
    /// @notice What claims of a round have to fit: keccak256(abi.encode(payoutRoot, pool, token, sheetHash)) once it is settled, 0 before
    /// and when it is void.
    function resultOf(bytes32 bounty, uint256 round) external view returns (bytes32);
    /// @notice One holder.
    function holderOf(bytes32 bounty, address holder) external view returns (HolderView memory);
    /// @notice Whether a holder's payout of a round was claimed.
    function claimedOf(bytes32 bounty, address holder, uint256 round) external view returns (bool);
    /// @notice One seat; all zero but for its halves while it is vacant.
    function seatOf(bytes32 bounty, uint256 seat) external view returns (SeatView memory);
    /// @notice The hash that seats commit to and the tally counts.
    function sheetHashOf(bytes32 bounty, uint256 round, Sheet calldata sheet) external view returns (bytes32);
    /// @notice The vault of this deployment.
    function vault() external view returns (address);
    /// @notice The referee of this deployment.
    function referee() external view returns (address);
    /// @notice The registry of this deployment.
    function registry() external view returns (address);
}
