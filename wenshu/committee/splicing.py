"""Editing a YAML text at one place and leaving the rest as it was written: comments, order and layout stay. What the committee's forms write."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from governance.errors import InvalidQuery
from wenshu.committee.texts import Step, composed, find

LONGEST = 100
"""Letters of a list of mappings that is still written on one line."""
_PLAIN = re.compile(r"[^\W\d_](?:[\w .、。，；（）“”·/-]*[\w。、，；）”])?")


def flow(value: Any) -> str:
    """Return a value as YAML on one line. Texts that YAML could read as something else are quoted."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and _reads_as(value) else json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value)


def written(value: Any, column: int) -> str:
    """Return a value as it stands behind a key that begins at `column`: on one line, or a list of fields that would be long with one member a line."""
    line = flow(value)
    if len(line) <= LONGEST or isinstance(value, (str, Mapping)) or not isinstance(value, Sequence) or not all(isinstance(item, Mapping) for item in value):
        return " " + line
    return "".join(f"\n{' ' * (column + 2)}- {flow(item)}" for item in value)


def _reads_as(value: str) -> bool:
    return bool(yaml.safe_load(value) == value)


def end_of(node: yaml.Node) -> int:
    """Return where a node's own text ends: a block's mark lies behind the comments and blank lines that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end


def put(text: str, path: Sequence[Step], key: str, value: Any) -> str:
    """Return the text with `key` of the mapping at `path` set to `value`; a missing key is added at the mapping's end. Raises InvalidQuery."""
    parent = _mapping(text, path)
    for name, node in parent.value:
        if name.value == key:
            stop = end_of(node)
            tail = "\n" if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else ""
            said = f" {flow(value)}" if parent.flow_style else written(value, parent.start_mark.column)
            return text[: name.end_mark.index] + ":" + said + tail + text[stop:]
    if parent.flow_style:
        line = f"{flow(key)}: {flow(value)}"
        closing = parent.end_mark.index - 1
        return text[:closing].rstrip() + (", " if parent.value else "") + line + text[closing:]
    stop = end_of(parent)
    stop -= text[:stop].endswith("\n")
    return text[:stop] + "\n" + " " * parent.start_mark.column + f"{flow(key)}:{written(value, parent.start_mark.column)}" + text[stop:]


def drop(text: str, path: Sequence[Step], key: str) -> str:
    """Return the text without `key` of the mapping at `path`; the text itself where there is none."""
    parent = _mapping(text, path)
    for position, (name, node) in enumerate(parent.value):
        if name.value != key:
            continue
        if parent.flow_style:
            # From the comma before it, or for the first one to the comma after it.
            if position:
                return text[: end_of(parent.value[position - 1][1])] + text[end_of(node) :]
            follows = parent.value[1][0].start_mark.index if len(parent.value) > 1 else end_of(node)
            return text[: name.start_mark.index] + text[follows:]
        if position == 0 and len(parent.value) > 1:
            return text[: name.start_mark.index] + text[parent.value[1][0].start_mark.index :]
        return _without_lines(text, name.start_mark.index, end_of(node))
    return text


def add_item(text: str, key: str, item: Mapping[str, Any]) -> str:
    """Return the text with `item` at the end of the top-level list `key`, one line a field; a missing list is begun."""
    node = composed(text)
    listed = None if node is None else next((value for name, value in _pairs(node) if name.value == key), None)
    if isinstance(listed, yaml.SequenceNode) and listed.value and not listed.flow_style:
        stop = end_of(listed)
        stop -= text[:stop].endswith("\n")
        return text[:stop] + "\n\n" + _block(item, listed.start_mark.column) + text[stop:]
    if listed is not None:
        kept = yaml.safe_load(text)[key] or []
        return put(text, (), key, [*kept, dict(item)])
    return text.rstrip() + ("\n\n" if text.strip() else "") + f"{key}:\n" + _block(item, 2) + "\n"


def remove_item(text: str, key: str, item: Step) -> str:
    """Return the text without the member of the top-level list `key` with that `id` (or position). Raises InvalidQuery where there is none."""
    listed, node = find(text, (key,)), find(text, (key, item))
    if not isinstance(listed, yaml.SequenceNode) or len(listed.value) == 1 or listed.flow_style:
        kept = [other for position, other in enumerate(yaml.safe_load(text)[key]) if item not in (position, isinstance(other, dict) and other.get("id"))]
        return put(text, (), key, kept)
    return _without_lines(text, node.start_mark.index, end_of(node))


def _mapping(text: str, path: Sequence[Step]) -> yaml.MappingNode:
    node = find(text, path)
    if not isinstance(node, yaml.MappingNode):
        raise InvalidQuery(f"{'.'.join(map(str, path))} has no fields; edit the text")
    return node


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _block(item: Mapping[str, Any], column: int) -> str:
    lines = [f"{flow(key)}: {flow(value)}" for key, value in item.items()]
    return " " * column + "- " + ("\n" + " " * (column + 2)).join(lines)


def _without_lines(text: str, start: int, stop: int) -> str:
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", stop)
    # A block scalar's own end is behind its last line.
    end = stop if text[:stop].endswith("\n") else len(text) if end < 0 else end + 1
    return text[:begin] + text[end:]
