// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Named} from "../libraries/Named.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title How the market hashes a sheet.
contract SheetsTest is Path {
    /// @dev The sheet's hash is what the documents say it is. GM-807.
    function test_theSheetHashIsWrittenDown() public view {
        IMarket.Sheet memory s = _goodSheet();
        bytes32 fields = keccak256(
            bytes.concat(
                abi.encode(s.included, s.breached, s.traceRoot, s.payoutRoot, s.pool),
                abi.encode(s.nextBaseRoot, s.adopted, s.released, s.aggregate, s.document)
            )
        );
        bytes32 tag = keccak256("gradmarket/1/sheet");
        bytes32 hash = keccak256(abi.encode(tag, block.chainid, address(market), bounty, 3, s.traceRoot, fields));
        vm.assertEq(hash, market.sheetHashOf(bounty, 3, s), "hash");
    }

    /// @dev The market hashes a sheet as it is passed. With bits beside a field that is shorter than a word it would be one that no judge
    /// and no other seat could name, so nobody can reveal it.
    function test_nothingStandsBesideShortFields() public {
        uint8[5] memory short = [0, 1, 4, 6, 7]; // included, breached, pool, adopted, released
        uint256 before = vm.snapshotState();
        for (uint256 i = 0; i < 6; ++i) {
            bytes memory fields = abi.encode(_goodSheet());
            if (i < 5) fields[32 * uint256(short[i])] ^= 0x01;
            (bool done,) = _commitAndReveal(fields);
            vm.assertTrue(done == (i == 5), "revealed");
            vm.revertToState(before);
        }
    }

    /// @dev Seat 0 commits to these fields and passes them, whatever they are.
    function _commitAndReveal(bytes memory fields) private returns (bool, bytes memory) {
        _toCommitPhase();
        bytes32 traceRoot = _goodSheet().traceRoot;
        bytes32 sheetHash = Named.sheet(address(market), bounty, 0, traceRoot, keccak256(fields));
        address val = _validatorOf(0);
        bytes32 tag = keccak256("gradmarket/1/commit");
        vm.prank(val);
        market.commit(
            bounty,
            0,
            keccak256(
                abi.encode(tag, block.chainid, address(market), bounty, uint256(0), uint256(0), val, sheetHash, SOME)
            )
        );
        _advanceAfterDeadline();
        bytes memory head = abi.encodeWithSelector(IMarket.reveal.selector, bounty, Terms.pack(terms), uint256(0));
        vm.prank(val);
        return address(market).call(bytes.concat(head, fields, SOME));
    }
}
