// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";
import {Trees} from "./fuzz/Trees.sol";

/// @title What seats, rounds and money announce: clients read nothing else of what happened.
/// @dev `expectEmit` passes over calls that only look; what comes between it and the act it is about changes nothing.
contract AnnouncingTest is Path {
    /// @dev Given a bounty that was posted, when its bench is drawn and taken, then the seed is told, and who sits where by which ticket.
    function test_benches() public {
        uint256 posted = vm.getBlockNumber();
        _post();
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        (uint256 length,) = registry.freeze(pool);
        uint256 drawBlock = _view().drawBlock;
        vm.roll(drawBlock + 1);
        bytes32 seed = keccak256(abi.encode(blockhash(drawBlock), bounty, uint256(0)));
        vm.expectEmit(address(market));
        emit IMarket.Drawn(bounty, seed, length, posted);
        market.draw(bounty, Terms.pack(terms));
        for (uint256 seat = 0; seat < 3; ++seat) {
            (address val, uint256 ticket, uint256 tries) = _turn(seat);
            vm.expectEmit(address(market));
            emit IMarket.Acknowledged(bounty, seat, val, SOME);
            vm.expectEmit(address(registry));
            emit IRegistry.Seated(pool, ticket, bounty);
            vm.prank(val);
            market.acknowledge(bounty, Terms.pack(terms), seat, tries, SOME);
        }
        address first = _validatorOf(0);
        vm.expectEmit(address(market));
        emit IMarket.HandedOver(bounty, 0, 0, "document");
        vm.prank(first);
        market.handOver(bounty, 0, "document");
    }

    /// @dev Given a round, when seats attest, commit, reveal, agree and serve, then each says what, and the last to attest what is included.
    function test_rounds() public {
        _toAttest();
        for (uint256 seat = 0; seat < 3; ++seat) {
            address val = _validatorOf(seat);
            vm.expectEmit(address(market));
            emit IMarket.Attested(bounty, 0, seat, seat == 1 ? 3 : 7, seat != 1, SOME);
            if (seat == 2) {
                vm.expectEmit(address(market));
                emit IMarket.Included(bounty, 0, 7);
            }
            vm.prank(val);
            market.attest(bounty, Terms.pack(terms), seat, seat == 1 ? 3 : 7, seat != 1, SOME);
        }
        IMarket.Sheet memory sheet = _goodSheet();
        bytes32 hash = market.sheetHashOf(bounty, 0, sheet);
        for (uint256 seat = 0; seat < 3; ++seat) {
            address val = _validatorOf(seat);
            bytes32 tag = keccak256("gradmarket/1/commit");
            bytes32 word =
                keccak256(abi.encode(tag, block.chainid, address(market), bounty, uint256(0), seat, val, hash, SOME));
            vm.expectEmit(address(market));
            emit IMarket.Committed(bounty, 0, seat, word);
            vm.prank(val);
            market.commit(bounty, seat, word);
        }
        address[3] memory vals = [_validatorOf(0), _validatorOf(1), _validatorOf(2)];
        vm.expectEmit(address(market));
        emit IMarket.Revealed(bounty, 0, 1, hash, sheet);
        vm.prank(vals[1]);
        market.reveal(bounty, Terms.pack(terms), 1, sheet, SOME);
        for (uint256 seat = 0; seat < 3; seat += 2) {
            vm.expectEmit(address(market));
            emit IMarket.Agreed(bounty, 0, seat);
            vm.prank(vals[seat]);
            market.agree(bounty, seat, SOME);
        }
        _pass();
        market.settle(bounty, Terms.pack(terms), sheet);
        vm.expectEmit(address(market));
        emit IMarket.Served(bounty, 0, 0, "document");
        vm.prank(vals[0]);
        market.serve(bounty, 0, "document");
    }

    /// @dev Given a round that was settled, when payouts, pay and what is left are fetched, then it is told who got what.
    function test_money() public {
        terms.rounds = 1;
        _toServe();
        (bytes32[] memory hashes, uint128[] memory sums) = Trees.sumProof(_payouts(), 0);
        bytes32 stood = _stood(0);
        vm.expectEmit(address(market));
        emit IMarket.Claimed(bounty, 0, holders[0], 201, 50);
        _claimAs(0, 0, holders[0], 251, stood, Trees.path(hashes, sums));
        for (uint256 seat = 0; seat < 3; ++seat) {
            vm.prank(_validatorOf(seat));
            market.serve(bounty, seat, SOME);
        }
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        uint256 returned = BUDGET + 93 - POOL - 6 * HALF_PAY + 3 * FEE + BOND;
        uint256 ticket = market.seatOf(bounty, 0).ticket;
        vm.expectEmit(address(market));
        emit IMarket.Closed(bounty, IMarket.CloseReason.Finished, returned, 0);
        vm.expectEmit(address(registry));
        emit IRegistry.Seated(pool, ticket, 0);
        market.advance(bounty, Terms.pack(terms));
        address val = _validatorOf(0);
        vm.expectEmit(address(market));
        emit IMarket.SeatPaid(bounty, 0, val, 2 * HALF_PAY);
        market.collect(bounty, Terms.pack(terms), 0);
        vm.expectEmit(address(market));
        emit IMarket.HeldPaid(bounty, owner, 50);
        market.claimHeld(bounty, Terms.pack(terms), holders[0]);
    }

    /// @dev Given money in a wallet, when it goes into the vault, into a ticket and back, then each step is told.
    function test_vaultAndTickets() public {
        address who = _person("who", 0);
        bytes32 pool = registry.poolOf(address(token), terms.ticketStake);
        (uint256 length,) = registry.freeze(pool);
        vm.expectEmit(address(vault));
        emit IVault.Withdrawn(address(token), _accountOf(who), 500);
        vm.prank(who);
        vault.withdraw(address(token), 500);
        vm.prank(who);
        token.approve(address(vault), 500);
        vm.expectEmit(address(vault));
        emit IVault.Deposited(address(token), who, _accountOf(who), 500);
        vm.prank(who);
        vault.deposit(address(token), 500);
        vm.expectEmit(address(registry));
        emit IRegistry.Staked(pool, who, length, 2);
        vm.prank(who);
        registry.stake(address(token), terms.ticketStake, 2);
        uint256 freeAt = vm.getBlockTimestamp() + registry.UNBONDING();
        vm.expectEmit(address(registry));
        emit IRegistry.Leaving(pool, length + 1, freeAt);
        vm.prank(who);
        registry.leave(address(token), terms.ticketStake, length + 1);
        vm.warp(freeAt);
        vm.expectEmit(address(registry));
        emit IRegistry.Left(pool, length + 1, TICKET);
        registry.redeem(address(token), terms.ticketStake, length + 1);
    }
}
