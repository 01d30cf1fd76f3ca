"""The contracts as Python: one account's face on them, their events, their refusals, and the chains they live on."""
