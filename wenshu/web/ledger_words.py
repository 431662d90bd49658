"""What stands in the ledger, in words; and whether a proof holds, worked out here and not taken on trust."""

from __future__ import annotations

from typing import Any

from audit.errors import InvalidNote, InvalidProof
from audit.merkle import verify_inclusion
from audit.notes import Checkpoint
from wenshu.web.language import translate as _
from wenshu.web.ports.shapes import JSON

_GOOD = frozenset({"answered", "allow", "approved"})
_HELD = frozenset({"refused", "refuse", "deny"})


def event_name(kind: str) -> str:
    """Return what kind of event this is; one that has no words yet shows its own name."""
    known = {
        "genesis": _("ledger begun"),
        "intent": _("question received"),
        "outcome": _("question ended"),
        "question": _("question without a query"),
        "ledger.read": _("ledger read"),
        "ledger.denied": _("ledger not shown"),
        "ledger.exported": _("ledger exported"),
        "bundle.read": _("rules read"),
        "home.initialised": _("system set up"),
        "ingest.begun": _("data load begun"),
        "ingest.ended": _("data load ended"),
        "linking.decided": _("doubtful link decided"),
        "account.added": _("account added"),
        "account.password_reset": _("password reset"),
        "account.token": _("token issued"),
        "evaluation": _("evaluation"),
        "session": _("sign-in"),
        "review.signed": _("reviewed and signed off"),
        "review.opening_requested": _("second officer asked"),
        "review.opening_agreed": _("second officer agreed"),
        "review.act_requested": _("second officer asked for an act"),
        "review.act_agreed": _("second officer agreed to an act"),
        "review.act_declined": _("second officer declined an act"),
        "review.act_done": _("act of two officers done"),
        "finding.assigned": _("finding assigned"),
        "finding.commented": _("finding commented"),
        "finding.resolved": _("finding resolved"),
        "finding.reopened": _("finding opened again"),
        "ledger.pack": _("evidence pack made"),
        "assessment.signed": _("impact assessment signed"),
        "incident.opened": _("incident opened"),
        "identity.requested": _("re-identification asked"),
        "identity.approved": _("re-identification approved"),
        "identity.denied": _("re-identification turned down"),
        "identity.revealed": _("identity shown"),
        "identity.refused": _("re-identification refused"),
        "policy.activate": _("rules put in force"),
        "policy.rollback": _("rules put back"),
        "policy.explain": _("rules explained"),
        "policy.grant_request": _("temporary right requested"),
        "policy.grant_approve": _("temporary right approved"),
        "policy.grant_end": _("temporary right closed"),
        "policy.review_begin": _("access review begun"),
        "policy.review_decide": _("access review: decisions"),
        "policy.review_close": _("access review closed"),
        "break_glass.opened": _("emergency right opened"),
        "break_glass.reviewed": _("emergency right reviewed"),
        "model.call": _("language model asked"),
        "model.result": _("language model answered"),
    }
    return known.get(kind, kind)


def result_name(result: str) -> str:
    """Return what became of it."""
    known = {
        "answered": _("answered"),
        "refused": _("refused"),
        "failed": _("failed"),
        "allow": _("allowed"),
        "refuse": _("refused"),
        "deny": _("refused"),
        "clarify": _("asked back"),
        "not_understood": _("not understood"),
        "signed_in": _("signed in"),
        "signed_out": _("signed out"),
        "throttled": _("made to wait"),
        "dry_run": _("dry run"),
    }
    return known.get(result, result)


def result_class(result: str) -> str:
    """Return the style of a result; its word always stands beside the colour."""
    return "good" if result in _GOOD else "held" if result in _HELD else "bad" if result == "failed" else ""


def facet_name(name: str) -> str:
    """Return a facet's heading."""
    known = {
        "type": _("What"),
        "actor": _("Person"),
        "role": _("Role"),
        "department": _("Department"),
        "purpose": _("Purpose"),
        "metric": _("Metric"),
        "decision": _("Decision"),
        "outcome": _("Outcome"),
        "code": _("Reason"),
        "request": _("Request"),
        "rule": _("Rule"),
        "case": _("Case"),
        "data_class": _("Data class"),
        "session": _("Session"),
        "surface": _("Entry"),
        "day": _("Day"),
        "since": _("from"),
        "until": _("to"),
        "text": _("Words"),
    }
    return known.get(name, name)


def facet_value(name: str, value: str) -> str:
    """Return how a facet's value is called; events without one are `none`."""
    if not value:
        return _("none")
    return event_name(value) if name == "type" else result_name(value) if name in {"outcome", "decision"} else value


def signed_size(proof: JSON) -> int:
    """Return how many events the proof's checkpoint covers, 0 where it can't be read."""
    head = _head(proof)
    return head.size if head else 0


def proof_holds(proof: JSON) -> bool:
    """Whether leaf and path give the root that stands in the checkpoint (RFC 9162 section 2.1.3.2). The signature is the verifier's to check."""
    head = _head(proof)
    if head is None:
        return False
    try:
        path = [bytes.fromhex(str(found)) for found in proof["path"]]
        verify_inclusion(bytes.fromhex(str(proof["leaf"])), int(proof["index"]), head.size, path, head.root)
    except (InvalidProof, ValueError, KeyError, TypeError):
        return False
    return True


def _head(proof: JSON) -> Checkpoint | None:
    try:
        return Checkpoint.parse(str(proof["checkpoint"]).partition("\n\n")[0] + "\n")
    except (InvalidNote, KeyError):
        return None


def names() -> dict[str, Any]:
    """What templates call."""
    functions = (event_name, result_name, result_class, facet_name, facet_value, signed_size, proof_holds)
    return {function.__name__: function for function in functions}
