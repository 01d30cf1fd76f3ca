"""Bounties whose updates nobody sees: a holder's components, and three seats that compute on them."""
