// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IVault} from "../interfaces/IVault.sol";
import {Deployed} from "./fuzz/Deployed.sol";
import {CallingToken, MoodyToken, TaxedToken, ToppingToken} from "./Tokens.sol";

/// @title The vault by itself: who may move what, and what it makes of tokens that misbehave.
contract VaultTest is Deployed {
    uint256 private constant KEY = 0xa11ce;
    address private ada;

    function setUp() public {
        _deploy();
        ada = vm.addr(KEY);
        token.transfer(ada, 1000);
        vm.prank(ada);
        token.approve(address(vault), 600);
    }

    // ---------------------------------------------------------------- in and out
    /// @dev What is deposited is the depositor's, and can be had back.
    function test_depositsComeBack() public {
        vm.prank(ada);
        vault.deposit(address(token), 600);
        vm.assertEq(600, _balance(ada), "credited");
        vm.prank(ada);
        vault.withdraw(address(token), 600);
        vm.assertEq(0, _balance(ada), "debited");
        vm.assertEq(1000, token.balanceOf(ada), "tokens are back");
    }

    /// @dev Nothing is not an amount.
    function test_zeroIsRefused() public {
        bytes memory zero = abi.encodeWithSelector(IVault.Vault_ZeroAmount.selector);
        vm.expectRevert(zero);
        vault.deposit(address(token), 0);
        vm.expectRevert(zero);
        vault.withdraw(address(token), 0);
        vm.prank(address(market));
        vm.expectRevert(zero);
        vault.move(address(token), 0, 0, 0);
    }

    /// @dev Nobody withdraws more than their own. GM-104.
    function test_moreThanOnesOwnIsRefused() public {
        vm.prank(ada);
        vault.deposit(address(token), 600);
        bytes memory poor = abi.encodeWithSelector(
            IVault.Vault_InsufficientBalance.selector, address(token), _accountOf(ada), 600, 601
        );
        vm.prank(ada);
        vm.expectRevert(poor);
        vault.withdraw(address(token), 601);
    }

    /// @dev Money moves between accounts at the word of market, registry and referee, of nobody else. GM-106.
    function test_onlyItsKeepersMoveMoney() public {
        vm.prank(ada);
        vault.deposit(address(token), 600);
        vm.prank(ada);
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotKeeper.selector, ada));
        vault.move(address(token), _accountOf(ada), SOME, 1);
        vm.prank(address(market));
        vault.move(address(token), _accountOf(ada), SOME, 400);
        bytes32 nobody = vault.BURNED();
        vm.prank(address(registry));
        vault.move(address(token), SOME, nobody, 100);
        vm.prank(address(referee));
        vault.move(address(token), SOME, bytes32("elsewhere"), 50);
        vm.assertEq(250, _balance(SOME), "moved by all three");
        vm.assertEq(100, _burned(), "burned");
    }

    // ---------------------------------------------------------------- permit
    function _permit(uint256 amount, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, ada, address(vault), amount, token.nonces(ada), deadline));
        return vm.sign(KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message)));
    }

    /// @dev A signature replaces the approval.
    function test_aPermitDepositsWithoutApproval() public {
        uint256 deadline = vm.getBlockTimestamp();
        (uint8 v, bytes32 r, bytes32 s) = _permit(1000, deadline);
        vm.prank(ada);
        vault.depositWithPermit(address(token), 1000, deadline, v, r, s);
        vm.assertEq(1000, _balance(ada), "credited");
    }

    /// @dev Whoever sends the signature first, from the mempool, does not stop the deposit. GM-120.
    function test_aFrontRunPermitStillDeposits() public {
        uint256 deadline = vm.getBlockTimestamp();
        (uint8 v, bytes32 r, bytes32 s) = _permit(1000, deadline);
        token.permit(ada, address(vault), 1000, deadline, v, r, s);
        vm.prank(ada);
        vault.depositWithPermit(address(token), 1000, deadline, v, r, s);
        vm.assertEq(1000, _balance(ada), "credited all the same");
    }

    /// @dev A signature for another amount leaves the old allowance, and the deposit fails.
    function test_aWrongPermitDepositsNothing() public {
        uint256 deadline = vm.getBlockTimestamp();
        (uint8 v, bytes32 r, bytes32 s) = _permit(999, deadline);
        vm.prank(ada);
        vm.expectPartialRevert(bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)")));
        vault.depositWithPermit(address(token), 1000, deadline, v, r, s);
    }

    // ---------------------------------------------------------------- tokens that misbehave
    /// @dev A fee on transfer is refused: the vault would owe more than it has. GM-103. GM-102.
    function test_aTokenThatChargesTheTransferIsRefused() public {
        TaxedToken taxed = new TaxedToken();
        taxed.approve(address(vault), 1000);
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_InexactTransfer.selector, address(taxed), 1000, 990));
        vault.deposit(address(taxed), 1000);
    }

    /// @dev A token that starts to charge the sender cannot eat into what belongs to others. GM-101.
    function test_aTokenThatChargesTheVaultCannotTakeFromOthers() public {
        ToppingToken topping = new ToppingToken();
        topping.approve(address(vault), 2000);
        vault.deposit(address(topping), 2000);
        topping.charge();
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_InexactTransfer.selector, address(topping), 1000, 1010));
        vault.withdraw(address(topping), 1000);
        vm.assertEq(2000, topping.balanceOf(address(vault)), "nothing moved");
    }

    /// @dev An address without code is no token. GM-102.
    function test_anAddressWithoutCodeIsNoToken() public {
        address nobody = address(0xdead);
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_InexactTransfer.selector, nobody, 5, 0));
        vault.deposit(nobody, 5);
    }

    /// @dev A token that answers nothing is fine, as long as it moves.
    function test_aTokenThatAnswersNothingIsFine() public {
        MoodyToken moody = new MoodyToken();
        vault.deposit(address(moody), 50);
        vault.withdraw(address(moody), 20);
        vm.assertEq(30, vault.balanceOf(address(moody), _accountOf(address(this))), "kept");
    }

    /// @dev A token that answers false, or reverts, changes no balance, neither way.
    function test_aTokenThatRefusesChangesNothing() public {
        MoodyToken moody = new MoodyToken();
        vault.deposit(address(moody), 50);
        moody.become(MoodyToken.Mood.False);
        bytes memory failed = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(moody));
        vm.expectRevert(failed);
        vault.deposit(address(moody), 50);
        vm.expectRevert(failed);
        vault.withdraw(address(moody), 50);
        moody.become(MoodyToken.Mood.Angry);
        vm.expectRevert(abi.encodeWithSelector(MoodyToken.Moody.selector));
        vault.deposit(address(moody), 50);
        vm.expectRevert(abi.encodeWithSelector(MoodyToken.Moody.selector));
        vault.withdraw(address(moody), 50);
        vm.assertEq(50, vault.balanceOf(address(moody), _accountOf(address(this))), "as before");
    }

    /// @dev A token that calls back finds deposit, permit and withdrawal shut, and the other token's ledger too.
    function test_aTokenThatCallsBackFindsTheVaultShut() public {
        CallingToken calling = new CallingToken(vault);
        calling.approve(address(vault), 1000);
        vault.deposit(address(calling), 100);
        calling.transfer(address(calling), 100);
        calling.depositOwn(100);
        bytes[3] memory calls = [
            abi.encodeCall(IVault.withdraw, (address(calling), 100)),
            abi.encodeCall(IVault.deposit, (address(calling), 1)),
            abi.encodeCall(IVault.depositWithPermit, (address(token), 1, 0, 0, 0, 0))
        ];
        bytes memory shut = abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector);
        for (uint256 i = 0; i < calls.length; ++i) {
            calling.plan(calls[i]);
            vm.expectRevert(shut);
            vault.deposit(address(calling), 100);
            vm.expectRevert(shut);
            vault.withdraw(address(calling), 100);
        }
        vm.assertEq(200, IERC20(address(calling)).balanceOf(address(vault)), "as before");
    }
}
