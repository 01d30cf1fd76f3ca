// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IMarket} from "../interfaces/IMarket.sol";

/// @title Reading terms in the words they travel in.
/// @dev The Python twin is `marketplace.domain.terms`; fields and their places are listed at `IMarket.PackedTerms`. A narrowing cast
/// keeps a field's own bits: those above are the next field's.
library TermsWords {
    /// @notice Places of the phases' lengths.
    uint256 internal constant ACKNOWLEDGE = 0;
    uint256 internal constant JOIN = 1;
    uint256 internal constant OPEN = 2;
    uint256 internal constant SUBMIT = 3;
    uint256 internal constant SHARD = 4;
    uint256 internal constant ATTEST = 5;
    uint256 internal constant REBUT = 6;
    uint256 internal constant COMMIT = 7;
    uint256 internal constant REVEAL = 8;
    uint256 internal constant CHALLENGE = 9;
    uint256 internal constant SERVE = 10;
    uint256 internal constant PHASES = 11;

    function owner(IMarket.PackedTerms calldata terms) internal pure returns (address) {
        return address(uint160(terms.frame));
    }

    function rounds(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint16(terms.frame >> 160);
    }

    function seats(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint8(terms.frame >> 176);
    }

    function minHolders(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint8(terms.frame >> 184);
    }

    function maxHolders(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint8(terms.frame >> 192);
    }

    function postBefore(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint40(terms.frame >> 200);
    }

    /// @notice 1 where no sheet can be disputed, because nobody could show a trace; else 0.
    function unjudged(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return terms.frame >> 240;
    }

    function token(IMarket.PackedTerms calldata terms) internal pure returns (address) {
        return address(uint160(terms.price));
    }

    function fee(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return terms.price >> 160;
    }

    function roundBudget(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint96(terms.risk);
    }

    function ticketStake(IMarket.PackedTerms calldata terms) internal pure returns (uint128) {
        return uint96(terms.risk >> 96);
    }

    function holderStake(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint96(terms.pay);
    }

    function seatPay(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint96(terms.pay >> 96);
    }

    function bond(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint96(terms.cover);
    }

    function compensation(IMarket.PackedTerms calldata terms) internal pure returns (uint256) {
        return uint96(terms.cover >> 96);
    }

    /// @notice The length of the phase at one of the places above, in seconds.
    function phase(IMarket.PackedTerms calldata terms, uint256 place) internal pure returns (uint256) {
        return (terms.phases >> (23 * place)) & 0x7fffff;
    }

    /// @notice Whether nothing stands above the fields: then no two ways of packing say the same.
    function isTidy(IMarket.PackedTerms calldata terms) internal pure returns (bool) {
        uint256 above = (terms.risk | terms.pay | terms.cover) >> 192;
        return (above | (terms.frame >> 241) | (terms.phases >> (23 * PHASES))) == 0;
    }

    /// @notice Whether these are the roots that the words name.
    function names(IMarket.PackedTerms calldata terms, IMarket.Roots calldata roots) internal pure returns (bool) {
        return keccak256(abi.encode(roots)) == terms.rootsHash;
    }

    /// @notice The hash the market keeps.
    function hash(IMarket.PackedTerms calldata terms) internal pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }
}
