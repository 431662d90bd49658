"""The identity wing of one home: its keys from where the home says, its vault, its directory of pseudonyms."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from governance.bundle.loading import Bundle, load_bundle
from governance.documents.warehouse import WarehouseSchema
from governance.errors import ConfigurationError
from governance.identity.directory import Directory
from governance.identity.key_sources import EndpointKeys, EnvironmentKeys, FileKeys, KeySource
from governance.identity.keys import KeyRing
from governance.identity.pseudonyms import is_pseudonym
from governance.identity.suites import DEFAULT_SUITE, SUITES
from governance.identity.vault import Vault
from wenshu.home import Home
from wenshu.settings import key_secrets

SETTINGS = "identity.yaml"
TOKEN = "WENSHU_KEY_SERVICE_TOKEN"  # noqa: S105 - the name of a variable
SUITE_WORDS: Mapping[str, str] = MappingProxyType({"international": DEFAULT_SUITE, "national": "hmac-sm3+sm4-gcm"})


class KeysFrom(BaseModel):
    """Where the keys are: files in `keys/`, environment variables, or a key service at `url`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    place: Literal["files", "environment", "service"] = "files"
    url: str | None = None


class IdentitySettings(BaseModel):
    """`identity.yaml` of a home; absent, everything is as here."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    suite: Literal["international", "national"] = "international"
    keys: KeysFrom = KeysFrom()


def read_settings(home: Home) -> IdentitySettings:
    """Return the home's settings, or raise ConfigurationError naming file and key."""
    path = home.root / SETTINGS
    if not path.exists():
        return IdentitySettings()
    try:
        return IdentitySettings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{SETTINGS} of the home can't be read ({type(error).__name__}); see docs/reference/identity.md") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{SETTINGS}: {where}: {first['msg']}; see docs/reference/identity.md") from error


def key_source(home: Home, settings: IdentitySettings, secrets: Mapping[str, str]) -> KeySource:
    """Return the source that the settings name."""
    if settings.keys.place == "environment":
        return EnvironmentKeys(secrets)
    if settings.keys.place == "service":
        if not settings.keys.url or not secrets.get(TOKEN):
            raise ConfigurationError(f"{SETTINGS}: keys from a service need `url` and the token in ${TOKEN}")
        return EndpointKeys(url=settings.keys.url, token=secrets[TOKEN])
    return FileKeys(home.keys)


def open_ring(home: Home, secrets: Mapping[str, str] | None = None) -> KeyRing:
    """Open the home's keys; a home that never had any gets them."""
    settings = read_settings(home)
    name = SUITE_WORDS[settings.suite]
    if name not in SUITES:
        raise ConfigurationError(f"{SETTINGS}: the suite {settings.suite!r} is not available here")
    return KeyRing.ensured(key_source(home, settings, key_secrets() if secrets is None else secrets), os.urandom, suite_name=name)


def serving_ring(home: Home) -> KeyRing:
    """The home's keys, with the one current whose pseudonyms the warehouse holds: a rotation that was cut off may have rewritten it already."""
    ring = open_ring(home)
    following = ring.following("warehouse")
    if following is None or not home.warehouse.exists():
        return ring
    from governance.rights.holding import versions_held

    return ring.promoted("warehouse") if following.version in versions_held(home.warehouse, warehouse_schema(home)) else ring


def warehouse_schema(home: Home) -> WarehouseSchema:
    """Return the schema of the bundle in force."""
    return schema_of(load_bundle(home.bundle))


def schema_of(bundle: Bundle) -> WarehouseSchema:
    """Return the bundle's schema, or raise ConfigurationError."""
    reads = bundle.of("warehouse", WarehouseSchema)
    if not reads:
        raise ConfigurationError("the bundle says nothing of the warehouse (warehouse/schema.yaml); persons can't be told apart")
    return reads[0].document


@dataclass(slots=True)
class Identities:
    """Keys, vault and directory of a home that has loaded data. Safe for threads; `fresh` reads the keys anew after a rotation."""

    home: Home
    bundle: Callable[[], Bundle]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _vault: Vault | None = None
    _directory: tuple[int, Any, Directory] | None = None

    def available(self) -> bool:
        """Whether there is a vault."""
        return self.home.vault.exists()

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes of the entities that are persons."""
        schema = self.schema
        return {name: kind.prefix for name, kind in schema.entities.items() if kind.kind == "person"}

    @property
    def schema(self) -> WarehouseSchema:
        """The warehouse's schema in the bundle in force."""
        return schema_of(self.bundle())

    def _opened(self) -> Vault:
        if not self.available():
            raise ConfigurationError("There is no vault yet: no data is loaded. Load a folder of extracts with: wenshu ingest DIR")
        if self._vault is None:
            self._vault = Vault.at(self.home.vault, serving_ring(self.home), tenant=self.bundle().settings.name)
        return self._vault

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        """The vault with the keys of this moment."""
        with self._lock:
            self.fresh()
            vault = self._opened()
        yield vault

    def fresh(self) -> None:
        """Let go of keys that are not the newest."""
        if self._vault is not None:
            ring = serving_ring(self.home)
            if ring != self._vault.keys:
                self._vault.close()
                self._vault, self._directory = None, None

    def directory(self) -> Directory:
        """The directory of the vault's present generation."""
        with self._lock:
            vault = self._opened()
            generation = vault.generation
            stamp = self._key_stamp()
            if self._directory is None or self._directory[:2] != (generation, stamp):
                self.fresh()
                vault = self._opened()
                self._directory = (generation, stamp, Directory(vault.keys, self.prefixes, vault.uids))
            return self._directory[2]

    def _key_stamp(self) -> tuple[int, ...]:
        rotating = self._vault is not None and len(self._vault.keys.held("warehouse")) > 1 and self.home.warehouse.exists()
        paths = [*sorted(self.home.keys.glob("identity-*.key")), *([self.home.warehouse] if rotating else [])]
        return tuple(path.stat().st_mtime_ns for path in paths)

    def as_held(self, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """An account's attributes with the keys of persons that the warehouse holds now: an interrupted rotation may have moved the one and not the other."""
        named = {name: value for name, value in attributes.items() if is_pseudonym(value)}
        if not named or not self.available():
            return attributes
        try:
            directory = self.directory()
        except ConfigurationError:
            return attributes  # whoever asks for data is told what is wrong with the keys
        found = {name: owner for name, value in named.items() if (owner := directory.find(value, ())) is not None}
        return {**attributes, **{name: directory.inner(owner.entity, owner.uid) for name, owner in found.items()}}

    def close(self) -> None:
        """Let go of the vault."""
        with self._lock:
            if self._vault is not None:
                self._vault.close()
                self._vault, self._directory = None, None
