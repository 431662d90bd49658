"""What a new thing of a bundle begins as: the least that its schema takes, and nothing that opens anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WORDED = ("alias", "ambiguous", "bound")
"""Things that are called by their words: the name that is given is the first of them."""
ADDED = ("rule", "purpose", "term", *WORDED)


def beginning(kind: str, name: str, words: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, Any]:
    """Return a new thing of one of the `ADDED` kinds; `words` is what its fields choose from."""
    label = {"zh": name, "en": name}
    metrics = [identifier for identifier, _name in words["metrics"]]
    language = "en" if name.isascii() else "zh"
    match kind:
        case "rule":
            # A rule that denies opens nothing while its fields are still being filled in.
            role, purpose = words["roles"][0][0], words["purposes"][0][0]
            return {"id": name, "roles": [role], "effect": "deny", "purposes": [purpose], "metrics": {"names": metrics[:1]}, "dimensions": {"all": True}, "reason": label}
        case "term":
            return {"id": name, "label": label, "filters": [{"dimension": words["dimensions"][0][0], "values": ["?"]}], "owner": label}
        case "alias":
            return {"words": {language: [name]}, "means": {"metric": metrics[0]}}
        case "ambiguous":
            return {"words": {language: [name]}, "metrics": metrics[:2]}
        case "bound":
            return {"words": {language: [name]}, "metric": metrics[0], "op": ">=", "value": 1}
        case _:
            return {"id": name, "label": label}
