// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Vm} from "./Vm.sol";

/// @title What every test can say.
/// @dev Time and height are read through the cheat codes: the optimizer may keep `block.timestamp` over a warp.
abstract contract Assertions {
    error NotEqual(string what, uint256 expected, uint256 actual);
    error NotTrue(string what);

    /// @dev forge recognises tests by this flag.
    // forge-lint: disable-next-line(screaming-snake-case-immutable)
    bool public constant IS_TEST = true;
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function assertEq(uint256 expected, uint256 actual, string memory what) internal pure {
        if (expected != actual) revert NotEqual(what, expected, actual);
    }

    function assertEq(address expected, address actual, string memory what) internal pure {
        assertEq(uint160(expected), uint160(actual), what);
    }

    function assertEq(bytes32 expected, bytes32 actual, string memory what) internal pure {
        assertEq(uint256(expected), uint256(actual), what);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function assertFalse(bool condition, string memory what) internal pure {
        if (condition) revert NotTrue(what);
    }

    /// @dev A person with a name.
    function person(string memory name) internal returns (address who) {
        who = address(uint160(uint256(keccak256(bytes(name)))));
        vm.label(who, name);
    }

    function skip(uint256 secs) internal {
        vm.warp(vm.getBlockTimestamp() + secs);
    }

    function mine(uint256 blocks) internal {
        vm.roll(vm.getBlockNumber() + blocks);
    }
}
