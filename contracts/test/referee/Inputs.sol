// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IInputJudge} from "../../interfaces/IInputJudge.sol";
import {IJudge} from "../../interfaces/IJudge.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {Traces} from "./Traces.sol";

/// @title A bounty in its third round of four, and what is shown of it, written by hand.
/// @dev The contract itself is the referee that asks, and the market that knows one bounty.
abstract contract Inputs is Traces {
    bytes32 internal constant BOUNTY = keccak256("bounty");
    uint256 internal constant ROUND = 2;
    uint256 internal constant ROUNDS = 4;
    uint256 internal constant OPENED = 255;
    address internal constant TOKEN = address(0x70);
    bytes32 internal constant ROOT_UPDATE = keccak256("root update");
    bytes32 internal constant UPDATE = keccak256("update");
    bytes32 internal constant KEY = keccak256("key hash");

    address public immutable market = address(this);

    IJudge internal judge;
    IMarket.BountyView internal known;
    mapping(uint256 round => bytes32) internal results;

    IInputJudge.Evidence internal e;
    IMarket.Sheet internal sheet;
    uint256[7] internal params;
    bytes32[8] internal shards;

    function setUp() public {
        judge = IJudge(vm.deployCode("InputJudge.sol:InputJudge"));
        c = Counts(3, 2, 3, 3, 2, 1, 2, 5, 24, 8, 1, 0);
        (e.posted.roots.baseRoot, e.posted.roots.document) = (keccak256("base"), keccak256("terms"));
        e.posted.terms.frame = ROUNDS << 160 | 2 << 184;
        e.posted.terms.risk = 1000 | (77 << 96);
        e.scoring = [3 | (2 << 16) | (3 << 32) | (24 << 48) | (8 << 80), uint256(77), uint256(78) | (4 << 144)];
        params = [uint256(77), e.scoring[2], 2, _money(0, 0, 0), 5, 0, 0];
        for (uint256 i = 0; i < 8; ++i) {
            shards[i] = keccak256(abi.encode("shard", i));
        }
        _post();
        sheet.included = 5;
        _putParams();
    }

    // ---------------------------------------------------------------- the market's part
    function bountyOf(bytes32 bounty) external view returns (IMarket.BountyView memory empty) {
        return bounty == BOUNTY ? known : empty;
    }

    function resultOf(bytes32 bounty, uint256 round) external view returns (bytes32) {
        return bounty == BOUNTY ? results[round] : bytes32(0);
    }

    // ---------------------------------------------------------------- writing
    function _money(uint256 baseFrom, uint256 previousFrom, uint256 last) internal pure returns (uint256) {
        return 1000 | (2 << 104) | (last << 112) | (ROUND << 120) | (baseFrom << 136) | (previousFrom << 152);
    }

    function _putParams() internal {
        _put(0, 0, abi.encode(params));
    }

    /// @dev The two submissions' people, of indices 0 (or more) and 2, and one earlier holder.
    function _putPeople(uint8 breached, uint8 more) internal {
        bytes memory first = abi.encodePacked(address(0xA0), more, uint8(0));
        bytes memory second = abi.encodePacked(address(0xA2), uint8(2), uint8(0));
        if (breached != 0) first[21] = bytes1(breached);
        _put(13, 0, abi.encodePacked(first, second, address(0xB2)));
    }

    /// @dev The market knows the terms as they are now, with the shards as they are now.
    function _post() internal {
        e.posted.roots.shardsRoot = _shardsRoot();
        e.posted.terms.rootsHash = keccak256(abi.encode(e.posted.roots));
        known.termsHash = keccak256(abi.encode(e.posted.terms));
    }

    /// @dev The scoring words stand behind the shards.
    function _scoring() internal {
        uint256 place = uint16(e.posted.terms.frame >> 160) + 1;
        shards[place] = keccak256(abi.encode(keccak256("gradmarket/1/scoring"), e.scoring));
        _post();
        e.shard.path = _shardPath(place);
    }

    function _putShard(uint256 place, bytes32 root, uint256 rows) internal {
        (e.shard.root, e.shard.rows) = (root, rows);
        (e.shard.digest, e.shard.keyHash) = (keccak256("digest"), KEY);
        shards[place] =
            keccak256(abi.encode(keccak256("gradmarket/1/shard"), place, root, e.shard.digest, e.shard.keyHash));
        _post();
        e.shard.path = _shardPath(place);
    }

    /// @dev Opening; submissions of indices 0, 1 and 2, of the same update.
    function _records() internal {
        delete e.history.records;
        (e.history.before, e.updateRoot, e.keyHash) = (keccak256("before"), UPDATE, KEY);
        e.history.records.push(IInputJudge.Record(address(0x0E), OPENED, ROOT_UPDATE, keccak256("opening")));
        for (uint256 i = 0; i < 3; ++i) {
            address holder = address(uint160(0xA0 + i));
            bytes32 tag = keccak256("gradmarket/1/submission");
            bytes32 commitment =
                keccak256(abi.encode(tag, block.chainid, address(this), BOUNTY, ROUND, holder, UPDATE, KEY));
            e.history.records.push(IInputJudge.Record(holder, i, commitment, keccak256("document")));
        }
        _close();
    }

    /// @dev The market knows the records as they are now.
    function _close() internal {
        bytes32 running = e.history.before;
        for (uint256 i = 0; i < e.history.records.length; ++i) {
            running = keccak256(abi.encode(running, ROUND, e.history.records[i]));
        }
        known.submissions = running;
    }

    /// @dev An earlier round was settled on a sheet, which is shown.
    function _settle(uint256 round, bool adopted) internal {
        IMarket.Sheet storage s = e.earlier.sheet;
        (s.adopted, s.nextBaseRoot, s.document) = (adopted, keccak256("next base"), keccak256("sheet"));
        (s.payoutRoot, s.pool, e.earlier.token, e.earlier.round) = (keccak256("payouts"), 55, TOKEN, round);
        bytes32 tag = keccak256("gradmarket/1/sheet");
        bytes32 fields = keccak256(abi.encode(s));
        bytes32 hash = keccak256(abi.encode(tag, block.chainid, address(this), BOUNTY, round, s.traceRoot, fields));
        results[round] = keccak256(abi.encode(s.payoutRoot, uint256(s.pool), TOKEN, hash));
    }

    /// @dev Round 1 was settled on the trace as it is now, of which `openings` are shown.
    function _settleOn(bytes memory openings) internal {
        IJudge.Frame memory frame = _frame();
        bytes32 tag = keccak256("gradmarket/1/trace");
        (e.earlier.frame, e.earlier.openings) = (frame, openings);
        e.earlier.sheet.traceRoot = keccak256(abi.encode(tag, frame.counts, frame.rowsRoot, frame.top));
        _settle(1, true);
    }

    /// @dev Round 1 gained -30, 100 before it, and had this aggregate.
    function _settleTrace() internal {
        uint256[7] memory now_ = params;
        params[5] = 100;
        _putParams();
        modelRoot[5] = keccak256("aggregate");
        _put(11, 0, abi.encodePacked(new bytes(128), int128(7), int128(-30), new bytes(51)));
        _settleOn(abi.encodePacked(_open(0, 0), _openRoot(5), _open(11, 0)));
        params = now_;
        _putParams();
    }

    /// @dev Round 1 had so many submissions, the first of them by 0xB2.
    function _settlePeople(uint256 submissions) internal {
        uint256 now_ = c.submissions;
        c.submissions = submissions;
        _put(13, 0, abi.encodePacked(address(0xB2), new bytes(2 + 22 * (submissions - 1) + 20)));
        modelRoot[6] = UPDATE;
        _settleOn(abi.encodePacked(_open(13, 0), _openRoot(6)));
        (c.submissions, modelRoot[6]) = (now_, 0);
    }

    function _shardsRoot() private view returns (bytes32) {
        bytes32[] memory path = _shardPath(0);
        bytes32 node = shards[0];
        for (uint256 i = 0; i < 3; ++i) {
            node = _pair(node, path[i]);
        }
        return node;
    }

    function _shardPath(uint256 place) private view returns (bytes32[] memory path) {
        path = new bytes32[](3);
        path[0] = shards[place ^ 1];
        uint256 other = place / 2 ^ 1;
        path[1] = _pair(shards[2 * other], shards[2 * other + 1]);
        other = 4 * (place / 4 ^ 1);
        path[2] = _pair(_pair(shards[other], shards[other + 1]), _pair(shards[other + 2], shards[other + 3]));
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right));
    }

    // ---------------------------------------------------------------- asking
    function _verdict(uint256 at) internal view returns (bool) {
        return _verdictIn(_frame(), at);
    }

    function _verdictIn(IJudge.Frame memory frame, uint256 at) internal view returns (bool) {
        return judge.contradicts(BOUNTY, ROUND, keccak256(abi.encode(sheet)), frame, at, _shown(at));
    }

    /// @dev The evidence; kinds that compare with the sheet open it before the trace.
    function _shown(uint256 at) internal view returns (bytes memory) {
        IInputJudge.Evidence memory shown = e;
        uint256 kind = uint8(at);
        if (kind == 0x50 || kind == 0x52 || kind == 0x57) shown.openings = bytes.concat(abi.encode(sheet), e.openings);
        return abi.encode(shown);
    }

    function _refuses(uint256 at) internal view returns (bool) {
        try judge.contradicts(BOUNTY, ROUND, keccak256(abi.encode(sheet)), _frame(), at, _shown(at)) returns (bool) {
            return false;
        } catch {
            return true;
        }
    }

    function _check(uint256 at, bool wrong, string memory reason) internal view {
        vm.assertTrue(wrong == _verdict(at), reason);
    }

    function _recheck(uint256 at, bool wrong, string memory reason) internal {
        e.openings = _open(0, 0);
        _check(at, wrong, reason);
    }

    /// @dev With other parameters: they contradict.
    function _recheckParams(uint256 at, string memory reason) internal {
        _putParams();
        _recheck(at, true, reason);
    }

    function _checkRefused(uint256 at, bytes32 part) internal {
        vm.expectRevert(abi.encodeWithSelector(IInputJudge.Judge_BadEvidence.selector, part));
        _verdict(at);
    }

    function _checkPerson(uint256 which, bool wrong, string memory reason) internal {
        e.openings = abi.encodePacked(_open(13, 0), _openRoot(6 + which));
        _check(_at(0x52, 0, 0, which, 0, 0, 0), wrong, reason);
    }

    function _checkBase(uint256 from, bool wrong, string memory reason) internal {
        params[3] = _money(from, 0, 0);
        _putParams();
        e.openings = abi.encodePacked(_open(0, 0), _openRoot(0));
        _check(0x53, wrong, reason);
    }

    function _checkKnown(uint256 from, bool wrong, string memory reason) internal {
        params[3] = _money(from, 0, 0);
        _putParams();
        e.openings = abi.encodePacked(_open(0, 0), _openRoot(1));
        _check(0x54, wrong, reason);
    }

    function _checkPart(uint256 from, uint256 at, bytes32 part) internal {
        params[3] = _money(from, 0, 0);
        _putParams();
        e.openings = abi.encodePacked(_open(0, 0), _openRoot(1));
        _checkRefused(at, part);
    }

    function _checkPrevious(uint256 from, bool wrong, string memory reason) internal {
        params[3] = _money(0, from, 0);
        _recheckWith(0x55, wrong, reason);
    }

    function _recheckWith(uint256 at, bool wrong, string memory reason) internal {
        _putParams();
        _recheck(at, wrong, reason);
    }

    function _checkPreviousOne(bytes32 root, address holder, bool wrong, string memory reason) internal {
        params[3] = _money(0, 2, 0);
        _putParams();
        _put(13, 0, abi.encodePacked(new bytes(44), holder));
        modelRoot[8] = root;
        e.openings = abi.encodePacked(_open(0, 0), _open(13, 0), _openRoot(8));
        _check(0x55, wrong, reason);
    }
}
