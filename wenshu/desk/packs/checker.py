"""Check a Wenshu evidence pack with nothing but Python's standard library.

    python3 verify.py [FOLDER] [VKEY]

FOLDER (default: this file's) is the pack. VKEY is the ledger's verifier key or a file with it, from a source you trust; else the pack's own `vkey` is used,
which proves only that the pack agrees with itself. Exit status: 0 everything holds, 1 something does not, 2 it could not be checked.

What is checked: the signature on the checkpoint; that all leaf hashes (`leaves`) give its root; that every event shipped is one of these leaves and matches the filter; that
every other entry stands in `facets.jsonl` with values that do not match; and that these values are the ones that the ledger committed to, in a signed entry, when the
pack was made. What a facet says of an entry whose body is not here is the ledger's owner's statement: ask for the body of any of them, it must hash to its leaf.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # beside this file lies ledger.py, which ships with it
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import ledger  # type: ignore[import-not-found] # the file beside this one in a pack
else:
    from audit import standalone as ledger

LISTS = {"metric": "metrics", "data_class": "classes"}
"""Conditions that look for one value among an event's several."""


def member(body: Mapping[str, Any], name: str) -> Any:
    """A searchable member of an event; lines of version 1 hold some of them inside `detail`."""
    value = body.get(name)
    return body["detail"].get(name) if value is None and body.get("v") == 1 else value


def fields(wanted: Mapping[str, Any]) -> list[str]:
    """The members of an event that decide whether a filter means it."""
    named = {LISTS.get(name, name) for name in wanted if name not in {"since", "until"}}
    return sorted(named | ({"time"} if {"since", "until"} & set(wanted) else set()))


def facets(body: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """What is committed of an event: its number and the members named."""
    return {"index": body["index"], **{name: member(body, name) for name in names}}


def matches(facet: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a filter means an event with these facets. `since` and `until` are UTC texts that compare as times, half-open."""
    for name, chosen in wanted.items():
        if name == "since":
            if facet["time"] < chosen:
                return False
        elif name == "until":
            if facet["time"] >= chosen:
                return False
        else:
            value = facet.get(LISTS.get(name, name))
            held = value if isinstance(value, list) else [value]
            if not set(held) & set(chosen):
                return False
    return True


def written(facet: Mapping[str, Any]) -> bytes:
    """One line of the commitment."""
    return json.dumps(facet, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file without their ends."""
    with path.open("rb") as file:
        for raw in file:
            yield raw.removesuffix(b"\n")


def check(folder: Path, vkey: str) -> tuple[list[str], str]:
    """Problems found, in words, and what was seen."""
    size, root = ledger.read_checkpoint((folder / "checkpoint").read_bytes().decode(), vkey)
    leaves = [bytes.fromhex(line.decode()) for line in lines(folder / "leaves")]
    problems: list[str] = []
    peaks: list[tuple[int, bytes]] = []
    for leaf in leaves:
        ledger.grow(peaks, leaf)
    if len(leaves) != size or ledger.root_of(peaks) != root:
        return [f"the {len(leaves)} leaf hashes do not give the root that was signed over {size}"], ""
    said = json.loads((folder / "pack.json").read_bytes())
    wanted, covered, made = said["filter"], int(said["size"]), int(said["made_by"])
    names = fields(wanted)
    if not covered <= made < size:
        return ["the entry that committed to this pack does not lie behind what it covers"], ""
    told: dict[int, dict[str, Any]] = {}
    shipped = pruned = 0
    commitment: Mapping[str, Any] = {}
    for line in lines(folder / "events.jsonl"):
        body = json.loads(line)
        number = body["index"]
        if not 0 <= number < size or hashlib.sha256(b"\x00" + line).digest() != leaves[number]:
            problems.append(f"event {number} is not what the ledger holds at that number")
        elif number == made:
            commitment = body
        elif number in told:
            problems.append(f"event {number} stands here twice")
        else:
            told[number] = facets(body, names)
            shipped += 1
            if number >= covered or not matches(told[number], wanted):
                problems.append(f"event {number} does not belong to the filter")
    for line in lines(folder / "facets.jsonl"):
        facet = json.loads(line)
        number = facet["index"]
        if number in told:
            problems.append(f"entry {number} stands here twice")
        told[number] = facet
        if facet.get("pruned") is True:
            pruned += 1
        elif set(facet) != {"index", *names} or matches(facet, wanted):
            problems.append(f"entry {number} matches the filter and its event is not here")
    missing = [number for number in range(covered) if number not in told]
    if missing or len(told) != covered:
        problems.append(f"{len(missing)} of the first {covered} entries are neither shipped nor accounted for" + (f", the first is {missing[0]}" if missing else ""))
    digest = hashlib.sha256(b"".join(written(told[number]) for number in sorted(told))).hexdigest()
    detail = commitment.get("detail", {})
    if commitment.get("type") != "ledger.pack" or detail.get("facets_sha256") != digest or detail.get("size") != covered:
        problems.append("the ledger did not commit to these facets")
    if pruned:
        problems.append(f"{pruned} entries have only their hash left; ask for the signed record of their pruning")
    return problems, f"{shipped} events match, {covered - shipped} others are accounted for, {size} entries under root {root.hex()}"


if __name__ == "__main__":
    sys.exit(ledger.run(sys.argv, __file__, check, "complete"))
