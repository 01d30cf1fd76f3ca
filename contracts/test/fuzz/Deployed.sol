// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {IMarket} from "../../interfaces/IMarket.sol";
import {IReferee} from "../../interfaces/IReferee.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {IVault} from "../../interfaces/IVault.sol";
import {RewardToken} from "../../token/RewardToken.sol";
import {FakeJudge} from "../FakeJudge.sol";
import {Trees} from "./Trees.sol";
import {Cheats} from "./Vm.sol";

/// @title A deployment and the words every test needs to talk about it.
abstract contract Deployed is Cheats {
    uint256 internal constant PURSE = 1e30;
    bytes32 internal constant SOME = keccak256("something");
    uint256 internal constant SHARDS = 4;

    RewardToken internal token;
    IVault internal vault;
    IRegistry internal registry;
    IReferee internal referee;
    IMarket internal market;
    FakeJudge[6] internal judges; // as `IReferee.judgeOf` numbers them

    /// @dev The four contracts name each other, so their addresses are told from the deployer's nonce. `deployCode` takes them as
    /// compiled: with `new`, every test contract would carry, and the compiler optimise, the market once more.
    function _deploy() internal {
        token = new RewardToken(address(this), type(uint128).max);
        for (uint256 i = 0; i < 6; ++i) {
            judges[i] = new FakeJudge();
        }
        uint256 nonce = vm.getNonce(address(this));
        address registry_ = vm.computeCreateAddress(address(this), nonce + 1);
        address referee_ = vm.computeCreateAddress(address(this), nonce + 2);
        address market_ = vm.computeCreateAddress(address(this), nonce + 3);
        vault = IVault(vm.deployCode("Vault.sol:Vault", abi.encode(market_, registry_, referee_)));
        registry = IRegistry(vm.deployCode("Registry.sol:Registry", abi.encode(market_, address(vault))));
        referee = IReferee(vm.deployCode("Referee.sol:Referee", abi.encode(market_, address(vault), judges)));
        market = IMarket(vm.deployCode("Market.sol:Market", abi.encode(address(vault), registry_, referee_)));
    }

    /// @dev A person that has `PURSE` in the vault.
    function _person(string memory role, uint256 n) internal returns (address person) {
        person = address(uint160(uint256(keccak256(abi.encode(role, n)))));
        _fund(person, PURSE);
    }

    function _fund(address person, uint256 amount) internal {
        token.transfer(person, amount);
        vm.prank(person);
        token.approve(address(vault), amount);
        vm.prank(person);
        vault.deposit(address(token), amount);
    }

    function _accountOf(address person) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(person)));
    }

    function _balance(bytes32 account) internal view returns (uint256) {
        return vault.balanceOf(address(token), account);
    }

    function _balance(address person) internal view returns (uint256) {
        return _balance(_accountOf(person));
    }

    function _burned() internal view returns (uint256) {
        return _balance(keccak256("gradmarket/1/burned"));
    }

    /// @dev That of every sheet's trace.
    function _frame() internal pure returns (IJudge.Frame memory) {
        return IJudge.Frame(uint256(SOME) >> 24, keccak256("rows"), keccak256("top"));
    }

    /// @dev Moves the clock to one second after `deadline`, never back.
    function _warpPast(uint256 deadline) internal {
        if (vm.getBlockTimestamp() <= deadline) vm.warp(deadline + 1);
    }

    /// @dev The shards of every bounty here: the key of round `r` is `keccak256("key", r)`, the other words are `SOME`.
    function _shardRow() internal pure returns (bytes32[] memory row) {
        row = new bytes32[](SHARDS);
        for (uint256 i = 0; i < SHARDS; ++i) {
            row[i] = Trees.shardLeaf(i, SOME, SOME, _shardKey(i));
        }
    }

    function _shardKey(uint256 round) internal pure returns (bytes32) {
        return keccak256(abi.encode("key", round));
    }

    function _count(uint256 set) internal pure returns (uint256 n) {
        for (; set != 0; set &= set - 1) {
            ++n;
        }
    }

    function _has(uint256 set, uint256 index) internal pure returns (bool) {
        return (set >> index) & 1 == 1;
    }
}
