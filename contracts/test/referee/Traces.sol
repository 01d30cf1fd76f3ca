// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IJudge} from "../../interfaces/IJudge.sol";
import {Cheats} from "../fuzz/Vm.sol";

/// @title A trace written by hand, leaf by leaf, and its openings: the plainest way to do what `Openings` reads.
/// @dev Words and tags are written out here once more on purpose. Leaves that a test does not put are zero hashes: a path does not
/// care.
abstract contract Traces is Cheats {
    /// @dev The counts of a frame, in their order.
    struct Counts {
        uint256 inputs;
        uint256 hidden;
        uint256 classes;
        uint256 rows;
        uint256 submissions;
        uint256 previous;
        uint256 players;
        uint256 evaluations;
        uint256 inputScale;
        uint256 weightScale;
        uint256 permutations;
        uint256 finalRows;
    }

    /// @dev A sum tree's node.
    struct Sum {
        bytes32 hash;
        int128 sum;
        uint128 square;
    }

    Counts internal c;
    mapping(uint256 section => mapping(uint256 index => bytes)) private _contents;
    mapping(uint256 model => mapping(uint256 g => bytes)) private _neurons;
    mapping(uint256 model => bytes32) internal modelRoot;
    mapping(uint256 r => bytes) internal rowContents;
    mapping(uint256 section => mapping(uint256 figure => mapping(uint256 place => Sum))) internal sumLeaves;

    // ---------------------------------------------------------------- writing
    function _put(uint256 section, uint256 index, bytes memory content) internal {
        _contents[section][index] = content;
    }

    function _contentOf(uint256 section, uint256 index) internal view returns (bytes memory) {
        return _contents[section][index];
    }

    /// @dev One neuron of a model; the others are zero hashes.
    function _putNeuron(uint256 model, uint256 g, bytes memory content) internal {
        _neurons[model][g] = content;
        modelRoot[model] = _fold(_neuronLeaves(model), 0);
    }

    /// @dev A leaf of a sum tree.
    function _putSum(uint256 section, uint256 figure, uint256 place, int128 sum, uint128 square) internal {
        bytes32 hash = keccak256(
            abi.encodePacked(_tag("trace-leaf"), uint8(section), _saltOf(section, figure << 32 | place), sum, square)
        );
        sumLeaves[section][figure][place] = Sum(hash, sum, square);
    }

    /// @dev The figure leaf above the tree as it is now; `total` may lie.
    function _putFigure(uint256 section, uint256 figure, Sum memory total) internal {
        _put(section, figure, abi.encodePacked(total.hash, total.sum, total.square));
    }

    // ---------------------------------------------------------------- the frame
    function _packed() internal view returns (uint256) {
        return c.inputs | (c.hidden << 16) | (c.classes << 32) | (c.rows << 48) | (c.submissions << 80)
            | (c.previous << 88) | (c.players << 96) | (c.evaluations << 104) | (c.inputScale << 120)
            | (c.weightScale << 152) | (c.permutations << 184) | (c.finalRows << 200);
    }

    function _frame() internal view returns (IJudge.Frame memory) {
        return IJudge.Frame(_packed(), _rowsRoot(), _fold(_sections(0), 0));
    }

    function _rowsRoot() internal view returns (bytes32) {
        return keccak256(abi.encode(_tag("rows"), c.rows, _fold(_rowLeaves(), 0)));
    }

    // ---------------------------------------------------------------- openings
    /// @dev [salt] content path.
    function _open(uint256 section, uint256 index) internal view returns (bytes memory) {
        bytes memory salt;
        for (uint256 i = 0; i < _groups(section) && !_isPublic(section); ++i) {
            salt = abi.encodePacked(salt, _saltOf(section, _groupId(section, index, i)));
        }
        return abi.encodePacked(salt, _contents[section][index], _path(_leaves(section), index), _above(section));
    }

    /// @dev Of a leaf of pre-activations the one group that part `p` is in: salt, its parts, path.
    function _openPart(uint256 index, uint256 p) internal view returns (bytes memory) {
        uint256 group = p / (_contents[3][index].length / 8 / _groups(3));
        (bytes memory content, bytes32[] memory hashes) = (_group(index, group), new bytes32[](_groups(3)));
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = _groupHash(index, i);
        }
        bytes16 salt = _saltOf(3, _groupId(3, index, group));
        return abi.encodePacked(salt, content, _path(hashes, group), _path(_leaves(3), index), _above(3));
    }

    function _openRoot(uint256 model) internal view returns (bytes memory) {
        return abi.encodePacked(modelRoot[model], _openAbsent(model));
    }

    function _openAbsent(uint256 model) internal view returns (bytes memory) {
        return abi.encodePacked(_path(_leaves(1), model), _above(1));
    }

    function _openNeuron(uint256 model, uint256 g) internal view returns (bytes memory) {
        return abi.encodePacked(
            _saltOf(100 + model, g), _neurons[model][g], _path(_neuronLeaves(model), g), _openAbsent(model)
        );
    }

    function _openRow(uint256 r) internal view returns (bytes memory) {
        return abi.encodePacked(_saltOf(99, r), rowContents[r], _path(_rowLeaves(), r));
    }

    /// @dev Figure leaf, then the preimages of the nodes from the root to `level`.
    function _descent(uint256 section, uint256 figure, uint256 level, uint256 position)
        internal
        view
        returns (bytes memory proof)
    {
        proof = _open(section, figure);
        for (uint256 i = 0; i < level; ++i) {
            proof = abi.encodePacked(proof, _preimage(section, figure, i, position >> (level - i)));
        }
    }

    /// @dev What the node at `level` and `position` is the hash of.
    function _preimage(uint256 section, uint256 figure, uint256 level, uint256 position)
        internal
        view
        returns (bytes memory)
    {
        Sum memory left = _node(section, figure, level + 1, 2 * position);
        Sum memory right = _node(section, figure, level + 1, 2 * position + 1);
        return abi.encodePacked(left.hash, right.hash, left.sum, left.square, right.sum, right.square);
    }

    function _node(uint256 section, uint256 figure, uint256 level, uint256 position)
        internal
        view
        returns (Sum memory node)
    {
        uint256 depth = _log(section == 8 ? _neuronCount() : section == 7 ? c.rows : c.finalRows);
        if (level == depth) return sumLeaves[section][figure][position];
        Sum memory left = _node(section, figure, level + 1, 2 * position);
        Sum memory right = _node(section, figure, level + 1, 2 * position + 1);
        bytes32 hash = keccak256(abi.encodePacked(_tag("trace-sum"), _preimage(section, figure, level, position)));
        unchecked {
            return Sum(hash, left.sum + right.sum, left.square + right.square);
        }
    }

    function _saltOf(uint256 section, uint256 index) internal pure returns (bytes16) {
        return bytes16(keccak256(abi.encode("salt", section, index)));
    }

    // ---------------------------------------------------------------- groups
    /// @dev The smallest power of two that leaves at most twelve parts in a group; all other leaves are one.
    function _groups(uint256 section) internal view returns (uint256 groups) {
        groups = 1;
        while (section == 3 && (1 + c.submissions) / groups + 1 > 12) groups *= 2;
    }

    function _groupId(uint256 section, uint256 index, uint256 i) private view returns (uint256) {
        return _groups(section) == 1 ? index : (index << 32) | (i + 1);
    }

    function _group(uint256 index, uint256 i) private view returns (bytes memory content) {
        bytes memory all = _contents[3][index];
        content = new bytes(all.length / _groups(3));
        for (uint256 k = 0; k < content.length; ++k) {
            content[k] = all[content.length * i + k];
        }
    }

    function _groupHash(uint256 index, uint256 i) private view returns (bytes32) {
        bytes16 salt = _saltOf(3, _groupId(3, index, i));
        return keccak256(abi.encodePacked(_tag("trace-leaf"), uint8(3), salt, _group(index, i)));
    }

    function _groupedLeaf(uint256 index) private view returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](_groups(3));
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = _groupHash(index, i);
        }
        return _fold(hashes, 0);
    }

    // ---------------------------------------------------------------- trees
    function _neuronCount() internal view returns (uint256) {
        return c.hidden + c.classes;
    }

    function _figures() internal view returns (uint256) {
        (uint256 n, uint256 q) = (c.submissions, c.previous);
        return n * (n + 1) / 2 + n + 1 + n + 1 + n * q + q;
    }

    function _size(uint256 section) internal view returns (uint256) {
        bool last = section >= 16;
        uint256 s = section % 16;
        uint256 m = last ? c.finalRows : c.rows;
        uint256 e = last ? 2 : c.evaluations;
        uint256 first = c.hidden == 0 ? c.classes : c.hidden;
        if (last && c.finalRows == 0) return 0;
        if (s == 2) return first * (c.inputs + 1) + (c.hidden == 0 ? 0 : c.classes * (c.hidden + 1));
        if (s == 3) return m * first;
        if (s == 4) return c.hidden == 0 ? 0 : e * c.classes;
        if (s == 5) return e * m;
        if (s == 7) return last ? 1 : c.players + 1;
        if (last) return 0;
        if (s == 1) return 6 + c.submissions + c.previous;
        if (s == 6) return m;
        if (s == 8) return _figures();
        if (s == 12) return _neuronCount();
        return s == 14 || s == 15 ? 0 : 1;
    }

    function _leaves(uint256 section) private view returns (bytes32[] memory leaves) {
        uint256 size = _size(section);
        leaves = new bytes32[](1 << _log(size));
        bool isGrouped = _groups(section) > 1;
        // Without salts all leaves that a test does not put are alike; there may be many.
        bytes32 unput = _isPublic(section) ? _leafOf(section, 0, "") : bytes32(0);
        for (uint256 i = 0; i < size; ++i) {
            if (section == 1) {
                leaves[i] = modelRoot[i];
            } else if (_contents[section][i].length == 0) {
                leaves[i] = unput;
            } else if (isGrouped) {
                leaves[i] = _groupedLeaf(i);
            } else {
                leaves[i] =
                    _leafOf(section, _isPublic(section) ? bytes16(0) : _saltOf(section, i), _contents[section][i]);
            }
        }
    }

    function _leafOf(uint256 section, bytes16 salt, bytes memory content) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(_tag("trace-leaf"), uint8(section), salt, content));
    }

    function _sections(uint256 base) private view returns (bytes32[] memory roots) {
        roots = new bytes32[](16);
        for (uint256 s = 0; s < 15; ++s) {
            if (_size(base + s) != 0) roots[s] = _fold(_leaves(base + s), 0);
        }
        if (base == 0 && c.finalRows != 0) roots[15] = _fold(_sections(16), 0);
    }

    /// @dev The path above a section's own tree.
    function _above(uint256 section) private view returns (bytes memory) {
        if (section < 16) return _path(_sections(0), section);
        return abi.encodePacked(_path(_sections(16), section - 16), _path(_sections(0), 15));
    }

    function _neuronLeaves(uint256 model) private view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 << _log(_neuronCount()));
        uint256 first = c.hidden == 0 ? c.classes : c.hidden;
        bytes32 tag = _tag(model == 0 || model == 3 || model == 4 ? "neuron" : "update-row");
        for (uint256 g = 0; g < _neuronCount(); ++g) {
            bytes memory content = _neurons[model][g];
            if (content.length == 0) continue;
            (uint32 layer, uint32 j) = g < first ? (0, uint32(g)) : (1, uint32(g - first));
            leaves[g] = keccak256(abi.encodePacked(tag, _saltOf(100 + model, g), layer, j, content));
        }
    }

    function _rowLeaves() private view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 << _log(c.rows));
        for (uint256 r = 0; r < c.rows; ++r) {
            if (rowContents[r].length == 0) continue;
            leaves[r] = keccak256(abi.encodePacked(_tag("row"), _saltOf(99, r), rowContents[r]));
        }
    }

    function _isPublic(uint256 section) private pure returns (bool) {
        uint256 s = section % 16;
        return s == 0 || s == 7 || s == 8 || s == 9 || s == 10 || s == 11 || s == 13;
    }

    function _fold(bytes32[] memory row, uint256 start) private pure returns (bytes32) {
        if (row.length == 1) return row[0];
        bytes32[] memory above = new bytes32[](row.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = _hashOfBoth(row[start + 2 * i], row[start + 2 * i + 1]);
        }
        return _fold(above, 0);
    }

    function _path(bytes32[] memory row, uint256 index) private pure returns (bytes memory path) {
        while (row.length > 1) {
            path = abi.encodePacked(path, row[index ^ 1]);
            bytes32[] memory above = new bytes32[](row.length / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = _hashOfBoth(row[2 * i], row[2 * i + 1]);
            }
            (row, index) = (above, index / 2);
        }
    }

    /// @dev keccak256(abi.encodePacked(left, right)), without new memory each time: there are trees of 65,536 leaves.
    function _hashOfBoth(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(0x20, right)
            node := keccak256(0, 0x40)
        }
    }

    /// @dev ceil(log2(max(1, size))).
    function _log(uint256 size) internal pure returns (uint256 depth) {
        while (1 << depth < size) ++depth;
    }

    function _tag(string memory name) private pure returns (bytes32) {
        return keccak256(abi.encodePacked("gradmarket/1/", name));
    }

    // ---------------------------------------------------------------- calls
    /// @dev Fields of `at`: kind, e, r, g, k, p, level.
    function _at(uint256 kind, uint256 e, uint256 r, uint256 g, uint256 k, uint256 p, uint256 level)
        internal
        pure
        returns (uint256)
    {
        return kind | (e << 8) | (r << 24) | (g << 56) | (k << 72) | (p << 104) | (level << 112);
    }

    function _ask(IJudge judge, uint256 at, bytes memory proof) internal view returns (bool) {
        return judge.contradicts(0, 0, 0, _frame(), at, proof);
    }

    /// @dev Whether the judge refuses the proof, for whatever reason.
    function _refuses(IJudge judge, uint256 at, bytes memory proof) internal view returns (bool) {
        try judge.contradicts(0, 0, 0, _frame(), at, proof) returns (bool) {
            return false;
        } catch {
            return true;
        }
    }

    /// @dev Kinds of step that this judge does not know, whatever is shown, as such.
    function _checkUnknown(IJudge judge, uint8[4] memory kinds) internal {
        for (uint256 i = 0; i < kinds.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_UnknownKind.selector, kinds[i]));
            _ask(judge, _at(kinds[i], 0, 0, 0, 0, 0, 0), "");
        }
    }

    /// @dev A step that there is none, refused by naming `position`, whatever is shown behind what it opens first.
    function _checkBeyond(IJudge judge, uint256 at, uint256 position, bytes memory first) internal {
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadPosition.selector, position));
        _ask(judge, at, first);
    }

    /// @dev With any opening changed, the refusal names it.
    function _checkNamed(IJudge judge, uint256 at, bytes[] memory openings) internal {
        for (uint256 wrong = 0; wrong < openings.length; ++wrong) {
            bytes memory proof;
            for (uint256 i = 0; i < openings.length; ++i) {
                bytes memory opening = abi.encodePacked(openings[i]);
                if (i == wrong) opening[0] ^= 0x01;
                proof = bytes.concat(proof, opening);
            }
            vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadOpening.selector, wrong));
            _ask(judge, at, proof);
        }
    }

    /// @dev What a proof must be refused for: a byte more or less anywhere, by how many there should be, and one bit of any byte changed.
    function _checkStrict(IJudge judge, uint256 at, bytes memory proof, uint256 seed) internal {
        vm.assertFalse(_refuses(judge, at, proof), "the proof itself");
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadLength.selector, proof.length, proof.length + 1));
        _ask(judge, at, abi.encodePacked(proof, bytes1(0)));
        bytes memory changed = new bytes(proof.length - 1);
        for (uint256 i = 0; i < changed.length; ++i) {
            changed[i] = proof[i];
        }
        vm.expectRevert(abi.encodeWithSelector(IJudge.Judge_BadLength.selector, proof.length, changed.length));
        _ask(judge, at, changed);
        changed = abi.encodePacked(proof);
        changed[seed % proof.length] ^= bytes1(uint8(1 << (seed >> 250) % 8));
        vm.assertTrue(_refuses(judge, at, changed), "a bit changed");
    }
}
