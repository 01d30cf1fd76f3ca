// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {RewardToken} from "./RewardToken.sol";

/// @title Play money for local chains.
/// @notice Deploys a reward token, holds all of it and gives any of it to anybody.
contract Faucet {
    /// @notice Thrown at deployment on a chain that is not a local one.
    error Faucet_NotLocal(uint256 chainId);
    /// @notice Thrown when more is asked for than is left.
    error Faucet_Dry(uint256 left, uint256 amount);

    /// @notice Emitted when `to` is given `amount`.
    event Dripped(address indexed to, uint256 amount);

    /// @notice The token this faucet gives.
    RewardToken public immutable token;

    uint256 private constant GANACHE = 1337;
    uint256 private constant ANVIL = 31_337;
    uint256 private constant ETH_TESTER = 131_277_322_940_537;

    /// @param supply All there will ever be of the token, in its smallest unit.
    constructor(uint256 supply) {
        if (block.chainid != GANACHE && block.chainid != ANVIL && block.chainid != ETH_TESTER) {
            revert Faucet_NotLocal(block.chainid);
        }
        token = new RewardToken(address(this), supply);
    }

    /// @notice Gives `amount` to `to`.
    function drip(address to, uint256 amount) external {
        uint256 left = token.balanceOf(address(this));
        if (left < amount) revert Faucet_Dry(left, amount);
        emit Dripped(to, amount);
        // slither-disable-next-line unchecked-transfer -- our own token reverts, it never answers false
        token.transfer(to, amount);
    }
}
