// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";

/// @title What terms must satisfy before anybody may rely on them.
library TermsCheck {
    /// @notice No amount in terms may exceed this.
    /// @dev With at most 4,096 rounds, 15 seats and 128 holders everything a bounty ever holds stays below
    /// 2^96 * (2^12 * 16 + 2^12 * 2^7 + 2^7 + 1) < 2^116, so 128-bit sums never overflow.
    uint256 internal constant MAX_AMOUNT = type(uint96).max;
    uint256 internal constant MAX_ROUNDS = 4096;
    uint256 internal constant MIN_SEATS = 3;
    uint256 internal constant MAX_SEATS = 15;
    uint256 internal constant MIN_HOLDERS = 2;
    uint256 internal constant MAX_HOLDERS = 128;
    uint256 internal constant MAX_PHASE = 90 days;

    /// @notice Reverts unless the terms can be posted now.
    function check(IMarket.Terms memory terms) internal view {
        _require(terms.rounds > 0 && terms.rounds <= MAX_ROUNDS, "rounds");
        _require(terms.seats >= MIN_SEATS && terms.seats <= MAX_SEATS && terms.seats % 2 == 1, "seats");
        _require(terms.minHolders >= MIN_HOLDERS && terms.minHolders <= terms.maxHolders, "minHolders");
        _require(terms.maxHolders <= MAX_HOLDERS, "maxHolders");
        _require(terms.postBefore >= block.timestamp, "postBefore");
        _require(terms.roundBudget > 0 && terms.roundBudget <= MAX_AMOUNT, "roundBudget");
        _require(terms.ticketStake <= MAX_AMOUNT, "ticketStake");
        _require(terms.bond >= 2 * uint256(terms.maxHolders) * terms.compensation, "bond");
        _require(terms.baseRoot != 0, "baseRoot");
        _require(terms.shardsRoot != 0, "shardsRoot");
        _require(terms.document != 0, "document");
        _checkPhases(terms.phases);
        uint256 burned = majority(terms.seats) * terms.ticketStake / 2;
        if (terms.roundBudget > burned) revert IMarket.Market_TooMuchAtRisk(terms.roundBudget, burned);
    }

    /// @notice The hash the market keeps of terms: keccak256(abi.encode(terms)).
    /// @dev Terms have no dynamic part, so their encoding is the 29 words of calldata as they came. Words with dirty high bits
    /// hash to something else; `post` refuses them when it encodes the terms for its event.
    function hash(IMarket.Terms memory terms) internal pure returns (bytes32 digest) {
        digest = keccak256(abi.encode(terms));
    }

    /// @notice The smallest number of seats that is more than half of them.
    function majority(uint256 seats) internal pure returns (uint256) {
        return seats / 2 + 1;
    }

    /// @notice How many seats must be able to open a submission: two thirds of them, rounded up.
    function thresholdRoundedUp(uint256 seats) internal pure returns (uint256) {
        return (2 * seats + 2) / 3;
    }

    function _checkPhases(IMarket.Phases memory phases) private pure {
        _requirePhase(phases.acknowledge);
        _requirePhase(phases.join);
        _requirePhase(phases.open);
        _requirePhase(phases.submit);
        _requirePhase(phases.shard);
        _requirePhase(phases.attest);
        _requirePhase(phases.rebut);
        _requirePhase(phases.commit);
        _requirePhase(phases.reveal);
        _requirePhase(phases.challenge);
        _requirePhase(phases.serve);
    }

    function _requirePhase(uint256 length) private pure {
        _require(length > 0 && length <= MAX_PHASE, "phases");
    }

    function _require(bool fine, bytes32 reason) private pure {
        if (!fine) revert IMarket.Market_BadTerms(reason);
    }
}
