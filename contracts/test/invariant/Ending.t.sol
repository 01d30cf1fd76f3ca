// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {Sequences} from "./Sequences.sol";

/// @title What is true at the end, however far the bounties had come.
contract EndingInvariants is Sequences {
    /// @notice Everything can be withdrawn: once all deadlines are over strangers can bring any bounty to its end, nothing stays
    /// in its account, and everybody gets exactly what was due. GM-118.
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
            // Which function is called was drawn, so it has no name here.
            // solhint-disable-next-line avoid-low-level-calls
            (bool ok, bytes memory why) = address(handler).call(abi.encodeWithSelector(selector, _mix(i, 1)));
            vm.assertTrue(ok, string(why));
        }
        for (uint256 reason = 1; reason <= uint256(type(IMarket.CloseReason).max); ++reason) {
            vm.assertTrue(handler.counts(bytes32(reason)) != 0, "an ending was not reached");
        }
        bytes32[23] memory events = [
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
            "returned",
            "agree",
            "disputed",
            "answered",
            "demanded",
            "disproved",
            "upheld",
            "dismissed",
            "moot",
            "fall",
            "minority",
            "nothing stood"
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
