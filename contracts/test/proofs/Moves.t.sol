// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Vault} from "../../Vault.sol";

/// @title A vault whose accounts can be written, and which is the real one in everything else.
contract BookedVault is Vault {
    constructor(address market_) Vault(market_, address(0), address(0)) {}

    function book(address token, bytes32 account, uint256 amount) external {
        balanceOf[token][account] = amount;
    }
}

/// @title Proofs about the vault's moves. This contract is the market.
contract MoveProofs {
    address private constant TOKEN = address(0x70);

    BookedVault private vault;

    function setUp() public {
        vault = new BookedVault(address(this));
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
}
