// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {TermsWords} from "./TermsWords.sol";

/// @title What terms must satisfy before anybody may rely on them.
library TermsCheck {
    using TermsWords for IMarket.PackedTerms;

    /// @dev Every amount in terms has 96 bits. With at most 4,096 rounds, 15 seats and 128 holders everything a bounty ever holds
    /// stays below 2^96 * (2^12 * 16 + 2^12 * 2^7 + 2^7 + 1) < 2^116, so 128-bit sums never overflow.
    uint256 internal constant MAX_ROUNDS = 4096;
    uint256 internal constant MIN_SEATS = 3;
    uint256 internal constant MAX_SEATS = 15;
    uint256 internal constant MIN_HOLDERS = 2;
    uint256 internal constant MAX_HOLDERS = 128;
    uint256 internal constant MAX_PHASE = 90 days;

    /// @notice Reverts unless the terms can be posted now.
    function check(IMarket.PackedTerms calldata terms, IMarket.Roots calldata roots) internal view {
        _require(terms.isTidy(), "packing");
        _require(terms.names(roots), "roots");
        _require(terms.rounds() > 0 && terms.rounds() <= MAX_ROUNDS, "rounds");
        _require(terms.seats() >= MIN_SEATS && terms.seats() <= MAX_SEATS && terms.seats() % 2 == 1, "seats");
        _require(terms.minHolders() >= MIN_HOLDERS && terms.minHolders() <= terms.maxHolders(), "minHolders");
        _require(terms.maxHolders() <= MAX_HOLDERS, "maxHolders");
        _require(terms.postBefore() >= block.timestamp, "postBefore");
        _require(terms.roundBudget() > 0, "roundBudget");
        _require(roots.baseRoot != 0, "baseRoot");
        _require(roots.shardsRoot != 0, "shardsRoot");
        _require(roots.document != 0, "document");
        for (uint256 place = 0; place < TermsWords.PHASES; ++place) {
            uint256 length = terms.phase(place);
            _require(length > 0 && length <= MAX_PHASE, "phases");
        }
        uint256 burned;
        unchecked {
            // Amounts have 96 bits.
            _require(terms.bond() >= 2 * terms.maxHolders() * terms.compensation(), "bond");
            // Where nobody can prove a majority wrong, a quarter of it.
            burned = (majority(terms.seats()) * terms.ticketStake()) >> (1 + 2 * terms.unjudged());
        }
        if (terms.roundBudget() > burned) revert IMarket.Market_TooMuchAtRisk(terms.roundBudget(), burned);
    }

    /// @notice The smallest number of seats that is more than half of them.
    function majority(uint256 seats) internal pure returns (uint256) {
        return seats / 2 + 1;
    }

    /// @notice How many seats must be able to open a submission: two thirds of them, rounded up.
    function thresholdRoundedUp(uint256 seats) internal pure returns (uint256) {
        return (2 * seats + 2) / 3;
    }

    function _require(bool fine, bytes32 reason) private pure {
        if (!fine) revert IMarket.Market_BadTerms(reason);
    }
}
