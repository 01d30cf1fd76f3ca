// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {Inputs} from "./Inputs.sol";

/// @title Judge 5 on leaves and evidence written by hand.
contract InputJudgeTest is Inputs {
    // ---------------------------------------------------------------- terms
    /// @notice Shape, scales, bounds, rules and money are those of the terms, and of this round.
    function test_terms() public {
        _scoring();
        e.openings = _open(0, 0);
        _check(0x50, false, "as posted");
        c.weightScale = 9;
        _recheck(0x50, true, "scale");
        c.weightScale = 8;
        for (uint256 i = 0; i < 4; ++i) {
            if (i == 2) continue;
            params[i] += 1;
            _recheckParams(0x50, "a word");
            params[i] -= 1;
        }
        params[3] += 1 << 168;
        _recheckParams(0x50, "above the money");
        params[3] = _money(0, 0, 1);
        _recheckParams(0x50, "not the last round");
        params[3] = _money(2, 1, 0);
        _putParams();
        _recheck(0x50, false, "earlier rounds are other kinds' matter");
        c.rows = 0;
        _recheck(0x50, true, "no rows");
        c.rows = 4;
        _recheck(0x50, false, "as many rows as may be");
        c.rows = 5;
        _recheck(0x50, true, "more rows than may be");
        c.rows = 3;
        c.finalRows = 1;
        _recheck(0x50, true, "final rows too early");
        c.finalRows = 0;
        sheet.included = 7;
        _recheck(0x50, true, "another number of submissions");
        sheet.included = 5;
        IJudge.Frame memory frame = _frame();
        frame.counts |= 1 << 232;
        vm.assertTrue(_verdictIn(frame, 0x50), "above the counts");
    }

    /// @notice In the last round, and only then, there are final rows, at most as many as in any.
    function test_termsOfTheLastRound() public {
        e.posted.terms.frame -= 1 << 160; // so that the shards are one fewer, and this round the last
        params[3] = _money(0, 0, 1);
        _putParams();
        _scoring();
        c.finalRows = 4;
        _recheck(0x50, false, "as many as may be");
        c.finalRows = 5;
        _recheck(0x50, true, "more than may be");
        c.finalRows = 0;
        _recheck(0x50, false, "not opened");
        params[3] = _money(0, 0, 0);
        _recheckParams(0x50, "the last round");
    }

    /// @notice Terms, roots and scoring words are those that were posted.
    function test_termsEvidence() public {
        _scoring();
        e.openings = _open(0, 0);
        e.scoring[0] += 1;
        _checkRefused(0x50, "scoring");
        e.scoring[0] -= 1;
        e.posted.roots.document = 0;
        _checkRefused(0x50, "roots");
        e.posted.terms.risk += 1;
        _checkRefused(0x50, "terms");
    }

    // ---------------------------------------------------------------- shards
    /// @notice The round's rows are those of the shard at its position.
    function test_shard() public {
        bytes32 pair = keccak256(new bytes(64));
        e.shard.merkle = keccak256(abi.encodePacked(pair, pair)); // of three rows that are not put
        _putShard(ROUND, _rowsRoot(), c.rows);
        _check(0x51, false, "its shard");
        IJudge.Frame memory frame = _frame();
        frame.rowsRoot = keccak256("other rows");
        vm.assertTrue(_verdictIn(frame, 0x51), "other rows");
        (frame.rowsRoot, frame.counts) = (_rowsRoot(), frame.counts + (1 << 48));
        vm.assertTrue(_verdictIn(frame, 0x51), "other number of rows");
        e.shard.rows += 1;
        _checkRefused(0x51, "rows");
        e.shard.rows -= 1;
        e.shard.keyHash = 0;
        _checkRefused(0x51, "shard");
        _putShard(ROUND - 1, _rowsRoot(), c.rows);
        _checkRefused(0x51, "shard");
        _putShard(ROUND, _rowsRoot(), c.rows);
        e.posted.terms.price += 1;
        _checkRefused(0x51, "terms");
    }

    /// @notice The final rows are those of the last shard, and none where none were opened.
    function test_finalShard() public {
        uint256 at = _at(0x51, 0, 0, 0, 0, 1, 0);
        bytes32 merkle = keccak256("final rows");
        bytes32 root = keccak256(abi.encode(keccak256("gradmarket/1/rows"), uint256(2), merkle));
        _putShard(ROUNDS, root, 2);
        (e.shard.merkle, params[6]) = (merkle, uint256(root));
        c.finalRows = 2;
        _putParams();
        _recheck(at, false, "the final shard");
        c.finalRows = 3;
        _recheck(at, true, "other number of rows");
        c.finalRows = 0;
        _recheck(at, true, "a root of nothing");
        params[6] = 0;
        _putParams();
        _recheck(at, false, "nothing");
        c.finalRows = 2;
        _recheck(at, true, "no root");
    }

    /// @notice The first base is the bounty's where there are final rows, else nothing.
    function test_first() public {
        modelRoot[3] = e.posted.roots.baseRoot;
        e.openings = _openRoot(3);
        _check(0x59, true, "no final rows");
        modelRoot[3] = 0;
        e.openings = _openRoot(3);
        _check(0x59, false, "nothing");
        c.finalRows = 1;
        e.openings = _openRoot(3);
        _check(0x59, true, "not the base");
        modelRoot[3] = e.posted.roots.baseRoot;
        e.openings = _openRoot(3);
        _check(0x59, false, "the base");
        e.posted.roots.document = 0;
        _checkRefused(0x59, "roots");
    }

    // ---------------------------------------------------------------- this round
    /// @notice Submission `which` is the included one that came so many after the first.
    function test_submissions() public {
        _records();
        _putPeople(0, 0);
        for (uint256 which = 0; which < 2; ++which) {
            modelRoot[6 + which] = UPDATE;
            _checkPerson(which, false, "as it came");
            modelRoot[6 + which] = keccak256("another");
            _checkPerson(which, true, "another update");
            modelRoot[6 + which] = 0;
            _checkPerson(which, true, "no update");
        }
        modelRoot[6] = UPDATE;
        sheet.included = 6; // the second and the third
        _checkPerson(0, true, "another holder");
        sheet.included = 4;
        _checkPerson(1, true, "not so many");
        sheet.included = 5;
        _putPeople(1, 0);
        _checkPerson(0, true, "breached, with an update");
        modelRoot[6] = 0;
        _checkPerson(0, false, "breached");
        _putPeople(2, 0);
        _checkPerson(0, true, "breached is 0 or 1");
        _putPeople(0, 1);
        modelRoot[6] = UPDATE;
        _checkPerson(0, true, "another index");
    }

    /// @notice What is shown of submissions is the market's running hash, and what a commitment is the hash of.
    function test_submissionEvidence() public {
        _records();
        _putPeople(0, 0);
        modelRoot[6] = UPDATE;
        _checkPerson(0, false, "as it came");
        e.keyHash = 0;
        _checkRefused(0x52, "commitment");
        e.keyHash = KEY;
        e.history.records[3].document = 0;
        _checkRefused(0x52, "history");
        _close();
        _checkPerson(0, false, "as the market has it");
        e.history.records[3].index = OPENED;
        _close();
        _checkRefused(0x52, "opening");
        e.history.records[3].index = 0;
        e.history.records[0].index = 7;
        _close();
        _checkRefused(0x52, "opening");
        delete e.history.records;
        _close();
        _checkRefused(0x52, "opening");
        _records();
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadPosition.selector, 2));
        _verdict(_at(0x52, 0, 0, 2, 0, 0, 0));
    }

    /// @notice The root update is the one that the round was opened with.
    function test_rootUpdate() public {
        _records();
        modelRoot[2] = ROOT_UPDATE;
        e.openings = _openRoot(2);
        _check(0x56, false, "as opened");
        modelRoot[2] = UPDATE;
        e.openings = _openRoot(2);
        _check(0x56, true, "another");
    }

    /// @notice The head's bitmaps are those of the people.
    function test_head() public {
        _putPeople(1, 0);
        e.openings = _open(13, 0);
        sheet.breached = 1;
        _check(0x57, false, "as they are");
        sheet.breached = 0;
        _check(0x57, true, "nobody breached");
        sheet.breached = 1;
        sheet.included = 7;
        _check(0x57, true, "one more");
        _putPeople(0, 1);
        e.openings = _open(13, 0);
        (sheet.included, sheet.breached) = (6, 0);
        _check(0x57, false, "nobody has index 0");
        _putPeople(1, 1);
        e.openings = _open(13, 0);
        _check(0x57, true, "index 1 breached");
        sheet.breached = 2;
        _check(0x57, false, "as it is");
    }

    // ---------------------------------------------------------------- earlier rounds
    /// @notice The base is that of the last adopted round, or the bounty's.
    function test_base() public {
        modelRoot[0] = e.posted.roots.baseRoot;
        _checkBase(0, false, "the bounty's");
        modelRoot[0] = keccak256("next base");
        _checkBase(0, true, "not the bounty's");
        _checkBase(ROUND + 1, true, "from a round that is not over");
        _checkBase(ROUND, true, "from a round without a result");
        _settle(1, true);
        _checkBase(ROUND, false, "from round 1");
        modelRoot[0] = keccak256("another");
        _checkBase(ROUND, true, "another base");
        _checkBase(0, true, "a round adopted after");
        _settle(0, true);
        _checkBase(ROUND, false, "a round adopted before");
        _checkBase(1, true, "another base than of round 0");
        _settle(1, false);
        _checkBase(ROUND, true, "from a round that was not adopted");
        _checkBase(0, false, "a round that was not adopted");
        results[1] = 0;
        _settle(0, false);
        results[0] = keccak256("another sheet");
        e.openings = abi.encodePacked(_open(0, 0), _openRoot(0));
        _checkRefused(0x53, "result");
        _settle(ROUND, true);
        _checkRefused(0x53, "result");
        _checkBase(ROUND + 1, true, "from a round that is not over, whatever there is of it");
    }

    /// @notice The last aggregate, and what was gained before, follow from the earlier trace; without one they are nothing.
    function test_known() public {
        _checkKnown(0, false, "nothing");
        modelRoot[1] = UPDATE;
        _checkKnown(0, true, "an aggregate of nothing");
        modelRoot[1] = 0;
        params[5] = 9;
        _checkKnown(0, true, "gains of nothing");
        _settleTrace();
        modelRoot[1] = keccak256("aggregate");
        params[5] = 100 - 30;
        _checkKnown(2, false, "as it was");
        params[5] = 100;
        _checkKnown(2, true, "other gains");
        params[5] = 100 - 30;
        modelRoot[1] = UPDATE;
        _checkKnown(2, true, "another aggregate");
        _checkPart(1, 0x54, "round");
        e.earlier.frame.rowsRoot = 0;
        _checkPart(2, 0x54, "frame");
        e.earlier.openings = abi.encodePacked(e.earlier.openings, bytes1(0));
        _settleTrace();
        e.earlier.openings = abi.encodePacked(e.earlier.openings, bytes1(0));
        _put(0, 0, abi.encode(params));
        vm.assertTrue(_refuses(0x54), "a byte more");
    }

    /// @notice Earlier submissions are those of the last settled round.
    function test_previous() public {
        _checkPrevious(0, true, "there is one, of no round");
        _checkPrevious(ROUND + 1, true, "of a round that is not over");
        _checkPrevious(1, true, "of a round without a result");
        (results[0], e.earlier.round) = (keccak256("something"), 1);
        _checkPrevious(1, false, "a later one is not settled");
        results[1] = keccak256("something");
        _checkPrevious(1, true, "a later one is settled");
        e.earlier.round = 0;
        _checkPrevious(2, false, "an earlier one is settled");
        (results[ROUND], e.earlier.round) = (keccak256("too late"), ROUND);
        _checkPrevious(1, false, "one that is not over");
        _checkPrevious(ROUND + 1, true, "of one that is not over, whatever there is of it");
        c.previous = 0;
        e.earlier.round = ROUND + 7;
        _checkPrevious(0, false, "there is none");
        e.earlier.round = 0;
        _checkPrevious(0, true, "there is one");
    }

    /// @notice Each earlier submission is the one at its place in the earlier trace.
    function test_previousOne() public {
        _settlePeople(1);
        _checkPreviousOne(UPDATE, address(0xB2), false, "as it was");
        _checkPreviousOne(keccak256("another"), address(0xB2), true, "another update");
        _checkPreviousOne(UPDATE, address(0xB3), true, "another holder");
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadPosition.selector, 1));
        _verdict(_at(0x55, 0, 0, 1, 0, 0, 0));
        _settlePeople(2);
        e.earlier.openings = "";
        params[3] = _money(0, 2, 0);
        _putParams();
        e.openings = _open(0, 0);
        _check(0x55, true, "another number of them");
        e.earlier.openings = hex"00";
        vm.assertTrue(_refuses(0x55), "a byte more");
    }

    /// @notice The second earlier submission stands behind the first, here and there.
    function test_previousTwo() public {
        c.previous = 2;
        c.submissions = 2;
        _put(13, 0, abi.encodePacked(address(0xB1), bytes2(0), address(0xB2), bytes2(0), address(0xC1), address(0xC2)));
        modelRoot[7] = UPDATE;
        _settleOn(abi.encodePacked(_open(13, 0), _openRoot(7)));
        params[3] = _money(0, 2, 0);
        _putParams();
        for (uint160 other = 0; other < 2; ++other) {
            _put(13, 0, abi.encodePacked(new bytes(44), address(0xC1), address(0xB2 + other)));
            modelRoot[9] = UPDATE;
            e.openings = abi.encodePacked(_open(0, 0), _open(13, 0), _openRoot(9));
            _check(_at(0x55, 0, 0, 1, 0, 0, 0), other == 1, "the second");
        }
    }

    /// @notice Kinds that there are not, and proofs that are none, are refused.
    function test_strict() public {
        e.openings = "";
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_UnknownKind.selector, 0x58));
        _verdict(0x58);
        _scoring();
        e.openings = abi.encodePacked(_open(0, 0), bytes1(0));
        vm.assertTrue(_refuses(0x50), "a byte more");
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadLength.selector, 64, 63));
        judge.contradicts(BOUNTY, ROUND, 0, _frame(), 0x50, new bytes(63));
    }
}
