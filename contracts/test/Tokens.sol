// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IVault} from "../interfaces/IVault.sol";

/// @title A token that keeps a hundredth of every transfer.
contract TaxedToken is ERC20("Taxed", "TAX") {
    constructor() {
        _mint(msg.sender, 1e24);
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 tax = from == address(0) ? 0 : value / 100;
        super._update(from, to, value - tax);
        if (tax != 0) super._update(from, address(0), tax);
    }
}

/// @title A token that charges its sender a hundredth on top, once it is told to.
contract ToppingToken is ERC20("Topping", "TOP") {
    bool public charges;

    constructor() {
        _mint(msg.sender, 1e24);
    }

    function charge() external {
        charges = true;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (charges && from != address(0)) super._update(from, address(0), value / 100);
    }
}

/// @title A token that answers false, or reverts, or says nothing, as it is told.
contract MoodyToken {
    enum Mood {
        Silent, // moves and answers nothing, as some old tokens do
        False, // moves nothing and answers false
        Angry // reverts
    }

    error Moody();

    mapping(address => uint256) public balanceOf;
    Mood public mood;

    constructor() {
        balanceOf[msg.sender] = 1e24;
    }

    function become(Mood mood_) external {
        mood = mood_;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        if (mood == Mood.Angry) revert Moody();
        if (mood == Mood.False) {
            assembly {
                mstore(0, 0)
                return(0, 32)
            }
        }
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title A token that calls the vault back in the middle of a transfer, with whatever call it was given.
contract CallingToken is ERC20("Calling", "CALL") {
    IVault public immutable vault;
    bytes public call;

    constructor(IVault vault_) {
        vault = vault_;
        _mint(msg.sender, 1e24);
    }

    function plan(bytes calldata call_) external {
        call = call_;
    }

    /// @dev So that it can hold an account of its own.
    function depositOwn(uint256 amount) external {
        _approve(address(this), address(vault), amount);
        vault.deposit(address(this), amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        bytes memory planned = call;
        if (planned.length == 0) return;
        delete call;
        (bool done, bytes memory answer) = address(vault).call(planned);
        if (!done) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}
