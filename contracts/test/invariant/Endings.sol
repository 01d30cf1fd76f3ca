// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Trees} from "../fuzz/Trees.sol";
import {Quarrels} from "./Quarrels.sol";
import {Terms} from "../Terms.sol";

/// @title What anybody may do: push bounties on, and fetch for everybody what is theirs.
abstract contract Endings is Quarrels {
    /// @dev More than it takes from anywhere to the end: three rounds, each with three draws.
    uint256 private constant STEPS = 120;

    // ---------------------------------------------------------------- pushing on
    /// @dev Lets the phase's time run out and ends it. False: the bounty is closed.
    function _push(uint256 k) internal returns (bool) {
        bytes32 id = current[k];
        Terms.Fields memory t = _termsOf(id);
        IMarket.BountyView memory v = _viewOf(id);
        if (v.phase == IMarket.Phase.Closed) return false;
        if (v.phase == IMarket.Phase.Draw) {
            if (vm.getBlockNumber() <= v.drawBlock) vm.roll(v.drawBlock + 1);
            market.draw(id, Terms.pack(t));
        } else if (v.phase == IMarket.Phase.Challenge) {
            _warpPast(v.deadline);
            _endChallenge(id, t, v.round);
        } else if (v.phase == IMarket.Phase.Dispute) {
            _closeAll(id);
        } else {
            if (!_allActed(v, t.seats)) _warpPast(v.deadline + _graceOf(v, t));
            market.advance(id, Terms.pack(t));
        }
        _track(id);
        return true;
    }

    function _allActed(IMarket.BountyView memory v, uint256 seats) private pure returns (bool) {
        return v.phase == IMarket.Phase.Serve && (v.acted | v.vacant) == (1 << seats) - 1;
    }

    /// @dev How much longer the owner has.
    function _graceOf(IMarket.BountyView memory v, Terms.Fields memory t) private pure returns (uint256) {
        if (v.phase == IMarket.Phase.Join && _count(v.joined & ~v.forfeited) >= t.minHolders) return t.phases.open;
        if (v.phase == IMarket.Phase.Submit && _count(v.submitted) >= t.minHolders) return t.phases.shard;
        return 0;
    }

    /// @dev On the sheet that more than half of the seats revealed whose sheet did not fall; without one the round is void.
    function _endChallenge(bytes32 id, Terms.Fields memory t, uint256 round) private {
        Case storage c = cases[id];
        _tryWhatFell(id, t, round);
        uint256 left = t.seats - _count(c.fallen);
        bool other = 2 * _count(_standsFor(id, false)) <= left;
        uint256 winners = _standsFor(id, other);
        if (2 * _count(winners) <= left) {
            market.advance(id, Terms.pack(t));
            ++counts["nothing stood"];
            return;
        }
        if (_count(winners) <= t.seats / 2) ++counts["minority"];
        IMarket.Sheet memory sheet = _sheetOf(c, other);
        c.stood[round] = market.sheetHashOf(id, round, sheet);
        market.settle(id, Terms.pack(t), sheet);
        ++counts[sheet.adopted ? bytes32("adopted") : bytes32("rejected")];
        _enter(c, t, sheet, round, winners);
    }

    /// @dev Nobody settles on a sheet that fell.
    function _tryWhatFell(bytes32 id, Terms.Fields memory t, uint256 round) private {
        for (uint256 i = 0; i < 2; ++i) {
            IMarket.Sheet memory sheet = _sheetOf(cases[id], i == 1);
            if (!fell[market.sheetHashOf(id, round, sheet)]) continue;
            try market.settle(id, Terms.pack(t), sheet) {
                mistaken = true;
            } catch {}
        }
    }

    /// @dev The books of a settled round.
    function _enter(Case storage c, Terms.Fields memory t, IMarket.Sheet memory sheet, uint256 round, uint256 winners)
        private
    {
        for (uint256 i = 0; i < LEAVES; ++i) {
            if (_has(sheet.included, i)) c.due[c.holderAt[i]] -= int256(uint256(t.fee));
            Trees.Payout memory payout = c.payouts[round][i];
            c.due[payout.holder] += int256(uint256(payout.amount));
            c.fifths[payout.holder] += payout.amount / 5;
        }
        (c.winners, c.served, c.unclaimed[round]) = (winners, 0, sheet.pool);
        _earn(c, sheet.adopted ? 1 : 2);
    }

    // ---------------------------------------------------------------- fetching
    /// @dev Fetches what can be fetched; all of it when `odds` is 0, else each thing one time in `odds`.
    function _fetch(uint256 k, uint256 seed, uint256 odds) internal returns (bool acted) {
        bytes32 id = current[k];
        Terms.Fields memory t = _termsOf(id);
        for (uint256 round = 0; round < t.rounds; ++round) {
            for (uint256 i = 0; i < LEAVES; ++i) {
                if (odds != 0 && !_rarely(seed, 10 * round + i, odds)) continue;
                if (_claim(id, t, round, i)) acted = true;
            }
        }
        for (uint256 seat = 0; seat < t.seats; ++seat) {
            if (odds != 0 && !_rarely(seed, 50 + seat, odds)) continue;
            if (_collect(id, t, seat)) acted = true;
        }
        if (_viewOf(id).phase != IMarket.Phase.Closed) return acted;
        for (uint256 i = 0; i < HOLDERS; ++i) {
            if (odds != 0 && !_rarely(seed, 60 + i, odds)) continue;
            IMarket.HolderView memory h = _holderOf(id, holders[i]);
            if (h.held != 0) {
                market.claimHeld(id, Terms.pack(t), holders[i]);
                _track(id);
                acted = true;
            }
            if (h.joined) {
                _leave(id, holders[i], address(this));
                _track(id);
                acted = true;
            }
        }
    }

    function _claim(bytes32 id, Terms.Fields memory t, uint256 round, uint256 index) private returns (bool) {
        Case storage c = cases[id];
        Trees.Payout memory payout = c.payouts[round][index];
        if (payout.amount == 0 || !c.settled[round]) return false;
        if (market.claimedOf(id, payout.holder, round)) return false;
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(_payouts(c, round), index);
        IMarket.Claim[] memory claims = new IMarket.Claim[](1);
        claims[0] = IMarket.Claim(round, index, payout.amount, c.stood[round], Trees.path(hashes, sums));
        market.claim(id, t.token, payout.holder, claims);
        c.unclaimed[round] -= payout.amount;
        _track(id);
        ++counts["claim"];
        return true;
    }

    function _collect(bytes32 id, Terms.Fields memory t, uint256 seat) private returns (bool) {
        Case storage c = cases[id];
        uint256 owed = c.halves[seat] * (t.seatPay / 2);
        if (owed == 0) return false;
        c.halves[seat] = 0;
        address validator = _seatOf(id, seat).validator;
        uint256 before = _balance(validator);
        if (market.collect(id, Terms.pack(t), seat) != owed || _balance(validator) != before + owed) unfair = true;
        _track(id);
        ++counts["collect"];
        return true;
    }

    // ---------------------------------------------------------------- the end
    /// @dev Pushes until the bounty is closed and fetches everything: then nothing may be left, and everybody has what was due.
    function _windUp(uint256 k) internal on(k) {
        for (uint256 i = 0; i < STEPS && _push(k); ++i) {}
        _fetch(k, 0, 0);
    }

    function _audit(uint256 k) internal {
        Case storage c = cases[current[k]];
        if (c.phase != IMarket.Phase.Closed || _balance(current[k]) != 0) stuck = true;
        uint256 last = c.terms.rounds - 1;
        bool returned = c.settled[last] && !c.sheet.released;
        if (returned) ++counts["returned"];
        for (uint256 i = 0; i < HOLDERS; ++i) {
            int256 due = c.due[holders[i]];
            if (returned) due -= int256(c.fifths[holders[i]]);
            if (due != c.flow[holders[i]]) unfair = true;
        }
    }

    /// @dev Everybody takes all its money out of the vault; returns what stays there.
    function _withdrawAll() internal returns (uint256 left) {
        (uint256 length,) = registry.freeze(pool);
        for (uint256 i = 0; i < length; ++i) {
            IRegistry.Ticket memory ticket = registry.ticketOf(pool, i);
            if (ticket.state != IRegistry.TicketState.Live) continue;
            vm.prank(ticket.validator);
            registry.leave(address(token), STAKE, i);
        }
        vm.warp(_now() + registry.UNBONDING());
        for (uint256 i = 0; i < length; ++i) {
            if (registry.ticketOf(pool, i).state == IRegistry.TicketState.None) continue;
            registry.redeem(address(token), STAKE, i);
        }
        for (uint256 i = 0; i < HOLDERS; ++i) {
            _withdraw(holders[i], _balance(holders[i]));
        }
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            _withdraw(validators[i], _balance(validators[i]));
        }
        for (uint256 i = 0; i < 2; ++i) {
            _withdraw(owners[i], _balance(owners[i]));
        }
        return token.balanceOf(address(vault));
    }

    function _withdraw(address person, uint256 amount) internal {
        if (amount == 0) return;
        vm.prank(person);
        vault.withdraw(address(token), amount);
    }
}
