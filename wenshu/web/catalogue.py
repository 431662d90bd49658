"""`/catalogue`: the metrics that the reader may use, each with its definition, owner and how to ask for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request

from wenshu.cards import STAGES
from wenshu.web.context import service
from wenshu.web.language import current, say
from wenshu.web.ports.shapes import JSON
from wenshu.web.security import actor

bp = Blueprint("catalogue", __name__)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@bp.get("/catalogue")
def show() -> str:
    """All of the reader's metrics by stage; `find` narrows by name, synonym or definition."""
    cards = list(service().metric_cards(actor()))
    find = request.args.get("find", "").strip()[:100]
    wanted = sorted((card for card in cards if _matches(card, find.casefold())), key=_place)
    stages: dict[str, list[JSON]] = {}
    for card in wanted:
        stages.setdefault(say(card.get("stage_label")) or str(card["stage"]), []).append({**card, "examples": _in_language(card.get("examples") or ())})
    return render_template("catalogue.html", stages=stages, find=find, count=len(wanted), total=len(cards))


def _in_language(examples: Sequence[Any]) -> list[str]:
    """Return the questions in the reader's language, all of them where none is."""
    said = [say(example) for example in examples]
    return [text for text in said if bool(_HAN.search(text)) == (current() == "zh")] or said


def _matches(card: JSON, words: str) -> bool:
    texts = [str(card["id"]), say(card["label"]), say(card["definition"]), *(say(word) for word in card.get("synonyms") or ())]
    return any(words in text.casefold() for text in texts)


def _place(card: JSON) -> int:
    """The stages in the order of the closed loop; a bundle's own ones after them, as they come."""
    order = list(STAGES)
    return order.index(card["stage"]) if card["stage"] in order else len(order)
