// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";

/// @title Terms as tests write them, field by field, and how they are packed.
/// @dev The places are written out here once more on purpose; a change of the product's packing must fail a test.
library Terms {
    /// @dev Seconds.
    struct Phases {
        uint24 acknowledge;
        uint24 join;
        uint24 open;
        uint24 submit;
        uint24 shard;
        uint24 attest;
        uint24 rebut;
        uint24 commit;
        uint24 reveal;
        uint24 challenge;
        uint24 serve;
    }

    /// @dev What terms say.
    struct Fields {
        address owner;
        address token;
        uint128 roundBudget;
        uint128 ticketStake;
        uint96 fee;
        uint96 holderStake;
        uint96 seatPay;
        uint96 bond;
        uint96 compensation;
        uint16 rounds;
        uint8 seats;
        uint8 minHolders;
        uint8 maxHolders;
        uint40 postBefore;
        bytes32 baseRoot;
        bytes32 shardsRoot;
        bytes32 allowlistRoot;
        bytes32 document;
        Phases phases;
        bool unjudged;
    }

    function pack(Fields memory t) internal pure returns (IMarket.PackedTerms memory p) {
        p.frame = uint256(uint160(t.owner)) + (uint256(t.rounds) << 160) + (uint256(t.seats) << 176)
            + (uint256(t.minHolders) << 184) + (uint256(t.maxHolders) << 192) + (uint256(t.postBefore) << 200)
            + (t.unjudged ? 1 << 240 : 0);
        p.price = uint256(uint160(t.token)) + (uint256(t.fee) << 160);
        p.risk = uint256(t.roundBudget) + (uint256(t.ticketStake) << 96);
        p.pay = uint256(t.holderStake) + (uint256(t.seatPay) << 96);
        p.cover = uint256(t.bond) + (uint256(t.compensation) << 96);
        p.phases = packPhases(t.phases);
        p.allowlistRoot = t.allowlistRoot;
        p.rootsHash = keccak256(abi.encode(t.baseRoot, t.shardsRoot, t.document));
    }

    function packPhases(Phases memory phases) internal pure returns (uint256 word) {
        uint24[11] memory row = abi.decode(abi.encode(phases), (uint24[11]));
        for (uint256 i = 0; i < 11; ++i) {
            word += uint256(row[i]) << (23 * i);
        }
    }

    function roots(Fields memory t) internal pure returns (IMarket.Roots memory) {
        return IMarket.Roots(t.baseRoot, t.shardsRoot, t.document);
    }

    function posted(Fields memory t) internal pure returns (IMarket.PostedTerms memory) {
        return IMarket.PostedTerms(pack(t), roots(t));
    }

    /// @notice What is there for rounds once such terms are posted.
    function reserve(Fields memory t) internal pure returns (uint256) {
        return uint256(t.rounds) * (uint256(t.roundBudget) + uint256(t.seats) * t.seatPay);
    }

    /// @notice What is there for rounds now.
    function reserve(Fields memory t, IMarket.BountyView memory v) internal pure returns (uint256) {
        return v.phase == IMarket.Phase.Closed ? 0 : uint256(int256(reserve(t)) + v.reserveChange);
    }

    /// @notice What is left of the bond.
    function bond(Fields memory t, IMarket.BountyView memory v) internal pure returns (uint256 left) {
        if (v.phase != IMarket.Phase.Closed) return t.bond;
        for (uint256 set = v.compensated; set != 0; set &= set - 1) {
            left += t.compensation;
        }
    }
}
