"""The trace: everything a scoring computed, as leaves of one tree, so that a single wrong step can be disproved."""
