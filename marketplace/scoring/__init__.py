"""What an update is worth: coefficients, value game, contributions, payouts, adoption, and the sheet of all of it."""
