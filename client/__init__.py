"""What one person runs: the three roles, local training, wallet, command line, demonstration."""
