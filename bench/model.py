"""How much a language model helps with questions that the parser is unsure of: `python -m bench.model [--model FILE.gguf]`; needs `.ci/model`.

Asks the twenty questions of the long test with a real model behind a narrow catalogue (a processor reads a long prompt in minutes) and counts what
the ledger says came of them. `usable` counts agreement and choices offered that the caller may ask, good or not. Results are kept by the model's file name.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.fixtures.home import TODAY, make_demo_home
from tests.fixtures.real_model import MISSING, QUESTIONS, narrow, served, smollm
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

RESULTS = Path(__file__).parent / "results" / "model.json"
USABLE = ("agreed", "disagreed")


def measure(model: Path, home: Path, *, minutes: float) -> dict[str, Any]:
    """Return the counts and times of one model with the demo company in `home`, whose model.yaml is written anew; after so many minutes no further question is asked."""
    (home / "model.yaml").unlink(missing_ok=True)
    environment = Environment(home=home, pinned_today=dt.date.fromisoformat(TODAY))
    with Service.open(Home(home), environment) as service:
        dimensions = tuple(service.house.current().lexicon.dimensions)
    with served(model) as base:
        (home / "model.yaml").write_text(json.dumps(narrow(base, dimensions)), encoding="utf-8")
        with Service.open(Home(home), environment) as service:
            asker, reviewer = service.local_actor("market"), service.local_actor("compliance")
            known = {item["id"] for item in service.audit_events(reviewer, {"type": "model.result"}, None, 200)["events"]}
            begun, put = time.monotonic(), 0
            for question in QUESTIONS:
                if time.monotonic() - begun > 60 * minutes:
                    break
                service.ask(asker, question)
                put += 1
            told = [item["detail"] for item in service.audit_events(reviewer, {"type": "model.result"}, None, 200)["events"] if item["id"] not in known]
    times = sorted(item["milliseconds"] for item in told)
    results = Counter(item["result"] for item in told)
    return {
        "questions": put,
        "of": len(QUESTIONS),
        "asked_the_model": len(told),
        "results": dict(sorted(results.items())),
        "agreement": results["agreed"],
        "usable": sum(results[name] for name in USABLE),
        "median_s": round(statistics.median(times) / 1000, 1) if times else None,
        "slowest_s": round(times[-1] / 1000, 1) if times else None,
        "load_average": round(os.getloadavg()[0], 1),
        "measured_at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
    }


def main(arguments: list[str]) -> None:
    """Measure and add to the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.model")
    parser.add_argument("--model", type=Path, default=smollm(), help="a GGUF file; without it the one that .ci/model installed")
    parser.add_argument("--home", type=Path, help="a demo home to use; its model.yaml is written anew")
    parser.add_argument("--minutes", type=float, default=8, help="ask no further question after so long; what was asked until then counts")
    chosen = parser.parse_args(arguments)
    if chosen.model is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(chosen.model, chosen.home or make_demo_home(Path(folder) / "home").path, minutes=chosen.minutes)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | {chosen.model.name: found}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
