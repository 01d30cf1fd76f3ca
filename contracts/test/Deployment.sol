// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Accounts} from "../libraries/Accounts.sol";
import {RewardToken} from "../token/RewardToken.sol";
import {Assertions} from "./Assertions.sol";

/// @title The contracts as they are deployed: addresses first, contracts after them, nobody in charge.
/// @dev `deployCode` takes the compiled artefacts, so that a test does not carry the market's code in its own.
abstract contract Deployment is Assertions {
    uint256 internal constant SUPPLY = 1e30;

    IVault internal vault;
    IRegistry internal registry;
    IMarket internal market;
    RewardToken internal token;

    function deploy() internal {
        uint256 nonce = vm.getNonce(address(this));
        address vaultAt = vm.computeCreateAddress(address(this), nonce);
        address registryAt = vm.computeCreateAddress(address(this), nonce + 1);
        address marketAt = vm.computeCreateAddress(address(this), nonce + 2);
        vault = IVault(vm.deployCode("Vault.sol:Vault", abi.encode(marketAt, registryAt)));
        registry = IRegistry(vm.deployCode("Registry.sol:Registry", abi.encode(marketAt, vaultAt)));
        market = IMarket(vm.deployCode("Market.sol:Market", abi.encode(vaultAt, registryAt)));
        token = RewardToken(vm.deployCode("RewardToken.sol:RewardToken", abi.encode(address(this), SUPPLY)));
    }

    /// @dev Gives `who` money and deposits it.
    function fund(address who, uint256 amount) internal {
        token.transfer(who, amount);
        vm.startPrank(who);
        token.approve(address(vault), amount);
        vault.deposit(address(token), amount);
        vm.stopPrank();
    }

    function withdrawAll(address who) internal returns (uint256 amount) {
        amount = credit(who);
        if (amount == 0) return 0;
        vm.prank(who);
        vault.withdraw(address(token), amount);
    }

    function stakeTickets(address validator, uint128 ticketStake, uint256 count) internal returns (uint256 first) {
        fund(validator, uint256(ticketStake) * count);
        vm.prank(validator);
        first = registry.stake(address(token), ticketStake, count);
    }

    /// @dev What a person holds inside the vault.
    function credit(address who) internal view returns (uint256) {
        return vault.balanceOf(address(token), Accounts.ofPerson(who));
    }

    function burned() internal view returns (uint256) {
        return vault.balanceOf(address(token), vault.BURNED());
    }
}
