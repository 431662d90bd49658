"""Loading extracts into a home: its keys, its bundle's mappings, its day."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from governance.bundle.loading import Bundle
from governance.errors import WenshuError
from governance.inforce import catalogue_of, policy_of
from governance.ingest import LoadReport, Places, ingest
from wenshu.home import Home
from wenshu.identities import serving_ring
from wenshu.inbox import PROGRESS, SOURCE, STEWARDSHIP
from wenshu.settings import now

TRUTH = "truth/doctors.csv"
_EVERY_S = 0.5
_LAST_MOMENT = dt.time(23, 59, 59)


def ingest_folder(
    home: Home, bundle: Bundle, folder: Path | str, *, day: dt.date, tell: Callable[[str, float], None], dry_run: bool = False, write_links: bool = False, unless_unchanged: bool = False
) -> LoadReport:
    """Ingest `folder` as of `day`. Raises IngestError, BundleError or ConfigurationError; the old warehouse stays as it was then.

    With `unless_unchanged` a load that would come out like the one that stands isn't made. Where the folder is the demo company's, the linking is scored against its truth.
    """
    if dry_run:
        return _ingest(home, bundle, folder, day=day, tell=tell, dry_run=True)
    progress = Progress(home)

    def told(step: str, share: float) -> None:
        tell(step, share)
        progress(step, share)

    try:
        report = _ingest(home, bundle, folder, day=day, tell=told, write_links=write_links, unless_unchanged=unless_unchanged)
    except WenshuError as error:
        progress.end(str(error))
        raise
    except BaseException as error:
        progress.end(type(error).__name__)
        raise
    if "://" not in str(folder):
        _private(home.ingest / SOURCE, str(Path(folder).resolve()))
    progress.end()
    return report


class Progress:
    """How far a load is, for whoever looks from outside, in `<home>/ingest/progress.json`."""

    def __init__(self, home: Home) -> None:
        self._path = home.ingest / PROGRESS
        self._last = 0.0
        self._share = 0.0
        home.ingest.mkdir(mode=0o700, parents=True, exist_ok=True)
        self("", 0.0)

    def __call__(self, step: str, share: float) -> None:
        """Tell, but not more often than every half second."""
        self._share = max(share, self._share)
        if time.monotonic() - self._last >= _EVERY_S:
            self._last = time.monotonic()
            self._write({"state": "running", "step": step, "share": self._share, "error": None})

    def end(self, error: str | None = None) -> None:
        """The load is over."""
        self._write({"state": "done" if error is None else "failed", "step": "", "share": 1.0 if error is None else self._share, "error": error})

    def _write(self, told: dict[str, object]) -> None:
        _private(self._path, json.dumps(told | {"pid": os.getpid(), "at": now().isoformat(timespec="seconds")}))


def _private(path: Path, text: str) -> None:
    """Write a small file whole or not at all, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    fresh.replace(path)


def _ingest(
    home: Home, bundle: Bundle, folder: Path | str, *, day: dt.date, tell: Callable[[str, float], None], dry_run: bool = False, write_links: bool = False, unless_unchanged: bool = False
) -> LoadReport:
    zone = ZoneInfo(bundle.settings.timezone)
    local = now().astimezone(zone)
    moment = local if local.date() == day else dt.datetime.combine(day, _LAST_MOMENT, zone)
    policy = policy_of(bundle, catalogue_of(bundle))
    more = home.root / STEWARDSHIP
    truth = None if "://" in str(folder) else Path(folder).parent / TRUTH
    return ingest(
        folder,
        bundle_folder=bundle.folder,
        places=Places(home=home.root),
        keys=serving_ring(home),
        now=moment,
        random=os.urandom,
        largest_minimum_group=policy.largest_group(),
        tenant=bundle.settings.name,
        dry_run=dry_run,
        write_links=write_links,
        truth=truth if truth is not None and truth.is_file() else None,
        progress=tell,
        unless_unchanged=unless_unchanged,
        more=more if more.is_dir() else None,
    )
