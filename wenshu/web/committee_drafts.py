"""`/committee/drafts`: the drafts, and one draft with everything that is decided about it: differences, cases, impact, approvals, steps."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response as AnyResponse

from governance.errors import WenshuError
from wenshu.web.committee_charts import caller, charts_of
from wenshu.web.committee_doors import catching, install, told
from wenshu.web.committee_golden import line
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.problems import Problem, bad_request, report
from wenshu.web.security import actor

bp = Blueprint("drafts", __name__)
install(bp)
MAX_DAYS = 366


def state_name(state: str) -> str:
    """Return how a draft stands."""
    return {"draft": _("draft"), "submitted": _("submitted"), "activated": _("in force once"), "withdrawn": _("withdrawn")}.get(state, state)


def direction_name(direction: str) -> str:
    """Return which way a change goes."""
    return {"loosens": _("loosens"), "tightens": _("tightens"), "mixed": _("loosens and tightens"), "neutral": _("words only")}.get(direction, direction)


@bp.get("/committee/drafts")
def listed() -> str:
    """All drafts, newest first, and the form that begins one."""
    return render_template("committee/drafts.html", drafts=service().committee.drafts(actor()), state_name=state_name)


@bp.post("/committee/drafts")
def begin() -> AnyResponse:
    """Begin a draft from what is in force, or from an earlier bundle."""
    line = service().committee.begin(actor(), title=request.form.get("title", ""), source=request.form.get("source") or "active")
    return redirect(url_for("editor.index", draft=line["id"]), 303)


@bp.get("/committee/drafts/<draft>")
def show(draft: str) -> str:
    """One draft."""
    return _page(draft)


def _page(draft: str, problem: Problem | None = None) -> str:
    view = service().committee.draft(actor(), draft)
    charts = charts_of(view["impact"]) if view["impact"] else None
    return render_template("committee/draft.html", draft=view, charts=charts, called=caller(view["impact"] or {}), problem=problem, state_name=state_name, direction_name=direction_name, golden_line=line)


@bp.post("/committee/drafts/<draft>/steps")
def step(draft: str) -> AnyResponse | tuple[str, int]:
    """Take one step with a draft; what stands in the way is said on the draft's own page."""
    room, wanted = service().committee, request.form.get("step")
    with catching() as caught:
        match wanted:
            case "impact":
                room.impact(actor(), draft, days=_days())
            case "accept":
                room.accept_cases(actor(), draft, expected=request.form.get("version", ""))
            case "submit":
                _seen(draft)
                room.submit(actor(), draft)
            case "approve":
                room.approve(actor(), draft, signs=request.form.get("signs", ""))
            case "activate":
                _seen(draft)
                room.activate(actor(), draft)
                return redirect(url_for("committee.history", done="activate"), 303)
            case "withdraw":
                room.withdraw(actor(), draft)
            case _:
                raise bad_request(_("Choose what to do with the draft."))
    if caught.problem is None:
        return redirect(url_for("drafts.show", draft=draft, done=wanted), 303)
    return _page(draft, caught.problem), caught.problem.status


def _seen(draft: str) -> None:
    """Refuse a step with a draft that has another content than the reader saw."""
    line, _texts = service().committee.texts(actor(), draft)
    if line is None or line["version"] != request.form.get("version", ""):
        from wenshu.committee.errors import ChangedMeanwhile

        raise ChangedMeanwhile


def _days() -> int:
    said = request.form.get("days", "30")
    if not said.isascii() or not said.isdigit() or not 1 <= int(said) <= MAX_DAYS:
        raise bad_request(_("The report looks back 1 to %(days)d days.", days=MAX_DAYS))
    return int(said)


@bp.post("/committee/drafts/<draft>/impact")
def impact(draft: str) -> Response:
    """Make the impact report and say how far it is while it is made: lines of JSON, `{share, what}`, the last `{done}` or `{problem}`."""
    room, who, days = service().committee, actor(), _days()
    lines: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def work() -> None:
        try:
            room.impact(who, draft, days=days, progress=lambda what, share: lines.put({"share": round(share, 3), "what": what}))
            lines.put({"done": True})
        except Exception as error:  # noqa: BLE001 - told to the reader below, whatever it is
            lines.put({"error": error})
        lines.put(None)

    def follow() -> Iterator[str]:
        threading.Thread(target=work, name="impact", daemon=True).start()
        while (line := lines.get()) is not None:
            if "error" in line:
                if not isinstance(line["error"], WenshuError):
                    report(line["error"])
                line = {"problem": told(line["error"]).detail}
            yield json.dumps(line, ensure_ascii=False) + "\n"

    return Response(stream_with_context(follow()), mimetype="application/x-ndjson", headers={"X-Accel-Buffering": "no"})
