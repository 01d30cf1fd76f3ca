"""What every participant shares: rules, chain, storage, sealing, scoring, data."""
