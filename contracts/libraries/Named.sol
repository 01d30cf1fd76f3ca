// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Tags} from "./Tags.sol";

/// @title Score sheets by two hashes.
/// @dev The trace's root stands beside the hash of all fields, so that whoever shows a step of a trace need not show the other fields too.
library Named {
    /// @notice The hash of a sheet of this chain, market, bounty and round.
    /// @param fieldsHash keccak256(abi.encode(sheet)); `traceRoot` is among the fields.
    function sheet(address market, bytes32 bounty, uint256 round, bytes32 traceRoot, bytes32 fieldsHash)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(Tags.SHEET, block.chainid, market, bounty, round, traceRoot, fieldsHash));
    }
}
