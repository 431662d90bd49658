"""Writing a bundle: complete and loadable, or not at all."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from governance.bundle.loading import SETTINGS_FILE, load_bundle
from governance.documents.base import Document
from governance.errors import ConfigurationError
from governance.inforce import catalogue_of
from governance.interchange.report import Report
from governance.interchange.settling import Carried

REPORT_FILE = "IMPORTED.md"


class _Plain(yaml.SafeDumper):
    """Writes every value out: bundles have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def as_yaml(value: Any) -> str:
    """Return the value as YAML without anchors, keys in the given order."""
    return yaml.dump(_plain(value), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=140)


def _document(item: Document) -> Any:
    return item.model_dump(mode="python", exclude_defaults=True)


def require_free(out: Path) -> None:
    """Raise ConfigurationError unless `out` is absent or an empty folder in an existing one."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise ConfigurationError(f"{out.name} exists already; name a folder that does not, nothing is overwritten.")
    if not out.parent.is_dir():
        raise ConfigurationError(f"The folder in which {out.name} would lie does not exist; make it first.")


def write_bundle(carried: Carried, report: Report, out: Path, *, origin: str, today: dt.date) -> None:
    """Write the bundle beside its place, load it from there, and only then move it in. Raises ConfigurationError, BundleError."""
    require_free(out)
    beside = Path(tempfile.mkdtemp(prefix=".import-", dir=out.parent))
    try:
        draft = beside / "bundle"
        (draft / "metrics").mkdir(parents=True)
        head = f"# Imported from {origin} on {today.isoformat()}: a draft that nobody has approved. See {REPORT_FILE}.\n"
        (draft / SETTINGS_FILE).write_text(head + as_yaml(_document(carried.settings)), encoding="utf-8")
        for section, items in carried.sections().items():
            if items:
                text = head + as_yaml({section: [_document(item) for item in items]})
                (draft / "metrics" / f"{section}.yaml").write_text(text, encoding="utf-8")
        lines = [f"# Imported from {origin}, {today.isoformat()}", "", *report.lines(), ""]
        (draft / REPORT_FILE).write_text("\n".join(lines), encoding="utf-8")
        catalogue_of(load_bundle(draft))
        if out.is_dir():
            out.rmdir()
        draft.rename(out)
    except OSError as error:
        raise ConfigurationError(f"{out.name} can't be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
