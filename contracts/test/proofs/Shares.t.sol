// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {TicketList} from "../../libraries/TicketList.sol";
import {Exact} from "../../referee/Exact.sol";

/// @title Proofs about shares: that a slash takes its percentage, and that what a round pays never exceeds its budget.
/// @dev Of payouts by induction, however many submissions there are: what was paid before, times the whole, is no more than the budget
/// times the bounds before. The step adds one payout and one bound (`check_budgetsDistribute` is the other half of it); in the end
/// the bounds are no more than the whole. Budgets have 96 bits, bounds 127, sums of at most 255 of them, and targets, 135.
contract ShareProofs {
    uint256 private constant MOST = 1 << 135;

    /// @notice A payout is its share, rounded down: no more than that, and less than one unit below.
    function check_payoutIsAFloor(uint96 budget, uint128 bound, uint256 target, uint256 all) public pure {
        if (target >= MOST || all >= MOST) return;
        uint256 paid = Exact.payoutFloor(budget, bound, target, all);
        uint256 whole = _whole(target, all);
        assert(paid * whole <= uint256(budget) * bound);
        assert(uint256(budget) * bound < (paid + 1) * whole);
    }

    /// @notice The step: one more payout, which is no more than its share, leaves the sum no more than its own.
    /// @param share What was paid before, times the whole; `cut` is the payout times the whole, which the proof above bounds.
    function check_oneMoreSubmission(uint96 budget, uint128 bound, uint256 before, uint256 share, uint256 cut)
        public
        pure
    {
        if (before >= MOST) return;
        if (share > uint256(budget) * before || cut > uint256(budget) * bound) return;
        assert(share + cut <= uint256(budget) * before + uint256(budget) * bound);
    }

    /// @notice The end: bounds that are no more than the whole are not paid more than the budget.
    function check_allSubmissions(uint96 budget, uint256 paid, uint256 all, uint256 target) public pure {
        if (target >= MOST || all >= MOST || paid >= MOST) return;
        uint256 whole = _whole(target, all);
        if (paid * whole > uint256(budget) * all) return;
        assert(paid <= budget);
    }

    /// @notice With no bound above zero nothing is paid, and a bound that reaches the target alone is paid all.
    function check_nothingAndAll(uint96 budget, uint128 bound, uint256 target) public pure {
        assert(Exact.payoutFloor(budget, 0, target, 0) == 0);
        if (bound != 0 && target <= bound) assert(Exact.payoutFloor(budget, bound, target, bound) == budget);
    }

    /// @notice A slash takes its percentage, rounded down: no more, and less than one unit below; of a hundred percent and above, all.
    function check_percentage(uint128 stake, uint256 percent) public pure {
        uint256 capped = percent > 100 ? 100 : percent;
        uint256 left = TicketList.stakeLeft(stake, capped);
        assert(left <= stake);
        uint256 taken = stake - left;
        assert(taken * 100 <= uint256(stake) * capped);
        assert(uint256(stake) * capped < (taken + 1) * 100);
        if (percent >= 100) assert(left == 0);
        if (percent == 0) assert(left == stake);
    }

    function _whole(uint256 target, uint256 all) private pure returns (uint256) {
        uint256 whole = target > all ? target : all;
        return whole == 0 ? 1 : whole;
    }
}
