// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Registry} from "../../Registry.sol";
import {Vault} from "../../Vault.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {TicketList} from "../../libraries/TicketList.sol";
import {Cheats} from "../fuzz/Vm.sol";

/// @title A vault whose accounts can be written, and which is the real one in everything else.
contract BookedVault is Vault {
    constructor(address market_, address registry_) Vault(market_, registry_, address(0)) {}

    function book(address token, bytes32 account, uint256 amount) external {
        balanceOf[token][account] = amount;
    }
}

/// @title Proofs about moves and slashes. This contract is the market, and the validator.
contract SlashingProofs is Cheats {
    address private constant TOKEN = address(0x70);
    address private constant CHALLENGER = address(0xC4);
    Registry private constant REGISTRY = Registry(address(0x4E6));

    BookedVault private vault;

    /// @dev Vault and registry name each other, so the registry's code is put to an address that the vault was told.
    function setUp() public {
        vault = new BookedVault(address(this), address(REGISTRY));
        vm.etch(address(REGISTRY), address(new Registry(address(this), address(vault))).code);
    }

    /// @notice What a slash leaves is no more than the stake, and the loss is the share of it rounded down: of stakes of 32 bits.
    function check_stakeLeft(uint32 stake, uint8 percent) public pure {
        if (percent > 100) return;
        uint256 left = TicketList.stakeLeft(stake, percent);
        assert(left <= stake);
        uint256 taken = stake - left;
        uint256 exact = uint256(stake) * percent;
        assert(taken * 100 <= exact && exact - taken * 100 < 100);
    }

    /// @notice A move takes from one account what it gives to another, and nothing from a third.
    function check_move(bytes32 from, bytes32 to, bytes32 third, uint256 amount, uint128 a, uint128 b, uint128 d)
        public
    {
        if (third == from || third == to) return;
        vault.book(TOKEN, third, d);
        vault.book(TOKEN, from, a);
        vault.book(TOKEN, to, b);
        uint256 before = vault.balanceOf(TOKEN, from);
        vault.move(TOKEN, from, to, amount);
        assert(amount != 0 && amount <= before);
        assert(vault.balanceOf(TOKEN, third) == d);
        if (from == to) {
            assert(vault.balanceOf(TOKEN, from) == before);
        } else {
            assert(vault.balanceOf(TOKEN, from) == before - amount);
            assert(vault.balanceOf(TOKEN, to) == uint256(b) + amount);
        }
    }

    /// @notice A slash leaves the rest of the stake in the pool, burns what nobody is rewarded with, and rewards at most half:
    /// of any stake, for each share that a deed costs.
    function check_slash(uint96 stake, uint8 deed, bool isRewarded) public {
        if (stake == 0 || deed > 3) return;
        uint256 percent = deed == 0 ? 10 : deed == 1 ? 20 : deed == 2 ? 30 : 100;
        bytes32 pool = REGISTRY.poolOf(TOKEN, stake);
        // A pool is a hash, which meets no other account.
        if (pool == vault.BURNED() || pool == _account(CHALLENGER) || pool == _account(address(this))) return;
        _seat(pool, stake);
        REGISTRY.slash(TOKEN, stake, 0, percent, isRewarded ? CHALLENGER : address(0));
        uint256 left = vault.balanceOf(TOKEN, pool);
        uint256 burned = vault.balanceOf(TOKEN, vault.BURNED());
        uint256 rewarded = vault.balanceOf(TOKEN, _account(CHALLENGER));
        assert(left + burned + rewarded == stake);
        assert(left == REGISTRY.ticketOf(pool, 0).stake);
        assert(isRewarded ? rewarded == burned || rewarded + 1 == burned : rewarded == 0);
        assert(deed != 3 || left == 0);
    }

    /// @dev Staked and seated as the market seats: the pool's first ticket.
    function _seat(bytes32 pool, uint128 stake) private {
        vault.book(TOKEN, _account(address(this)), stake);
        REGISTRY.stake(TOKEN, stake, 1);
        REGISTRY.seat(pool, IRegistry.Draw(0, 1, uint40(block.number)), 0, 0, address(this), keccak256("bounty"));
        assert(vault.balanceOf(TOKEN, pool) == stake);
    }

    function _account(address person) private pure returns (bytes32) {
        return bytes32(uint256(uint160(person)));
    }
}
