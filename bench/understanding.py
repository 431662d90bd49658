"""Understanding one question, with 300 metrics and 20,000 members of dimensions in the lexicon, and compiling that lexicon.

    python -m bench.understanding [--rounds 2]

Asked are the questions that the parser was developed with (tests/questions, the validation set left out), in both languages, with the screener for persons' identities that the
service uses. The claims: p99 of `understand` at most 10 ms, the lexicon compiled in less than 2 s. No peer without a language model reads such questions (facts.md), so the figures
stand beside those limits. Times are on the clock and on the processor (which is judged: the clock measures the neighbours), after one round that isn't counted (word lists are read at the first question, as a service does at its start);
the lexicon is set aside from the garbage collector, as a server does with what lives as long as it.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

import yaml

from governance.documents.base import Label
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import MetricsDocument
from governance.documents.reading import Read, read
from governance.documents.settings import Settings
from governance.identity.recognizers import Screener
from governance.metrics.catalogue import Catalogue
from nlq.evaluation.scores import percentile
from nlq.lexicon.lexicon import Lexicon
from nlq.understand import understand

ROOT = Path(__file__).parents[1]
POLICIES, QUESTIONS = ROOT / "policies", ROOT / "tests" / "questions"
RESULTS = Path(__file__).resolve().parent / "results" / "understanding.json"
TODAY = date(2026, 11, 15)
METRICS, MEMBERS = 300, 20_000
LIMITS = {"p99_ms": 10.0, "compile_s": 2.0}
_KINDS = (("县域", "County"), ("院外", "Retail"), ("互联网", "Internet"), ("基层", "Community"), ("民营", "Private"), ("军队", "Military"), ("学术", "Academic"))
_SYLLABLES = "安柏常达恩峰广和嘉康岚明宁平启仁尚泰文祥雅云泽志川东方华"


def catalogue() -> Catalogue:
    """The demo's catalogue with its metrics under further names until there are 300, and 20,000 hospitals, cities and campaigns."""
    settings = read(POLICIES / "bundle.yaml", Settings, POLICIES).document
    reads = [read(path, MetricsDocument, POLICIES) for path in sorted((POLICIES / "metrics").glob("*.yaml"))]
    originals = [metric for item in reads for metric in item.document.metrics]
    copies = []
    for (zh, en), metric in itertools.islice(itertools.product(_KINDS, originals), METRICS - len(originals)):
        synonyms = metric.synonyms.model_copy(update={"zh": tuple(f"{zh}{word}" for word in metric.synonyms.zh), "en": tuple(f"{en} {word}" for word in metric.synonyms.en)})
        label = Label(zh=f"{zh}{metric.label.zh}", en=f"{en} {metric.label.en.lower()}")
        copies.append(metric.model_copy(update={"id": f"{metric.id}_{en.lower()}", "label": label, "synonyms": synonyms}))
    more: Read[MetricsDocument] = Read(document=MetricsDocument(metrics=tuple(copies)), file="copies.yaml", lines={})
    names = ["".join(letters) for letters in itertools.islice(itertools.product(_SYLLABLES, repeat=3), MEMBERS)]
    members = {
        "hospital": tuple(f"{name}医院" for name in names[:18_000]),
        "city": tuple(f"{name}市" for name in names[18_000:19_500]),
        "campaign": tuple(f"{name}行动" for name in names[19_500:MEMBERS]),
    }
    return Catalogue.build(settings, [*reads, more]).with_values(members)


def questions() -> list[str]:
    """What the parser was developed with: single questions of both languages."""
    found: list[str] = []
    for name in ("dev", "more"):
        cases = yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text(encoding="utf-8"))["cases"]
        found += [case["ask"] for case in cases if "ask" in case]
    return found


def main(argv: list[str]) -> int:
    """Measure, print and keep the result; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(prog="bench.understanding")
    parser.add_argument("--rounds", type=int, default=2)
    rounds: int = parser.parse_args(argv).rounds
    settings = read(POLICIES / "bundle.yaml", Settings, POLICIES).document
    documents = [read(path, LexiconDocument, POLICIES).document for path in sorted((POLICIES / "lexicon").glob("*.yaml"))]
    big, screener = catalogue(), Screener()
    begun = time.perf_counter()
    worked = time.process_time()
    lexicon = Lexicon.compile(big, documents, settings, screener=screener)
    compiled, compiled_cpu = time.perf_counter() - begun, time.process_time() - worked
    persons = {name for name, info in lexicon.dimensions.items() if info.person}
    view = lexicon.visible(frozenset(lexicon.metrics), frozenset(lexicon.dimensions) - persons)
    asked = questions()
    for question in asked:
        understand(question, lexicon=view, today=TODAY)
    gc.collect()
    gc.freeze()
    clock, processor = [], []
    for question in asked * rounds:
        on_clock, on_processor = time.perf_counter(), time.process_time()
        understand(question, lexicon=view, today=TODAY)
        clock.append((time.perf_counter() - on_clock) * 1000)
        processor.append((time.process_time() - on_processor) * 1000)
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    result = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "metrics": len(lexicon.metrics),
        "members": sum(len(big.values(name)) for name in big.dimensions),
        "words": len(lexicon.words.entries),
        "questions": len(asked) * rounds,
        "compile_s": round(compiled, 3),
        "cpu_compile_s": round(compiled_cpu, 3),
        **{f"{name}_ms": round(percentile(clock, share), 3) for name, share in shares},
        **{f"cpu_{name}_ms": round(percentile(processor, share), 3) for name, share in shares},
        "limits": LIMITS,
    }
    print(json.dumps(result, indent=2))
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if percentile(processor, 0.99) > LIMITS["p99_ms"] or compiled_cpu > LIMITS["compile_s"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
