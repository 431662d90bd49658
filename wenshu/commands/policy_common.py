"""What the policy commands share: who acts, and how what stands in the way becomes an exit status."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wenshu.commands.common import FAILED, REFUSED, Context, emit, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from governance.terms import Actor
    from wenshu.service import Service

F = TypeVar("F", bound=Callable[..., Any])
NEXT = {
    "impact": " Make it with: wenshu policy impact {draft}",
    "accept_cases": " If the new minimum groups are meant: wenshu policy draft --replace {draft} --accept-cases",
}
"""What to type where a gate says which act would open it."""
SHORT = 12
"""Letters of a content hash that people are shown."""

member = click.option("--as", "user", metavar="USER", required=True, help="A member of the data governance committee.")


looker = click.option("--as", "user", metavar="USER", help="A member of the data governance committee; without it the machine's owner looks, and the ledger says so.")


def exits(command: F) -> F:
    """Map what stands in the way to exit statuses: a closed gate is a failed check, four eyes are a refusal."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        from wenshu.committee.errors import ChangeRefused, GateClosed

        try:
            return command(*arguments, **options)
        except (GateClosed, ChangeRefused) as error:
            status, code = (FAILED, "gate_closed") if isinstance(error, GateClosed) else (REFUSED, "not_permitted")
            if options.get("as_json"):
                emit({"ok": False, "error": {"code": code, "message": {"zh": error.text.zh, "en": error.text.en}}})
            step = NEXT.get(getattr(error, "remedy", None) or "", "")
            tell(f"wenshu: {error.text.en}" + step.format(draft=options.get("number") or options.get("replace") or "DRAFT"))
            return status

    return run  # type: ignore[return-value] # wraps keeps the signature that click reads


@contextmanager
def room_of(context: Context, user: str | None) -> Iterator[tuple[Service, Actor]]:
    """Open the home's service and say who acts: the user, or the machine's owner."""
    from wenshu.committee.members import OWNER

    with context.service() as service:
        yield service, OWNER if user is None else service.local_actor(user)
