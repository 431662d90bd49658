"""Canonical JSON: one value, one sequence of bytes.

The subset of RFC 8785 (JSON Canonicalization Scheme) in which no implementation can differ: objects with ASCII keys,
arrays, strings without lone surrogates, integers of magnitude below 2**53, true, false and null. No floating point:
amounts are integers in a stated unit or strings. Within the subset, sorting ASCII keys by code point equals RFC 8785's
order by UTF-16 code unit, so the result is RFC 8785's byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, NoReturn

from audit.errors import NotCanonical

LIMIT = 2**53
"""Integers lie strictly between -LIMIT and LIMIT: every JSON reader holds them exactly."""

DEPTH = 32
"""Deepest nesting of arrays and objects that is written or read."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def dumps(value: object) -> bytes:
    """The canonical UTF-8 bytes of `value` (no newline at the end).

    Mappings and tuples are written as objects and arrays. Raises `NotCanonical` naming the place of the first value
    outside the subset.
    """
    try:
        # The common case in one quick pass; whatever is not plainly in the subset is looked at closely.
        return encode(value if _is_plain(value, 0) else _plain(value, "$", 0)).encode("utf-8")
    except UnicodeEncodeError:
        return encode(_plain(value, "$", 0)).encode("utf-8")  # raises, naming the lone surrogate's place


_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
# CPython's own, made once: `JSONEncoder.encode` would make one for every call.
_make = getattr(json.encoder, "c_make_encoder", None)
_pieces = _make(None, _encoder.default, encode_basestring, None, ":", ",", True, False, False) if _make else None


def encode(value: object) -> str:
    """The canonical text of a value already known to lie in the subset; faster than `dumps`, which finds that out."""
    return "".join(_pieces(value, 0)) if _pieces else _encoder.encode(value)


def text(value: str | None) -> str:
    """The canonical text of a string or null; a lone surrogate shows when it is encoded to UTF-8."""
    return "null" if value is None else encode_basestring(value)


def loads(data: bytes) -> Json:
    """The value whose canonical form is `data`; raises `NotCanonical` if `data` is any other form or no JSON."""
    value = parse(data)
    if dumps(value) != data:
        message = "the bytes are JSON but not in canonical form"
        raise NotCanonical(message)
    return value


def parse(data: bytes) -> Json:
    """Read JSON of the subset in any form; duplicate keys, floats and NaN raise `NotCanonical`."""
    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        message = f"not JSON: {type(error).__name__}"
        raise NotCanonical(message) from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "an object has the same key twice"
        raise NotCanonical(message)
    return found


def _no_float(text: str) -> NoReturn:
    message = f"{text[:20]} is not an integer; write amounts as integers in a stated unit"
    raise NotCanonical(message)


def _is_plain(value: Any, depth: int) -> bool:
    """Whether `value` is made of the built-in types alone and lies in the subset, but for lone surrogates."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is int:
        return bool(-LIMIT < value < LIMIT)
    if depth >= DEPTH:
        return False
    if kind is dict:
        for key in value:
            if type(key) is not str or not key.isascii():
                return False
        members = value.values()
    elif kind is list:
        members = value
    else:
        return False
    for item in members:  # a loop of its own: most members are atoms, and a call for each would cost most of the time
        kind = type(item)
        if kind not in _ATOMS and not (-LIMIT < item < LIMIT if kind is int else _is_plain(item, depth + 1)):
            return False
    return True


_ATOMS = frozenset({str, bool, type(None)})


def _plain(value: object, place: str, depth: int) -> Json:
    """`value` as plain lists and dicts, or NotCanonical naming `place`."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, place)
        case int():
            if -LIMIT < value < LIMIT:
                return int(value)
            problem = "an integer outside ±2**53"
        case Mapping() if depth < DEPTH:
            return {_key(key, place): _plain(item, f"{place}.{key}", depth + 1) for key, item in value.items()}
        case list() | tuple() if depth < DEPTH:
            return [_plain(item, f"{place}[{number}]", depth + 1) for number, item in enumerate(value)]
        case Mapping() | list() | tuple():
            problem = f"nesting deeper than {DEPTH}"
        case _:
            problem = f"a {type(value).__name__}; only text, integers, true, false, null, lists and mappings"
    message = f"{place} is {problem}"
    raise NotCanonical(message)


def _text(value: str, place: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"{place} holds a lone surrogate, which is no character"
        raise NotCanonical(message) from error
    return str(value)


def _key(key: object, place: str) -> str:
    if not isinstance(key, str) or not key.isascii():
        message = f"{place} has a key that is not ASCII text"
        raise NotCanonical(message)
    return str(key)
