// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {Deployed} from "./Deployed.sol";
import {Trees} from "./Trees.sol";
import {Terms} from "../Terms.sol";

/// @title One bounty, and the people that bring it to any phase.
abstract contract Stage is Deployed {
    bytes32 internal constant SALT = keccak256("salt");
    uint256 internal constant VALIDATORS = 8;

    address internal owner;
    address[] internal holders;
    address[] internal validators;
    bytes32 internal bounty;
    Terms.Fields internal terms;

    function _raise(uint256 holderCount) internal {
        _deploy();
        owner = _person("owner", 0);
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            validators.push(_person("validator", i));
        }
        for (uint256 i = 0; i < holderCount; ++i) {
            holders.push(_person("holder", i));
        }
    }

    function _someTerms() internal view returns (Terms.Fields memory t) {
        t.owner = owner;
        t.token = address(token);
        t.roundBudget = 1e18 + 7;
        t.ticketStake = 2e18 + 3;
        t.fee = 1e15 + 1;
        t.holderStake = 5e16 + 9;
        t.seatPay = 3e15 + 1;
        t.compensation = 1e14 + 3;
        t.bond = 1e18;
        t.rounds = 3;
        t.seats = 3;
        t.minHolders = 2;
        t.maxHolders = 16;
        t.postBefore = type(uint40).max;
        t.baseRoot = SOME;
        t.shardsRoot = Trees.root(_shardRow());
        t.document = SOME;
        t.phases = Terms.Phases(100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100);
    }

    function _stakeAll() internal {
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            vm.prank(validators[i]);
            registry.stake(address(token), terms.ticketStake, 1);
        }
    }

    function _post() internal {
        vm.prank(owner);
        bounty = market.post(SALT, Terms.posted(terms), SOME);
    }

    /// @dev To `Join`, with a validator in every seat.
    function _seatAll() internal {
        vm.roll(_view().drawBlock + 1);
        market.draw(bounty, Terms.pack(terms));
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            _acknowledge(seat);
        }
    }

    /// @dev By whoever's turn it is.
    function _acknowledge(uint256 seat) internal {
        (address validator,, uint256 tries) = _turn(seat);
        vm.prank(validator);
        market.acknowledge(bounty, Terms.pack(terms), seat, tries, SOME);
    }

    function _turn(uint256 seat) internal view returns (address validator, uint256 ticket, uint256 tries) {
        return registry.candidate(registry.poolOf(address(token), terms.ticketStake), _view().drawn, seat);
    }

    function _join(address holder, uint256 index) internal {
        vm.prank(holder);
        market.join(bounty, Terms.pack(terms), index, SOME, new bytes32[](0));
    }

    function _joinAll() internal {
        for (uint256 i = 0; i < holders.length; ++i) {
            _join(holders[i], i);
        }
    }

    function _openRound() internal {
        IMarket.BountyView memory v = _view();
        _warpPast(v.deadline);
        vm.prank(owner);
        market.openRound(bounty, Terms.pack(terms), v.joined, SOME, SOME);
    }

    function _submit(uint256 i) internal {
        vm.prank(holders[i]);
        market.submit(bounty, SOME, SOME);
    }

    function _openShard() internal {
        _warpPast(_view().deadline);
        vm.prank(owner);
        market.openShard(bounty, Terms.pack(terms), SOME);
    }

    /// @dev From `Join` to `Commit`, everybody having submitted what every seat could open.
    function _toCommit() internal {
        _openRound();
        for (uint256 i = 0; i < holders.length; ++i) {
            _submit(i);
        }
        _openShard();
        uint128 submitted = _view().submitted;
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            _attest(seat, submitted);
        }
    }

    function _attest(uint256 seat, uint128 bitmap) internal {
        vm.prank(_validatorOf(seat));
        market.attest(bounty, Terms.pack(terms), seat, bitmap, true, SOME);
    }

    /// @dev An adopted sheet for the round that is on.
    function _sheet(bytes32 payoutRoot, uint128 pool) internal view returns (IMarket.Sheet memory s) {
        s.included = _view().included;
        s.traceRoot = Trees.traceRoot(_frame());
        s.payoutRoot = payoutRoot;
        s.pool = pool;
        s.nextBaseRoot = keccak256("next");
        s.adopted = true;
        s.aggregate = SOME;
        s.document = SOME;
    }

    function _commit(uint256 seat, IMarket.Sheet memory sheet) internal {
        uint256 round = _view().round;
        address validator = _validatorOf(seat);
        bytes32 tag = keccak256("gradmarket/1/commit");
        bytes32 sheetHash = market.sheetHashOf(bounty, round, sheet);
        bytes32 word =
            keccak256(abi.encode(tag, block.chainid, address(market), bounty, round, seat, validator, sheetHash, SOME));
        vm.prank(validator);
        market.commit(bounty, seat, word);
    }

    function _reveal(uint256 seat, IMarket.Sheet memory sheet) internal {
        vm.prank(_validatorOf(seat));
        market.reveal(bounty, Terms.pack(terms), seat, sheet, SOME);
    }

    /// @dev From `Commit` to `Serve`, or to the next round if the sheet is not adopted: all seats agree.
    function _settle(IMarket.Sheet memory sheet) internal {
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            _commit(seat, sheet);
        }
        for (uint256 seat = 0; seat < terms.seats; ++seat) {
            _reveal(seat, sheet);
        }
        _warpPast(_view().deadline);
        market.settle(bounty, Terms.pack(terms), sheet);
    }

    /// @dev From `Serve` on, after the first `served` seats served.
    function _serve(uint256 served) internal {
        for (uint256 seat = 0; seat < served; ++seat) {
            vm.prank(_validatorOf(seat));
            market.serve(bounty, seat, SOME);
        }
        if (_view().phase != IMarket.Phase.Serve) return; // all did
        _warpPast(_view().deadline);
        market.advance(bounty, Terms.pack(terms));
    }

    /// @dev The owner's money that is not promised to anyone.
    function _reserve() internal view returns (uint256) {
        return Terms.reserve(terms, _view());
    }

    function _view() internal view returns (IMarket.BountyView memory) {
        return market.bountyOf(bounty);
    }

    function _validatorOf(uint256 seat) internal view returns (address) {
        return market.seatOf(bounty, seat).validator;
    }
}
