"""The home's disclosure control: its secret key and its memory of answers, shared by all workers and the command line."""

from __future__ import annotations

import contextlib
import os
import secrets

from governance.disclosure.memory import Memory
from governance.errors import ConfigurationError
from governance.protecting import Protection
from wenshu.home import Home

KEY_BYTES = 32


def open_protection(home: Home) -> Protection:
    """Return the home's disclosure control; its key is made where there was none yet.

    Raises ConfigurationError for a memory whose key is lost: a new key would draw new noise for numbers that were told already, and forget who is who.
    """
    path = home.disclosure_key
    if not path.exists():
        if home.disclosure.exists():
            raise ConfigurationError(
                "The key of the memory of answers (keys/disclosure.key) is missing; restore it from a backup. Nothing is answered without it."
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Of two processes that begin at once, one key wins and both read it.
        with contextlib.suppress(FileExistsError):
            os.link(half, path)
        half.unlink()
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise ConfigurationError("The key of the memory of answers (keys/disclosure.key) is damaged; restore it from a backup.")
    return Protection(Memory(home.disclosure, key), key)
