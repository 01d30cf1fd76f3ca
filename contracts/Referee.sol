// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnswers} from "./interfaces/IAnswers.sol";
import {IJudge} from "./interfaces/IJudge.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IReferee} from "./interfaces/IReferee.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Accounts} from "./libraries/Accounts.sol";
import {Bits} from "./libraries/Bits.sol";
import {Named} from "./libraries/Named.sol";
import {Tags} from "./libraries/Tags.sol";
import {TermsWords} from "./libraries/TermsWords.sol";
import {Frames} from "./referee/Frames.sol";

/// @title Referee
/// @dev Keeps disputes and their bonds; what a step or an answer is worth, judges say, and what a verdict costs, the market knows.
/// A dispute's id is also the vault account its bond lies in. The token of a dispute is not stored: a wrong one finds no money.
contract Referee is IReferee {
    using Bits for uint256;
    using TermsWords for IMarket.PackedTerms;

    /// @dev One storage slot.
    struct State {
        address challenger;
        uint40 deadline;
        Turn turn;
        uint8 demands;
    }

    /// @dev One storage slot.
    struct Count {
        uint128 open;
        uint128 all;
    }

    uint256 private constant JUDGES = 6;
    uint256 private constant BOND_DIVISOR = 10;
    uint256 private constant MAX_DEMANDS = 128;
    /// @dev The demand for the frame itself, by whoever was never told it: kind 3, and nothing beside it.
    uint256 private constant FRAME = 3 << 72;
    uint256 private constant COUNTS_BITS = 232; // of a frame

    /// @inheritdoc IReferee
    address public immutable market;
    /// @inheritdoc IReferee
    address public immutable vault;

    address private immutable _answers;
    address private immutable _activations;
    address private immutable _sums;
    address private immutable _models;
    address private immutable _money;
    address private immutable _inputs;

    mapping(bytes32 dispute => State) private _states;
    mapping(bytes32 dispute => bytes32) private _subjects;
    mapping(bytes32 dispute => address) private _defenders;
    mapping(bytes32 bounty => mapping(uint256 round => Count)) private _counts;

    /// @param market_ Where the market will be deployed.
    /// @param vault_ The vault.
    /// @param judges Those of answers, activations, sums, models, money and inputs.
    /// @dev Market and vault are not checked here: the market, deployed last, checks all four.
    // slither-disable-next-line missing-zero-check -- a wrong address is caught by the market's constructor
    constructor(address market_, address vault_, address[6] memory judges) {
        for (uint256 i = 0; i < JUDGES; ++i) {
            if (judges[i].code.length == 0) revert Referee_BadDeployment(judges[i]);
        }
        market = market_;
        vault = vault_;
        (_answers, _activations, _sums) = (judges[0], judges[1], judges[2]);
        (_models, _money, _inputs) = (judges[3], judges[4], judges[5]);
    }

    // ---------------------------------------------------------------- at once
    /// @inheritdoc IReferee
    /// @dev No caller is required, and no bond: a contradiction is one whoever shows it, and a call without one reverts.
    function disprove(Case calldata given, uint256 at, bytes calldata proof) external {
        _requireFrame(given);
        address judge = judgeOf((at >> 4) & 7);
        if (judge == address(0) || judge == _answers) revert Referee_UnknownStep(at);
        bool wrong = IJudge(judge).contradicts(given.bounty, given.round, given.fieldsHash, given.frame, at, proof);
        if (!wrong) revert Referee_NoContradiction(at);
        _fell(given, _hashOf(given), msg.sender, at, IMarket.Docket.AsBefore);
    }

    // ---------------------------------------------------------------- beside the majority
    /// @inheritdoc IReferee
    /// @dev What is replaced in `other` changes with the salts of a trace. A majority of all seats, silent and disproved ones among
    /// them, so that there is one such sheet at most.
    // solhint-disable-next-line gas-calldata-parameters
    function excuse(
        bytes32 bounty,
        uint256 round,
        IMarket.PackedTerms calldata terms,
        IMarket.Sheet calldata carried,
        IMarket.Sheet memory other
    ) external {
        _requireTerms(bounty, terms);
        bytes32 otherHash = _hashOf(bounty, round, other);
        (other.traceRoot, other.nextBaseRoot) = (carried.traceRoot, carried.nextBaseRoot);
        (other.aggregate, other.document) = (carried.aggregate, carried.document);
        bytes32 carriedHash = _hashOf(bounty, round, carried);
        if (_hashOf(bounty, round, other) != carriedHash) revert Referee_OtherFigures(bounty, otherHash);
        uint256 seats = _rule(bounty, round, carriedHash, IMarket.Verdict.None);
        if (2 * seats.count() <= terms.seats()) revert Referee_NoMajority(bounty, carriedHash);
        seats = _rule(bounty, round, otherHash, IMarket.Verdict.Excused);
        if (seats == 0) revert Referee_UnknownSheet(bounty, otherHash);
        emit Excused(bounty, round, otherHash, seats);
    }

    // ---------------------------------------------------------------- in turns
    /// @inheritdoc IReferee
    function dispute(Case calldata given, IMarket.PackedTerms calldata terms, uint256 what)
        external
        returns (bytes32 id)
    {
        _requireTerms(given.bounty, terms);
        if (terms.unjudged() != 0) revert Referee_Unjudged(given.bounty);
        _requireAnswerable(given, what);
        bytes32 sheetHash = _hashOf(given);
        Count storage count = _counts[given.bounty][given.round];
        uint256 bond = _bond(terms, count.all);
        id = keccak256(abi.encode(Tags.DISPUTE, given.bounty, given.round, count.all));
        count.open += 1;
        count.all += 1;
        (uint256 seats, uint256 windowEnd, uint256 turn) =
            _rule(given, sheetHash, address(0), IMarket.Verdict.None, IMarket.Docket.Open);
        if (seats == 0) revert Referee_UnknownSheet(given.bounty, sheetHash);
        if (block.timestamp > windowEnd) revert Referee_WindowClosed(given.bounty, windowEnd);
        emit Disputed(given.bounty, given.round, id, sheetHash, msg.sender, bond);
        // slither-disable-next-line reentrancy-no-eth,reentrancy-benign -- market and vault call nobody back
        _states[id] = State(msg.sender, uint40(block.timestamp + turn), Turn.Defence, 1);
        _subjects[id] = _subject(sheetHash, what);
        emit Demanded(given.bounty, id, what, block.timestamp + turn);
        IVault(vault).move(terms.token(), Accounts.ofPerson(msg.sender), id, bond);
    }

    /// @inheritdoc IReferee
    function demand(Case calldata given, bytes32 id, uint256 last, uint256 what) external {
        State storage state = _states[id];
        bytes32 sheetHash = _requireSubject(given, id, last);
        _requireAnswerable(given, what);
        if (state.turn != Turn.Challenge || state.challenger != msg.sender) revert Referee_WrongTurn(id, state.turn);
        if (block.timestamp > state.deadline) revert Referee_TooLate(id, state.deadline);
        if (state.demands == MAX_DEMANDS) revert Referee_TooManyDemands(id);
        uint256 deadline = _nextTurn(given, id, sheetHash, Turn.Defence);
        state.demands += 1;
        _subjects[id] = _subject(sheetHash, what);
        emit Demanded(given.bounty, id, what, deadline);
    }

    /// @inheritdoc IReferee
    /// @dev No caller is required: what was demanded is the same whoever shows it.
    function answer(Case calldata given, bytes32 id, uint256 what, bytes calldata content) external {
        State storage state = _states[id];
        bytes32 sheetHash = _requireSubject(given, id, what);
        if (state.turn != Turn.Defence) revert Referee_WrongTurn(id, state.turn);
        if (block.timestamp > state.deadline) revert Referee_TooLate(id, state.deadline);
        _requireFrame(given); // asked for or not: with it, a frame that was demanded is told
        if (!_asksForFrame(what) && !IAnswers(_answers).answers(given.frame, what, content)) {
            revert Referee_BadAnswer(id);
        }
        uint256 deadline = _nextTurn(given, id, sheetHash, Turn.Challenge);
        _defenders[id] = msg.sender;
        bytes memory told = _asksForFrame(what) ? abi.encode(given.frame) : content;
        emit Answered(given.bounty, id, what, msg.sender, deadline, told);
    }

    /// @inheritdoc IReferee
    function close(Case calldata given, address token, bytes32 id, uint256 last) external {
        State storage state = _states[id];
        bytes32 sheetHash = _requireSubject(given, id, last);
        Turn turn = state.turn;
        if (turn == Turn.Over) revert Referee_WrongTurn(id, turn);
        Count storage count = _counts[given.bounty][given.round];
        count.open -= 1;
        IMarket.Docket docket = count.open != 0 ? IMarket.Docket.Open : IMarket.Docket.Clear;
        state.turn = Turn.Over;
        address challenger = state.challenger;
        (uint256 seats,,) = _rule(given, sheetHash, challenger, IMarket.Verdict.None, IMarket.Docket.Open);
        if (seats != 0 && block.timestamp <= state.deadline) revert Referee_TooEarly(id, uint256(state.deadline) + 1);
        bool silent = seats != 0 && turn == Turn.Defence;
        if (silent) _fell(given, sheetHash, challenger, 0, docket);
        else _rule(given, sheetHash, challenger, IMarket.Verdict.None, docket);
        bool upheld = silent || seats == 0;
        address winner = upheld ? challenger : _defenders[id];
        emit Decided(given.bounty, id, upheld, winner);
        IVault(vault).move(token, id, Accounts.ofPerson(winner), IVault(vault).balanceOf(token, id));
    }

    // ---------------------------------------------------------------- views
    /// @inheritdoc IReferee
    function disputeOf(address token, bytes32 id) external view returns (Dispute memory) {
        State memory s = _states[id];
        uint256 bond = IVault(vault).balanceOf(token, id);
        return Dispute(s.challenger, s.deadline, s.turn, s.demands, _defenders[id], bond, _subjects[id]);
    }

    /// @inheritdoc IReferee
    function countOf(bytes32 bounty, uint256 round) external view returns (uint256 open, uint256 all) {
        Count memory count = _counts[bounty][round];
        return (count.open, count.all);
    }

    /// @inheritdoc IReferee
    function bondOf(bytes32 bounty, uint256 round, IMarket.PackedTerms calldata terms) external view returns (uint256) {
        return _bond(terms, _counts[bounty][round].all);
    }

    /// @inheritdoc IReferee
    function judgeOf(uint256 number) public view returns (address) {
        if (number == 0) return _answers;
        if (number == 1) return _activations;
        if (number == 2) return _sums;
        if (number == 3) return _models;
        if (number == 4) return _money;
        return number == 5 ? _inputs : address(0);
    }

    // ---------------------------------------------------------------- details
    /// @dev What stands above the counts could not be read by anybody: such a frame is none, and whoever has to show it cannot. The
    /// same holds for counts of zero, which stand for a frame that is not known. That the sheet is the frame's, its hash shows.
    function _requireFrame(Case calldata given) private pure {
        uint256 counts = given.frame.counts;
        if (counts == 0 || counts >> COUNTS_BITS != 0) revert Referee_BadFrame(_traceRoot(given.frame));
    }

    function _traceRoot(IJudge.Frame calldata frame) private pure returns (bytes32) {
        return frame.counts == 0 ? frame.top : Frames.root(frame);
    }

    function _requireTerms(bytes32 bounty, IMarket.PackedTerms calldata terms) private view {
        if (IMarket(market).bountyOf(bounty).termsHash != terms.hash()) revert Referee_WrongTerms(bounty);
    }

    /// @dev A demand that nobody could answer would bring down any sheet: it has to name something that a trace of this frame has.
    function _requireAnswerable(Case calldata given, uint256 what) private view {
        if (_asksForFrame(what)) return;
        _requireFrame(given);
        if (!IAnswers(_answers).exists(given.frame, what)) revert Referee_BadDemand(what);
    }

    function _requireSubject(Case calldata given, bytes32 id, uint256 what) private view returns (bytes32 sheetHash) {
        sheetHash = _hashOf(given);
        if (_subjects[id] != _subject(sheetHash, what)) revert Referee_WrongSubject(id);
    }

    /// @dev The clock of turns goes on when the market is asked how long one lasts; a sheet that has fallen has no turns any more.
    function _nextTurn(Case calldata given, bytes32 id, bytes32 sheetHash, Turn turn)
        private
        returns (uint256 deadline)
    {
        (uint256 seats,, uint256 length) =
            _rule(given, sheetHash, address(0), IMarket.Verdict.None, IMarket.Docket.Open);
        if (seats == 0) revert Referee_UnknownSheet(given.bounty, sheetHash);
        deadline = block.timestamp + length;
        (_states[id].deadline, _states[id].turn) = (uint40(deadline), turn);
    }

    function _fell(Case calldata given, bytes32 sheetHash, address challenger, uint256 at, IMarket.Docket docket)
        private
    {
        (uint256 seats,,) = _rule(given, sheetHash, challenger, IMarket.Verdict.Wrong, docket);
        if (seats == 0) revert Referee_UnknownSheet(given.bounty, sheetHash);
        // slither-disable-next-line reentrancy-events -- the market calls nobody back
        emit Disproved(given.bounty, given.round, sheetHash, seats, challenger, at);
    }

    function _rule(
        Case calldata given,
        bytes32 sheetHash,
        address challenger,
        IMarket.Verdict verdict,
        IMarket.Docket docket
    ) private returns (uint256 seats, uint256 deadline, uint256 turn) {
        return IMarket(market).rule(given.bounty, given.round, sheetHash, challenger, verdict, docket);
    }

    function _rule(bytes32 bounty, uint256 round, bytes32 sheetHash, IMarket.Verdict verdict)
        private
        returns (uint256 seats)
    {
        // slither-disable-next-line unused-return -- neither the window nor a turn matters here
        (seats,,) = IMarket(market).rule(bounty, round, sheetHash, address(0), verdict, IMarket.Docket.AsBefore);
    }

    function _hashOf(Case calldata given) private view returns (bytes32) {
        return Named.sheet(market, given.bounty, given.round, _traceRoot(given.frame), given.fieldsHash);
    }

    function _hashOf(bytes32 bounty, uint256 round, IMarket.Sheet memory sheet) private view returns (bytes32) {
        return Named.sheet(market, bounty, round, sheet.traceRoot, keccak256(abi.encode(sheet)));
    }

    function _bond(IMarket.PackedTerms calldata terms, uint256 before) private pure returns (uint256) {
        return (before + 1) * ((terms.ticketStake() + BOND_DIVISOR - 1) / BOND_DIVISOR);
    }

    function _subject(bytes32 sheetHash, uint256 what) private pure returns (bytes32) {
        return keccak256(abi.encode(sheetHash, what));
    }

    function _asksForFrame(uint256 what) private pure returns (bool) {
        return what == FRAME;
    }
}
