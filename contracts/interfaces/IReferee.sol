// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "./IJudge.sol";
import {IMarket} from "./IMarket.sol";

/// @title The judge of challenges: a sheet falls when one step of its trace contradicts those it follows from.
/// @notice There are two ways to bring one down. `disprove` shows the contradiction at once, takes one transaction and no bond; it needs
/// the leaves that contradict each other. Who does not have them opens a dispute and demands them: the answer tells, and without
/// one the sheet falls. The sheet is defended, not the seat: anybody may answer.
/// @dev A dispute keeps the round from being settled. It starts inside the challenge window only, each of its turns lasts as long as the
/// phase of revealing, and it ends with its sheet, with the silence of the defence, or with that of the challenger. What a judge says
/// does not depend on who asks, so disputes run side by side and a lost one shields nothing.
interface IReferee {
    enum Turn {
        None,
        Defence, // an answer is awaited
        Challenge, // the challenger is to demand more, or to disprove
        Over
    }

    struct Dispute {
        address challenger;
        uint40 deadline; // of the turn
        Turn turn;
        uint8 demands; // so far
        address defender; // who answered last
        uint256 bond;
        bytes32 subject; // keccak256(abi.encode(sheetHash, what)) of the last demand
    }

    /// @dev What every call about a sheet passes: with these the market's hash of the sheet can be made.
    struct Case {
        bytes32 bounty;
        uint256 round;
        bytes32 fieldsHash; // keccak256(abi.encode(sheet))
        IJudge.Frame frame; // what the sheet's trace root is the hash of; of one that is not known `top` is the trace root, the rest 0
    }

    /// @notice Thrown when the frame is needed and not told, or has bits that no frame has.
    error Referee_BadFrame(bytes32 traceRoot);
    /// @notice Thrown when the step that was shown is as it should be.
    error Referee_NoContradiction(uint256 at);
    /// @notice Thrown when no judge decides about such a step.
    error Referee_UnknownStep(uint256 at);
    /// @notice Thrown when no seat stands for the sheet in the round that is on.
    error Referee_UnknownSheet(bytes32 bounty, bytes32 sheetHash);
    /// @notice Thrown when the window to start a dispute is over.
    error Referee_WindowClosed(bytes32 bounty, uint256 deadline);
    /// @notice Thrown when it is not the caller's turn in a dispute.
    error Referee_WrongTurn(bytes32 dispute, Turn turn);
    /// @notice Thrown when an act comes after its turn's deadline.
    error Referee_TooLate(bytes32 dispute, uint256 deadline);
    /// @notice Thrown when a dispute is to be closed while a turn still runs.
    error Referee_TooEarly(bytes32 dispute, uint256 notBefore);
    /// @notice Thrown when a demand names nothing that a trace of the frame has.
    error Referee_BadDemand(uint256 what);
    /// @notice Thrown when an answer is not what was demanded.
    error Referee_BadAnswer(bytes32 dispute);
    /// @notice Thrown when a dispute is about another sheet, or another demand, than what was passed.
    error Referee_WrongSubject(bytes32 dispute);
    /// @notice Thrown when a dispute has used up its demands.
    error Referee_TooManyDemands(bytes32 dispute);
    /// @notice Thrown when a sheet is disputed of a bounty whose terms say that there are no traces to demand.
    error Referee_Unjudged(bytes32 bounty);
    /// @notice Thrown when a sheet to be excused states other figures than the one a majority revealed.
    error Referee_OtherFigures(bytes32 bounty, bytes32 sheetHash);
    /// @notice Thrown when no majority of the seats revealed the sheet that is to excuse another.
    error Referee_NoMajority(bytes32 bounty, bytes32 sheetHash);
    /// @notice Thrown when the terms passed are not the bounty's.
    error Referee_WrongTerms(bytes32 bounty);
    /// @notice Thrown at deployment when a judge is not there.
    error Referee_BadDeployment(address judge);

    /// @notice Emitted when a sheet falls, by a contradiction at `at` or by silence (`at` is zero). The seats in `seats` had revealed it
    /// and lose their stakes, half of them to `challenger`.
    event Disproved(
        bytes32 indexed bounty, uint256 indexed round, bytes32 sheetHash, uint256 seats, address challenger, uint256 at
    );
    /// @notice Emitted when the seats in `seats` are excused for a sheet that pays what a majority's does.
    event Excused(bytes32 indexed bounty, uint256 indexed round, bytes32 sheetHash, uint256 seats);
    /// @notice Emitted when a dispute about a sheet opens, with a first demand.
    event Disputed(
        bytes32 indexed bounty,
        uint256 indexed round,
        bytes32 indexed dispute,
        bytes32 sheetHash,
        address challenger,
        uint256 bond
    );
    /// @notice Emitted when `what` is demanded until `deadline`.
    event Demanded(bytes32 indexed bounty, bytes32 indexed dispute, uint256 what, uint256 deadline);
    /// @notice Emitted when a demand is answered; the challenger has until `deadline` to go on.
    event Answered(
        bytes32 indexed bounty, bytes32 indexed dispute, uint256 what, address defender, uint256 deadline, bytes content
    );
    /// @notice Emitted when a dispute is over, `upheld` if its sheet fell; the bond goes to `winner`.
    event Decided(bytes32 indexed bounty, bytes32 indexed dispute, bool upheld, address winner);

    /// @notice Disproves a sheet by one step. Anyone may, inside the window and while any sheet of the round is disputed.
    function disprove(Case calldata given, uint256 at, bytes calldata proof) external;
    /// @notice Excuses whoever revealed `other`, which pays the same as what a majority of all seats revealed and takes the same
    /// submissions in: they lose nothing if the round is settled on `carried`. A majority can hash a right scoring with salts of
    /// its own, and which ones are right, the chain cannot tell; a wrong model behind other roots can be disproved. Anyone may,
    /// inside the window and while any sheet of the round is disputed.
    function excuse(
        bytes32 bounty,
        uint256 round,
        IMarket.PackedTerms calldata terms,
        IMarket.Sheet calldata carried,
        IMarket.Sheet memory other
    ) external;
    /// @notice Opens a dispute with a first demand, and locks `bondOf` from the caller's vault account.
    function dispute(Case calldata given, IMarket.PackedTerms calldata terms, uint256 what)
        external
        returns (bytes32 id);
    /// @notice Demands more. The challenger only, in its turn; `last` is what was demanded before.
    function demand(Case calldata given, bytes32 id, uint256 last, uint256 what) external;
    /// @notice Answers a demand. Anyone may; whoever did so last gets the bond if the dispute fails.
    function answer(Case calldata given, bytes32 id, uint256 what, bytes calldata content) external;
    /// @notice Ends a dispute: at once when its sheet has fallen, else when a turn ran out. Without an answer the sheet falls, without
    /// a further demand the dispute fails. Anyone may.
    function close(Case calldata given, address token, bytes32 id, uint256 last) external;

    /// @notice One dispute.
    function disputeOf(address token, bytes32 id) external view returns (Dispute memory);
    /// @notice How many disputes of a round are open, and how many there were.
    function countOf(bytes32 bounty, uint256 round) external view returns (uint256 open, uint256 all);
    /// @notice What a round's next dispute locks: a tenth of a ticket's stake, rounded up, and as much more for every one before it.
    function bondOf(bytes32 bounty, uint256 round, IMarket.PackedTerms calldata terms) external view returns (uint256);
    /// @notice The judge of steps whose kind has this number in its second digit; number 0 judges answers.
    function judgeOf(uint256 number) external view returns (address);
    /// @notice The market of this deployment.
    function market() external view returns (address);
    /// @notice The vault of this deployment.
    function vault() external view returns (address);
}
