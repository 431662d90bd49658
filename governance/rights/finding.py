"""Finding a person by what somebody typed: an identifier in any written form, looked up by its blind index. The text goes nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance.errors import InvalidQuery
from governance.identity.normalise import normaliser
from governance.identity.standing import Tombstones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from governance.identity.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whom an identifier leads to: a person, or nobody; `erased` says that somebody with it was erased and is kept out."""

    entity: str | None = None
    uid: str | None = None
    erased: bool = False


def find(vault: Vault, entities: Iterable[str], text: str, *, kind: str | None = None) -> Whom:
    """Look an identifier up. Raises InvalidQuery where it is no identifier of the given type, or leads to several persons by different types."""
    found: dict[tuple[str, str], str] = {}
    erased = read = False
    for entity in entities:
        kinds = {*vault.kinds(entity), *(["mobile", "email", "license", "unionid", "crm_id"] if kind is None else [kind])}
        stones = Tombstones(vault, entity)
        for name in sorted(kinds if kind is None else {kind}):
            value = normaliser(name)(text)
            # A system's own number has a digit; a name that would pass for one is never looked up.
            if value is None or name == "name" or (kind is None and not any(char.isdigit() for char in value) and name not in {"email", "unionid"}):
                continue
            read = True
            uid = vault.find(entity, name, value)
            if uid is not None:
                found.setdefault((entity, uid), name)
            erased = erased or stones.covers([(name, value)])
    if not read:
        message = "that is no identifier that a person can be found by (mobile, e-mail, license, unionid, CRM id); a name alone never is. Nothing was looked up"
        raise InvalidQuery(message)
    if len(found) > 1:
        message = f"several persons have this as identifiers of different types ({', '.join(sorted(set(found.values())))}); say which with --kind"
        raise InvalidQuery(message)
    if not found:
        return Whom(erased=erased)
    entity, uid = next(iter(found))
    return Whom(entity=entity, uid=uid)
