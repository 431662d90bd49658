"""`python -m bench`: every measurement in turn; results go to bench/results/."""

from __future__ import annotations

import importlib
import sys

MEASUREMENTS = ("ledger", "planning", "decisions", "understanding", "governed_query")


def main() -> None:
    for name in MEASUREMENTS:
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main([])


if __name__ == "__main__":
    sys.exit(main())
