"""The home's bundle as the house asks for it: its number at every request, its documents when the number changed."""

from __future__ import annotations

from typing import Protocol

from governance.bundle.loading import Bundle, load_bundle
from governance.bundle.standing import Standing, Standings
from governance.errors import BundleError, Problem


class BundleSource(Protocol):
    """Where the house gets its bundle from. `stamp` differs whenever another bundle stands; it is asked at every request."""

    def stamp(self) -> object: ...

    def load(self, stamp: object) -> Bundle:
        """Return the bundle of that stamp, or raise BundleError."""
        ...

    def before(self, stamp: object) -> Bundle | None:
        """Return the bundle that stood before that stamp's, for a process that starts while the newest can't be loaded."""
        ...


def timezone_of(source: BundleSource) -> str:
    """Return the time zone of the bundle in force, or of the one before where that one can't be loaded. Raises BundleError."""
    stamp = source.stamp()
    try:
        return source.load(stamp).settings.timezone
    except BundleError:
        old = source.before(stamp)
        if old is None:
            raise
        return old.settings.timezone


class Fixed:
    """One bundle that never changes: evaluation outside a home."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def stamp(self) -> object:
        return self._bundle.version

    def load(self, stamp: object) -> Bundle:  # noqa: ARG002 - the source's signature
        return self._bundle

    def before(self, stamp: object) -> Bundle | None:  # noqa: ARG002 - the source's signature
        return None


class FromHome:
    """The bundle that the home's pointer names, held against its hash. A start asks twice for it, once for its time zone: the second time it is at hand."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._read: tuple[Standing, Bundle] | None = None

    def stamp(self) -> Standing:
        return self._standings.read()

    def load(self, stamp: object) -> Bundle:
        if not isinstance(stamp, Standing):
            raise TypeError("the stamp of another source")
        read, self._read = self._read, None
        if read is not None and read[0] == stamp:
            return read[1]
        bundle = load_kept(self._standings, stamp.version)
        self._read = (stamp, bundle)
        return bundle

    def before(self, stamp: object) -> Bundle | None:
        if not isinstance(stamp, Standing) or stamp.previous is None:
            return None
        try:
            return load_kept(self._standings, stamp.previous)
        except BundleError:
            return None


def load_kept(standings: Standings, version: str) -> Bundle:
    """Return the bundle of that content hash; raise BundleError where its folder holds something else. Empty: the founding bundle, as it is."""
    bundle = load_bundle(standings.folder(version))
    if version and bundle.version != version:
        raise BundleError([Problem(where=f"bundles/{version[:12]}", message="was changed after its activation; restore it with: wenshu policy export, or a backup")])
    return bundle
