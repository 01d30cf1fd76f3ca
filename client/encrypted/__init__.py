"""Bounties whose holders train a linear model that they cannot read."""
