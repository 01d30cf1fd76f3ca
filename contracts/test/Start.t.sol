// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";
import {IReferee} from "../interfaces/IReferee.sol";
import {Faucet} from "../token/Faucet.sol";
import {RewardToken} from "../token/RewardToken.sol";
import {Deployed} from "./fuzz/Deployed.sol";

/// @title Deployments: the four contracts name each other, and play money stays at home.
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
        vm.assertEq(address(referee), vault.referee(), "vault's referee");
        vm.assertEq(address(referee), market.referee(), "market's referee");
        vm.assertEq(address(market), referee.market(), "referee's market");
        vm.assertEq(address(vault), referee.vault(), "referee's vault");
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertEq(address(judges[i]), referee.judgeOf(i), "a judge");
        }
        vm.assertEq(address(0), referee.judgeOf(6), "there is no other");
        vm.assertEq(address(0), referee.judgeOf(type(uint256).max), "nor any other");
    }

    /// @dev A market refuses a vault, a registry and a referee that were deployed for another one.
    function test_aMarketRefusesStrangers() public {
        _refused(address(vault), address(registry), address(referee));
        this.deployAgain(address(vault), address(registry), address(referee));
    }

    /// @dev A market refuses three that do not name it and each other, whichever link is wrong.
    function test_aMarketRefusesThreeThatDoNotKnowEachOther() public {
        for (uint256 wrong = 0; wrong < 7; ++wrong) {
            (address vault_, address registry_, address referee_) = _deployThree(wrong);
            _refused(vault_, registry_, referee_);
            this.deployAgain(vault_, registry_, referee_);
        }
        (address a, address b, address c) = _deployThree(7);
        this.deployAgain(a, b, c); // and all links being right, it does not
    }

    /// @dev A referee refuses a judge that is not there.
    function test_aRefereeRefusesAMissingJudge() public {
        for (uint256 missing = 0; missing < 6; ++missing) {
            address[6] memory six = _judgesBut(missing);
            vm.expectRevert(abi.encodeWithSelector(IReferee.Referee_BadDeployment.selector, six[missing]));
            this.create("Referee.sol:Referee", abi.encode(market, vault, six));
        }
    }

    /// @dev Link number `wrong` leads elsewhere.
    function _deployThree(uint256 wrong) private returns (address vault_, address registry_, address referee_) {
        uint256 nonce = vm.getNonce(address(this));
        registry_ = vm.computeCreateAddress(address(this), nonce + 1);
        referee_ = vm.computeCreateAddress(address(this), nonce + 2);
        address market_ = vm.computeCreateAddress(address(this), nonce + 3);
        address other = address(0xbad);
        vault_ = vm.deployCode(
            "Vault.sol:Vault",
            abi.encode(wrong == 0 ? other : market_, wrong == 1 ? other : registry_, wrong == 2 ? other : referee_)
        );
        registry_ = vm.deployCode(
            "Registry.sol:Registry", abi.encode(wrong == 3 ? other : market_, wrong == 4 ? other : vault_)
        );
        referee_ = vm.deployCode(
            "Referee.sol:Referee", abi.encode(wrong == 5 ? other : market_, wrong == 6 ? other : vault_, _judgesBut(6))
        );
    }

    function _judgesBut(uint256 missing) private view returns (address[6] memory six) {
        for (uint256 i = 0; i < 6; ++i) {
            six[i] = i == missing ? address(0xbad) : address(judges[i]);
        }
    }

    function _refused(address vault_, address registry_, address referee_) private {
        vm.expectRevert(abi.encodeWithSelector(IMarket.Market_BadDeployment.selector, vault_, registry_, referee_));
    }

    /// @dev External, so that a revert can be expected of it.
    function deployAgain(address vault_, address registry_, address referee_) external {
        create("Market.sol:Market", abi.encode(vault_, registry_, referee_));
    }

    /// @dev As `deployCode`, but what the constructor reverts with is passed on.
    function create(string memory artefact, bytes memory arguments) public {
        bytes memory code = abi.encodePacked(vm.getCode(artefact), arguments);
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
