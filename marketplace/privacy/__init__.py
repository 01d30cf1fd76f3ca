"""Engines that compute on what nobody may look at; each states whom one has to trust, and for what."""
