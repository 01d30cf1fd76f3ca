// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "../../interfaces/IAnswers.sol";
import {IJudge} from "../../interfaces/IJudge.sol";

/// @title Asks a judge many things in one call: what the tests in Python compare with the judge's twin.
contract Asker {
    uint8 private constant REFUSED = 2;

    /// @notice For each step 1 when the sheet is disproved, 0 when not, 2 when the judge refuses the proof.
    function verdicts(
        IJudge judge,
        bytes32 fieldsHash,
        IJudge.Frame calldata frame,
        uint256[] calldata ats,
        bytes[] calldata proofs
    ) external view returns (uint8[] memory found) {
        found = new uint8[](ats.length);
        for (uint256 i = 0; i < ats.length; ++i) {
            try judge.contradicts(0, 0, fieldsHash, frame, ats[i], proofs[i]) returns (bool wrong) {
                found[i] = wrong ? 1 : 0;
            } catch {
                found[i] = REFUSED;
            }
        }
    }

    /// @notice For each demand 1 when it is answered, 0 when the answer is none, 2 when the judge refuses it.
    function answers(IAnswers judge, IJudge.Frame calldata frame, uint256[] calldata whats, bytes[] calldata given)
        external
        pure
        returns (uint8[] memory found)
    {
        found = new uint8[](whats.length);
        for (uint256 i = 0; i < whats.length; ++i) {
            try judge.answers(frame, whats[i], given[i]) returns (bool fine) {
                found[i] = fine ? 1 : 0;
            } catch {
                found[i] = REFUSED;
            }
        }
    }

    /// @notice Gas that a judge takes for each step, the call and its data included.
    function costs(
        IJudge judge,
        bytes32 fieldsHash,
        IJudge.Frame calldata frame,
        uint256[] calldata ats,
        bytes[] calldata proofs
    ) external view returns (uint256[] memory found) {
        found = new uint256[](ats.length);
        for (uint256 i = 0; i < ats.length; ++i) {
            uint256 before = gasleft();
            judge.contradicts(0, 0, fieldsHash, frame, ats[i], proofs[i]);
            found[i] = before - gasleft();
        }
    }
}
