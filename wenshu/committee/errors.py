"""What can stand in the way of a change: not permitted (exit 4) or a gate that failed (exit 1)."""

from __future__ import annotations

from governance.errors import WenshuError
from governance.terms import Text


class ChangeRefused(WenshuError):
    """Four eyes, or the role, forbid the act. `text` says it in both languages. Exit status 4, HTTP 403."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class GateClosed(WenshuError):
    """Validation, cases or the impact report stand in the way. `remedy` names the act that would mend it, if one would. Exit status 1, HTTP 409."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text
        self.remedy: str | None = getattr(text, "remedy", None)


class ChangedMeanwhile(WenshuError):
    """Somebody else changed the draft or the bundle in force since it was read. Exit status 2, HTTP 409."""

    def __init__(self) -> None:
        super().__init__("It was changed by someone else meanwhile; look again and repeat. Nothing was changed.")
        self.text = Text(zh="期间已被他人修改，请重新查看后再操作。没有任何改动。", en=str(self))
