"""Which files a path holds, and their plain data: YAML (several documents a file, as MetricFlow allows) or the compiled JSON manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from governance.errors import BundleError, Problem

MAX_BYTES = 200_000_000
MAX_FILES = 5_000
_SKIPPED = frozenset({"target", "logs", "dbt_packages", "dbt_modules", "node_modules", "venv", "snapshots"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """One YAML document or the JSON manifest, a mapping; `file` is the name shown in errors."""

    file: str
    data: Raw


def problem(file: str, message: str) -> BundleError:
    """Return the one error that ends an import."""
    return BundleError([Problem(where=file, message=message)])


def documents(path: Path) -> Iterator[RawDocument]:
    """Yield every document of the file or, sorted by name, of the YAML files below the folder. Raises BundleError for what can't be read.

    dbt's own output and package folders are left aside; name the manifest itself to read it.
    """
    if path.is_dir():
        found = [item for item in sorted(path.rglob("*")) if item.suffix in {".yaml", ".yml"} and item.is_file() and not _aside(item.relative_to(path))]
        if not found:
            raise problem(path.name, "holds no .yaml or .yml file; name a MetricFlow project, one of its files or its semantic_manifest.json")
        if len(found) > MAX_FILES:
            raise problem(path.name, f"holds more than {MAX_FILES} files")
        for item in found:
            yield from _read(item, item.relative_to(path).as_posix())
    elif path.is_file():
        yield from _read(path, path.name)
    else:
        raise problem(path.name, "does not exist; name a file or a folder")


def _aside(relative: Path) -> bool:
    return any(part in _SKIPPED or part.startswith(".") for part in relative.parts[:-1]) or relative.name == "dbt_project.yml"


def _read(path: Path, name: str) -> Iterator[RawDocument]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise problem(name, f"is larger than {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
        loaded = [json.loads(text)] if path.suffix == ".json" else list(yaml.load_all(text, Loader=_LOADER))
    except OSError as error:
        raise problem(name, f"can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise problem(name, "is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise problem(f"{name}:{error.lineno}", f"is not valid JSON: {error.msg}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        raise problem(where, f"is not valid YAML: {getattr(error, 'problem', None) or 'it is malformed'}") from error
    for item in loaded:
        if isinstance(item, dict):
            yield RawDocument(file=name, data=item)
        elif item is not None:
            raise problem(name, "must be a mapping of keys")


# ------------------------------------------------------------------ typed looks into plain data


class Looking:
    """Reads typed values out of one document; a value of another type is one clear error that names the file and the object."""

    def __init__(self, file: str, what: str, data: Raw) -> None:
        self.file, self.what, self.data = file, what, data

    def fail(self, key: str, expected: str) -> BundleError:
        return problem(self.file, f"{self.what}: {key} must be {expected}")

    def text(self, *keys: str) -> str | None:
        """Return the first of the keys that is set, as text; numbers and flags become their text."""
        for key in keys:
            value = self.data.get(key)
            if value is None:
                continue
            if isinstance(value, (dict, list)):
                raise self.fail(key, "a text")
            return str(value).lower() if isinstance(value, bool) else str(value).strip()
        return None

    def name(self, key: str = "name") -> str:
        found = self.text(key)
        if not found:
            raise self.fail(key, "given")
        return found.lower()

    def flag(self, key: str) -> bool:
        return self.data.get(key) is True

    def inside(self, key: str) -> Looking:
        """Return the mapping under the key, an empty one where it is absent."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.fail(key, "a mapping")
        return Looking(self.file, self.what, value or {})

    def each(self, key: str) -> list[Looking]:
        """Return the mappings in the list under the key."""
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(key, "a list of mappings")
        return [Looking(self.file, f"{self.what}, {key} {item.get('name', '')}".rstrip(), item) for item in value]

    def number(self, key: str) -> int | float | None:
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(key, "a number")
        return value
