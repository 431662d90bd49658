"""The keys of the identity wing: one ring, several versions of each key, every secret out of sight.

`vault` wraps the persons' data keys, `index` makes blind indexes, `warehouse` makes the pseudonyms of the warehouse and `release` those of the
rows that are released, one derived key a purpose. Losing `vault` loses the identities; losing `index` or `warehouse` breaks joins with everything
loaded before; losing `release` makes released pseudonyms unreadable.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

from governance.errors import ConfigurationError, nearest
from governance.identity.key_sources import FileKeys, KeySource, key_name
from governance.identity.suites import DEFAULT_SUITE, Suite, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PURPOSES = ("vault", "index", "warehouse", "release")
_ALWAYS = ("vault", "index", "warehouse")
State = Literal["current", "next", "retired"]
"""`current` makes, `next` is being rotated to, `retired` only reads what it made."""
_HEADER = "wenshu-identity-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One secret: what it is for, its version (1, 2 …), its suite. Its text form never shows the secret."""

    purpose: str
    version: int
    suite: Suite
    secret: bytes = field(repr=False)

    def mac(self, *parts: str) -> bytes:
        """A keyed digest of the parts, which are told apart (`("ab", "c")` is not `("a", "bc")`)."""
        return self.suite.mac(self.secret, "\x1f".join(parts).encode())

    def macs(self, words: Iterable[str]) -> list[bytes]:
        """The keyed digests of many single parts."""
        return self.suite.macs(self.secret, [word.encode() for word in words])

    def derive(self, *parts: str) -> Key:
        """A key for a narrower use, such as one type of identifier or one purpose of release."""
        return Key(
            purpose="/".join((self.purpose, *parts)),
            version=self.version,
            suite=self.suite,
            secret=self.mac("derive", *parts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A key of the ring and what it still does."""

    state: State
    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The current key of each purpose; `more` are the next and the retired ones."""

    vault: Key
    index: Key
    warehouse: Key
    release: Key | None = None
    more: tuple[Held, ...] = ()

    # ----------------------------------------------------------------- opening

    @classmethod
    def ensure(cls, folder: Path, random: Callable[[int], bytes], *, suite_name: str = DEFAULT_SUITE) -> KeyRing:
        """Open the ring in `folder`; where none of its keys is there yet, make them all (folder 0700, files 0600).

        A ring of which only some keys are left is never completed: a new key would silently make new pseudonyms. (`release`, which homes
        made before it lack, is the one exception; the vault refuses a second one.)
        """
        return cls.ensured(FileKeys(folder), random, suite_name=suite_name)

    @classmethod
    def ensured(cls, source: KeySource, random: Callable[[int], bytes], *, suite_name: str = DEFAULT_SUITE) -> KeyRing:
        """`ensure` for any source that can be written; one that can't must hold all keys already."""
        found = {purpose: source.read(purpose) for purpose in PURPOSES}
        if source.writable:
            lacking = PURPOSES if not any(found.values()) else ("release",) if all(found[name] for name in _ALWAYS) else ()
            for purpose in lacking:
                if found[purpose] is None:
                    source.write(purpose, written([new_key(purpose, 1, suite_name, random)]), first=True)
        return cls.of(source)

    @classmethod
    def open(cls, folder: Path) -> KeyRing:
        """Read the ring, or raise ConfigurationError: a key is missing, can't be read, or others may read it."""
        return cls.of(FileKeys(folder))

    @classmethod
    def of(cls, source: KeySource) -> KeyRing:
        """Read the ring from any source."""
        current: dict[str, Key] = {}
        more: list[Held] = []
        for purpose in PURPOSES:
            name, text = key_name(purpose), source.read(purpose)
            if text is None and purpose in _ALWAYS:
                message = f"{source.place}{name} is missing; restore it from its backup"
                raise ConfigurationError(message)
            for held in parse(text, purpose, f"{source.place}{name}") if text is not None else ():
                if held.state == "current":
                    current[purpose] = held.key
                else:
                    more.append(held)
        return cls(**current, more=tuple(more))

    # ----------------------------------------------------------------- looking

    def current(self, purpose: str) -> Key:
        """The key that makes; ConfigurationError where the ring lacks it."""
        if purpose not in PURPOSES:
            message = f"there is no key {purpose!r}.{nearest(purpose, PURPOSES)} Keys: {', '.join(PURPOSES)}"
            raise ConfigurationError(message)
        found: Key | None = getattr(self, purpose)
        if found is None:
            message = f"keys/{key_name(purpose)} is missing; restore it from its backup"
            raise ConfigurationError(message)
        return found

    def held(self, purpose: str) -> tuple[Held, ...]:
        """Every version of a key, oldest first."""
        own: Key | None = getattr(self, purpose)
        mine = [Held(state="current", key=own)] if own is not None else []
        return tuple(sorted((*mine, *(item for item in self.more if item.key.purpose == purpose)), key=lambda item: item.key.version))

    def version(self, purpose: str, number: int) -> Key:
        """The key of that version, whatever its state; ConfigurationError where it is gone."""
        for item in self.held(purpose):
            if item.key.version == number:
                return item.key
        message = f"version {number} of the key {purpose!r} is gone; restore {key_name(purpose)} from the backup that belongs to this data"
        raise ConfigurationError(message)

    def following(self, purpose: str) -> Key | None:
        """The key that is being rotated to, if any."""
        return next((item.key for item in self.held(purpose) if item.state == "next"), None)

    @property
    def things(self) -> Key:
        """The first warehouse key: it makes the keys of things and the numbers of rows, which are no persons and are never rotated."""
        return self.held("warehouse")[0].key

    # ----------------------------------------------------------------- changing

    def with_next(self, purpose: str, suite_name: str, random: Callable[[int], bytes]) -> KeyRing:
        """The ring with a new key beside the current one; unchanged where there is one already."""
        if self.following(purpose) is not None:
            return self
        newest = self.held(purpose)[-1].key.version if self.held(purpose) else 0
        return replace(self, more=(*self.more, Held(state="next", key=new_key(purpose, newest + 1, suite_name, random))))

    def promoted(self, purpose: str) -> KeyRing:
        """The ring in which the next key is the current one, and the current one retired."""
        following, before = self.following(purpose), self.current(purpose)
        if following is None:
            return self
        rest = tuple(item for item in self.more if item.key is not following)
        return _with(replace(self, more=(*rest, Held(state="retired", key=before))), purpose, following)

    def without(self, purpose: str, number: int) -> KeyRing:
        """The ring without a retired key."""
        gone = [item for item in self.more if item.key.purpose == purpose and item.key.version == number and item.state == "retired"]
        if not gone:
            message = f"version {number} of {purpose!r} is not a retired key; see: wenshu keys list"
            raise ConfigurationError(message)
        return replace(self, more=tuple(item for item in self.more if item is not gone[0]))

    def save(self, source: KeySource, purpose: str) -> None:
        """Write one key's versions to their source, whole or not at all."""
        source.write(purpose, "".join(_line(item) for item in self.held(purpose)), first=False)


def _with(ring: KeyRing, purpose: str, key: Key) -> KeyRing:
    if purpose == "vault":
        return replace(ring, vault=key)
    if purpose == "index":
        return replace(ring, index=key)
    if purpose == "warehouse":
        return replace(ring, warehouse=key)
    return replace(ring, release=key)


def new_key(purpose: str, version: int, suite_name: str, random: Callable[[int], bytes]) -> Key:
    """A key with a new secret."""
    kind = suite(suite_name)
    return Key(purpose=purpose, version=version, suite=kind, secret=random(kind.key_bytes))


def written(keys: Iterable[Key]) -> str:
    """The text of a key file in which all keys are current (there is one)."""
    return "".join(_line(Held(state="current", key=key)) for key in keys)


def _line(item: Held) -> str:
    key = item.key
    state = "" if item.state == "current" else f" {item.state}"
    return f"{_HEADER} {key.purpose} {key.version} {key.suite.name} {base64.b64encode(key.secret).decode()}{state}\n"


def parse(text: str, purpose: str, name: str) -> tuple[Held, ...]:
    """Read a key's versions: one line each, exactly one of them current. Raises ConfigurationError naming the place, never the content."""
    unreadable = f"{name} can't be read as a key file; restore it from its backup"
    found: list[Held] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        words = line.split()
        if len(words) not in {5, 6}:
            raise ConfigurationError(unreadable)
        header, named, version, suite_name, secret = words[:5]
        state = words[5] if len(words) == 6 else "current"
        try:
            kind = suite(suite_name)
            plain = base64.b64decode(secret, validate=True)
        except (ValueError, binascii.Error) as error:
            raise ConfigurationError(unreadable) from error
        wrong = header != _HEADER or named != purpose or not (version.isascii() and version.isdigit()) or len(plain) != kind.key_bytes
        if wrong or state not in get_args(State):
            message = f"{name} is not the key for {purpose!r}; restore it from its backup"
            raise ConfigurationError(message)
        key = Key(purpose=purpose, version=int(version), suite=kind, secret=plain)
        found.append(Held(state="next" if state == "next" else "retired" if state == "retired" else "current", key=key))
    if [item.state for item in found].count("current") != 1 or len({item.key.version for item in found}) != len(found):
        raise ConfigurationError(unreadable)
    return tuple(found)
