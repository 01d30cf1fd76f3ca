// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "./IMarket.sol";

/// @title What the referee asks its judges.
interface IJudge {
    struct Frame {
        uint256 counts;
        bytes32 rowsRoot;
        bytes32 top;
    }

    function contradicts(
        bytes32 bounty,
        uint256 round,
        IMarket.Sheet calldata sheet,
        Frame calldata frame,
        uint256 at,
        bytes calldata proof
    ) external view returns (bool);
}
