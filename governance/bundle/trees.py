"""A bundle as bytes: the files of one folder, with the same content hash that loading gives. What a draft holds and an export writes back, byte for byte."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from governance.bundle.loading import MAX_FILES, Bundle, bundle_files, content_hash, load_bundle
from governance.documents.reading import MAX_BYTES
from governance.errors import BundleError, ConfigurationError, InvalidQuery, Problem

SUFFIXES = (".yaml", ".yml", ".md")
MAX_PATH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Files by their path below the bundle's folder (POSIX). `version` is the content hash over names and contents."""

    files: Mapping[str, bytes]
    version: str

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Tree:
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        return cls(files=MappingProxyType(dict(sorted(files.items()))), version=content_hash(hashes))

    def changed(self, path: str, data: bytes | None) -> Tree:
        """Return the tree with one file written, or removed where `data` is None. Raises InvalidQuery for a path that can't be in a bundle."""
        files = dict(self.files)
        if data is None:
            if path not in files:
                raise InvalidQuery(f"the bundle has no file {path!r}")
            del files[path]
        else:
            check_path(path)
            if any(name in files for name in map(str, PurePosixPath(path).parents)) or any(name.startswith(f"{path}/") for name in files):
                raise InvalidQuery(f"{path} can't be a file and a folder at once")
            if len(data) > MAX_BYTES:
                raise InvalidQuery(f"{path} is larger than {MAX_BYTES} bytes")
            files[path] = data
        if len(files) > MAX_FILES:
            raise InvalidQuery(f"a bundle has at most {MAX_FILES} files")
        return Tree.of(files)

    def part(self, folder: str) -> str:
        """Return the content hash of the files below one folder of the bundle."""
        return Tree.of({name: data for name, data in self.files.items() if name.startswith(f"{folder}/")}).version


def check_path(path: str) -> None:
    """Raise InvalidQuery unless `path` is a plain relative path to a document."""
    parts = PurePosixPath(path).parts
    plain = len(path) <= MAX_PATH and path.isprintable() and "\\" not in path and not path.startswith("/") and str(PurePosixPath(path)) == path
    if not plain or not parts or any(part.startswith((".", "__")) for part in parts) or not path.endswith(SUFFIXES):
        raise InvalidQuery("a bundle's file has a plain relative path that ends in .yaml, such as access/rules.yaml")


def read_tree(folder: Path) -> Tree:
    """Read every file of the bundle in `folder`; raise BundleError where it is no folder, has links, or is too large."""
    if not folder.is_dir():
        raise BundleError([Problem(where=folder.name, message="is not a folder; a bundle is a folder with a bundle.yaml")])
    files: dict[str, bytes] = {}
    problems = []
    for path in bundle_files(folder):
        name = path.relative_to(folder).as_posix()
        if len(files) >= MAX_FILES:
            raise BundleError([Problem(where=folder.name, message=f"has more than {MAX_FILES} files")])
        if path.suffix not in SUFFIXES:
            problems.append(Problem(where=name, message="is not a .yaml file"))
        elif path.stat().st_size > MAX_BYTES:
            problems.append(Problem(where=name, message=f"is larger than {MAX_BYTES} bytes"))
        else:
            files[name] = path.read_bytes()
    if problems:
        raise BundleError(problems)
    return Tree.of(files)


def write_tree(tree: Tree, folder: Path) -> None:
    """Write the tree as a new folder, whole or not at all, durably. Raises ConfigurationError where the folder exists or can't be written."""
    if folder.exists():
        raise ConfigurationError(f"The folder {folder.name!r} exists already; name a new one. Nothing was written.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{folder.name[:20]}.", dir=folder.parent))
        for name, data in tree.files.items():
            place = half / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        half.rename(folder)
    except OSError as error:
        raise ConfigurationError(f"The folder {folder.name!r} can't be written ({error.strerror}).") from error


@contextmanager
def laid_out(tree: Tree) -> Iterator[Path]:
    """Lay the tree out in a folder of its own for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        folder = Path(name) / "bundle"
        for path, data in tree.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        folder.mkdir(exist_ok=True)
        yield folder


def load_tree(tree: Tree) -> Bundle:
    """Read the tree as a bundle, or raise BundleError with every problem."""
    with laid_out(tree) as folder:
        return load_bundle(folder)
