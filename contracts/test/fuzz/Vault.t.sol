// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IVault} from "../../interfaces/IVault.sol";
import {Vault} from "../../Vault.sol";
import {RewardToken} from "../../token/RewardToken.sol";
import {Cheats} from "./Vm.sol";

/// @title The vault alone; this contract is its market.
contract VaultFuzz is Cheats {
    RewardToken private token;
    Vault private vault;
    address private constant PERSON = address(0xA11CE);
    bytes32 private constant ACCOUNT = bytes32(uint256(uint160(PERSON)));

    function setUp() public {
        token = new RewardToken(address(this), type(uint256).max);
        vault = new Vault(address(this), address(0xBEEF), address(0xFEED));
    }

    /// @notice What goes in is credited, and exactly that can come out. GM-102.
    function testFuzz_depositsComeBack(uint256 amount, uint256 out) public {
        amount = _bound(amount, 1, type(uint256).max);
        out = _bound(out, 1, amount);
        _deposit(amount);
        _expectHeld(amount);
        vm.prank(PERSON);
        vault.withdraw(address(token), out);
        _expectHeld(amount - out);
        vm.assertEq(out, token.balanceOf(PERSON), "the tokens left");
        if (out == amount) return;
        vm.prank(PERSON);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVault.Vault_InsufficientBalance.selector, address(token), ACCOUNT, amount - out, amount - out + 1
            )
        );
        vault.withdraw(address(token), amount - out + 1);
    }

    /// @notice Two deposits and a stranger's never mix. GM-104.
    function testFuzz_accountsAreApart(uint128 mine, uint128 more, uint128 theirs) public {
        mine = uint128(_bound(mine, 1, type(uint128).max));
        more = uint128(_bound(more, 1, type(uint128).max));
        theirs = uint128(_bound(theirs, 1, type(uint128).max));
        _deposit(mine);
        _deposit(more);
        token.approve(address(vault), theirs);
        vault.deposit(address(token), theirs);
        vm.assertEq(uint256(mine) + more, vault.balanceOf(address(token), ACCOUNT), "mine");
        vm.assertEq(theirs, vault.balanceOf(address(token), bytes32(uint256(uint160(address(this))))), "theirs");
    }

    /// @notice A signature does what an allowance does, even when somebody used it first. GM-120.
    function testFuzz_permitDeposits(uint256 key, uint256 amount, uint256 deadline, bool stolen) public {
        key = _bound(key, 1, type(uint128).max);
        amount = _bound(amount, 1, type(uint256).max);
        deadline = _bound(deadline, vm.getBlockTimestamp(), type(uint256).max);
        address signer = vm.addr(key);
        token.transfer(signer, amount);
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(key, signer, amount, deadline);
        if (stolen) token.permit(signer, address(vault), amount, deadline, v, r, s);
        vm.prank(signer);
        vault.depositWithPermit(address(token), amount, deadline, v, r, s);
        vm.assertEq(amount, vault.balanceOf(address(token), bytes32(uint256(uint160(signer)))), "credited");
        vm.assertEq(0, token.balanceOf(signer), "taken");
    }

    /// @notice A move takes from one account what it gives to the other, also when they are the same one. GM-101.
    function testFuzz_movesKeepTheSum(uint256 amount, uint256 moved, bytes32 to) public {
        amount = _bound(amount, 1, type(uint256).max);
        moved = _bound(moved, 1, amount);
        _deposit(amount);
        vault.move(address(token), ACCOUNT, to, moved);
        if (to == ACCOUNT) {
            vm.assertEq(amount, vault.balanceOf(address(token), ACCOUNT), "itself");
        } else {
            vm.assertEq(amount - moved, vault.balanceOf(address(token), ACCOUNT), "from");
            vm.assertEq(moved, vault.balanceOf(address(token), to), "to");
        }
    }

    /// @notice Nobody moves more than there is, and nobody but market, registry and referee moves anything. GM-106.
    function testFuzz_movesAreGuarded(address caller, uint256 amount, uint256 over) public {
        amount = _bound(amount, 1, type(uint256).max - 1);
        over = _bound(over, amount + 1, type(uint256).max);
        _deposit(amount);
        vm.expectPartialRevert(IVault.Vault_InsufficientBalance.selector);
        vault.move(address(token), ACCOUNT, bytes32(0), over);
        if (caller == address(this) || caller == address(0xBEEF) || caller == address(0xFEED)) return;
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotKeeper.selector, caller));
        vault.move(address(token), ACCOUNT, bytes32(0), amount);
    }

    function _deposit(uint256 amount) private {
        token.transfer(PERSON, amount);
        vm.prank(PERSON);
        token.approve(address(vault), amount);
        vm.prank(PERSON);
        vault.deposit(address(token), amount);
    }

    function _expectHeld(uint256 amount) private view {
        vm.assertEq(amount, vault.balanceOf(address(token), ACCOUNT), "account");
        vm.assertEq(amount, token.balanceOf(address(vault)), "tokens");
    }

    function _signPermit(uint256 key, address signer, uint256 amount, uint256 deadline)
        private
        view
        returns (uint8, bytes32, bytes32)
    {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typeHash, signer, address(vault), amount, uint256(0), deadline));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message)));
    }
}
