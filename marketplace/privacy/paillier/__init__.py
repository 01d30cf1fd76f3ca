"""Paillier encryption: sums of integers that stay encrypted, and linear models that their trainer cannot read."""
