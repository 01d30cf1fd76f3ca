// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Bounties for model improvement: posted, trained for, scored, paid.
/// @notice One bounty walks through the phases below; every waiting phase has a deadline after which anyone may push it on.
/// @dev Holders have an index (0..127) within a bounty while joined; every bitmap over holders or submissions is by that index.
/// Documents are named by the 32-byte sha2-256 digest of a raw IPFS block (CIDv1, raw codec).
///
///   Draw -> Acknowledge -> Join -> (Open) -> Submit -> Shard -> Attest [-> Rebut] -> Commit -> Reveal -> Challenge -> [Serve] -> Join ... -> Closed
///
/// `Join` has two halves: joining until `deadline`, then the owner may open the round until `deadline + phases.open`.
/// `Submit` likewise: submitting until `deadline`, then the phase is `Shard` by the clock alone.
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
        Serve,
        Closed
    }

    enum RoundStatus {
        None,
        Open,
        Void, // fees return
        Settled
    }

    enum CloseReason {
        None,
        Finished,
        OwnerDefault, // round or shard not opened in time: the bond is forfeited
        TooFewSeats,
        NotServed // an adopted aggregate nobody served: the bond returns
    }

    /// @dev Seconds, each at least 1 and at most 90 days.
    struct Phases {
        uint24 acknowledge;
        uint24 join;
        uint24 open;
        uint24 submit;
        uint24 shard;
        uint24 attest;
        uint24 rebut;
        uint24 commit;
        uint24 reveal;
        uint24 challenge;
        uint24 serve;
    }

    /// @dev Passed in full to the functions that need them; the market keeps their hash alone.
    struct Terms {
        address owner;
        address token;
        uint128 roundBudget; // most a round pays
        uint128 ticketStake; // with `token` names the pool seats are drawn from
        uint96 fee; // a submission
        uint96 holderStake; // lost by not submitting, or by an update that contradicts its commitment or bounds
        uint96 seatPay; // a seat and round: 3c
        uint96 bond; // the owner's
        uint96 compensation; // paid from the bond to each holder when the owner defaults
        uint16 rounds;
        uint8 seats; // odd, 3..15
        uint8 minHolders; // at least 2
        uint8 maxHolders; // at most 128
        uint40 postBefore; // these terms cannot be posted after this time
        bytes32 baseRoot; // commitment to the starting model
        bytes32 shardsRoot; // Merkle root over shardLeaf(round) for round 0..rounds (the last is the final shard)
        bytes32 allowlistRoot; // 0 = anybody; else a Merkle root over keccak256(abi.encode(holder))
        bytes32 document; // the terms document
        Phases phases;
    }

    /// @dev What a round's scoring states; its hash is what seats commit to.
    struct Sheet {
        uint128 included;
        uint128 breached; // included, but contradicts its hash, root or bounds: counts 0 and loses its stake
        bytes32 traceRoot;
        bytes32 payoutRoot;
        uint128 pool; // the sum of the payout tree
        bytes32 nextBaseRoot;
        bool adopted;
        bool released; // last round: the hold-back is paid out (false: it returns to the owner)
        bytes32 aggregate; // digest of the document that names the sealed aggregate
        bytes32 document; // the score sheet
    }

    struct BountyView {
        Phase phase;
        CloseReason closed;
        uint16 round; // the current one (0-based); `rounds` once all are done
        uint40 deadline; // of the phase
        uint64 drawBlock; // while in Draw: the block whose hash seeds it
        uint8 draws; // consecutive draws without a full bench
        uint16 acted; // seats that acted in this phase
        uint16 vacant; // seats without an acknowledged validator
        uint128 joined; // holders' indices in use
        uint128 expected; // holders that must submit in the current round
        uint128 submitted; // holders that did
        uint128 included; // fixed by attestation
        uint128 forfeited; // holders whose stake is lost
        uint128 compensated; // holders the bond compensates
        bytes32 submissions; // running hash: keccak256(abi.encode(previous, holder, index, commitment, document)), 0 when a round opens
        bytes32 baseRoot; // commitment to the model the next round starts from
        uint128 reserve; // the owner's money that is not promised to anyone yet
        uint128 bond; // what is left of it
        bytes32 termsHash;
    }

    struct RoundView {
        RoundStatus status;
        uint16 winners; // seats that revealed the sheet that stands
        uint16 served; // seats that served
        uint128 excluded; // submitted, but not included: fee returns
        uint128 claimed; // holders that claimed
        uint128 pool;
        uint128 unclaimed; // of the pool
        bool adopted;
        bytes32 payoutRoot;
        bytes32 sheetHash;
    }

    struct HolderView {
        bool joined;
        uint8 index;
        uint16 joinedRound; // first round it is expected in
        uint16 prepaid; // fees locked for rounds to come
        uint16 lastRound; // last submission + 1; 0 = none
        uint128 held; // hold-back of claimed payouts, still open
    }

    struct SeatView {
        address validator;
        uint256 ticket;
        bool acknowledged;
        uint16 sinceRound; // first round it scores
        uint128 attested; // in the current round
        bytes32 word; // commit, then sheet hash of the current round
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
    /// @notice Thrown when an act comes before its time.
    error Market_TooEarly(bytes32 bounty, uint256 notBefore);
    /// @notice Thrown when the caller is not the owner of the bounty.
    error Market_NotOwner(bytes32 bounty, address caller);
    /// @notice Thrown when the caller does not hold that seat.
    error Market_NotSeat(bytes32 bounty, uint256 seat, address caller);
    /// @notice Thrown when a seat acts twice in one phase.
    error Market_AlreadyActed(bytes32 bounty, uint256 seat);
    /// @notice Thrown when the caller is not joined, or is joined already.
    error Market_NotJoined(bytes32 bounty, address holder);
    error Market_AlreadyJoined(bytes32 bounty, address holder);
    /// @notice Thrown when the index is taken or beyond `maxHolders`.
    error Market_BadIndex(bytes32 bounty, uint256 index);
    /// @notice Thrown when the allowlist does not hold the caller.
    error Market_NotAllowed(bytes32 bounty, address holder);
    /// @notice Thrown when a holder submits twice in a round, or was left out of it.
    error Market_AlreadySubmitted(bytes32 bounty, address holder);
    error Market_NotExpected(bytes32 bounty, address holder);
    /// @notice Thrown when the caller's stake is forfeited.
    error Market_Forfeited(bytes32 bounty, address holder);
    /// @notice Thrown when a bitmap names somebody who is not there, or a zero digest is passed.
    error Market_BadBitmap(bytes32 bounty, uint256 bitmap);
    error Market_ZeroDigest();
    /// @notice Thrown when a sheet breaks a rule the contract can check; `reason` names the field.
    error Market_BadSheet(bytes32 bounty, bytes32 reason);
    /// @notice Thrown when a reveal does not open its commit.
    error Market_BadReveal(bytes32 bounty, uint256 seat);
    /// @notice Thrown when no sheet, or another one, has a majority.
    error Market_NoMajority(bytes32 bounty, uint256 round);
    /// @notice Thrown when a Merkle or sum-tree proof does not lead to its root.
    error Market_BadProof(bytes32 bounty);
    /// @notice Thrown when a key does not match its committed hash.
    error Market_BadKey(bytes32 bounty);
    /// @notice Thrown when a payout was claimed before.
    error Market_AlreadyClaimed(bytes32 bounty, uint256 round, uint256 index);
    /// @notice Thrown when there is nothing to advance, collect or claim yet.
    error Market_NothingToDo(bytes32 bounty);

    // ---------------------------------------------------------------- events
    event Posted(bytes32 indexed bounty, address indexed owner, bytes32 document, bytes32 ownerKey, uint256 drawBlock, Terms terms);
    event Drawn(bytes32 indexed bounty, uint256 seat, uint256 ticket, address validator);
    event Acknowledged(bytes32 indexed bounty, uint256 indexed seat, address indexed validator, bytes32 key);
    event Joined(bytes32 indexed bounty, address indexed holder, uint256 index, bytes32 key);
    event Left(bytes32 indexed bounty, address indexed holder, uint256 index, uint256 returned, uint256 forfeited);
    event RoundOpened(bytes32 indexed bounty, uint256 indexed round, uint128 expected, bytes32 rootUpdate, bytes32 document, uint256 deadline);
    event Submitted(bytes32 indexed bounty, uint256 indexed round, address indexed holder, uint256 index, bytes32 commitment, bytes32 document);
    event ShardOpened(bytes32 indexed bounty, uint256 indexed round, bytes32 document);
    event Attested(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, uint128 bitmap, bool shardOpened, bytes32 document);
    event Included(bytes32 indexed bounty, uint256 indexed round, uint128 included);
    event Rebutted(bytes32 indexed bounty, uint256 indexed round, bytes32 key);
    event Committed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 commitment);
    event Revealed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 sheetHash, Sheet sheet);
    event RoundVoid(bytes32 indexed bounty, uint256 indexed round);
    event Settled(bytes32 indexed bounty, uint256 indexed round, bytes32 sheetHash, uint256 pool, bool adopted);
    event Served(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 document);
    event HandedOver(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, bytes32 document);
    event Claimed(bytes32 indexed bounty, uint256 indexed round, address indexed holder, uint256 paid, uint256 held);
    event HeldPaid(bytes32 indexed bounty, address indexed to, uint256 amount);
    event SeatPaid(bytes32 indexed bounty, uint256 indexed seat, address indexed validator, uint256 amount);
    event SeatSlashed(bytes32 indexed bounty, uint256 indexed round, uint256 indexed seat, uint256 percent);
    event PhaseChanged(bytes32 indexed bounty, uint256 indexed round, Phase phase, uint256 deadline);
    event Closed(bytes32 indexed bounty, CloseReason reason, uint256 returned, uint256 burned);

    // ---------------------------------------------------------------- owner
    /// @notice Posts a bounty, paid from the caller's vault account:
    /// `rounds * (roundBudget + seats * seatPay) + bond`. Returns its id, which `bountyId` told before.
    function post(Terms calldata terms, bytes32 salt, bytes32 ownerKey) external returns (bytes32 bounty);
    /// @notice Opens the round once joining is over: names who got the base key and commits to the root update.
    function openRound(bytes32 bounty, Terms calldata terms, uint128 sealedTo, bytes32 rootUpdate, bytes32 document) external;
    /// @notice Opens the round's shard to the seats once submitting is over (with the last round, the final shard too).
    function openShard(bytes32 bounty, Terms calldata terms, bytes32 document) external;
    /// @notice Answers "shard not opened" by publishing the shard's key.
    function rebut(bytes32 bounty, Terms calldata terms, bytes32 key, bytes32 shardRoot, bytes32 shardDigest, bytes32[] calldata proof) external;

    // ---------------------------------------------------------------- seats
    /// @notice Fills the vacant seats from the hash of the draw block. Anyone may call it.
    function draw(bytes32 bounty, Terms calldata terms) external;
    /// @notice Takes the seat and freezes the encryption key the caller will be sealed to.
    function acknowledge(bytes32 bounty, Terms calldata terms, uint256 seat, bytes32 key) external;
    /// @notice Says which submissions the seat could fetch and open its share of, whether the shard opened, and where its re-sealed shares lie.
    function attest(bytes32 bounty, Terms calldata terms, uint256 seat, uint128 bitmap, bool shardOpened, bytes32 document) external;
    /// @notice Commits to a sheet: keccak256(abi.encode(TAG_COMMIT, chainid, market, bounty, round, seat, sender, sheetHash, salt)).
    function commit(bytes32 bounty, uint256 seat, bytes32 commitment) external;
    /// @notice Reveals the sheet that was committed to.
    function reveal(bytes32 bounty, Terms calldata terms, uint256 seat, Sheet calldata sheet, bytes32 salt) external;
    /// @notice Names the aggregate's key, sealed to the owner.
    function serve(bytes32 bounty, uint256 seat, bytes32 document) external;
    /// @notice Names the last round's keys, sealed to seats drawn since. Changes no state.
    function handOver(bytes32 bounty, uint256 seat, bytes32 document) external;
    /// @notice Pays a seat for every round it scored since it last collected. Anyone may call it.
    function collect(bytes32 bounty, Terms calldata terms, uint256 seat) external returns (uint256 paid);

    // ---------------------------------------------------------------- holders
    /// @notice Joins at a free index: locks the stake and a fee for every round left.
    function join(bytes32 bounty, Terms calldata terms, uint256 index, bytes32 key, bytes32[] calldata allowlistProof) external;
    /// @notice Leaves between rounds or after the end; pays back stake, unused fees and what the bond owes. A forfeited stake is burned.
    /// Anyone may call it for a holder whose stake is forfeited, and for everybody once the bounty is closed.
    function leave(bytes32 bounty, Terms calldata terms, address holder) external;
    /// @notice Submits a sealed update.
    function submit(bytes32 bounty, bytes32 commitment, bytes32 document) external;
    /// @notice Pays a holder's payout of a settled round into its vault account; a fifth waits for the final shard.
    /// `siblings` are hash and sum of the sum tree's nodes beside the path, leaf first. Anyone may call it.
    function claim(bytes32 bounty, Terms calldata terms, uint256 round, uint256 index, address holder, uint128 amount, bytes32[] calldata hashes, uint128[] calldata sums) external;
    /// @notice Pays the hold-back of claimed rounds once it is decided: to the holder, or to the owner. Anyone may call it.
    function claimHeld(bytes32 bounty, Terms calldata terms, address holder) external;

    // ---------------------------------------------------------------- anyone
    /// @notice Pushes a bounty on whose phase is over: the next phase, a void round, a new draw, or the end.
    function advance(bytes32 bounty, Terms calldata terms) external;
    /// @notice Settles the round on the sheet a majority revealed, once the challenge window is over.
    function settle(bytes32 bounty, Terms calldata terms, Sheet calldata sheet) external;

    // ---------------------------------------------------------------- views
    function bountyId(address owner, bytes32 salt) external view returns (bytes32);
    function bountyOf(bytes32 bounty) external view returns (BountyView memory);
    function roundOf(bytes32 bounty, uint256 round) external view returns (RoundView memory);
    function holderOf(bytes32 bounty, address holder) external view returns (HolderView memory);
    function seatOf(bytes32 bounty, uint256 seat) external view returns (SeatView memory);
    function sheetHashOf(bytes32 bounty, uint256 round, Sheet calldata sheet) external view returns (bytes32);
    function escrowOf(Terms calldata terms) external pure returns (uint256);
}
