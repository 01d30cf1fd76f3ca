// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "./interfaces/IMarket.sol";
import {IReferee} from "./interfaces/IReferee.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Bits} from "./libraries/Bits.sol";
import {TermsCheck} from "./libraries/TermsCheck.sol";
import {TermsWords} from "./libraries/TermsWords.sol";
import {Bounty, Clock} from "./market/BountyState.sol";
import {Core} from "./market/Core.sol";
import {Holders} from "./market/Holders.sol";
import {Rounds} from "./market/Rounds.sol";
import {Views} from "./market/Views.sol";

/// @title Market
/// @dev One contract in parts, each readable alone: `Bench` (seats), `Holders`, `Rounds` (the owner), `Scoring`, `Payouts`, `Views`.
/// Here is how a bounty starts, and what pushes it on.
contract Market is Holders, Rounds, Views {
    using Bits for uint256;
    using TermsWords for PackedTerms;

    /// @param vault_ The vault, deployed for this address.
    /// @param registry_ The registry, deployed for this address.
    /// @param referee_ The referee, deployed for this address.
    constructor(address vault_, address registry_, address referee_) Core(vault_, registry_, referee_) {
        IVault v = IVault(vault_);
        IRegistry r = IRegistry(registry_);
        IReferee f = IReferee(referee_);
        bool ours = v.market() == address(this) && r.market() == address(this) && f.market() == address(this);
        if (!ours || v.registry() != registry_ || v.referee() != referee_ || r.vault() != vault_ || f.vault() != vault_)
        {
            revert Market_BadDeployment(vault_, registry_, referee_);
        }
    }

    /// @inheritdoc IMarket
    function post(bytes32 salt, PostedTerms calldata given, bytes32 ownerKey) external returns (bytes32 bounty) {
        PackedTerms calldata terms = given.packed;
        bounty = _idOf(msg.sender, salt);
        _requireOwner(bounty, terms);
        Bounty storage b = _bounties[bounty];
        if (b.clock.phase != Phase.None) revert Market_AlreadyPosted(bounty);
        _requireDigest(ownerKey);
        TermsCheck.check(terms, given.roots);
        uint256 live = _freeze(b, terms);
        if (live < terms.seats()) revert Market_TooFewTickets(live, terms.seats());
        b.termsHash = terms.hash();
        b.clock.vacant = uint16(terms.seats().full());
        b.clock.phase = Phase.Draw;
        _begin(bounty, b, 0);
        emit Posted(bounty, msg.sender, ownerKey, _draft(b.clock).drawBlock, given);
        _take(bounty, terms.token(), msg.sender, _postedReserve(terms) + terms.bond());
    }

    /// @inheritdoc IMarket
    function advance(bytes32 bounty, PackedTerms calldata given) external {
        (Bounty storage b, PackedTerms calldata terms) = _known(bounty, given);
        Clock storage clock = b.clock;
        Phase phase = clock.phase;
        if (phase == Phase.Draw || phase == Phase.Dispute || phase == Phase.Closed) {
            revert Market_NothingToDo(bounty);
        }
        if (!_allActed(b, clock, phase, terms.seats())) _requireAfter(bounty, clock.deadline);
        if (phase == Phase.Acknowledge) _endAcknowledge(bounty, b, terms);
        else if (phase == Phase.Join) _endJoin(bounty, b, terms);
        else if (phase == Phase.Submit) _endSubmit(bounty, b, terms);
        else if (phase == Phase.Attest) _endAttest(bounty, b, terms);
        else if (phase == Phase.Rebut) _endRebut(bounty, b, terms);
        else if (phase == Phase.Commit) _endCommit(bounty, b, terms);
        else if (phase == Phase.Reveal) _endReveal(bounty, b, terms);
        else if (phase == Phase.Challenge) _endChallenge(bounty, b, terms);
        else _endServe(bounty, b, terms);
    }

    /// @dev The phases that their last act does not always end, because it carries no terms.
    function _allActed(Bounty storage b, Clock storage clock, Phase phase, uint256 seats) private view returns (bool) {
        if (phase == Phase.Reveal) return clock.acted == b.ballot.committed;
        return phase == Phase.Serve && (clock.acted | clock.vacant) == seats.full();
    }
}
