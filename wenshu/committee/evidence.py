"""What an impact report rests on, in a real home: its ledger, its accounts, its warehouse."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from audit.place import Place
from audit.search import Filter, Reader
from governance.bundle.loading import Bundle
from governance.inforce import Active
from governance.metrics.execution import Sources
from governance.terms import Actor
from wenshu.committee.replay import Asked
from wenshu.committee.usage import PAGE, Usage, Use

if TYPE_CHECKING:
    from wenshu.accounts import Accounts
    from wenshu.house import House



class HomeEvidence:
    """Evidence of one home. Reads only."""

    def __init__(self, *, ledger: Place, accounts: Accounts, house: House, sources: Callable[[], AbstractContextManager[Sources]]) -> None:
        self._ledger, self._accounts, self._house, self._sources = ledger, accounts, house, sources
        self._usage = Usage(ledger)

    def fits(self, bundle: Bundle) -> None:
        self._house.trial(bundle)

    def active(self, bundle: Bundle) -> Active | None:
        return self._house.trial(bundle)

    def sources(self) -> AbstractContextManager[Sources]:
        return self._sources()

    def requests(self, since: dt.datetime, *, until: dt.datetime, heard: Callable[[float], None]) -> list[Asked]:
        counted: dict[str, Asked] = {}
        whole = max((until - since).total_seconds(), 1.0)
        for number, body in enumerate(intents(self._ledger, since)):
            if number % PAGE == 0:
                heard(min(max((dt.datetime.fromisoformat(body["time"]) - since).total_seconds() / whole, 0.0), 1.0))
            detail = body["detail"]
            query = detail.get("query")
            if not isinstance(query, dict) or not query.get("metrics"):
                continue
            masks = tuple(detail.get("masks", ()))
            key = json.dumps([body["actor"], body["role"], body["purpose"], query, masks], ensure_ascii=False, sort_keys=True)
            before = counted.get(key)
            counted[key] = Asked(
                user=body["actor"], role=body["role"] or "", department=body["department"] or "", purpose=body["purpose"], query=query,
                times=1 if before is None else before.times + 1, masks=masks,
            )
        return list(counted.values())

    def uses(self, since: dt.datetime) -> list[Use]:
        return self._usage.since(since.astimezone(dt.UTC).date())

    def last_act(self, user: str, since: dt.datetime) -> dt.date | None:
        found = Reader(self._ledger).search(Filter(actor=(user,), since=since), limit=1).events
        return dt.date.fromisoformat(found[0].body["time"][:10]) if found else None

    def people(self) -> Sequence[Actor]:
        return [account.actor("local_admin") for account in self._accounts.list() if not account.disabled]


def intents(ledger: Place, since: dt.datetime) -> Iterator[dict[str, Any]]:
    """Yield the ledger's intents since then, oldest first."""
    reader, after = Reader(ledger), None
    while True:
        page = reader.search(Filter(type=("intent",), since=since), after=after, limit=PAGE, newest_first=False)
        for event in page.events:
            yield event.body
        after = page.after
        if after is None:
            return
