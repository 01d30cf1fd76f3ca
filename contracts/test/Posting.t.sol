// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title Posting: what terms may say, and what they cost.
contract PostingTest is Path {
    function _refusedTerms(bytes32 reason) private {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_BadTerms.selector, reason));
        market.post(SALT, Terms.posted(terms), SOME);
        terms = _termsOfTheHead();
    }

    /// @dev The id, the escrow and the hash of the terms are known beforehand. GM-107, GM-201.
    function test_postingTakesTheEscrow() public {
        uint256 escrow = 2 * (1000 + 3 * 31) + 500;
        bytes32 expected =
            keccak256(abi.encode(keccak256("gradmarket/1/bounty"), block.chainid, address(market), owner, SALT));
        _post();
        vm.assertEq(expected, bounty, "id");
        vm.assertEq(escrow, _balance(bounty), "in the bounty's account");
        vm.assertEq(PURSE - escrow, _balance(owner), "from the owner's");
        IMarket.BountyView memory b = _view();
        vm.assertEq(keccak256(abi.encode(Terms.pack(terms))), b.termsHash, "hash of the terms");
        vm.assertEq(escrow - 500, _reserve(), "reserve");
        vm.assertEq(1004, b.drawBlock, "four blocks later");
        vm.assertEq(7, b.vacant, "three seats to fill");
        _assertPhase(IMarket.Phase.Draw);
        _assertSound();
    }

    /// @dev One salt, one bounty.
    function test_aSaltIsUsedOnce() public {
        _post();
        vm.prank(owner);
        _refused(IMarket.Market_AlreadyPosted.selector);
        market.post(SALT, Terms.posted(terms), SOME);
        vm.prank(owner);
        market.post("another", Terms.posted(terms), SOME);
    }

    /// @dev Nobody posts in somebody else's name.
    function test_termsNameTheirPoster() public {
        bytes32 theirs = market.bountyId(stranger, SALT);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_NotOwner.selector, theirs, stranger));
        market.post(SALT, Terms.posted(terms), SOME);
    }

    /// @dev The owner must be reachable: a zero key seals nothing.
    function test_theOwnersKeyIsNeeded() public {
        vm.prank(owner);
        _refusedZeroDigest();
        market.post(SALT, Terms.posted(terms), 0);
    }

    /// @dev Rounds: 1 to 4,096. GM-202.
    function test_roundsAreBounded() public {
        terms.rounds = 0;
        _refusedTerms("rounds");
        terms.rounds = 4097;
        _refusedTerms("rounds");
    }

    /// @dev Seats: odd, 3 to 15. GM-202.
    function test_seatsAreOddAndBounded() public {
        uint8[4] memory bad = [1, 4, 16, 17];
        for (uint256 i = 0; i < bad.length; ++i) {
            terms.seats = bad[i];
            _refusedTerms("seats");
        }
    }

    /// @dev Holders: at least 2, at most 128, the least not above the most.
    function test_holdersAreBounded() public {
        terms.minHolders = 1;
        _refusedTerms("minHolders");
        terms.minHolders = 9;
        _refusedTerms("minHolders");
        terms.maxHolders = 129;
        _refusedTerms("maxHolders");
    }

    /// @dev Every phase lasts 1 second to 90 days. GM-202.
    function test_phasesAreBounded() public {
        Terms.Phases memory good = terms.phases;
        for (uint256 i = 0; i < 11; ++i) {
            terms.phases = _with(good, i, 0);
            _refusedTerms("phases");
            terms.phases = _with(good, i, 90 days + 1);
            _refusedTerms("phases");
        }
        for (uint256 i = 0; i < 11; ++i) {
            terms.phases = _with(terms.phases, i, 90 days);
        }
        _post();
    }

    /// @dev `phases` with its phase number `i` lasting `length`.
    function _with(Terms.Phases memory phases, uint256 i, uint24 length)
        private
        pure
        returns (Terms.Phases memory changed)
    {
        changed = abi.decode(abi.encode(phases), (Terms.Phases));
        assembly ("memory-safe") {
            mstore(add(changed, mul(i, 32)), length)
        }
    }

    /// @dev Terms that waited too long cannot be posted. GM-202.
    function test_termsExpire() public {
        vm.warp(terms.postBefore);
        uint40 now_ = terms.postBefore;
        terms.postBefore = now_ - 1;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_BadTerms.selector, bytes32("postBefore")));
        market.post(SALT, Terms.posted(terms), SOME);
        terms.postBefore = now_;
        _post();
    }

    /// @dev A round pays something.
    function test_amountsAreBounded() public {
        terms.roundBudget = 0;
        _refusedTerms("roundBudget");
    }

    /// @dev What stands above the fields of a word is zero, and the roots are the ones that the words name.
    function test_termsHaveOnePacking() public {
        for (uint256 i = 0; i < 6; ++i) {
            IMarket.PostedTerms memory given = Terms.posted(terms);
            if (i == 0) given.packed.frame += 1 << 241;
            if (i == 1) given.packed.risk += 1 << 192;
            if (i == 2) given.packed.pay += 1 << 255;
            if (i == 3) given.packed.cover += 1 << 192;
            if (i == 4) given.packed.phases += 1 << 253;
            if (i == 5) given.roots.document = "another";
            bytes32 reason = i == 5 ? bytes32("roots") : bytes32("packing");
            vm.prank(owner);
            vm.expectRevert(abi.encodeWithSelector(IMarket.Market_BadTerms.selector, reason));
            market.post(SALT, given, SOME);
        }
    }

    /// @dev The bond compensates twice as many holders as can join.
    function test_theBondCoversTheCompensation() public {
        terms.bond = 319;
        _refusedTerms("bond");
        terms.bond = 320;
        _post();
    }

    /// @dev What is committed to is named.
    function test_rootsAndDocumentAreNeeded() public {
        terms.baseRoot = 0;
        _refusedTerms("baseRoot");
        terms.shardsRoot = 0;
        _refusedTerms("shardsRoot");
        terms.document = 0;
        _refusedTerms("document");
    }

    /// @dev A round puts at most as much at risk as a majority of seats would lose, burned. GM-204.
    function test_theMoneyAtRiskIsBounded() public {
        terms.roundBudget = 2001;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_TooMuchAtRisk.selector, 2001, 2000));
        market.post(SALT, Terms.posted(terms), SOME);
        terms.roundBudget = 2000;
        _post();
    }

    /// @dev Where nobody can prove a majority wrong, a quarter of that. GM-204.
    function test_lessIsAtRiskWithoutAReferee() public {
        terms.unjudged = true;
        terms.roundBudget = 501;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_TooMuchAtRisk.selector, 501, 500));
        market.post(SALT, Terms.posted(terms), SOME);
        terms.roundBudget = 500;
        _post();
    }

    /// @dev There are at least as many live tickets as seats. GM-203.
    function test_thereMustBeTicketsForAllSeats() public {
        terms.seats = 9;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_TooFewTickets.selector, 8, 9));
        market.post(SALT, Terms.posted(terms), SOME);
        terms.seats = 7;
        _post();
    }

    /// @dev The escrow must be there, in the vault.
    function test_theEscrowMustBePaid() public {
        uint256 escrow = 2 * (1000 + 3 * 31) + 500;
        vm.prank(owner);
        vault.withdraw(address(token), PURSE - escrow + 1);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVault.Vault_InsufficientBalance.selector, address(token), _accountOf(owner), escrow - 1, escrow
            )
        );
        market.post(SALT, Terms.posted(terms), SOME);
    }

    /// @dev Nothing can be done to a bounty that does not exist, and nothing with other terms than the posted ones.
    function test_everyCallNeedsTheBountyAndItsTerms() public {
        _refuseAll(IMarket.Market_UnknownBounty.selector);
        bytes4 unknown = IMarket.Market_UnknownBounty.selector;
        _refused(unknown);
        market.submit(bounty, SOME, SOME);
        _refused(unknown);
        market.commit(bounty, 0, SOME);
        _refused(unknown);
        market.serve(bounty, 0, SOME);
        _refused(unknown);
        market.handOver(bounty, 0, SOME);
        _refused(unknown);
        market.agree(bounty, 0, SOME);
        _refused(unknown);
        _claimAs(0, 0, stranger, 1, SOME, "");
        _post();
        terms.fee += 1;
        _refuseAll(IMarket.Market_WrongTerms.selector);
    }

    function _refuseAll(bytes4 error_) private {
        IMarket.Sheet memory sheet = _rejectedSheet();
        bytes32[] memory none = new bytes32[](0);
        bytes[14] memory calls = [
            abi.encodeCall(market.openRound, (bounty, Terms.pack(terms), 0, SOME, SOME)),
            abi.encodeCall(market.openShard, (bounty, Terms.pack(terms), SOME)),
            abi.encodeCall(market.rebut, (bounty, Terms.pack(terms), Terms.roots(terms), SOME, SOME, SOME, none)),
            abi.encodeCall(market.draw, (bounty, Terms.pack(terms))),
            abi.encodeCall(market.acknowledge, (bounty, Terms.pack(terms), 0, 0, SOME)),
            abi.encodeCall(market.attest, (bounty, Terms.pack(terms), 0, 0, true, SOME)),
            abi.encodeCall(market.reveal, (bounty, Terms.pack(terms), 0, sheet, SOME)),
            abi.encodeCall(market.collect, (bounty, Terms.pack(terms), 0)),
            abi.encodeCall(market.join, (bounty, Terms.pack(terms), 0, SOME, none)),
            abi.encodeCall(market.leave, (bounty, Terms.pack(terms), stranger)),
            abi.encodeCall(market.claimHeld, (bounty, Terms.pack(terms), stranger)),
            abi.encodeCall(market.advance, (bounty, Terms.pack(terms))),
            abi.encodeCall(market.settle, (bounty, Terms.pack(terms), sheet)),
            abi.encodeCall(market.advance, (bounty, Terms.pack(terms)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory answer) = address(market).call(calls[i]);
            vm.assertFalse(done, "refused");
            vm.assertEq(keccak256(abi.encodeWithSelector(error_, bounty)), keccak256(answer), "with this reason");
        }
    }
}
