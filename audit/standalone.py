"""Check an exported Wenshu ledger, or an evidence pack from it, with nothing but Python's standard library.

    python3 verify.py [FOLDER] [VKEY]

FOLDER (default: this file's) is the export or the pack. VKEY is the ledger's verifier key or a file with it; take it from
a source you trust, else the folder's own file `vkey` is used, which proves only that the folder agrees with itself.
Exit status: 0 everything holds, 1 something does not, 2 it could not be checked.

Of an export: all its lines, in order, hash to the signed checkpoint. Of a pack: the signature on the checkpoint; that all leaf hashes (`leaves`) give its
root; that every event shipped is one of these leaves and matches the filter; that every other entry stands in `facets.jsonl` with values that do not match; and
that these values are the ones that the ledger committed to, in a signed entry, when the pack was made. What a facet says of an entry whose body is not here is
the ledger's owner's statement: ask for the body of any of them, it must hash to its leaf.

How: RFC 6962 (leaf SHA-256(0x00 || line), node SHA-256(0x01 || left || right)), C2SP signed notes, Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


Point = tuple[int, int, int, int]
Peaks = list[tuple[int, bytes]]


def recover_x(y: int, sign: int) -> int | None:
    """The point's x coordinate, or None if y lies on no point."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def decode_point(data: bytes) -> Point | None:
    """A curve point in extended coordinates from its 32 bytes, or None."""
    number = int.from_bytes(data, "little")
    y = number & (1 << 255) - 1
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def add(one: Point, two: Point) -> Point:
    """The sum of two points."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """The point added to itself `number` times."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


def equal(one: Point, two: Point) -> bool:
    """Whether two points are the same."""
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 and (one[1] * two[2] - two[1] * one[2]) % P == 0


BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")


def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 verification, RFC 8032 section 5.1.7."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment, base = decode_point(public), decode_point(signature[:32]), decode_point(BASE)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or base is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return equal(times(scalar, base), add(commitment, times(challenge, key)))


def read_checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    """Size and root of the checkpoint, once the key's signature on it holds; ValueError otherwise."""
    name, key_id, encoded_key = vkey.strip().split("+", 2)
    material = base64.b64decode(encoded_key, validate=True)
    own_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    if material[:1] != b"\x01" or own_id.hex() != key_id:
        raise ValueError("the verifier key is malformed")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, encoded = line.split(" ")
        blob = base64.b64decode(encoded, validate=True)
        if dash == "\u2014" and signer == name and blob[:4] == own_id:
            if not signature_holds(material[1:], text.encode(), blob[4:]):
                raise ValueError("the checkpoint's signature does not hold")
            origin, size, root = text.split("\n")[:3]
            if origin != name:
                raise ValueError("the checkpoint belongs to another ledger")
            return int(size), base64.b64decode(root, validate=True)
    raise ValueError("the checkpoint is not signed by this key")


def grow(peaks: Peaks, leaf: bytes) -> None:
    """Add a leaf hash to a list of (level, hash) peaks."""
    level, current = 0, leaf
    while peaks and peaks[-1][0] == level:
        current = hashlib.sha256(b"\x01" + peaks.pop()[1] + current).digest()
        level += 1
    peaks.append((level, current))


def root_of(peaks: Peaks) -> bytes:
    """The RFC 6962 root over peaks."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    current = peaks[-1][1]
    for _, left in reversed(peaks[:-1]):
        current = hashlib.sha256(b"\x01" + left + current).digest()
    return current


def pruned_hash(line: bytes) -> bytes | None:
    """The leaf hash that a pruned line stands for, or None."""
    if line.startswith(b'{"pruned":"') and len(line) == 77:
        return bytes.fromhex(line[11:75].decode())
    return None


def read_leaves(path: Path, root: bytes) -> list[bytes]:
    """The leaf hashes beside the lines, if they hash to the signed root: then they name the line that does not."""
    try:
        leaves = [bytes.fromhex(line) for line in path.read_text("ascii").split()]
    except (OSError, ValueError):
        return []
    peaks: Peaks = []
    for leaf in leaves:
        grow(peaks, leaf)
    return leaves if root_of(peaks) == root else []


def unexplained(pruned: list[int], allowed: list[list[int]]) -> list[str]:
    """What is wrong if entries have only their hash left and lie in no range that a signed record of pruning names."""
    left = [place for place in pruned if not any(first <= place <= last for first, last in allowed)]
    return [f"event {left[0]} has only its hash left, and no record says that it was pruned"] if left else []


def check_export(folder: Path, vkey: str) -> tuple[list[str], str]:
    """What does not hold of an export, in words, and what was seen."""
    size, root = read_checkpoint((folder / "checkpoint").read_bytes().decode(), vkey)
    leaves = read_leaves(folder / "leaves", root)
    problems: list[str] = []
    peaks: Peaks = []
    count = 0
    pruned: list[int] = []
    allowed: list[list[int]] = []
    with (folder / "events.jsonl").open("rb") as file:
        for count, raw in enumerate(file, start=1):
            line, place = raw.removesuffix(b"\n"), count - 1
            leaf = pruned_hash(line)
            if leaf is not None:
                pruned.append(place)
            else:
                leaf = hashlib.sha256(b"\x00" + line).digest()
                try:
                    event = json.loads(line)
                    said = event["index"]
                    if event["type"] == "ledger.pruned":
                        allowed += [pair for pair in event["detail"]["ranges"] if pair[1] < place]
                except (ValueError, KeyError, TypeError):
                    said = None
                if said != place and not problems:
                    problems.append(
                        f"line {place} says it is event {said}: missing, inserted or reordered from here on"
                    )
            if leaves and not problems and (place >= len(leaves) or leaves[place] != leaf):
                problems.append(f"event {place} was changed or does not belong here")
            grow(peaks, leaf)
    if count != size:
        problems.append(f"{count} lines, but the signed checkpoint is over {size} events")
    if root_of(peaks) != root:
        problems.append("the lines do not hash to the signed root")
    problems += unexplained(pruned, allowed)
    return problems, f"{count} events, root {root.hex()}"


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


def check_pack(folder: Path, vkey: str) -> tuple[list[str], str]:
    """What does not hold of an evidence pack, in words, and what was seen."""
    size, root = read_checkpoint((folder / "checkpoint").read_bytes().decode(), vkey)
    leaves = [bytes.fromhex(line.decode()) for line in lines(folder / "leaves")]
    problems: list[str] = []
    peaks: Peaks = []
    for leaf in leaves:
        grow(peaks, leaf)
    if len(leaves) != size or root_of(peaks) != root:
        return [f"the {len(leaves)} leaf hashes do not give the root that was signed over {size}"], ""
    said = json.loads((folder / "pack.json").read_bytes())
    wanted, covered, made = said["filter"], int(said["size"]), int(said["made_by"])
    names = fields(wanted)
    if not covered <= made < size:
        return ["the entry that committed to this pack does not lie behind what it covers"], ""
    told: dict[int, dict[str, Any]] = {}
    shipped, pruned = 0, []
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
            pruned.append(number)
        elif set(facet) != {"index", *names} or matches(facet, wanted):
            problems.append(f"entry {number} matches the filter and its event is not here")
    missing = [number for number in range(covered) if number not in told]
    if missing or len(told) != covered:
        problems.append(f"{len(missing)} of the first {covered} entries are neither shipped nor accounted for" + (f", the first is {missing[0]}" if missing else ""))
    digest = hashlib.sha256(b"".join(written(told[number]) for number in sorted(told))).hexdigest()
    detail = commitment.get("detail", {})
    if commitment.get("type") != "ledger.pack" or detail.get("facets_sha256") != digest or detail.get("size") != covered:
        problems.append("the ledger did not commit to these facets")
    allowed: list[list[int]] = []
    for line in lines(folder / "prunings.jsonl") if (folder / "prunings.jsonl").exists() else ():
        record = json.loads(line)
        if not 0 <= record["index"] < size or hashlib.sha256(b"\x00" + line).digest() != leaves[record["index"]] or record["type"] != "ledger.pruned":
            problems.append("a record of pruning is not what the ledger holds")
        else:
            allowed += [pair for pair in record["detail"]["ranges"] if pair[1] < record["index"]]
    problems += unexplained(pruned, allowed)
    return problems, f"{shipped} events match, {covered - shipped} others are accounted for ({len(pruned)} pruned), {size} entries under root {root.hex()}"


def check(folder: Path, vkey: str) -> tuple[list[str], str]:
    """Problems found, in words, and what was seen."""
    return (check_pack if (folder / "pack.json").exists() else check_export)(folder, vkey)


def run(arguments: list[str], beside: str) -> int:
    """Check a folder (default: the one `beside` lies in) as said from a shell; returns the exit status."""
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(beside).resolve().parent
    say = sys.stdout.write
    try:
        given = Path(arguments[2]) if len(arguments) > 2 else folder / "vkey"
        vkey = given.read_text("utf-8") if len(arguments) < 3 or given.is_file() else arguments[2]
        problems, seen = check(folder, vkey)
    except OSError as error:
        say(f"can't be checked: {error.strerror}: {error.filename}\n")
        return 2
    except (ValueError, KeyError, TypeError) as error:
        say(f"DOES NOT HOLD: {error}\n")
        return 1
    for problem in problems:
        say(f"DOES NOT HOLD: {problem}\n")
    if not problems:
        holds = "complete" if (folder / "pack.json").exists() else "holds"
        say(f"{holds}: {seen}\n")
        if len(arguments) <= 2:
            say("(checked with the key in the folder itself; compare it with the one you were given elsewhere)\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv, __file__))
