// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Registry} from "../../Registry.sol";
import {Accounts} from "../../libraries/Accounts.sol";

/// @title Books what the registry has moved; that moves keep sums is proved of the vault itself.
contract Ledger {
    bytes32 public constant BURNED = keccak256("burned");

    mapping(bytes32 account => uint256) public received;
    mapping(bytes32 account => uint256) public given;

    function move(address, bytes32 from, bytes32 to, uint256 amount) external {
        given[from] += amount;
        received[to] += amount;
    }
}

/// @title Proofs about slashes, of the registry itself. This contract is the market, and the validator.
contract SlashProofs {
    address private constant TOKEN = address(0x70);

    Ledger private ledger;
    Registry private registry;

    function setUp() public {
        ledger = new Ledger();
        registry = new Registry(address(this), address(ledger));
    }

    /// @notice What a slash leaves and what it takes are the stake; what it takes is burned, but for half, rounded down, when somebody
    /// showed the fault; and what is left is what the ticket is redeemed for.
    function check_slash(uint128 stake, uint256 percent, address challenger) public {
        bytes32 pool = registry.poolOf(TOKEN, stake);
        bytes32 person = Accounts.ofPerson(challenger);
        // Hashes collide with nothing, and are no addresses.
        if (stake == 0 || uint256(pool) >> 160 == 0 || pool == ledger.BURNED()) return;
        _seat(pool, stake);
        registry.slash(TOKEN, stake, 0, percent, challenger);
        uint256 left = registry.ticketOf(pool, 0).stake;
        uint256 taken = ledger.given(pool);
        uint256 rewarded = ledger.received(person);
        assert(left + taken == stake);
        assert(ledger.received(ledger.BURNED()) + rewarded == taken);
        assert(rewarded == (challenger == address(0) ? 0 : taken / 2));
        assert(registry.ticketOf(pool, 0).state == IRegistry.TicketState.Leaving);
    }

    /// @dev One ticket of this contract's, which it drew for a bounty's only seat.
    function _seat(bytes32 pool, uint128 stake) private {
        registry.stake(TOKEN, stake, 1);
        registry.seat(pool, IRegistry.Draw("seed", 1, block.number), 0, 0, address(this), "bounty");
        assert(ledger.given(pool) == 0);
    }
}
