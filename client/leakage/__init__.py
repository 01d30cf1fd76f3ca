"""What can be learnt about training rows from what each party holds: attacks, played and measured."""
