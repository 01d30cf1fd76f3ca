"""What an update is worth: the value game, the contributions, the payouts, the score sheet.

Everything here is a pure function of opened updates and rows, in integers: every honest seat computes the same.
"""
