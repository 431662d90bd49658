"""Stewards' words about single columns, in `<home>/stewardship/classification/columns.yaml`: the last word about a column is the one that counts."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from governance.documents.classification import ClassificationDocument, Override
from governance.errors import IngestError

FILE = "classification/columns.yaml"


def add(folder: Path, said: Mapping[str, str], record: Callable[[dict[str, Any]], object]) -> None:
    """Add a word about a column (the members of an Override), in place of one said before; `record` hears of it before it is written, by the file's SHA-256.

    Raises IngestError, with nothing written, where the file that stands can't be read.
    """
    path = folder / FILE
    try:
        before = ClassificationDocument.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else ClassificationDocument(format=1)
        word = Override.model_validate(dict(said))
    except (OSError, ValueError, yaml.YAMLError) as error:
        message = f"{FILE} can't be read ({type(error).__name__}); mend or remove it"
        raise IngestError(message) from error
    kept = [item for item in before.overrides if (item.extract, item.column) != (word.extract, word.column)]
    document = {"format": 1, "overrides": [item.model_dump(exclude_none=True, exclude_defaults=True) for item in (*kept, word)]}
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=200)
    record({"extract": word.extract, "handling": word.handling, "level": word.level, "sha256": hashlib.sha256(text.encode()).hexdigest()})
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent, suffix=".new")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(fresh).replace(path)
