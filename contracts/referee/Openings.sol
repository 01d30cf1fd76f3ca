// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../interfaces/IJudge.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {Tags} from "../libraries/Tags.sol";
import {Frames} from "./Frames.sol";

/// @dev A proof that is being read. Openings lie one behind the other; nothing says how long they are, for that follows from `counts`.
struct Blob {
    uint256 counts;
    bytes32 top;
    uint256 start; // where in the calldata the proof starts,
    uint256 at; // where its next opening starts,
    uint256 end; // and where it ends
    uint256 done; // openings read
}

/// @dev A node of a sum tree, with the sums that its parent, or the figure, states for it.
struct Node {
    bytes32 hash;
    int256 sum;
    uint256 square;
}

/// @title Reading openings: each returns where its content lies in the calldata, once its path has led to the trace's top.
/// @dev Contents are asserted by whoever wrote the sheet: any bit pattern of the right length. Nothing here depends on their values.
/// The Python twin is `marketplace.scoring.trace`.
library Openings {
    uint256 private constant SALT = 16;
    uint256 private constant WORD = 32;
    uint256 private constant PREIMAGE = 128;
    uint256 private constant SHEET = 320;

    /// @dev Levels above a section's own tree: to the top from a section, and from a section of the final block.
    uint256 private constant ABOVE = 4;
    uint256 private constant ABOVE_FINAL = 8;
    uint256 private constant FINAL_BLOCK = 15 << 4;

    /// @notice Starts reading a proof.
    function read(IJudge.Frame calldata frame, bytes calldata proof) internal pure returns (Blob memory b) {
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
        }
        return Blob(frame.counts, frame.top, start, start, start + proof.length, 0);
    }

    /// @notice Ends reading: reverts unless the openings were the whole proof.
    function finish(Blob memory b) internal pure {
        if (b.at != b.end) revert IJudge.Judge_BadLength(b.at - b.start, b.end - b.start);
    }

    /// @notice Opens the sheet: all of its fields, as abi.encode writes them.
    function sheet(Blob memory b, bytes32 fieldsHash) internal pure returns (IMarket.Sheet calldata fields) {
        uint256 from = take(b, SHEET);
        assembly ("memory-safe") {
            fields := from
        }
        if (keccak256(abi.encode(fields)) != fieldsHash) _fail(b);
        ++b.done;
    }

    /// @notice Opens a leaf; of SUMS and DOTS that is a figure, and of FIRST all groups: their salts, and behind them their parts.
    /// @dev The final block's two parts are one group.
    function leaf(Blob memory b, uint256 section, uint256 index) internal pure returns (uint256 content) {
        uint256 count = Frames.count(b.counts, section);
        if (index >= count) revert IJudge.Judge_BadPosition(index);
        uint256 size = Frames.size(b.counts, section, index);
        uint256 levels = section == Frames.FIRST ? Frames.groupLevels(b.counts, false) : 0;
        uint256 salt = Frames.isPublic(section) ? 0 : SALT;
        bytes32 node;
        unchecked {
            uint256 from = take(b, (salt << levels) + size);
            content = from + (salt << levels);
            node = levels == 0 ? _leafHash(section, from, salt, content, size) : _groups(section, from, size, levels);
        }
        _join(b, section, index, Frames.depth(count), node);
    }

    /// @notice Opens the group of a leaf of FIRST that part `p` is in, and returns where that part lies.
    function part(Blob memory b, uint256 section, uint256 index, uint256 p) internal pure returns (uint256 place) {
        uint256 count = Frames.count(b.counts, section);
        if (index >= count) revert IJudge.Judge_BadPosition(index);
        bool last = section >= Frames.FINAL;
        uint256 levels = Frames.groupLevels(b.counts, last);
        uint256 grouped = Frames.grouped(b.counts, last);
        if (p >= grouped << levels) revert IJudge.Judge_BadPosition(p);
        unchecked {
            uint256 from = take(b, SALT + 8 * grouped);
            place = from + SALT + 8 * (p % grouped);
            bytes32 node = _leafHash(section, from, SALT, from + SALT, 8 * grouped);
            _join(b, section, (index << levels) | (p / grouped), Frames.depth(count) + levels, node);
        }
    }

    /// @notice Opens a root of MODELS, which is no hash of a leaf: zero for a model that does not exist.
    function raw(Blob memory b, uint256 model) internal pure returns (bytes32 root) {
        root = bytes32(word(take(b, WORD)));
        _joinModel(b, model, root);
    }

    /// @notice Proves that a model does not exist: its root is zero.
    function absent(Blob memory b, uint256 model) internal pure {
        _joinModel(b, model, 0);
    }

    /// @notice Opens neuron `g` of a model: int32 weights, and behind them the int64 bias.
    function neuron(Blob memory b, uint256 model, uint256 g) internal pure returns (uint256 weights) {
        uint256 counts = b.counts;
        uint256 inside = Frames.neurons(counts);
        if (g >= inside) revert IJudge.Judge_BadPosition(g);
        uint256 models = Frames.count(counts, Frames.MODELS);
        if (model >= models) revert IJudge.Judge_BadPosition(model);
        unchecked {
            uint256 size = 4 * Frames.width(counts, g) + 8;
            weights = take(b, SALT + size) + SALT;
            bytes32 node = _neuronHash(counts, model, g, weights, size);
            uint256 depth = Frames.depth(inside);
            uint256 above = Frames.depth(models);
            uint256 index = (((1 << above) | model) << depth) | g;
            _lead(b, node, index, depth + above + ABOVE, b.top);
        }
    }

    /// @notice Opens a validation row: its label as uint32, then one int8 a feature.
    function row(Blob memory b, bytes32 rowsRoot, uint256 rows, uint256 r) internal pure returns (uint256 label) {
        if (r >= rows) revert IJudge.Judge_BadPosition(r);
        bytes32 node = Tags.ROW;
        uint256 above;
        uint256 depth = Frames.depth(rows);
        unchecked {
            uint256 size = SALT + 4 + Frames.inputs(b.counts);
            label = take(b, size);
            assembly ("memory-safe") {
                let m := mload(0x40)
                mstore(m, node)
                calldatacopy(add(m, WORD), label, size)
                node := keccak256(m, add(size, WORD))
            }
            label += SALT;
            above = take(b, depth * WORD);
        }
        node = rootAbove(node, r, above, depth);
        if (keccak256(abi.encode(Tags.ROWS, rows, node)) != rowsRoot) _fail(b);
        ++b.done;
    }

    /// @notice Opens figure `f` of SUMS or DOTS: its sum tree's root.
    function figure(Blob memory b, uint256 section, uint256 f) internal pure returns (Node memory node) {
        uint256 content = leaf(b, section, f);
        unchecked {
            _set(node, word(content), word(content + WORD));
        }
    }

    /// @notice Opens figure `f` and descends `level` levels to the node at `position` (of `2 ** level`) of its sum tree.
    function descend(Blob memory b, uint256 section, uint256 f, uint256 level, uint256 position)
        internal
        pure
        returns (Node memory node)
    {
        if (position >> level != 0) revert IJudge.Judge_BadPosition(position);
        node = figure(b, section, f);
        walk(b, node, level, position);
    }

    /// @notice Turns `node` into the one `level` levels below it; the bits of `position`, from the top, choose the child.
    function walk(Blob memory b, Node memory node, uint256 level, uint256 position) internal pure {
        for (; level > 0; --level) {
            uint256 from = preimage(b, node);
            unchecked {
                uint256 right = WORD * ((position >> (level - 1)) & 1);
                _set(node, word(from + right), word(from + 2 * WORD + right));
            }
        }
    }

    /// @notice Opens a node of a sum tree: left hash, right hash, left sum, left square, right sum, right square.
    function preimage(Blob memory b, Node memory node) internal pure returns (uint256 from) {
        from = take(b, PREIMAGE);
        bytes32 hash = Tags.TRACE_SUM;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hash)
            calldatacopy(add(m, WORD), from, PREIMAGE)
            hash := keccak256(m, add(WORD, PREIMAGE))
        }
        if (hash != node.hash) _fail(b);
        ++b.done;
    }

    /// @notice Opens the sum leaf that a descent led to: its salt makes its hash of the sums its parent states.
    function sumLeaf(Blob memory b, uint256 section, Node memory node) internal pure {
        uint256 salt = word(take(b, SALT)) >> 128;
        bytes32 hash = keccak256(
            abi.encodePacked(Tags.TRACE_LEAF, uint8(section), uint128(salt), int128(node.sum), uint128(node.square))
        );
        if (hash != node.hash) _fail(b);
        ++b.done;
    }

    /// @notice The root above `node` at position `index`, whose path of `depth` hashes starts at `above`.
    function rootAbove(bytes32 node, uint256 index, uint256 above, uint256 depth) internal pure returns (bytes32) {
        assembly ("memory-safe") {
            for { let end := add(above, shl(5, depth)) } lt(above, end) { above := add(above, WORD) } {
                let side := shl(5, and(index, 1))
                mstore(side, node)
                mstore(xor(side, WORD), calldataload(above))
                node := keccak256(0, 64)
                index := shr(1, index)
            }
        }
        return node;
    }

    /// @notice The next `length` bytes of the proof: where they start.
    function take(Blob memory b, uint256 length) internal pure returns (uint256 from) {
        unchecked {
            from = b.at;
            b.at = from + length;
            if (b.at > b.end) revert IJudge.Judge_BadLength(b.at - b.start, b.end - b.start);
        }
    }

    /// @notice The word at `from` of the calldata.
    function word(uint256 from) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(from)
        }
    }

    /// @dev The path of a leaf through its section to the top.
    function _join(Blob memory b, uint256 section, uint256 index, uint256 depth, bytes32 node) private pure {
        unchecked {
            if (section < Frames.FINAL) {
                _lead(b, node, (section << depth) | index, depth + ABOVE, b.top);
            } else {
                index |= (FINAL_BLOCK | (section - Frames.FINAL)) << depth;
                _lead(b, node, index, depth + ABOVE_FINAL, b.top);
            }
        }
    }

    function _joinModel(Blob memory b, uint256 model, bytes32 root) private pure {
        uint256 models = Frames.count(b.counts, Frames.MODELS);
        if (model >= models) revert IJudge.Judge_BadPosition(model);
        _join(b, Frames.MODELS, model, Frames.depth(models), root);
    }

    function _lead(Blob memory b, bytes32 node, uint256 index, uint256 depth, bytes32 root) private pure {
        uint256 above = take(b, depth * WORD);
        if (rootAbove(node, index, above, depth) != root) _fail(b);
        ++b.done;
    }

    /// @dev The root over the groups of a leaf of FIRST: 2 ** levels salts from `from` on, and behind them `size` bytes of parts.
    function _groups(uint256 section, uint256 from, uint256 size, uint256 levels) private pure returns (bytes32) {
        unchecked {
            uint256 width = 1 << levels;
            uint256 content = from + SALT * width;
            size >>= levels;
            bytes32[] memory nodes = new bytes32[](width);
            for (uint256 i = 0; i < width; ++i) {
                nodes[i] = _leafHash(section, from + SALT * i, SALT, content + size * i, size);
            }
            for (; width > 1; width /= 2) {
                for (uint256 i = 0; i < width; i += 2) {
                    nodes[i / 2] = keccak256(abi.encode(nodes[i], nodes[i + 1]));
                }
            }
            return nodes[0];
        }
    }

    /// @dev `salt`: its bytes at `from`, 16 or none.
    function _leafHash(uint256 section, uint256 from, uint256 salt, uint256 content, uint256 size)
        private
        pure
        returns (bytes32 hash)
    {
        hash = Tags.TRACE_LEAF;
        assembly ("memory-safe") {
            // tag, section, salt of 16 bytes (zeros when there is none), content
            let m := mload(0x40)
            mstore(m, hash)
            mstore(add(m, WORD), 0)
            mstore8(add(m, WORD), section)
            calldatacopy(add(m, 33), from, salt)
            calldatacopy(add(m, 49), content, size)
            hash := keccak256(m, add(49, size))
        }
    }

    function _neuronHash(uint256 counts, uint256 model, uint256 g, uint256 weights, uint256 size)
        private
        pure
        returns (bytes32 hash)
    {
        uint256 first = Frames.outputs(counts);
        hash = Frames.isNetwork(model) ? Tags.NEURON : Tags.UPDATE_ROW;
        // layer and neuron, 32 bits each
        uint256 place = g < first ? g : (uint256(1) << 32) | (g - first);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hash)
            calldatacopy(add(m, WORD), sub(weights, SALT), SALT)
            mstore(add(m, 48), shl(192, place))
            calldatacopy(add(m, 56), weights, size)
            hash := keccak256(m, add(56, size))
        }
    }

    function _set(Node memory node, uint256 hash, uint256 sums) private pure {
        node.hash = bytes32(hash);
        node.sum = int256(sums) >> 128;
        node.square = uint128(sums);
    }

    function _fail(Blob memory b) private pure {
        revert IJudge.Judge_BadOpening(b.done);
    }
}
