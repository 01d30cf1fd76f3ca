// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

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
        all = new bytes4[](12);
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
        all[11] = Handler.quarrel.selector;
    }
}
