// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The names of the vault's accounts.
/// @dev A bounty's account is its id. Ids and pools are hashes: they never meet an address padded with 12 zero bytes.
library Accounts {
    /// @notice The account of a person.
    function ofPerson(address person) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(person)));
    }

    /// @notice The account of a pool of tickets; also the pool's id.
    function ofPool(address token, uint128 ticketStake) internal pure returns (bytes32) {
        return keccak256(abi.encode(token, ticketStake));
    }
}
