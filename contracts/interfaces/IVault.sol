// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The money of the marketplace: one internal ledger per token.
/// @notice Participants deposit, the market, the registry and the referee move, everybody withdraws for themselves, for ever.
/// @dev An account is a `bytes32`: an address left-padded with zeros, a bounty id, a pool id, or `BURNED`.
/// For every token, the sum of all accounts is what was deposited less what was withdrawn, and the vault's token balance is never
/// below it.
/// Beside these errors a token's own may surface, and OpenZeppelin's `SafeERC20FailedOperation(token)` (the token answered
/// false) and `ReentrancyGuardReentrantCall()` (the token called back).
interface IVault {
    /// @notice Thrown when somebody else than the market, the registry or the referee tries to move money.
    error Vault_NotKeeper(address caller);
    /// @notice Thrown when an account holds less than what is taken from it.
    error Vault_InsufficientBalance(address token, bytes32 account, uint256 balance, uint256 amount);
    /// @notice Thrown when a token delivers another amount than asked for (fee on transfer, rebasing, no token at all).
    error Vault_InexactTransfer(address token, uint256 expected, uint256 received);
    /// @notice Thrown when an amount is zero.
    error Vault_ZeroAmount();

    /// @notice Emitted when tokens enter. `from` paid, `account` was credited.
    event Deposited(address indexed token, address indexed from, bytes32 indexed account, uint256 amount);
    /// @notice Emitted when tokens leave to the address that `account` stands for.
    event Withdrawn(address indexed token, bytes32 indexed account, uint256 amount);
    /// @notice Emitted when money changes its account inside the vault.
    event Moved(address indexed token, bytes32 indexed from, bytes32 indexed to, uint256 amount);

    /// @notice Deposits `amount` of `token` into the caller's own account. Needs an allowance.
    function deposit(address token, uint256 amount) external;
    /// @notice As `deposit`, with an EIP-2612 signature instead of an allowance.
    /// A permit that was already used (front-run) is no error while the allowance suffices.
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// @notice Withdraws `amount` of `token` from the caller's own account to the caller.
    function withdraw(address token, uint256 amount) external;
    /// @notice Moves money between two accounts. Market, registry and referee only.
    function move(address token, bytes32 from, bytes32 to, uint256 amount) external;

    /// @notice What `account` holds of `token`.
    function balanceOf(address token, bytes32 account) external view returns (uint256);
    /// @notice The account nobody can withdraw from.
    function BURNED() external view returns (bytes32);
    /// @notice The market of this deployment.
    function market() external view returns (address);
    /// @notice The referee of this deployment.
    function referee() external view returns (address);
    /// @notice The registry of this deployment.
    function registry() external view returns (address);
}
