"""What a home keeps of a person beside the vault and the warehouse, and forgetting it: for erasing on request and for the clocks of retention alike.

Everything here can be done twice: an act that was interrupted is done again as a whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.identity.standing import FORMER
from governance.identity.vault import Vault
from governance.rights.erasing import erase_links, erase_restricted
from wenshu.accounts import Accounts
from wenshu.home import Home

_AT_ONCE = 200
"""Texts looked for in one statement."""
_NEVER_TEXT = "vault.db"
"""Holds what it holds sealed; what is left there is asked of the vault itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """How much of a person there was: rows restricted by retention per table, lines of kept links, cases of the review queue, kept answers, accounts that named the person."""

    restricted_rows: Mapping[str, int]
    links: int
    review_cases: int
    kept_answers: int
    accounts: int

    def to_json(self) -> dict[str, object]:
        """As certificates tell it."""
        return asdict(self)


def forget_elsewhere(
    home: Home,
    vault: Vault,
    entity: str,
    people: Mapping[str, Mapping[str, str]],
    *,
    version: str,
    accounts: Accounts,
    answers: Callable[[Sequence[str]], int],
) -> Elsewhere:
    """Forget persons whom the vault still knows. `people`: UID → pseudonym → purpose (`warehouse`: the warehouse's own); `answers` forgets kept answers that hold a text."""
    forms = [key for named in people.values() for key in named]
    inner = [key for named in people.values() for key, purpose in named.items() if purpose == "warehouse"]
    identifiers = {
        (name.removeprefix(FORMER), value) for uid in people for name, values in vault.open_fields(uid).items() if name != "name" for value in values
    }
    from governance.identity.doubts import tokens_of

    tokens = {token for held in vault.keys.held("warehouse") for token in tokens_of(held.key, entity, identifiers)}
    return Elsewhere(
        restricted_rows=erase_restricted(home.restricted, inner, version=version),
        links=erase_links(home.ingest, inner),
        review_cases=_forget_cases(home.reviews, tokens),
        kept_answers=sum(answers(forms[start : start + _AT_ONCE]) for start in range(0, len(forms), _AT_ONCE)),
        accounts=accounts.forget_attributes(inner),
    )


def _forget_cases(path: Path, tokens: Collection[str]) -> int:
    if not path.exists():
        return 0
    from governance.ingest.reviewing import Reviews

    reviews = Reviews(path)
    try:
        return reviews.forget(tokens)
    finally:
        reviews.close()


def stores_that_tell(root: Path, words: Iterable[str]) -> tuple[int, list[str]]:
    """Look for the words in every text of every SQLite store of a home: how many tables were searched, and those that hold one (`store.table`)."""
    wanted, searched, found = list(words), 0, list[str]()
    for path in sorted(root.glob("*.db")):
        if path.name == _NEVER_TEXT:
            continue
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20)) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").fetchall():
                searched += 1
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()]
                holds = " OR ".join(f"instr({_quoted(column)}, ?1) > 0" for column in columns)
                if any(connection.execute(f"SELECT 1 FROM {_quoted(table)} WHERE {holds} LIMIT 1", [word]).fetchone() for word in wanted):  # noqa: S608 (names of the store's own)
                    found.append(f"{path.stem}.{table}")
    return searched, found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
