"""The command line: one command, `gradmarket`."""

from client.cli.main import main

__all__ = ["main"]
