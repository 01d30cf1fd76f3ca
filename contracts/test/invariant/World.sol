// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../../interfaces/IMarket.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {Deployed} from "../fuzz/Deployed.sol";
import {Trees} from "../fuzz/Trees.sol";
import {Terms} from "../Terms.sol";

/// @title Two bounties at a time, the people around them, and what must be true of them, kept beside the contracts.
/// @dev The books here are kept from what was done and from the views, never from the market's own sums.
abstract contract World is Deployed {
    uint256 internal constant HOLDERS = 6;
    uint256 internal constant VALIDATORS = 8;
    uint256 internal constant LEAVES = 8; // of a payout tree
    uint128 internal constant STAKE = 1_000_003;

    /// @dev What is known of one bounty.
    struct Case {
        Terms.Fields terms;
        IMarket.Phase phase;
        IMarket.CloseReason closed;
        uint16 round;
        uint16 vacant;
        uint128 forfeited;
        IMarket.Sheet sheet; // that most seats commit to
        uint256 sheetRound; // plus one
        uint256 seatFlow; // paid to validators
        mapping(uint256 index => address) holderAt;
        mapping(address holder => int256) due; // what the bounty owes in all, less what was locked: payouts, losses, fees
        mapping(address holder => int256) flow; // what came of it
        mapping(address holder => uint256) fifths;
        mapping(uint256 round => mapping(uint256 index => Trees.Payout)) payouts;
        mapping(uint256 round => bool) settled;
        mapping(uint256 round => bytes32) stood; // hash of the sheet it was settled on
        mapping(uint256 round => uint256) unclaimed; // of its pool
        uint256 wrong; // of the round's sheets: 1 that most seats commit to, 2 the other one
        uint256 fallen; // seats, in this round
        mapping(uint256 seat => address) fallenBy;
        mapping(uint256 seat => uint256) ticketOf;
        uint256 open; // disputes
        uint256 disputed; // disputes of the round below, so far
        uint256 disputedRound; // plus one
        uint256 winners; // of the last round that was settled
        uint256 served; // seats, in that round
        uint256 earned; // halves of a round's pay that seats were ever owed
        mapping(uint256 seat => uint256) halves; // of a seat's pay, not collected
    }

    /// @dev What is known of one dispute.
    struct Quarrel {
        bytes32 id;
        bytes32 bounty;
        bool other; // which sheet
        bool open;
        address challenger;
        address defender; // who answered last
        uint256 bond;
        uint256 last; // demand
    }

    /// @dev Balances before an act on one bounty, and all there is to know of the other.
    struct Snapshot {
        uint256[HOLDERS] holders;
        uint256 validators;
        bytes32 other;
    }

    address[2] internal owners;
    address[HOLDERS] internal holders;
    address[VALIDATORS] internal validators;
    bytes32 internal pool;
    bytes32[2] public current;
    bytes32[] internal everPosted;
    mapping(bytes32 bounty => Case) internal cases;
    Quarrel[] internal quarrels; // all there ever were
    mapping(bytes32 sheetHash => bool) internal fell;

    /// @notice How often things happened.
    mapping(bytes32 what => uint256) public counts;
    /// @notice Set when an act on one bounty changed something of the other.
    bool public leaked;
    /// @notice Set when a bounty went back.
    bool public wentBack;
    /// @notice Set when a bounty that is over and paid out still held money.
    bool public stuck;
    /// @notice Set when somebody got another sum than was due.
    bool public unfair;

    /// @notice Set when a ticket was slashed by another share than its seat's deed costs.
    bool public unjust;
    /// @notice Set when a round was settled on a sheet that fell.
    bool public mistaken;

    modifier on(uint256 k) {
        Snapshot memory s = _look(k);
        _;
        _compare(k, s);
    }

    /// @dev An act on no bounty.
    modifier beside() {
        bytes32 both = keccak256(abi.encode(_everythingOf(0), _everythingOf(1)));
        _;
        if (both != keccak256(abi.encode(_everythingOf(0), _everythingOf(1)))) leaked = true;
    }

    // ---------------------------------------------------------------- books
    function _look(uint256 k) private view returns (Snapshot memory s) {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            s.holders[i] = _balance(holders[i]);
        }
        s.validators = _validatorsHave();
        s.other = _apartFrom(k);
    }

    function _compare(uint256 k, Snapshot memory s) private {
        Case storage c = cases[current[k]];
        for (uint256 i = 0; i < HOLDERS; ++i) {
            c.flow[holders[i]] += int256(_balance(holders[i])) - int256(s.holders[i]);
        }
        c.seatFlow += _validatorsHave() - s.validators; // within a bounty validators only ever get
        if (s.other != _apartFrom(k)) leaked = true;
    }

    /// @dev The other bounty, and its owner's money.
    function _apartFrom(uint256 k) internal view returns (bytes32) {
        return keccak256(abi.encode(_everythingOf(1 - k), _balance(owners[1 - k])));
    }

    function _validatorsHave() private view returns (uint256 sum) {
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            sum += _balance(validators[i]);
        }
    }

    /// @dev Every view of a bounty, and its account.
    function _everythingOf(uint256 k) private view returns (bytes32 digest) {
        bytes32 id = current[k];
        digest = keccak256(abi.encode(_viewOf(id), _balance(id)));
        uint256 rounds = cases[id].terms.rounds;
        for (uint256 i = 0; i < rounds; ++i) {
            digest = keccak256(abi.encode(digest, market.resultOf(id, i)));
        }
        for (uint256 i = 0; i < HOLDERS; ++i) {
            digest = keccak256(abi.encode(digest, _holderOf(id, holders[i])));
        }
        (uint256 open, uint256 all) = referee.countOf(id, cases[id].round);
        digest = keccak256(abi.encode(digest, open, all));
        uint256 seats = cases[id].terms.seats;
        for (uint256 i = 0; i < seats; ++i) {
            digest = keccak256(abi.encode(digest, _seatOf(id, i)));
        }
    }

    /// @dev After every call of the market: where the bounty went, and what follows from it for the books.
    function _track(bytes32 id) internal {
        Case storage c = cases[id];
        IMarket.BountyView memory v = _viewOf(id);
        if (!_mayFollow(c, v)) wentBack = true;
        if (c.phase == IMarket.Phase.Serve && v.phase != c.phase) _endServe(c);
        _trackStatus(id, c, v);
        _trackLosses(c, v);
        if (v.phase == IMarket.Phase.Closed && c.phase != v.phase) {
            ++counts[bytes32(uint256(v.closed))];
            for (uint256 i = 0; i < LEAVES; ++i) {
                if (_has(v.compensated, i)) c.due[c.holderAt[i]] += int256(uint256(c.terms.compensation));
            }
        }
        if (v.phase == IMarket.Phase.Draw && v.draws != 0) ++counts["redraw"];
        (c.phase, c.closed, c.round, c.vacant, c.forfeited) = (v.phase, v.closed, v.round, v.vacant, v.forfeited);
    }

    /// @dev Phases of a round only go on, but for drawing again and for disputes, which lead back to where they began; rounds go on one by one; the end is the end.
    function _mayFollow(Case storage c, IMarket.BountyView memory v) private view returns (bool) {
        if (c.phase == IMarket.Phase.Closed) {
            return v.phase == c.phase && v.round == c.round && v.closed == c.closed;
        }
        if (c.phase == IMarket.Phase.Dispute) {
            return v.round == c.round && (v.phase == IMarket.Phase.Challenge || v.phase == c.phase);
        }
        if (v.round == c.round) {
            return v.phase >= c.phase || (v.phase == IMarket.Phase.Draw && c.phase == IMarket.Phase.Acknowledge);
        }
        bool starts = v.phase == IMarket.Phase.Draw || v.phase == IMarket.Phase.Join
            || (v.phase == IMarket.Phase.Closed && v.round == c.terms.rounds);
        return starts && v.round == c.round + 1 && c.phase >= IMarket.Phase.Join;
    }

    function _endServe(Case storage c) private {
        if (2 * _count(c.served) <= _count(c.winners)) return;
        ++counts["served"];
        _earn(c, 1);
    }

    /// @dev The winners of the last round are owed so many halves more.
    function _earn(Case storage c, uint256 halves) internal {
        for (uint256 seat = 0; seat < c.terms.seats; ++seat) {
            if (!_has(c.winners, seat)) continue;
            c.halves[seat] += halves;
            c.earned += halves;
        }
    }

    /// @dev A round is settled once, while it is the current one, and stays so.
    function _trackStatus(bytes32 id, Case storage c, IMarket.BountyView memory v) private {
        for (uint256 i = 0; i < c.terms.rounds; ++i) {
            bool settled = market.resultOf(id, i) != 0;
            if (c.settled[i] && !settled) wentBack = true;
            if (settled && !c.settled[i] && i != c.round) wentBack = true;
            if (i == c.round && v.round > c.round && !settled) ++counts["void"];
            c.settled[i] = settled;
        }
    }

    /// @dev Stakes that were just lost; seats that were just lost are paid out.
    function _trackLosses(Case storage c, IMarket.BountyView memory v) private {
        uint256 lost = v.forfeited & ~c.forfeited;
        for (uint256 i = 0; i < LEAVES; ++i) {
            if (!_has(lost, i)) continue;
            c.due[c.holderAt[i]] -= int256(uint256(c.terms.holderStake));
            ++counts["forfeit"];
        }
        uint256 vacated = v.vacant & ~c.vacant;
        for (uint256 seat = 0; seat < c.terms.seats; ++seat) {
            if (!_has(vacated, seat)) continue;
            c.halves[seat] = 0;
            ++counts["slash"];
            _trackSlash(c, seat);
        }
    }

    /// @dev Who stood for a sheet that fell has lost all, half of it to whoever brought it down; others a tenth, a fifth or three.
    function _trackSlash(Case storage c, uint256 seat) private {
        uint256 left = registry.ticketOf(pool, c.ticketOf[seat]).stake;
        if (_has(c.fallen, seat)) {
            if (left != 0) unjust = true;
            c.fallen &= ~(1 << seat);
            c.due[c.fallenBy[seat]] += int256(uint256(STAKE / 2));
            ++counts["fall"];
            return;
        }
        uint256 lost = STAKE - left;
        uint256 tenth = uint256(STAKE) * 10 / 100;
        if (lost != tenth && lost != uint256(STAKE) * 20 / 100 && lost != uint256(STAKE) * 30 / 100) unjust = true;
    }

    // ---------------------------------------------------------------- views
    /// @dev In functions of their own: decoding these answers where they are asked for would fill the contract.
    function _viewOf(bytes32 id) internal view returns (IMarket.BountyView memory) {
        return market.bountyOf(id);
    }

    function _holderOf(bytes32 id, address holder) internal view returns (IMarket.HolderView memory) {
        return market.holderOf(id, holder);
    }

    function _seatOf(bytes32 id, uint256 seat) internal view returns (IMarket.SeatView memory) {
        return market.seatOf(id, seat);
    }

    function _termsOf(bytes32 id) internal view returns (Terms.Fields memory) {
        return cases[id].terms;
    }

    // ---------------------------------------------------------------- what must be true
    /// @notice The sum of all accounts anybody here could have.
    function sumOfAccounts() external view returns (uint256 sum) {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            sum += _balance(holders[i]);
        }
        sum += _validatorsHave() + _balance(owners[0]) + _balance(owners[1]) + _burned() + _balance(pool);
        for (uint256 i = 0; i < everPosted.length; ++i) {
            sum += _balance(everPosted[i]);
        }
        for (uint256 i = 0; i < quarrels.length; ++i) {
            sum += _balance(quarrels[i].id);
        }
    }

    /// @notice Whether the disputes of a bounty are as the books say: so many are open, the bounty is in Dispute just while any is, an
    /// open one's account holds its bond and that of one which is over nothing.
    function disputesOf(uint256 k) external view returns (bool sound) {
        bytes32 id = current[k];
        IMarket.BountyView memory v = _viewOf(id);
        (uint256 open, uint256 all) = referee.countOf(id, v.round);
        sound = open == cases[id].open && (open != 0) == (v.phase == IMarket.Phase.Dispute);
        if (all != (cases[id].disputedRound == uint256(v.round) + 1 ? cases[id].disputed : 0)) sound = false;
        for (uint256 i = 0; i < quarrels.length; ++i) {
            if (_balance(quarrels[i].id) != (quarrels[i].open ? quarrels[i].bond : 0)) sound = false;
        }
    }

    /// @notice What the vault holds.
    function vaultHolds() external view returns (uint256 tokens) {
        return token.balanceOf(address(vault));
    }

    /// @notice A bounty's account, and what the bounty owes in all.
    function ledgerOf(uint256 k) external view returns (uint256 balance, uint256 owed) {
        bytes32 id = current[k];
        IMarket.BountyView memory v = _viewOf(id);
        owed = Terms.reserve(cases[id].terms, v) + Terms.bond(cases[id].terms, v) + _owedToHolders(id)
            + _owedForRounds(id, v);
        return (_balance(id), owed);
    }

    function _owedToHolders(bytes32 id) private view returns (uint256 owed) {
        Terms.Fields storage terms = cases[id].terms;
        for (uint256 i = 0; i < HOLDERS; ++i) {
            IMarket.HolderView memory h = _holderOf(id, holders[i]);
            owed += h.held;
            if (!h.joined) continue;
            owed += terms.holderStake + uint256(h.prepaid) * terms.fee;
        }
    }

    /// @dev Unclaimed pools, and the pay of all winners ever less what validators were paid. While serving, the second half is
    /// promised already.
    function _owedForRounds(bytes32 id, IMarket.BountyView memory v) private view returns (uint256 owed) {
        Case storage c = cases[id];
        for (uint256 i = 0; i < c.terms.rounds; ++i) {
            owed += c.unclaimed[i];
        }
        uint256 promised = v.phase == IMarket.Phase.Serve ? _count(c.winners) : 0;
        owed += (c.earned + promised) * (c.terms.seatPay / 2) - c.seatFlow;
    }

    /// @notice What the pool's account holds, the sum of what is left of all tickets, and whether each keeps its bounds: never
    /// above the stake, whole while it is live or seated.
    function tickets() external view returns (uint256 balance, uint256 sum, bool inBounds) {
        (uint256 length,) = registry.freeze(pool);
        inBounds = true;
        for (uint256 i = 0; i < length; ++i) {
            IRegistry.Ticket memory t = registry.ticketOf(pool, i);
            sum += t.stake;
            if (t.state == IRegistry.TicketState.None) continue;
            if (t.stake > STAKE || (t.state != IRegistry.TicketState.Leaving && t.stake != STAKE)) inBounds = false;
        }
        balance = _balance(pool);
    }
}
