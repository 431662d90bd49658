"""Files that no mapping names: read as they seem to be written, so that they can be profiled and a mapping be proposed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pypinyin import lazy_pinyin

from governance.documents.extracts import Load, Mapping
from governance.errors import IngestError
from governance.ingest import carriers, files

_LOOKED_AT = 200_000
"""Rows of a file that are looked at to tell what it holds."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from governance.ingest.carriers import Source
    from governance.ingest.files import Extract


def extract_name(source: Source) -> str:
    """A name for the extract of a file: its stem in lower-case letters (Chinese as it sounds), digits and `_`, dates at its end left out."""
    stem = source.name if isinstance(source, carriers.DatabaseTable) else Path(source.name).stem
    plain = re.sub(r"[^a-z0-9]+", "_", "_".join(lazy_pinyin(stem)).lower()).strip("_")
    plain = re.sub(r"(_\d{4,}|_\d{1,2})+$", "", plain)
    return plain[:60] if re.match(r"[a-z]", plain) else f"extract_{plain}"[:60].rstrip("_")


def seen(sources: Sequence[Source]) -> Iterator[tuple[Mapping, Extract] | str]:
    """Read each source whole; a line of text stands for one that can't be read."""
    for source in sources:
        if not isinstance(source, carriers.DatabaseTable) and source.suffix.lower() not in carriers.READABLE:
            yield f"{source.name}: is no CSV, Excel or Parquet file; it was not read"
            continue
        try:
            mapping = Mapping(
                format=1,
                extract=extract_name(source),
                files=source.name,
                read=carriers.guess(source),
                load=(Load(table="unknown"),),
            )
            yield mapping, files.read([source], mapping, everything=True, most=_LOOKED_AT)
        except IngestError as error:
            yield str(error)
