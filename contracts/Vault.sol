// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

import {IVault} from "./interfaces/IVault.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Tags} from "./libraries/Tags.sol";

/// @title Vault
/// @dev The only contract that calls tokens, and tokens are strangers: they may lie, charge, refuse or call back. A token can
/// only ever hurt its own ledger, because every figure is kept by token.
contract Vault is IVault, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @inheritdoc IVault
    bytes32 public constant BURNED = Tags.BURNED;

    /// @inheritdoc IVault
    address public immutable market;
    /// @inheritdoc IVault
    address public immutable registry;
    /// @inheritdoc IVault
    address public immutable referee;

    /// @inheritdoc IVault
    mapping(address token => mapping(bytes32 account => uint256)) public balanceOf;

    /// @param market_ Where the market will be deployed.
    /// @param registry_ Where the registry will be deployed.
    /// @param referee_ Where the referee will be deployed.
    /// @dev No address is checked here, none exists yet: the market, deployed last, checks all four.
    // slither-disable-next-line missing-zero-check -- a wrong address is caught by the market's constructor
    constructor(address market_, address registry_, address referee_) {
        market = market_;
        registry = registry_;
        referee = referee_;
    }

    /// @inheritdoc IVault
    function deposit(address token, uint256 amount) external nonReentrant {
        _deposit(token, amount);
    }

    /// @inheritdoc IVault
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // Somebody may have used the signature already, seen in the mempool: then the allowance is there. If it is not, the
        // transfer below reverts, so nothing needs to be known about why a permit failed.
        // slither-disable-next-line reentrancy-benign -- guarded; what is credited is measured after it
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(token, amount);
    }

    /// @inheritdoc IVault
    function withdraw(address token, uint256 amount) external nonReentrant {
        bytes32 account = Accounts.ofPerson(msg.sender);
        if (amount == 0) revert Vault_ZeroAmount();
        _take(token, account, amount);
        emit Withdrawn(token, account, amount);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(msg.sender, amount);
        // A token that charges the sender on top would eat what belongs to others.
        uint256 left = IERC20(token).balanceOf(address(this));
        if (left + amount != before) revert Vault_InexactTransfer(token, amount, before > left ? before - left : 0);
    }

    /// @inheritdoc IVault
    /// @dev No token is called, so no guard is needed: a token that calls back during a deposit has nothing credited yet, one
    /// that calls back during a withdrawal has everything debited already.
    function move(address token, bytes32 from, bytes32 to, uint256 amount) external {
        if (msg.sender != market && msg.sender != registry && msg.sender != referee) {
            revert Vault_NotKeeper(msg.sender);
        }
        if (amount == 0) revert Vault_ZeroAmount();
        _take(token, from, amount);
        balanceOf[token][to] += amount;
        emit Moved(token, from, to, amount);
    }

    /// @dev The credit follows the transfer: what was received is only known then. The guard keeps every other entry shut.
    function _deposit(address token, uint256 amount) private {
        bytes32 account = Accounts.ofPerson(msg.sender);
        if (amount == 0) revert Vault_ZeroAmount();
        if (token.code.length == 0) revert Vault_InexactTransfer(token, amount, 0);
        uint256 before = IERC20(token).balanceOf(address(this));
        // slither-disable-next-line reentrancy-benign,reentrancy-no-eth -- guarded, see above
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 present = IERC20(token).balanceOf(address(this));
        if (present != before + amount) {
            revert Vault_InexactTransfer(token, amount, present > before ? present - before : 0);
        }
        balanceOf[token][account] += amount;
        emit Deposited(token, msg.sender, account, amount);
    }

    function _take(address token, bytes32 account, uint256 amount) private {
        uint256 balance = balanceOf[token][account];
        if (balance < amount) revert Vault_InsufficientBalance(token, account, balance, amount);
        unchecked {
            balanceOf[token][account] = balance - amount;
        }
    }
}
