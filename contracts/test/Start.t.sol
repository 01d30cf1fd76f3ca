// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {Faucet} from "../token/Faucet.sol";
import {RewardToken} from "../token/RewardToken.sol";
import {Deployed} from "./fuzz/Deployed.sol";

/// @title Deployments: the three contracts name each other, and play money stays at home.
contract StartTest is Deployed {
    function setUp() public {
        _deploy();
    }

    /// @dev The contracts know each other's addresses.
    function test_theContractsNameEachOther() public view {
        vm.assertEq(address(market), vault.market(), "vault's market");
        vm.assertEq(address(registry), vault.registry(), "vault's registry");
        vm.assertEq(address(market), registry.market(), "registry's market");
        vm.assertEq(address(vault), registry.vault(), "registry's vault");
        vm.assertEq(address(vault), market.vault(), "market's vault");
        vm.assertEq(address(registry), market.registry(), "market's registry");
    }

    /// @dev A market refuses a vault or a registry that was deployed for another one.
    function test_aMarketRefusesStrangers() public {
        vm.expectRevert(
            abi.encodeWithSelector(IMarket.Market_BadDeployment.selector, address(vault), address(registry))
        );
        this.deployAgain(address(vault), address(registry));
    }

    /// @dev A market refuses a pair that does not know each other, each half being its own.
    function test_aMarketRefusesAVaultAndARegistryThatDoNotKnowEachOther() public {
        uint256 nonce = vm.getNonce(address(this));
        address market_ = vm.computeCreateAddress(address(this), nonce + 2);
        address vault_ = vm.deployCode("Vault.sol:Vault", abi.encode(market_, address(1)));
        address registry_ = vm.deployCode("Registry.sol:Registry", abi.encode(market_, vault_));
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_BadDeployment.selector, vault_, registry_));
        this.deployAgain(vault_, registry_);
    }

    /// @dev External, so that a revert can be expected of it.
    function deployAgain(address vault_, address registry_) external {
        bytes memory code = abi.encodePacked(vm.getCode("Market.sol:Market"), abi.encode(vault_, registry_));
        assembly {
            if iszero(create(0, add(code, 32), mload(code))) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    // ---------------------------------------------------------------- play money
    /// @dev The faucet holds the whole supply and gives it away.
    function test_theFaucetGives() public {
        vm.chainId(31_337);
        Faucet faucet = new Faucet(1000);
        RewardToken play = faucet.token();
        faucet.drip(address(7), 600);
        vm.assertEq(600, play.balanceOf(address(7)), "given");
        vm.assertEq(1000, play.totalSupply(), "no more than was made");
        vm.expectRevert(abi.encodeWithSelector(Faucet.Faucet_Dry.selector, 400, 401));
        faucet.drip(address(7), 401);
    }

    /// @dev There is a faucet on each local chain, and on no other.
    function test_theFaucetIsForLocalChains() public {
        uint256[3] memory local = [uint256(1337), 31_337, 131_277_322_940_537];
        for (uint256 i = 0; i < 3; ++i) {
            vm.chainId(local[i]);
            new Faucet(1);
        }
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(Faucet.Faucet_NotLocal.selector, 1));
        new Faucet(1);
    }
}
