"""`/review/…`: findings, sign-off, evidence packs, controls and registers."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wenshu.desk import NotPermitted
from wenshu.desk.findings.room import VERDICTS
from wenshu.desk.signing import MEANINGS
from wenshu.web.context import service
from wenshu.web.language import translate as _
from wenshu.web.problems import bad_request
from wenshu.web.review_words import given, words
from wenshu.web.security import actor

bp = Blueprint("desk", __name__)
bp.context_processor(words)


@bp.before_request
def wait() -> str | None:
    """While a large ledger is still being read, pages that need all of it say so and come by themselves."""
    if request.method != "GET" or request.endpoint == "desk.packs" or "review" not in service().pages(actor()) or service().desk.ready():
        return None
    return render_template("review/waiting.html", room=(request.endpoint or "").removeprefix("desk."))


def verdict_name(verdict: str) -> str:
    """Return what an officer found a finding to be."""
    return {"confirmed": _("misuse confirmed"), "explained": _("has a good reason"), "false_alarm": _("false alarm")}.get(verdict, verdict)


def state_name(state: str) -> str:
    """Return how a control stands."""
    return {"met": _("met"), "partly": _("partly met"), "not_met": _("not met")}.get(state, state)


# ---------------------------------------------------------------------- findings


@bp.get("/review/findings")
def findings() -> str:
    """All findings, the open ones first."""
    return render_template("review/findings.html", told=service().desk.findings.findings(actor()), verdict_name=verdict_name)


@bp.get("/review/findings/<finding>")
def finding(finding: str) -> str:
    """One finding with the events behind it and what officers did."""
    desk = service().desk
    found = desk.findings.finding(actor(), finding)
    return render_template("review/finding.html", found=found, officers=desk.officers(), verdicts=VERDICTS, verdict_name=verdict_name)


@bp.post("/review/findings/<finding>")
def act(finding: str) -> AnyResponse:
    """Assign, comment, resolve or reopen."""
    room, words = service().desk.findings, request.form.get("words", "")
    match request.form.get("act"):
        case "assign":
            room.assign(actor(), finding, request.form.get("to", ""), service().desk.officers())
        case "comment":
            room.comment(actor(), finding, words)
        case "resolve":
            room.resolve(actor(), finding, request.form.get("verdict", ""), words)
        case "reopen":
            room.reopen(actor(), finding)
        case _:
            raise bad_request(_("Choose what to do with the finding."))
    return redirect(url_for("desk.finding", finding=finding), 303)


# ---------------------------------------------------------------------- sign-off


@bp.get("/review/signoffs")
def signoffs() -> str:
    """What was signed off, by whom, and what lies outside."""
    return render_template("review/signoffs.html", told=service().desk.signing.look(actor()), meanings=MEANINGS)


@bp.post("/review/signoffs")
def sign() -> AnyResponse:
    """Sign off up to the event that the officer saw."""
    try:
        upto = int(request.form.get("upto", ""))
    except ValueError:
        raise bad_request(_("The number of the last event is missing.")) from None
    service().desk.signing.sign(actor(), upto=upto, meaning=request.form.get("meaning", ""), words=request.form.get("words", ""), seen=request.form.get("root") or None)
    return redirect(url_for("desk.signoffs"), 303)


# ---------------------------------------------------------------------- packs, controls, registers


@bp.get("/review/packs")
def packs() -> str:
    """What a pack holds, and the form that makes one."""
    if "review" not in service().pages(actor()):
        raise NotPermitted
    filters = given(request.args)
    return render_template("review/packs.html", filters=filters)


@bp.post("/review/packs")
def pack() -> AnyResponse:
    """Make a pack and hand it over as one file."""
    filters = given(request.form)
    data = service().desk.packs.zipped(actor(), filters)
    response = Response(data, content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="wenshu-evidence.zip"'
    return response


@bp.get("/review/controls")
def controls() -> str:
    """Each rule of law with what answers it and how that stands in live data."""
    return render_template("review/controls.html", told=service().desk.controls.look(actor()), state_name=state_name)


@bp.get("/review/registers")
def registers() -> str:
    """Processing activities, impact assessments, processors, transfers, incidents."""
    return render_template("review/registers.html", told=service().desk.registers.look(actor()))


@bp.post("/review/registers/assessments/<assessment>")
def sign_assessment(assessment: str) -> AnyResponse:
    """Sign an impact assessment as it stands in the bundle in force or in a draft."""
    service().desk.registers.sign_assessment(actor(), assessment)
    return redirect(url_for("desk.registers") + "#assessments", 303)


@bp.post("/review/registers/incidents")
def incident() -> AnyResponse:
    """Open an incident whose blast radius is taken from the ledger."""
    filters = given(request.form)
    service().desk.registers.open_incident(actor(), title=request.form.get("title", ""), filters=filters)
    return redirect(url_for("desk.registers") + "#incidents", 303)
