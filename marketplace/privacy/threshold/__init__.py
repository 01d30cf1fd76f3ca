"""Sums of vectors that no single party can take apart: masks from ring learning with errors, keys in shares."""
