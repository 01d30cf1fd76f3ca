// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Bounty} from "../market/BountyState.sol";
import {Tags} from "./Tags.sol";
import {TermsWords} from "./TermsWords.sol";

/// @title Score sheets as the chain sees them: their hash, commits to it, and the rules it can check.
/// @dev The Python twin is `marketplace.domain.abi`. `address(this)` is the market: the functions are internal.
library Sheets {
    using TermsWords for IMarket.PackedTerms;

    /// @dev Bytes of a sheet's ten fields.
    uint256 private constant FIELDS = 320;

    /// @notice The hash that seats commit to and the tally counts; `Named.sheet` makes the same of the hash of the fields.
    /// @dev By hand, because the market's code has a limit. The fields are hashed as they were passed: `check` reads each that is shorter
    /// than a word, which reverts when there is anything beside it, so whatever was revealed is what abi.encode makes of it.
    function hash(bytes32 bounty, uint256 round, IMarket.Sheet calldata sheet) internal view returns (bytes32 found) {
        bytes32 tag = Tags.SHEET;
        bytes32 traceRoot = sheet.traceRoot;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(add(m, 0xc0), sheet, FIELDS)
            mstore(add(m, 0xc0), keccak256(add(m, 0xc0), FIELDS))
            mstore(m, tag)
            mstore(add(m, 0x20), chainid())
            mstore(add(m, 0x40), address())
            mstore(add(m, 0x60), bounty)
            mstore(add(m, 0x80), round)
            mstore(add(m, 0xa0), traceRoot)
            found := keccak256(m, 0xe0)
        }
    }

    /// @notice The commit to a sheet's hash. It names its sender, so a copied one cannot be revealed.
    function commitment(bytes32 bounty, uint256 round, uint256 seat, bytes32 sheetHash, bytes32 salt)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(Tags.COMMIT, block.chainid, address(this), bounty, round, seat, msg.sender, sheetHash, salt)
        );
    }

    /// @notice Reverts unless a sheet keeps the rules that need no recomputation.
    /// @dev No need to compare the pool with the reserve: a round's budget is always there.
    function check(bytes32 bounty, IMarket.PackedTerms calldata terms, IMarket.Sheet calldata sheet, Bounty storage b)
        internal
        view
    {
        _require(bounty, sheet.included == b.ballot.included, "included");
        _require(bounty, sheet.breached & ~sheet.included == 0, "breached");
        _require(bounty, sheet.pool <= terms.roundBudget(), "pool");
        _require(bounty, !sheet.released || b.clock.round + 1 == terms.rounds(), "released");
        _require(bounty, sheet.document != 0, "document");
        if (sheet.adopted) {
            _require(bounty, sheet.aggregate != 0, "aggregate");
            _require(bounty, sheet.nextBaseRoot != 0, "nextBaseRoot");
        } else {
            _require(bounty, sheet.pool == 0, "pool");
            _require(bounty, sheet.nextBaseRoot == 0, "nextBaseRoot");
        }
    }

    function _require(bytes32 bounty, bool fine, bytes32 reason) private pure {
        if (!fine) revert IMarket.Market_BadSheet(bounty, reason);
    }
}
