"""What cheating earns: strategies played against honest people on the real contracts, counted to the unit."""
