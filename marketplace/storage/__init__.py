"""Content addressing: everything sealed or published is named by the hash of its bytes.

`Store` is the seam (five methods). `FolderStore` is the embedded default; a node of the IPFS network fits behind the
same five methods, because both give the same content the same CID. Whoever serves the bytes, each block
is checked against its CID before anybody sees it.

The parts, from the outside in:

    store       the seam, and the helpers everybody uses on it
    folder      the embedded store, one CAR file for each content;  layout, draft, content, quota, disk  are its parts
    car         content in and out as CAR files, to carry between stores and IPFS nodes
    unixfs      content -> blocks;   reader  blocks -> content;   cid, protobuf, sections, varint, streams  below both
    canonical   the one way a value is written as JSON
    tensors     the one way models, updates and rows are written
"""
