"""Frozen values and pure rules of the protocol: no I/O, clock, randomness or torch."""
