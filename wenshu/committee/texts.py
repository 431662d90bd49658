"""Changing one value of a YAML text and nothing else: what a form writes, with comments and layout as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import yaml

from governance.documents.reading import harmless
from governance.errors import InvalidQuery

_PLAIN = re.compile(r"[a-z][a-z0-9_]*|-?[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}")
Step = str | int


def composed(text: str) -> yaml.Node | None:
    """Return the text's root node, None for an empty text. Raises InvalidQuery for what is not YAML, or such YAML as no bundle may hold."""
    if not harmless(text):
        raise InvalidQuery("the file is not valid YAML; mend its text first")
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InvalidQuery("the file is not valid YAML; mend its text first") from error


def find(text: str, path: Sequence[Step]) -> yaml.Node:
    """Return the node at `path` (keys, and positions in lists; a list's member may also be named by its `id`). Raises InvalidQuery."""
    node = composed(text)
    for step in path:
        node = _step(node, step)
        if node is None:
            raise InvalidQuery(f"the file has nothing at {'.'.join(map(str, path))}")
    if node is None:
        raise InvalidQuery("the file is empty")
    return node


def _step(node: yaml.Node | None, step: Step) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode):
        if isinstance(step, int):
            return node.value[step] if 0 <= step < len(node.value) else None
        return next((item for item in node.value if isinstance(found := _step(item, "id"), yaml.ScalarNode) and found.value == step), None)
    return None


def with_value(text: str, path: Sequence[Step], value: str | int | bool) -> str:
    """Return the text with the scalar at `path` replaced. Raises InvalidQuery where there is no scalar."""
    node = find(text, path)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise InvalidQuery(f"{'.'.join(map(str, path))} is no single value; edit the text")
    return text[: node.start_mark.index] + written(value) + text[node.end_mark.index :]


def written(value: str | int | bool) -> str:
    """Return a scalar as YAML writes it; texts that YAML could read as something else are quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and not isinstance(yaml.safe_load(value), (bool, type(None), int)):
        return value
    return json.dumps(value, ensure_ascii=False)
