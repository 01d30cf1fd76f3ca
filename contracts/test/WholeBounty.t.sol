// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Path} from "./Path.sol";
import {Terms} from "./Terms.sol";

/// @title A bounty from the first transaction to the last token.
contract WholeBountyTest is Path {
    /// @dev Two adopted rounds, three holders, three seats, the hold-back released; then everybody goes home.
    /// GM-116, GM-218.
    function test_everythingIsPaidAndWithdrawn() public {
        _toJoin();
        for (uint256 i = 0; i < 3; ++i) {
            _join(holders[i], i);
        }
        _assertSound();
        _playRound(_goodSheet());
        _assertPhase(IMarket.Phase.Join);
        vm.assertEq(1, _view().round, "second round");
        _assertSound();
        for (uint256 i = 0; i < 3; ++i) {
            _claim(0, i);
        }
        _assertSound();
        IMarket.Sheet memory last = _goodSheet();
        last.released = true;
        _playRound(last);
        _assertClosed(IMarket.CloseReason.Finished);
        _assertSound();
        for (uint256 i = 0; i < 3; ++i) {
            _claim(1, i);
            market.claimHeld(bounty, Terms.pack(terms), holders[i]);
            market.leave(bounty, Terms.pack(terms), holders[i]);
        }
        uint256[3] memory payout = [uint256(251), 149, 100];
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(PURSE - 2 * FEE + 2 * payout[i], _balance(holders[i]), "a holder has its payouts less its fees");
        }
        for (uint256 seat = 0; seat < 3; ++seat) {
            uint256 before = _balance(_validatorOf(seat));
            vm.assertEq(4 * HALF_PAY, market.collect(bounty, Terms.pack(terms), seat), "two rounds of pay");
            vm.assertEq(before + 4 * HALF_PAY, _balance(_validatorOf(seat)), "pay arrives");
        }
        vm.assertEq(PURSE - 2 * POOL - 12 * HALF_PAY + 6 * FEE, _balance(owner), "the owner paid payouts and seats");
        vm.assertEq(0, _balance(bounty), "nothing stays");
        vm.assertEq(0, _burned(), "nothing is burned");
        _everybodyGoesHome();
    }

    /// @dev Tickets unbond, accounts are emptied, the vault is empty.
    function _everybodyGoesHome() private {
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            vm.prank(validators[i]);
            registry.leave(address(token), terms.ticketStake, i);
        }
        vm.warp(vm.getBlockTimestamp() + registry.UNBONDING());
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            registry.redeem(address(token), terms.ticketStake, i);
            _withdrawAll(validators[i]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            _withdrawAll(holders[i]);
        }
        _withdrawAll(owner);
        _withdrawAll(stranger);
        vm.assertEq(0, token.balanceOf(address(vault)), "the vault is empty");
    }

    function _withdrawAll(address who) private {
        uint256 amount = _balance(who);
        vm.prank(who);
        vault.withdraw(address(token), amount);
        vm.assertEq(amount, token.balanceOf(who), "tokens arrive");
    }
}
