"""Participants as long-running processes: each on its own folder, killed and started again at any moment."""
