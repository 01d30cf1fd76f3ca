"""A whole bounty on one machine: real contracts, real training, real cryptography, a few minutes of chain time."""
