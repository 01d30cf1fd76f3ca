"""A market of one's own: a local chain with the contracts on it, IPFS nodes if asked for, and what moves its time."""
