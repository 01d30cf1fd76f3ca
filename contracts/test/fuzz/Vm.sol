// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The cheat codes of forge that these tests use.
/// @dev `getBlockTimestamp` and `getBlockNumber` instead of `block.*`: the optimizer may read those once and keep them.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function assertEq(bytes32 left, bytes32 right, string calldata reason) external pure;
    function assertEq(address left, address right, string calldata reason) external pure;
    function assertEq(uint256 left, uint256 right, string calldata reason) external pure;
    function assertEq(int256 left, int256 right, string calldata reason) external pure;
    function assertLe(uint256 left, uint256 right, string calldata reason) external pure;
    function assertTrue(bool fact, string calldata reason) external pure;
    function assertFalse(bool fact, string calldata reason) external pure;
    function chainId(uint256 id) external;
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function deployCode(string calldata artefact) external returns (address deployed);
    function deployCode(string calldata artefact, bytes calldata arguments) external returns (address deployed);
    function expectEmit(address emitter) external;
    function expectEmit(address emitter, uint64 count) external;
    function expectPartialRevert(bytes4 reason) external;
    function expectRevert() external;
    function expectRevert(bytes calldata reason) external;
    function getBlockNumber() external view returns (uint256);
    function getBlockTimestamp() external view returns (uint256);
    function getCode(string calldata artefact) external view returns (bytes memory code);
    function getNonce(address account) external view returns (uint64);
    function prank(address sender) external;
    function revertToState(uint256 id) external returns (bool done);
    function roll(uint256 number) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function snapshotState() external returns (uint256 id);
    function warp(uint256 timestamp) external;
}

/// @title Where the cheat codes live, and a way to bring any number into a range.
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev `low .. high`, both included.
    function _bound(uint256 number, uint256 low, uint256 high) internal pure returns (uint256) {
        require(low <= high, "empty range");
        if (number >= low && number <= high) return number;
        if (high - low == type(uint256).max) return number;
        return low + number % (high - low + 1);
    }

    /// @dev Number `n` of the sequence that `seed` starts.
    function _mix(uint256 seed, uint256 n) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, n)));
    }

    /// @dev One time in `odds`.
    function _rarely(uint256 seed, uint256 n, uint256 odds) internal pure returns (bool) {
        return _mix(seed, n) % odds == 0;
    }
}
