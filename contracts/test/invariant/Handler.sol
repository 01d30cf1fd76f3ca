// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Endings} from "./Endings.sol";

/// @title What forge may do, in any order: every function does something that must succeed, whenever it is called.
/// @dev A function that cannot do its own thing now plays on instead, so that sequences get somewhere.
contract Handler is Endings {
    constructor() {
        _deploy();
        pool = registry.poolOf(address(token), STAKE);
        for (uint256 i = 0; i < 2; ++i) {
            owners[i] = _person("owner", i);
        }
        for (uint256 i = 0; i < HOLDERS; ++i) {
            holders[i] = _person("holder", i);
        }
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            validators[i] = _person("validator", i);
            _stake(i, 2);
        }
        for (uint256 k = 0; k < 2; ++k) {
            _post(k, k);
        }
    }

    // ---------------------------------------------------------------- acts on one bounty
    function owner(uint256 seed) external on(seed % 2) {
        if (!_ownerActs(seed % 2, _mix(seed, 7))) _play(seed % 2, _mix(seed, 8));
    }

    function holder(uint256 seed) external on(seed % 2) {
        if (!_holdersAct(seed % 2, _mix(seed, 7))) _play(seed % 2, _mix(seed, 8));
    }

    function seat(uint256 seed) external on(seed % 2) {
        if (!_seatsAct(seed % 2, _mix(seed, 7))) _play(seed % 2, _mix(seed, 8));
    }

    function play(uint256 seed) external on(seed % 2) {
        _play(seed % 2, _mix(seed, 7));
    }

    function playOn(uint256 seed) external on(seed % 2) {
        _play(seed % 2, _mix(seed, 7));
    }

    function fetch(uint256 seed) external on(seed % 2) {
        if (!_fetch(seed % 2, _mix(seed, 7), 2)) _play(seed % 2, _mix(seed, 8));
    }

    function quarrel(uint256 seed) external on(seed % 2) {
        if (!_quarrel(seed % 2, _mix(seed, 7))) _play(seed % 2, _mix(seed, 8));
    }

    /// @notice Somebody does nothing until it is too late; one time in four, because that ends most bounties.
    function delay(uint256 seed) external on(seed % 2) {
        if (!_rarely(seed, 7, 4) || !_push(seed % 2)) _play(seed % 2, _mix(seed, 8));
    }

    /// @notice A bounty that is closed is paid out and its owner posts another.
    function post(uint256 seed) external {
        uint256 k = seed % 2;
        if (_viewOf(current[k]).phase != IMarket.Phase.Closed) {
            _playWatched(k, _mix(seed, 8));
            return;
        }
        (, uint256 live) = registry.freeze(pool);
        for (uint256 i = 0; live + i < 5; ++i) {
            _stake((seed + i) % VALIDATORS, 1);
        }
        _windUp(k);
        _audit(k);
        _postWatched(k, _mix(seed, 9));
    }

    // ---------------------------------------------------------------- acts on none
    /// @notice Validators come and go.
    function ticket(uint256 seed) external beside {
        (uint256 length, uint256 live) = registry.freeze(pool);
        uint256 number = _mix(seed, 7) % length;
        IRegistry.Ticket memory t = registry.ticketOf(pool, number);
        if (t.state == IRegistry.TicketState.Leaving && _now() >= t.freeAt) {
            registry.redeem(address(token), STAKE, number);
            ++counts["redeem"];
        } else if (t.state == IRegistry.TicketState.Live && live > 10 && _rarely(seed, 8, 2)) {
            vm.prank(t.validator);
            registry.leave(address(token), STAKE, number);
        } else if (live < 20) {
            _stake(_mix(seed, 9) % VALIDATORS, 1 + _mix(seed, 10) % 2);
        }
    }

    /// @notice Money comes and goes.
    function money(uint256 seed) external beside {
        uint256 i = _mix(seed, 7) % (HOLDERS + VALIDATORS + 2);
        address person = i < HOLDERS ? holders[i] : i < HOLDERS + 2 ? owners[i - HOLDERS] : validators[i - HOLDERS - 2];
        uint256 amount = _mix(seed, 8) % 1e18;
        if (_rarely(seed, 9, 2)) _fund(person, amount + 1);
        else if (amount + PURSE / 2 < _balance(person)) _withdraw(person, amount);
    }

    /// @notice Time passes: mostly a little, now and then an unbonding time, with more blocks than have known hashes.
    function time(uint256 seed) external beside {
        bool long = _rarely(seed, 7, 12);
        vm.warp(_now() + (long ? registry.UNBONDING() : _mix(seed, 8) % 8));
        vm.roll(vm.getBlockNumber() + (long ? 1000 : _mix(seed, 9) % 3));
    }

    // ---------------------------------------------------------------- the end
    /// @notice Nobody but strangers acts any more, until all is over and everybody has withdrawn. Returns what the vault still
    /// holds and how much of it was burned.
    function windDown() external returns (uint256 left, uint256 burned) {
        for (uint256 k = 0; k < 2; ++k) {
            _windUp(k);
            _audit(k);
        }
        return (_withdrawAll(), _burned());
    }

    function _playWatched(uint256 k, uint256 seed) private on(k) {
        _play(k, seed);
    }

    function _postWatched(uint256 k, uint256 seed) private {
        bytes32 other = _apartFrom(k);
        _post(k, seed);
        if (other != _apartFrom(k)) leaked = true;
    }

    /// @dev The next step of the bounty, by whoever's turn it is; if nobody can, time runs out.
    function _play(uint256 k, uint256 seed) private {
        IMarket.BountyView memory v = _viewOf(current[k]);
        bool done;
        if (v.phase == IMarket.Phase.Join || v.phase == IMarket.Phase.Submit) {
            uint256 enough = 2 + seed % 3;
            uint256 there = v.phase == IMarket.Phase.Join ? _count(v.joined & ~v.forfeited) : _count(v.submitted);
            if (there < enough) done = _holdersAct(k, seed);
            if (!done) done = _ownerActs(k, seed);
        } else if (v.phase == IMarket.Phase.Rebut) {
            done = _ownerActs(k, seed);
        } else if (v.phase == IMarket.Phase.Closed) {
            done = _fetch(k, seed, 2);
        } else if (v.phase == IMarket.Phase.Challenge || v.phase == IMarket.Phase.Dispute) {
            done = !_rarely(seed, 9, 4) && _quarrel(k, _mix(seed, 10));
        } else {
            done = _seatsAct(k, seed);
        }
        if (!done) _push(k);
    }

    function _stake(uint256 validator, uint256 count) private {
        vm.prank(validators[validator]);
        registry.stake(address(token), STAKE, count);
    }
}
