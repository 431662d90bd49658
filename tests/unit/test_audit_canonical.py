"""Canonical JSON against RFC 8785, with an oracle written from the RFC."""

from __future__ import annotations

import json
import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import DEPTH, LIMIT, dumps, loads, parse
from audit.errors import NotCanonical

ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def oracle(value: object) -> str:
    """RFC 8785 section 3.2, for the subset."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, str):
        letters = (ESCAPES.get(x) or (f"\\u{ord(x):04x}" if ord(x) < 32 else x) for x in value)
        return '"' + "".join(letters) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(oracle, value)) + "]"
    assert isinstance(value, dict)
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{oracle(key)}:{oracle(value[key])}" for key in keys) + "}"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-LIMIT + 1, LIMIT - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet=string.printable + "\x00\x7f", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_every_value_of_the_subset_is_written_as_rfc_8785_says(value):
    assert dumps(value).decode() == oracle(value)


@given(values)
def test_what_is_written_is_read_back(value):
    assert loads(dumps(value)) == value


@given(values)
def test_two_spellings_of_one_value_are_one_sequence_of_bytes(value):
    assert dumps(parse(json.dumps(value, indent=3).encode())) == dumps(value)


def test_the_string_example_of_rfc_8785_is_reproduced():
    assert (
        dumps(parse(rb'"\u20ac$\u000F\u000aA' + rb"'\u0042\u0022\u005c\\\"\/" + b'"'))
        == ('"€$\\u000f\\nA' + "'" + 'B\\"\\\\\\\\\\"/"').encode()
    )


def test_tuples_and_mappings_are_written_as_arrays_and_objects():
    assert dumps({"b": (1, 2), "a": {}}) == b'{"a":{},"b":[1,2]}'


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (0.5, "$"),
        ({"a": [1, float("nan")]}, "$.a[1]"),
        (LIMIT, "$"),
        (-LIMIT, "$"),
        ({"a": "\ud800"}, "$.a"),
        ({"大区": 1}, "$"),
        ({1: 1}, "$"),
        (b"bytes", "$"),
        (Decimal(1), "$"),
        ({"s": {1, 2}}, "$.s"),
        (nested(DEPTH + 1), "nesting"),
    ],
)
def test_whatever_lies_outside_the_subset_is_refused_with_its_place(value, place):
    with pytest.raises(NotCanonical) as error:
        dumps(value)
    assert place in str(error.value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b"1.0",
        b"1e3",
        b"NaN",
        b"Infinity",
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'"\\u0041"',
        b"\xff",
        b"",
        b"{",
        b"9007199254740992",
        b'"\\ud800"',
        b"[" * 100_000,
    ],
)
def test_bytes_in_any_other_form_are_refused(data):
    with pytest.raises(NotCanonical):
        loads(data)
