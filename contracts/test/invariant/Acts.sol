// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {Trees} from "../fuzz/Trees.sol";
import {World} from "./World.sol";
import {Terms} from "../Terms.sol";

/// @title What seats, holders and owners do to a bounty. Only calls that must succeed are made.
/// @dev Functions return whether anything could be done.
abstract contract Acts is World {
    // ---------------------------------------------------------------- owners
    function _post(uint256 k, uint256 seed) internal {
        Terms.Fields memory t;
        t.owner = owners[k];
        t.token = address(token);
        t.ticketStake = STAKE;
        t.seats = uint8(_rarely(seed, 0, 3) ? 5 : 3);
        t.rounds = uint16(1 + _mix(seed, 1) % 3);
        t.roundBudget = uint128(1 + _mix(seed, 2) % STAKE);
        t.fee = uint96(_mix(seed, 3) % 500);
        t.holderStake = uint96(_mix(seed, 4) % 3000);
        t.seatPay = uint96(_mix(seed, 5) % 1000);
        t.compensation = uint96(_mix(seed, 6) % 100);
        t.minHolders = 2;
        t.maxHolders = uint8(4 + _mix(seed, 7) % 5);
        t.bond = uint96(2 * uint256(t.maxHolders) * t.compensation + _mix(seed, 8) % 50);
        t.postBefore = type(uint40).max;
        t.baseRoot = SOME;
        t.shardsRoot = Trees.root(_shardRow());
        t.document = SOME;
        t.phases = Terms.Phases(1000, 10, 1000, 10, 1000, 1000, 1000, 1000, 1000, 10, 1000);
        bytes32 salt = bytes32(everPosted.length);
        bytes32 id = market.bountyId(owners[k], salt);
        cases[id].terms = t;
        cases[id].vacant = uint16((1 << t.seats) - 1);
        current[k] = id;
        everPosted.push(id);
        vm.prank(owners[k]);
        market.post(salt, Terms.posted(t), SOME);
        _track(id);
    }

    function _ownerActs(uint256 k, uint256 seed) internal returns (bool) {
        bytes32 id = current[k];
        Terms.Fields memory t = _termsOf(id);
        IMarket.BountyView memory v = _viewOf(id);
        if (v.phase == IMarket.Phase.Join) {
            uint128 ready = v.joined & ~v.forfeited;
            _warpPast(v.deadline);
            if (_count(ready) < t.minHolders || _now() > v.deadline + t.phases.open) return false;
            uint128 most = ready & uint128(_mix(seed, 1) | _mix(seed, 2));
            vm.prank(owners[k]);
            market.openRound(id, Terms.pack(t), _count(most) < t.minHolders ? v.joined : most, SOME, SOME);
        } else if (v.phase == IMarket.Phase.Submit) {
            _warpPast(v.deadline);
            if (_count(v.submitted) < t.minHolders || _now() > v.deadline + t.phases.shard) return false;
            vm.prank(owners[k]);
            market.openShard(id, Terms.pack(t), SOME);
        } else if (v.phase == IMarket.Phase.Rebut && _now() <= v.deadline) {
            bytes32[] memory proof = Trees.proof(_shardRow(), v.round);
            vm.prank(owners[k]);
            market.rebut(id, Terms.pack(t), Terms.roots(t), _shardKey(v.round), SOME, SOME, proof);
            ++counts["rebut"];
        } else {
            return false;
        }
        _track(id);
        return true;
    }

    // ---------------------------------------------------------------- holders
    function _holdersAct(uint256 k, uint256 seed) internal returns (bool acted) {
        bytes32 id = current[k];
        uint256 start = _mix(seed, 50);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            if (_rarely(seed, i, 3)) continue;
            IMarket.BountyView memory v = _viewOf(id);
            address holder = holders[(start + i) % HOLDERS];
            if (_holderActs(id, v, holder, _mix(seed, 100 + i))) {
                _track(id);
                acted = true;
            }
        }
    }

    function _holderActs(bytes32 id, IMarket.BountyView memory v, address holder, uint256 seed) private returns (bool) {
        IMarket.HolderView memory h = _holderOf(id, holder);
        bool inTime = _now() <= v.deadline;
        if (h.joined && _has(v.forfeited, h.index)) {
            return _rarely(seed, 0, 3) && _leave(id, holder, holders[seed % HOLDERS]);
        }
        if (v.phase == IMarket.Phase.Join && inTime) {
            if (!h.joined) return _join(id, v, holder, seed);
            return _rarely(seed, 1, 8) && _leave(id, holder, holder);
        }
        bool submits = v.phase == IMarket.Phase.Submit && inTime && h.joined && _has(v.expected & ~v.submitted, h.index);
        if (!submits) return false;
        vm.prank(holder);
        market.submit(id, SOME, SOME);
        return true;
    }

    function _join(bytes32 id, IMarket.BountyView memory v, address holder, uint256 seed) private returns (bool) {
        Case storage c = cases[id];
        uint256 index = seed % c.terms.maxHolders;
        if (_has(v.joined, index)) return false;
        Terms.Fields memory t = _termsOf(id);
        vm.prank(holder);
        market.join(id, Terms.pack(t), index, SOME, new bytes32[](0));
        c.holderAt[index] = holder;
        return true;
    }

    function _leave(bytes32 id, address holder, address caller) internal returns (bool) {
        Terms.Fields memory t = _termsOf(id);
        vm.prank(caller);
        market.leave(id, Terms.pack(t), holder);
        ++counts["left"];
        return true;
    }

    // ---------------------------------------------------------------- seats
    function _seatsAct(uint256 k, uint256 seed) internal returns (bool acted) {
        bytes32 id = current[k];
        IMarket.Phase phase = _viewOf(id).phase;
        for (uint256 seat = 0; seat < cases[id].terms.seats; ++seat) {
            if (_rarely(seed, seat, 8)) continue;
            IMarket.BountyView memory v = _viewOf(id);
            if (v.phase != phase || _now() > v.deadline) break;
            if (_has(v.acted, seat)) continue;
            if (_seatActs(id, v, seat, seed)) {
                _track(id);
                acted = true;
            }
        }
    }

    function _seatActs(bytes32 id, IMarket.BountyView memory v, uint256 seat, uint256 seed) private returns (bool) {
        IMarket.SeatView memory s = _seatOf(id, seat);
        if (v.phase == IMarket.Phase.Acknowledge) return !s.acknowledged && _acknowledge(id, v, seat);
        if (!s.acknowledged) return false;
        if (v.phase == IMarket.Phase.Attest) _attest(id, v, seat, s.validator, seed);
        else if (v.phase == IMarket.Phase.Commit) _commit(id, v, seat, s.validator, seed);
        else if (v.phase == IMarket.Phase.Reveal && s.word != 0) _reveal(id, v.round, seat, s);
        else if (v.phase == IMarket.Phase.Serve) _serve(id, seat, s.validator);
        else return false;
        return true;
    }

    function _acknowledge(bytes32 id, IMarket.BountyView memory v, uint256 seat) private returns (bool) {
        (address validator, uint256 ticket, uint256 tries) = registry.candidate(pool, v.drawn, seat);
        if (validator == address(0)) return false; // the other bounty was faster, or nobody is left
        if (uint256(id) % 8 == 0) return false; // a bounty nobody wants to sit for
        Terms.Fields memory t = _termsOf(id);
        vm.prank(validator);
        market.acknowledge(id, Terms.pack(t), seat, tries, SOME);
        cases[id].ticketOf[seat] = ticket;
        return true;
    }

    /// @dev One mood for all that act at once: most lack nothing, some lack something, some lack the shard.
    function _attest(bytes32 id, IMarket.BountyView memory v, uint256 seat, address validator, uint256 seed) private {
        Terms.Fields memory t = _termsOf(id);
        uint128 bitmap = _rarely(seed, 20 + seat, 4) ? v.submitted & uint128(_mix(seed, 30 + seat)) : v.submitted;
        bool opened = !_rarely(seed, 40, 8);
        vm.prank(validator);
        market.attest(id, Terms.pack(t), seat, bitmap, opened, SOME);
    }

    function _commit(bytes32 id, IMarket.BountyView memory v, uint256 seat, address validator, uint256 seed) private {
        Case storage c = cases[id];
        if (c.sheetRound != v.round + 1) _write(c, v, seed);
        bytes32 sheetHash = market.sheetHashOf(id, v.round, _sheetOf(c, _rarely(seed, 60 + seat, c.wrong == 0 ? 8 : 3)));
        bytes32 tag = keccak256("gradmarket/1/commit");
        bytes32 word = keccak256(
            abi.encode(tag, block.chainid, address(market), id, uint256(v.round), seat, validator, sheetHash, SOME)
        );
        vm.prank(validator);
        market.commit(id, seat, word);
    }

    /// @dev Which of the two sheets a seat committed to is told from the commit.
    function _reveal(bytes32 id, uint256 round, uint256 seat, IMarket.SeatView memory s) private {
        Case storage c = cases[id];
        bytes32 sheetHash = market.sheetHashOf(id, round, _sheetOf(c, false));
        bytes32 tag = keccak256("gradmarket/1/commit");
        bytes32 word =
            keccak256(abi.encode(tag, block.chainid, address(market), id, round, seat, s.validator, sheetHash, SOME));
        IMarket.Sheet memory sheet = _sheetOf(c, word != s.word);
        // One time in two as somebody who agrees would, where that can be.
        if (_viewOf(id).leading == market.sheetHashOf(id, round, sheet) && _rarely(uint256(id), seat + round, 2)) {
            ++counts["agree"];
            vm.prank(s.validator);
            market.agree(id, seat, SOME);
            return;
        }
        Terms.Fields memory t = _termsOf(id);
        vm.prank(s.validator);
        market.reveal(id, Terms.pack(t), seat, sheet, SOME);
    }

    function _serve(bytes32 id, uint256 seat, address validator) private {
        cases[id].served |= 1 << seat;
        vm.prank(validator);
        market.serve(id, seat, SOME);
    }

    // ---------------------------------------------------------------- sheets
    /// @dev The other sheet differs from the sheet in its document alone.
    function _sheetOf(Case storage c, bool other) internal view returns (IMarket.Sheet memory s) {
        s = c.sheet;
        if (other) s.document = keccak256("other");
    }

    /// @dev The round's sheet, with a payout tree over those who are included and keep their word.
    function _write(Case storage c, IMarket.BountyView memory v, uint256 seed) private {
        IMarket.Sheet memory s;
        s.included = v.included;
        s.traceRoot = Trees.traceRoot(_frame());
        s.document = SOME;
        s.released = v.round + 1 == c.terms.rounds && _rarely(seed, 70, 2);
        if (_rarely(seed, 71, 4)) s.breached = v.included & uint128(_mix(seed, 72) & _mix(seed, 73));
        if (!_rarely(seed, 74, 5)) {
            s.adopted = true;
            s.aggregate = SOME;
            s.nextBaseRoot = keccak256(abi.encode("base after", v.round));
            s.pool = _split(c, v.round, v.included & ~s.breached, seed);
            s.payoutRoot = Trees.sumRoot(_payouts(c, v.round)).hash;
        }
        c.wrong = _rarely(seed, 75, 2) ? 0 : _mix(seed, 76) % 4;
        c.sheet = s;
        c.sheetRound = v.round + 1;
    }

    function _split(Case storage c, uint256 round, uint256 paid, uint256 seed) private returns (uint128 sum) {
        uint256 left = _mix(seed, 80) % (uint256(c.terms.roundBudget) + 1);
        for (uint256 i = 0; i < LEAVES; ++i) {
            if (!_has(paid, i)) continue;
            uint256 amount = _mix(seed, 81 + i) % (left + 1);
            left -= amount;
            sum += uint128(amount);
            c.payouts[round][i] = Trees.Payout(c.holderAt[i], uint128(amount));
        }
    }

    function _payouts(Case storage c, uint256 round) internal view returns (Trees.Payout[] memory all) {
        all = new Trees.Payout[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) {
            all[i] = c.payouts[round][i];
        }
    }

    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }
}
