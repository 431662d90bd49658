"""Loading a bundle: every document read strictly, one hash over all files, all problems told at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from governance.documents.access import AccessDocument
from governance.documents.base import Document
from governance.documents.cases import CasesDocument
from governance.documents.classification import ClassificationDocument
from governance.documents.disclosure import DisclosureDocument
from governance.documents.extracts import Codes, Linking
from governance.documents.extracts import Mapping as ExtractMapping
from governance.documents.identity import IdentityDocument, RetentionDocument
from governance.documents.lexicon import LexiconDocument
from governance.documents.metrics import MetricsDocument
from governance.documents.reading import Read, read
from governance.documents.review import ControlsDocument, ReviewDocument
from governance.documents.settings import Settings
from governance.documents.warehouse import WarehouseSchema
from governance.errors import BundleError, Problem, nearest

SETTINGS_FILE = "bundle.yaml"
MAX_FILES = 2_000

KINDS: Mapping[str, type[Document]] = MappingProxyType(
    {
        "access": AccessDocument,
        "cases": CasesDocument,
        "classification": ClassificationDocument,
        "controls": ControlsDocument,
        "disclosure": DisclosureDocument,
        "extracts": ExtractMapping,
        "identity": IdentityDocument,
        "lexicon": LexiconDocument,
        "metrics": MetricsDocument,
        "retention": RetentionDocument,
        "review": ReviewDocument,
        "warehouse": WarehouseSchema,
    }
)
"""Folder of the bundle → the document kind of every file in it."""

NAMED: Mapping[str, type[Document]] = MappingProxyType({"extracts/codes.yaml": Codes, "extracts/linking.yaml": Linking})
"""Files that are documents of their own kind."""

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as read. `version` is the SHA-256 over names and contents of all files; `files` their own hashes."""

    folder: Path
    version: str
    settings: Settings
    reads: Mapping[str, tuple[Read[Any], ...]]
    files: Mapping[str, str]

    def of(self, kind: str, model: type[D]) -> tuple[Read[D], ...]:
        """Return the documents of one kind, typed."""
        found = self.reads.get(kind, ())
        return tuple(item for item in found if isinstance(item.document, model))


def bundle_files(folder: Path) -> Iterator[Path]:
    """Yield the files that belong to the bundle in `folder`, in name order; hidden ones don't. Raises BundleError for a link."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if path.is_symlink():
            raise BundleError([Problem(where=path.relative_to(folder).as_posix(), message="links are not followed in bundles")])
        if path.is_file() and not hidden:
            yield path


def content_hash(files: Mapping[str, str]) -> str:
    """Return the bundle's version: SHA-256 over `name NUL hash LF` of every file in name order."""
    return hashlib.sha256(b"".join(f"{name}\0{digest}\n".encode() for name, digest in sorted(files.items()))).hexdigest()


def load_bundle(folder: Path) -> Bundle:
    """Read the bundle in `folder`, or raise BundleError with every problem of every file."""
    if not folder.is_dir():
        raise BundleError([Problem(where=folder.name, message="is not a folder; a bundle is a folder with a bundle.yaml")])
    paths = list(bundle_files(folder))
    if len(paths) > MAX_FILES:
        raise BundleError([Problem(where=folder.name, message=f"has more than {MAX_FILES} files")])
    problems: list[Problem] = []
    reads: dict[str, list[Read[Any]]] = {kind: [] for kind in KINDS}
    settings: Settings | None = None
    files: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(folder)
        kind = name.parts[0] if len(name.parts) > 1 else ""
        if path.suffix not in (".yaml", ".yml"):
            if path.suffix == ".md":
                # Words beside the documents are part of what the committee approves.
                files[name.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
                continue
            problems.append(Problem(where=name.as_posix(), message="is not a .yaml file"))
            continue
        files[name.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
        try:
            if name.as_posix() == SETTINGS_FILE:
                settings = read(path, Settings, folder).document
            elif kind in KINDS:
                reads[kind].append(read(path, NAMED.get(name.as_posix(), KINDS[kind]), folder))
            else:
                hint = nearest(kind or name.stem, [*KINDS, "bundle"])
                problems.append(Problem(where=name.as_posix(), message=f"lies in no known folder ({', '.join(KINDS)}).{hint}"))
        except BundleError as error:
            problems.extend(error.problems)
    if settings is None and not any(problem.where.startswith(SETTINGS_FILE) for problem in problems):
        problems.append(Problem(where=SETTINGS_FILE, message="is missing; every bundle has one (docs/reference/bundle.md)"))
    if problems or settings is None:
        raise BundleError(problems)
    return Bundle(
        folder=folder,
        version=content_hash(files),
        settings=settings,
        reads=MappingProxyType({kind: tuple(items) for kind, items in reads.items()}),
        files=MappingProxyType(files),
    )


def json_schemas() -> dict[str, Any]:
    """Return the JSON Schema of each document kind, by folder (`bundle` for the settings file)."""
    schemas: dict[str, Any] = {"bundle": Settings.model_json_schema()}
    named = {Path(name).stem: model.model_json_schema() for name, model in NAMED.items()}
    return schemas | {kind: model.model_json_schema() for kind, model in KINDS.items()} | named
