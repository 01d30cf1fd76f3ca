"""How Hypothesis looks for counterexamples: without a clock, since cores are shared; in CI always the same way.

With `HYPOTHESIS_PROFILE=long`, as `make fuzz` does, it looks twenty times as long.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("here", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("long", parent=settings.get_profile("here"), max_examples=1000)
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "here"))
