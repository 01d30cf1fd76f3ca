"""Keys and envelopes: who can open what, and when."""
