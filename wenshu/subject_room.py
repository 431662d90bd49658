"""A doctor's own rights in one home: what is held, where it took part, correcting, withdrawing, erasing; each act with its case and its entry in the ledger.

Whoever acts for a doctor needs the purpose `subject_request`. Identifiers come in as text, are looked up by blind index, and go nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from audit import Ledger
from governance.identity.reidentification import checked_case
from governance.inforce import Active
from governance.terms import Actor
from wenshu.accounts import Accounts
from wenshu.home import Home
from wenshu.identities import Identities
from wenshu.subject.access import access
from wenshu.subject.correct import correct_person
from wenshu.subject.desk import Done, Subject, SubjectDesk, words
from wenshu.subject.erase import erase
from wenshu.subject.withdraw import channels_of, withdraw

__all__ = ["Done", "Subject", "SubjectRoom"]


class SubjectRoom:
    """The rights of persons. `clock` gives aware times, `random(n)` n random bytes; `forget(texts)` removes kept answers that hold one of the texts."""

    def __init__(
        self,
        *,
        home: Home,
        identities: Identities,
        active: Callable[[], Active],
        ledger: Ledger,
        accounts: Accounts,
        zone: str,
        clock: Callable[[], dt.datetime],
        random: Callable[[int], bytes],
        forget: Callable[[Sequence[str]], int],
    ) -> None:
        self._desk = SubjectDesk(
            home=home,
            identities=identities,
            active=active,
            ledger=ledger,
            accounts=accounts,
            zone=ZoneInfo(zone),
            clock=clock,
            random=random,
            forget=forget,
        )

    def may(self, actor: Actor) -> bool:
        """Whether the caller acts for persons at all."""
        return self._desk.may(actor) is None

    def channels(self) -> list[str]:
        """The channels for which a withdrawal can be meant alone; empty where the bundle names none."""
        return channels_of(self._desk)

    def purposes(self) -> list[dict[str, Any]]:
        """Every purpose as `id` and `label`, for which a consent could be withdrawn."""
        return [{"id": name, "label": words(purpose.label.text())} for name, purpose in self._desk.active().policy.purposes.items()]

    def access(self, actor: Actor, subject: Subject, *, case: str) -> Done:
        """Everything held on a person, as one document. Nobody found: `nothing_held`, which is an answer too."""
        return self._permitted(actor, "access", case, lambda case: access(self._desk, actor, subject, case))

    def correct(self, actor: Actor, subject: Subject, values: Mapping[str, str], *, case: str) -> Done:
        """Correct identity fields or attributes; what is corrected stands over later extracts. All of it or nothing."""
        return self._permitted(actor, "correct", case, lambda case: correct_person(self._desk, actor, subject, values, case))

    def withdraw(self, actor: Actor, subject: Subject, purposes: Sequence[str], *, channel: str | None, case: str) -> Done:
        """Record a withdrawal for purposes (none named: all that notices or consents speak of), in one channel or all."""
        return self._permitted(actor, "withdraw", case, lambda case: withdraw(self._desk, actor, subject, purposes, channel=channel, case=case))

    def erase(self, actor: Actor, subject: Subject, *, case: str, dry_run: bool = False) -> Done:
        """Erase a person from both stores and prove it. The certificate is kept in `certificates/`, without anything personal."""
        return self._permitted(actor, "erase", case, lambda case: erase(self._desk, actor, subject, case, dry_run=dry_run))

    def _permitted(self, actor: Actor, name: str, case: str, act: Callable[[str], Done]) -> Done:
        """Do the act for whoever may, under a case number that was checked; else refuse, on the record."""
        case, no = checked_case(case), self._desk.may(actor)
        return act(case) if no is None else self._desk.refused(actor, name, no, case)
