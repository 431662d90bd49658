"""Reading YAML into documents: every error names file and line, and the nearest known name.

Safe loading only; anchors and duplicate keys are refused because a reviewer reads past them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import yaml
from pydantic import ValidationError
from yaml.constructor import SafeConstructor

from governance.documents.base import Document
from governance.errors import BundleError, Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
KEPT = 512
"""Documents that are kept as read: some bundles of this repository's size, which differ in few files."""
KEPT_BYTES = 100_000
"""Larger files are read anew each time."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where PyYAML was built with it; ten times faster, the same marks."""

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
_INTEGER = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
"""How a whole number is written in a bundle: YAML 1.1 also reads 012 as ten and 1:30 as ninety, which a reviewer does not."""
_FRACTION = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})?\.[0-9]{1,18}([eE][-+]?[0-9]{1,2})?")
"""How any other number is written: no infinity, no 1:30.5, no 1_0.5."""
_UNSEEN = re.compile("[\u0085\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\r(?!\n)")
"""What an editor doesn't show, or shows as nothing: YAML ends a line (and with it a comment) at some of them, and others turn round what is read."""
MAX_PROBLEMS = 100
"""Of one file; what is told of more helps nobody, and costs time."""

Step = str | int
D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[D]):
    """A document together with the file it came from and the line of each of its nodes."""

    document: D
    file: str
    lines: Mapping[tuple[Step, ...], int]

    def where(self, *path: Step) -> str:
        """Return `file:line` of the node at `path`, or of its nearest enclosing node."""
        return _where(self.file, self.lines, path)


def _where(file: str, lines: Mapping[tuple[Step, ...], int], path: Sequence[Step]) -> str:
    steps = tuple(path)
    while steps and steps not in lines:
        steps = steps[:-1]
    return f"{file}:{lines.get(steps, 1)}"


def _note_lines(node: yaml.Node, path: tuple[Step, ...], lines: dict[tuple[Step, ...], int], file: str) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > MAX_DEPTH:
        raise BundleError([Problem(where=f"{file}:{lines[path]}", message="nested too deeply")])
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                raise BundleError([Problem(where=f"{file}:{line}", message="merge keys (<<) are not used in bundles")])
            if name in seen:
                raise BundleError([Problem(where=f"{file}:{line}", message=f"the key {name!r} is given twice")])
            seen.add(name)
            lines[(*path, name)] = line
            _note_lines(value, (*path, name), lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*path, index), lines, file)
    elif isinstance(node, yaml.ScalarNode) and ((node.tag == _INTEGER and not _DECIMAL.fullmatch(node.value)) or (node.tag == _FLOAT and not _FRACTION.fullmatch(node.value))):
        raise BundleError([Problem(where=f"{file}:{node.start_mark.line + 1}", message=f"{node.value[:40]!r} is not written as a plain number; write digits without leading zeros, colons and underscores, or quote it")])
    elif isinstance(node, yaml.ScalarNode) and node.tag == _TIMESTAMP:
        # A date that no calendar has (2026-02-30) fails while the plain data is built, where the place in the file is no longer known.
        try:
            SafeConstructor().construct_yaml_timestamp(node)
        except ValueError as error:
            raise BundleError([Problem(where=f"{file}:{node.start_mark.line + 1}", message=f"{node.value!r} is not a date: {error}")]) from error


def _look_through(text: str, file: str) -> None:
    """Raise BundleError for what is refused whatever it means, before anything is built of it: letters that nobody sees, anchors, tags, and nesting that would take forever."""
    unseen = _UNSEEN.search(text)
    if unseen is not None:
        line = text.count("\n", 0, unseen.start()) + 1
        raise BundleError([Problem(where=f"{file}:{line}", message=f"holds the character U+{ord(unseen[0]):04X}, which a reviewer does not see; take it out")])
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        message = None
        if getattr(event, "anchor", None) is not None:
            message = "anchors and aliases are not used in bundles"
        elif (tag := getattr(event, "tag", None)) is not None:
            message = f"tags such as {tag} are not used in bundles: a value is what it looks like"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            message = "nested too deeply"
        if message is not None:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise BundleError([Problem(where=f"{file}:{line}", message=message)])


def harmless(text: str) -> bool:
    """Return whether the text is YAML that can be built without harm; whether it is a document is another question. Ask before building a draft's text, which nobody judged yet."""
    try:
        _look_through(text, "")
    except (BundleError, yaml.YAMLError, ValueError):
        return False
    return True


def _bytes(path: Path, file: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BundleError([Problem(where=file, message=f"can't be read: {error.strerror}")]) from error
    if len(raw) > MAX_BYTES:
        raise BundleError([Problem(where=file, message=f"is larger than {MAX_BYTES} bytes")])
    return raw


def _plain(raw: bytes, file: str) -> tuple[Any, dict[tuple[Step, ...], int]]:
    """Return the file's plain data and the line of each node. `file` is the name shown in errors."""
    lines: dict[tuple[Step, ...], int] = {}
    try:
        text = raw.decode("utf-8-sig")
        _look_through(text, file)
        node = yaml.compose(text, Loader=_LOADER)
        if node is not None:
            _note_lines(node, (), lines, file)
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are safe ones
    except UnicodeDecodeError as error:
        raise BundleError([Problem(where=file, message="is not UTF-8 text")]) from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        message = getattr(error, "problem", None) or str(error)
        raise BundleError([Problem(where=where, message=f"is not valid YAML: {message}")]) from error
    except RecursionError as error:
        raise BundleError([Problem(where=file, message="nested too deeply")]) from error
    return data, lines


@lru_cache(maxsize=64)
def _schema(model: type[Document]) -> dict[str, Any]:
    return model.model_json_schema()


def _known_keys(model: type[Document], path: Sequence[Step]) -> list[str]:
    """Return the keys allowed where an unknown one was met, following the model's annotations as far as they lead."""
    schema = _schema(model)
    definitions = schema.get("$defs", {})

    def resolve(node: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in node:
            return resolve(definitions.get(node["$ref"].rsplit("/", 1)[-1], {}))
        found = [inner for key in ("anyOf", "oneOf", "allOf") for option in node.get(key, ()) for inner in resolve(option)]
        return found or [node]

    nodes = resolve(schema)
    for step in path:
        following: list[dict[str, Any]] = []
        for node in nodes:
            if isinstance(step, int):
                items = node.get("items") or {}
                following += resolve(items)
            elif step in node.get("properties", {}):
                following += resolve(node["properties"][step])
            elif isinstance(node.get("additionalProperties"), dict):
                following += resolve(node["additionalProperties"])
        nodes = following or nodes
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _problem(error: Any, model: type[Document], file: str, lines: Mapping[tuple[Step, ...], int]) -> Problem:
    # Steps that pydantic adds for union members are not in the file; those that are lead to the line.
    path: list[Step] = []
    for step in error["loc"]:
        if (*path, step) in lines:
            path.append(step)
    kind, last = error["type"], error["loc"][-1] if error["loc"] else ""
    name = ".".join(str(step) for step in path) or "the document"
    if kind == "extra_forbidden":
        message = f"unknown key {last!r}.{nearest(str(last), _known_keys(model, path[:-1]))}"
    elif kind == "missing":
        message = f"{name} lacks the required key {last!r}."
    else:
        shown = error["msg"].removeprefix("Value error, ")
        message = f"{name}: {shown}."
        expected = error.get("ctx", {}).get("expected")
        if isinstance(expected, str) and isinstance(error.get("input"), str):
            options = [option.strip(" '\"") for option in expected.replace(" or ", ", ").split(",")]
            message += nearest(error["input"], options)
    return Problem(where=_where(file, lines, path), message=message)


def _document(raw: bytes, model: type[D], file: str) -> Read[D]:
    data, lines = _plain(raw, file)
    if not isinstance(data, dict):
        raise BundleError([Problem(where=f"{file}:1", message="must be a mapping of keys")])
    try:
        document = model.model_validate(data)
    except ValidationError as error:
        raise BundleError(_problem(item, model, file, lines) for item in error.errors()[:MAX_PROBLEMS]) from error
    return Read(document=document, file=file, lines=MappingProxyType(lines))


@lru_cache(maxsize=KEPT)
def _kept(raw: bytes, model: type[Document], file: str) -> Read[Any]:
    """The same bytes under the same name are the same document, which nobody changes: the next draft of a bundle parses only what it changes."""
    return _document(raw, model, file)


def read(path: Path, model: type[D], root: Path) -> Read[D]:
    """Read `path` (below `root`) as a `model` document, or raise BundleError with every problem found. Equal files may give the very same document."""
    file = path.relative_to(root).as_posix()
    raw = _bytes(path, file)
    return _kept(raw, model, file) if len(raw) <= KEPT_BYTES else _document(raw, model, file)
