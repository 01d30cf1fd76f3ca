// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IInputJudge} from "../interfaces/IInputJudge.sol";
import {IJudge} from "../interfaces/IJudge.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {Bits} from "../libraries/Bits.sol";
import {Named} from "../libraries/Named.sol";
import {ShardTree} from "../libraries/ShardTree.sol";
import {Tags} from "../libraries/Tags.sol";
import {TermsWords} from "../libraries/TermsWords.sol";
import {Frames} from "./Frames.sol";
import {Numbers} from "./Numbers.sol";
import {Blob, Openings} from "./Openings.sol";
import {Steps} from "./Steps.sol";

/// @title InputJudge
/// @dev The market is that of the caller, the referee: somebody else who calls is told about a market of its own.
/// Nothing here asks who opened what off the chain. So three statements of a sheet cannot be disproved: that an update was breached, that
/// the final shard was not opened, and the seed of the permutations.
contract InputJudge is IInputJudge {
    using Bits for uint256;
    using Frames for uint256;
    using Openings for Blob;
    using TermsWords for IMarket.PackedTerms;

    uint256 private constant TERMS = 0x50;
    uint256 private constant SHARD = 0x51; // p: 0 the round's, 1 the final one
    uint256 private constant SUBMISSIONS = 0x52; // g: which
    uint256 private constant BASE = 0x53;
    uint256 private constant KNOWN = 0x54;
    uint256 private constant PREVIOUS = 0x55; // g: which
    uint256 private constant ROOT = 0x56;
    uint256 private constant HEAD = 0x57;
    uint256 private constant FIRST = 0x59; // 0x58, the seed, follows from keys that the chain does not know

    uint256 private constant LAST_ROUND = 1 << 112; // in PARAMS
    uint256 private constant OPENED = 255; // index of a round's opening in the running hash
    uint256 private constant WORD = 32;
    /// @dev A person in PEOPLE: address, index, breached.
    uint256 private constant PERSON = 22;

    /// @dev What every kind is about.
    struct Subject {
        IMarket market;
        bytes32 bounty;
        uint256 round;
        uint256 at;
    }

    /// @inheritdoc IJudge
    function contradicts(
        bytes32 bounty,
        uint256 round,
        bytes32 fieldsHash,
        Frame calldata frame,
        uint256 at,
        bytes calldata proof
    ) external view returns (bool) {
        Subject memory s = Subject(IMarket(IReferee(msg.sender).market()), bounty, round, at);
        Evidence calldata evidence = _evidence(proof);
        Blob memory b = Openings.read(frame, evidence.openings);
        uint256 kind = Steps.kind(at);
        bool wrong;
        if (kind == TERMS) wrong = _terms(s, b, b.sheet(fieldsHash), evidence);
        else if (kind == SHARD) wrong = _shard(s, b, frame, evidence);
        else if (kind == SUBMISSIONS) wrong = _submission(s, b, b.sheet(fieldsHash), evidence);
        else if (kind == BASE) wrong = _base(s, b, evidence);
        else if (kind == KNOWN) wrong = _known(s, b, evidence);
        else if (kind == PREVIOUS) wrong = _previous(s, b, evidence);
        else if (kind == ROOT) wrong = _rootUpdate(s, b, evidence);
        else if (kind == HEAD) wrong = _head(b, b.sheet(fieldsHash));
        else if (kind == FIRST) wrong = _first(s, b, evidence);
        else revert Judge_UnknownKind(kind);
        b.finish();
        return wrong;
    }

    // ---------------------------------------------------------------- terms
    /// @dev PARAMS. Shape, scales, bounds, rules, and what the terms on the chain say of this round.
    function _terms(Subject memory s, Blob memory b, IMarket.Sheet calldata sheet, Evidence calldata e)
        private
        view
        returns (bool)
    {
        IMarket.PackedTerms calldata terms = _posted(s, e);
        uint256[3] calldata words = e.scoring;
        bytes32 leaf = keccak256(abi.encode(Tags.SCORING, words[0], words[1], words[2]));
        _require(ShardTree.leadsTo(e.posted.roots.shardsRoot, terms.rounds() + 1, leaf, e.shard.path), "scoring");
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 counts = b.counts;
        uint256 shape = uint48(counts) | (counts.inputScale() << 48) | (counts.weightScale() << 80);
        bool last = s.round + 1 == terms.rounds();
        uint256 money = _word(params, 3);
        uint256 from = money >> 136; // baseFrom and previousFrom are other kinds' matter
        // A literal of the condition's own would be a uint8, and shifted out of it.
        uint256 expected = terms.roundBudget() | (terms.minHolders() << 104) | (last ? LAST_ROUND : 0)
            | (s.round << 120) | (from << 136);
        if (shape != words[0] || _word(params, 0) != words[1] || _word(params, 1) != words[2]) return true;
        if (money != expected || money >> 168 != 0) return true;
        uint256 maxRows = uint32(words[2] >> 144);
        if (counts.rows() == 0 || counts.rows() > maxRows || counts.finalRows() > maxRows) return true;
        if (counts.finalRows() != 0 && !last) return true;
        return counts.submissions() != uint256(sheet.included).count() || counts >> 232 != 0;
    }

    /// @dev For the final shard: PARAMS.
    function _shard(Subject memory s, Blob memory b, Frame calldata frame, Evidence calldata e)
        private
        view
        returns (bool)
    {
        IMarket.PackedTerms calldata terms = _posted(s, e);
        Shard calldata shard = e.shard;
        bool last = Steps.p(s.at) == 1;
        uint256 position = last ? terms.rounds() : s.round;
        bytes32 leaf = keccak256(abi.encode(Tags.SHARD, position, shard.root, shard.digest, shard.keyHash));
        _require(ShardTree.leadsTo(e.posted.roots.shardsRoot, position, leaf, shard.path), "shard");
        _require(shard.root == keccak256(abi.encode(Tags.ROWS, shard.rows, shard.merkle)), "rows");
        if (!last) return frame.rowsRoot != shard.root || b.counts.rows() != shard.rows;
        bytes32 root = bytes32(_word(b.leaf(Frames.PARAMS, 0), 6));
        if (b.counts.finalRows() == 0) return root != 0;
        return root != shard.root || b.counts.finalRows() != shard.rows;
    }

    /// @dev MODELS: first base. What the final shard compares with is what the bounty started from.
    function _first(Subject memory s, Blob memory b, Evidence calldata e) private view returns (bool) {
        _posted(s, e);
        bytes32 first = b.raw(Frames.FIRST_MODEL);
        return first != (b.counts.finalRows() == 0 ? bytes32(0) : e.posted.roots.baseRoot);
    }

    // ---------------------------------------------------------------- this round
    /// @dev PEOPLE; MODELS: the submission. Included submissions stand in the order in which they came.
    function _submission(Subject memory s, Blob memory b, IMarket.Sheet calldata sheet, Evidence calldata e)
        private
        view
        returns (bool)
    {
        Record[] calldata records = _history(s, e.history);
        uint256 which = Steps.g(s.at);
        if (which >= b.counts.submissions()) revert Judge_BadPosition(which);
        uint256 person = b.leaf(Frames.PEOPLE, 0) + PERSON * which;
        bytes32 root = b.raw(Frames.UPDATE_MODELS + which);
        uint256 seen = 0;
        for (uint256 i = 1; i < records.length; ++i) {
            if (!uint256(sheet.included).has(records[i].index) || seen++ != which) continue;
            return _differs(s, records[i], person, root, e);
        }
        return true; // there are not so many
    }

    function _differs(Subject memory s, Record calldata record, uint256 person, bytes32 root, Evidence calldata e)
        private
        view
        returns (bool)
    {
        address holder = address(uint160(_word(person, 0) >> 96));
        if (holder != record.who || Numbers.uint8At(person + 20) != record.index) return true;
        uint256 breached = Numbers.uint8At(person + 21);
        if (breached != 0) return breached != 1 || root != 0;
        if (root == 0) return true;
        bytes32 commitment = keccak256(
            abi.encode(
                Tags.SUBMISSION,
                block.chainid,
                address(s.market),
                s.bounty,
                s.round,
                record.who,
                e.updateRoot,
                e.keyHash
            )
        );
        // What was committed to has one preimage: whoever shows it shows the root that has to stand here.
        _require(commitment == record.commitment, "commitment");
        return root != e.updateRoot;
    }

    /// @dev MODELS: root update.
    function _rootUpdate(Subject memory s, Blob memory b, Evidence calldata e) private view returns (bool) {
        return b.raw(Frames.ROOT_MODEL) != _history(s, e.history)[0].commitment;
    }

    /// @dev PEOPLE. The bitmaps of the head are those of the people.
    function _head(Blob memory b, IMarket.Sheet calldata sheet) private pure returns (bool) {
        uint256 person = b.leaf(Frames.PEOPLE, 0);
        uint256 included = 0;
        uint256 breached = 0;
        for (uint256 i = 0; i < b.counts.submissions(); ++i) {
            uint256 index = Numbers.uint8At(person + 20);
            included |= 1 << index;
            if (Numbers.uint8At(person + 21) != 0) breached |= 1 << index;
            person += PERSON;
        }
        return included != sheet.included || breached != sheet.breached;
    }

    // ---------------------------------------------------------------- earlier rounds
    /// @dev PARAMS; MODELS: base. The base is that of the last adopted round before this one, or that of the terms.
    function _base(Subject memory s, Blob memory b, Evidence calldata e) private view returns (bool) {
        uint256 from = uint16(_word(b.leaf(Frames.PARAMS, 0), 3) >> 136);
        bytes32 base = b.raw(Frames.BASE_MODEL);
        if (from > s.round) return true; // a round that is not over
        if (from != 0 && s.market.resultOf(s.bounty, from - 1) == 0) return true;
        if (from == 0 && e.earlier.sheet.document == 0) {
            _posted(s, e);
            return base != e.posted.roots.baseRoot;
        }
        _requireSettled(s, e.earlier);
        bool adopted = e.earlier.sheet.adopted;
        if (e.earlier.round + 1 == from) return !adopted || base != e.earlier.sheet.nextBaseRoot;
        return adopted && e.earlier.round + 1 > from;
    }

    /// @dev PARAMS; MODELS: last aggregate. Of the earlier sheet: PARAMS; MODELS: aggregate; MONEY.
    function _known(Subject memory s, Blob memory b, Evidence calldata e) private view returns (bool) {
        uint256 params = b.leaf(Frames.PARAMS, 0);
        uint256 from = uint16(_word(params, 3) >> 136);
        int256 gains = int256(_word(params, 5));
        bytes32 known = b.raw(Frames.KNOWN_MODEL);
        if (from == 0) return known != 0 || gains != 0;
        _require(e.earlier.round + 1 == from, "round");
        Blob memory earlier = _trace(s, e.earlier);
        int256 before = int256(_word(earlier.leaf(Frames.PARAMS, 0), 5));
        bytes32 aggregate = earlier.raw(Frames.AGGREGATE_MODEL);
        uint256 money = earlier.leaf(Frames.MONEY, 0) + 64 * earlier.counts.submissions();
        earlier.finish();
        int256 gained = Numbers.int128At(money + 16);
        unchecked {
            // Whatever `before` asserts, the sum modulo 2^256 is one number, and the right one is small.
            return known != aggregate || gains != before + gained;
        }
    }

    /// @dev PARAMS; if there is an earlier sheet and it is the one named: PEOPLE; MODELS: that submission; of the earlier sheet the same.
    function _previous(Subject memory s, Blob memory b, Evidence calldata e) private view returns (bool) {
        uint256 from = uint16(_word(b.leaf(Frames.PARAMS, 0), 3) >> 152);
        if (from > s.round) return true;
        if (from == 0 && b.counts.previous() != 0) return true;
        if (from != 0 && s.market.resultOf(s.bounty, from - 1) == 0) return true;
        uint256 named = e.earlier.round + 1;
        if (named != from) {
            return named > from && named <= s.round && s.market.resultOf(s.bounty, named - 1) != 0;
        }
        Blob memory earlier = _trace(s, e.earlier);
        if (earlier.counts.submissions() != b.counts.previous()) {
            earlier.finish();
            return true;
        }
        return _otherPrevious(b, earlier, Steps.g(s.at));
    }

    function _otherPrevious(Blob memory b, Blob memory earlier, uint256 which) private pure returns (bool) {
        uint256 n = b.counts.submissions();
        if (which >= b.counts.previous()) revert Judge_BadPosition(which);
        uint256 here = b.leaf(Frames.PEOPLE, 0) + PERSON * n + 20 * which;
        bytes32 root = b.raw(Frames.UPDATE_MODELS + n + which);
        uint256 there = earlier.leaf(Frames.PEOPLE, 0) + PERSON * which;
        bytes32 expected = earlier.raw(Frames.UPDATE_MODELS + which);
        earlier.finish();
        return root != expected || _word(here, 0) >> 96 != _word(there, 0) >> 96;
    }

    // ---------------------------------------------------------------- what the chain knows
    function _evidence(bytes calldata proof) private pure returns (Evidence calldata e) {
        // abi.encode of one dynamic struct: a word that says 32, then the struct. Its parts are read, and bounded, as any calldata.
        if (proof.length < 2 * WORD) revert Judge_BadLength(2 * WORD, proof.length);
        assembly ("memory-safe") {
            e := add(proof.offset, 32)
        }
    }

    function _posted(Subject memory s, Evidence calldata e) private view returns (IMarket.PackedTerms calldata terms) {
        terms = e.posted.terms;
        _require(s.market.bountyOf(s.bounty).termsHash == terms.hash(), "terms");
        _require(terms.names(e.posted.roots), "roots");
    }

    /// @dev The round's records, once they lead to the market's running hash. The first is the opening.
    function _history(Subject memory s, History calldata history) private view returns (Record[] calldata records) {
        records = history.records;
        _require(records.length != 0 && records[0].index == OPENED, "opening");
        bytes32 running = history.before;
        for (uint256 i = 0; i < records.length; ++i) {
            Record calldata r = records[i];
            if (i != 0) _require(r.index != OPENED, "opening");
            running = keccak256(abi.encode(running, s.round, r.who, r.index, r.commitment, r.document));
        }
        _require(running == s.market.bountyOf(s.bounty).submissions, "history");
    }

    function _requireSettled(Subject memory s, Earlier calldata earlier) private view {
        IMarket.Sheet calldata sheet = earlier.sheet;
        bytes32 fieldsHash = keccak256(abi.encode(sheet));
        bytes32 sheetHash = Named.sheet(address(s.market), s.bounty, earlier.round, sheet.traceRoot, fieldsHash);
        bytes32 result = keccak256(abi.encode(sheet.payoutRoot, uint256(sheet.pool), earlier.token, sheetHash));
        _require(earlier.round < s.round && result == s.market.resultOf(s.bounty, earlier.round), "result");
    }

    /// @dev The trace of a sheet that an earlier round was settled on.
    function _trace(Subject memory s, Earlier calldata earlier) private view returns (Blob memory) {
        _requireSettled(s, earlier);
        _require(Frames.root(earlier.frame) == earlier.sheet.traceRoot, "frame");
        return Openings.read(earlier.frame, earlier.openings);
    }

    function _word(uint256 from, uint256 i) private pure returns (uint256) {
        return Openings.word(from + WORD * i);
    }

    function _require(bool fine, bytes32 part) private pure {
        if (!fine) revert Judge_BadEvidence(part);
    }
}
