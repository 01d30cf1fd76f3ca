// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A plain ERC-20 with permit and a fixed supply.
/// @notice Any standard ERC-20 pays bounties; this one is for chains that have none.
contract RewardToken is ERC20, ERC20Permit {
    /// @param holder Who gets the whole supply.
    /// @param supply In the smallest unit; there will never be more.
    constructor(address holder, uint256 supply) ERC20("Gradient Reward", "GRAD") ERC20Permit("Gradient Reward") {
        _mint(holder, supply);
    }
}
