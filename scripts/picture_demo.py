"""Draw what a short demonstration prints (docs/pictures/demo.svg), so that the README shows it as it is.

Usage: python scripts/picture_demo.py [--rounds N]
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from rich.console import Console

from client.demo.command import run_demo
from client.demo.plan import DemoOptions

_TARGET = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "demo.svg"


def main() -> None:
    """Play the default demonstration and save the terminal as a picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    console = Console(record=True, width=84, highlight=False, force_terminal=True)
    run_demo(DemoOptions(rounds=rounds), console=console)
    text = console.export_svg(title="gradmarket demo")
    # No font is fetched from anywhere: whoever looks at the picture sees its own monospace.
    text = re.sub(r"@font-face \{.*?\}", "", text, flags=re.DOTALL)
    _TARGET.write_text(text.replace(">", "><title>What gradmarket demo prints</title>", 1))


if __name__ == "__main__":
    main()
