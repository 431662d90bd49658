"""`<home>/model.yaml`: which language model may be asked, and within what bounds. Without the file there is none."""

from __future__ import annotations

import ipaddress
import stat
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from governance.documents.base import Document, Name
from governance.documents.reading import read
from governance.errors import BundleError, ConfigurationError

FILE = "model.yaml"
MAX_KEY_BYTES = 4_096


class Budget(Document):
    """What may be spent in any hour. A token is counted for every three bytes sent or received, which overstates rather than understates."""

    user_calls: Annotated[int, Field(ge=1)] = 30
    user_tokens: Annotated[int, Field(ge=1)] = 150_000
    all_calls: Annotated[int, Field(ge=1)] = 1_000


class Breaker(Document):
    """After `failures` in a row nothing is sent for `open_s` seconds; then one call tries, and decides."""

    failures: Annotated[int, Field(ge=1)] = 3
    open_s: Annotated[float, Field(gt=0)] = 60.0


class ModelDocument(Document):
    """The settings. `endpoint` is the OpenAI-compatible base, such as http://127.0.0.1:8001/v1."""

    endpoint: str
    model: Annotated[str, Field(min_length=1, max_length=200)]
    api_key_file: str | None = None
    """A file beside model.yaml that holds the key and that only the owner can read."""
    allow_plain_http: bool = False
    """Whether http:// is accepted for a host that is neither this machine nor a private address."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 8.0
    """The longest that a question waits for the model, all calls and the first start of the library together."""
    response_format: Literal["auto", "json_schema", "json_object", "plain"] = "auto"
    max_answer_tokens: Annotated[int, Field(ge=16, le=4_000)] = 400
    max_answer_bytes: Annotated[int, Field(ge=256, le=1_000_000)] = 32_000
    max_request_bytes: Annotated[int, Field(ge=1_000, le=1_000_000)] = 64_000
    max_metrics: Annotated[int, Field(ge=1, le=500)] = 40
    """Metrics of the caller's catalogue that are sent, the nearest to the question first."""
    max_at_once: Annotated[int, Field(ge=1, le=64)] = 4
    values: Literal["declared", "none"] = "declared"
    """Whether the values that the bundle itself declares may be sent; values of the warehouse never are."""
    withhold: tuple[Name, ...] = ()
    """Dimensions of which neither name nor values are sent."""
    sure: Annotated[float, Field(ge=0, le=1)] = 0.8
    """A reading that the parser scores below this is put to the model, though it would be answered without one."""
    budget: Budget = Budget()
    breaker: Breaker = Breaker()

    @field_validator("endpoint")
    @classmethod
    def _base(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as error:
            raise ValueError("the endpoint is no URL; write one such as http://127.0.0.1:8001/v1") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the endpoint must begin with https:// or http://, such as http://127.0.0.1:8001/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the endpoint must carry no credentials, query or fragment; put the key into api_key_file")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _encrypted(self) -> ModelDocument:
        parts = urlsplit(self.endpoint)
        if parts.scheme == "http" and not self.allow_plain_http and not _inside(parts.hostname or ""):
            raise ValueError("plain http is accepted for this machine and private addresses only; use https, or set allow_plain_http: true")
        return self

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return urlsplit(self.endpoint).netloc


def _inside(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def read_settings(home: Path) -> ModelDocument | None:
    """Return the settings in the folder `home`, None where there is no file; raise ConfigurationError for a file that is wrong."""
    path = home / FILE
    if not path.exists():
        return None
    try:
        return read(path, ModelDocument, home).document
    except BundleError as error:
        raise ConfigurationError(f"{error} Mend {FILE}, or remove it to work without a language model.") from error


def read_key(home: Path, settings: ModelDocument) -> str | None:
    """Return the endpoint's key, None where none is needed; raise ConfigurationError when the file is missing, empty or open to others."""
    if settings.api_key_file is None:
        return None
    path = home / settings.api_key_file
    try:
        loose = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        raw = path.read_bytes()[: MAX_KEY_BYTES + 1]
    except OSError as error:
        raise ConfigurationError(f"The key file that {FILE} names can't be read ({error.strerror}). Put the key there, or remove api_key_file.") from error
    if loose:
        raise ConfigurationError(f"The key file that {FILE} names can be read by others; run chmod 600 on it.")
    key = raw.strip()
    if not key or len(raw) > MAX_KEY_BYTES or not key.isascii() or any(byte < 33 or byte > 126 for byte in key):
        raise ConfigurationError(f"The key file that {FILE} names must hold one key in printable ASCII and nothing else.")
    return key.decode("ascii")
