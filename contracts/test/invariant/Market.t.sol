// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Sequences} from "./Sequences.sol";

/// @title What is true after any sequence of acts.
contract MarketInvariants is Sequences {
    /// @notice Conservation: the vault's tokens and the sum of all accounts are one figure. GM-101.
    function invariant_conservation() public view {
        vm.assertEq(handler.vaultHolds(), handler.sumOfAccounts(), "conservation: tokens and accounts");
    }

    /// @notice The ledger: a bounty's account is what it owes, to the unit: reserve, bond, stakes, fees, pools, hold-backs, pay.
    /// GM-108.
    function invariant_ledger() public view {
        for (uint256 k = 0; k < 2; ++k) {
            (uint256 balance, uint256 owed) = handler.ledgerOf(k);
            vm.assertEq(owed, balance, "ledger: account and debts");
        }
    }

    /// @notice Isolation: no act on one bounty changes any view of the other, its account or its owner's. GM-119.
    function invariant_isolation() public view {
        vm.assertFalse(handler.leaked(), "isolation: an act changed the other bounty");
    }

    /// @notice The state machine has no way back. GM-208.
    function invariant_noWayBack() public view {
        vm.assertFalse(handler.wentBack(), "state machine: went back");
    }

    /// @notice Slashes never take more than a stake, and the pool's account is what is left of all tickets. GM-117.
    function invariant_slashes() public view {
        (uint256 balance, uint256 sum, bool inBounds) = handler.tickets();
        vm.assertEq(sum, balance, "slashes: account and tickets");
        vm.assertTrue(inBounds, "slashes: bounds");
    }

    /// @notice Each deed has its price: a seat that stood for a sheet that fell loses all, others what the terms of its failing say.
    /// GM-305, GM-306, GM-307.
    function invariant_deedsHaveTheirPrice() public view {
        vm.assertFalse(handler.unjust(), "slashes: another share than the deed costs");
    }

    /// @notice Disputes: a round is in Dispute just while any is open, and each holds its bond until it is over.
    function invariant_disputes() public view {
        for (uint256 k = 0; k < 2; ++k) {
            vm.assertTrue(handler.disputesOf(k), "disputes: phase, counts and bonds");
        }
    }

    /// @notice No round is settled on a sheet that fell.
    function invariant_nothingIsSettledOnWhatFell() public view {
        vm.assertFalse(handler.mistaken(), "disputes: settled on a sheet that fell");
    }
}
