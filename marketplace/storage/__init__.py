"""Content addressing: everything sealed or published is named by the hash of its bytes.

`Store` is the seam (five methods). `FolderStore` is the embedded default; a node of the IPFS network fits behind the
same five methods, because both give the same content the same CID. Whoever serves the bytes, each block
is checked against its CID before anybody sees it.

    store       the seam, and the helpers everybody uses on it
    folder      the embedded store;  batch, layout, disk, quota  are its parts
    unixfs      content -> blocks;   reader  blocks -> content;   cid, varint, protobuf  below both
    car         a content's blocks in one file, to carry between stores and nodes
    canonical   the one way a value is written as JSON
    tensors     the one way models, updates and rows are written
"""
