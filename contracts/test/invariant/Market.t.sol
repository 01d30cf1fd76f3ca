// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {Cheats} from "../fuzz/Vm.sol";
import {Handler} from "./Handler.sol";

/// @title Random sequences of acts on two bounties that share people, tickets and a token.
abstract contract Sequences is Cheats {
    /// @dev As forge reads it.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler internal handler;

    function setUp() public {
        // Not `new`: then each of the contracts below would hold the handler's code, and take as long to compile.
        handler = Handler(vm.deployCode("Handler.sol:Handler"));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), _selectors());
    }

    function _selectors() internal pure returns (bytes4[] memory all) {
        all = new bytes4[](11);
        all[0] = Handler.owner.selector;
        all[1] = Handler.holder.selector;
        all[2] = Handler.seat.selector;
        all[3] = Handler.play.selector;
        all[4] = Handler.playOn.selector;
        all[5] = Handler.fetch.selector;
        all[6] = Handler.delay.selector;
        all[7] = Handler.post.selector;
        all[8] = Handler.ticket.selector;
        all[9] = Handler.money.selector;
        all[10] = Handler.time.selector;
    }
}

/// @title What is true after any sequence of acts.
contract MarketInvariants is Sequences {
    /// @notice Conservation: the vault's tokens, its total and the sum of all accounts are one figure.
    function invariant_conservation() public view {
        (uint256 total, uint256 tokens) = handler.vaultHolds();
        vm.assertEq(total, tokens, "conservation: total and tokens");
        vm.assertEq(total, handler.sumOfAccounts(), "conservation: total and accounts");
    }

    /// @notice The ledger: a bounty's account is what it owes, to the unit: reserve, bond, stakes, fees, pools, hold-backs, pay.
    function invariant_ledger() public view {
        for (uint256 k = 0; k < 2; ++k) {
            (uint256 balance, uint256 owed) = handler.ledgerOf(k);
            vm.assertEq(owed, balance, "ledger: account and debts");
        }
    }

    /// @notice Isolation: no act on one bounty changes any view of the other, its account or its owner's.
    function invariant_isolation() public view {
        vm.assertFalse(handler.leaked(), "isolation: an act changed the other bounty");
    }

    /// @notice The state machine has no way back.
    function invariant_noWayBack() public view {
        vm.assertFalse(handler.wentBack(), "state machine: went back");
    }

    /// @notice Slashes never take more than a stake, and the pool's account is what is left of all tickets.
    function invariant_slashes() public view {
        (uint256 balance, uint256 sum, bool inBounds) = handler.tickets();
        vm.assertEq(sum, balance, "slashes: account and tickets");
        vm.assertTrue(inBounds, "slashes: bounds");
    }
}

/// @title What is true at the end, however far the bounties had come.
contract EndingInvariants is Sequences {
    /// @notice Everything can be withdrawn: once all deadlines are over strangers can bring any bounty to its end, nothing stays
    /// in its account, and everybody gets exactly what was due.
    function invariant_everybodyIsPaid() public view {
        vm.assertFalse(handler.stuck(), "ending: a bounty kept money");
        vm.assertFalse(handler.unfair(), "ending: somebody got another sum than was due");
    }

    /// @dev Forge calls this once after every sequence.
    function afterInvariant() public {
        _end();
    }

    /// @notice The acts reach every ending and every penalty: what holds above is not held by standing still.
    function test_theActsReachEveryEnding() public {
        bytes4[] memory selectors = _selectors();
        for (uint256 i = 0; i < 2500; ++i) {
            bytes4 selector = selectors[_mix(i, 0) % selectors.length];
            (bool ok, bytes memory why) = address(handler).call(abi.encodeWithSelector(selector, _mix(i, 1)));
            vm.assertTrue(ok, string(why));
        }
        for (uint256 reason = 1; reason <= uint256(type(IMarket.CloseReason).max); ++reason) {
            vm.assertTrue(handler.counts(bytes32(reason)) != 0, "an ending was not reached");
        }
        bytes32[12] memory events = [
            bytes32("adopted"),
            "rejected",
            "void",
            "slash",
            "forfeit",
            "rebut",
            "redraw",
            "served",
            "claim",
            "collect",
            "redeem",
            "returned"
        ];
        for (uint256 i = 0; i < events.length; ++i) {
            vm.assertTrue(handler.counts(events[i]) != 0, string(abi.encodePacked("never happened: ", events[i])));
        }
        _end();
        invariant_everybodyIsPaid();
    }

    function _end() private {
        (uint256 left, uint256 burned) = handler.windDown();
        invariant_everybodyIsPaid();
        vm.assertEq(burned, left, "ending: only what was burned stays");
    }
}
