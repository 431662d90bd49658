"""An event in the Open Cybersecurity Schema Framework (schema.ocsf.io), version 1.8.0, for the systems that watch a company's security.

A question, its intent and its outcome are a Datastore Activity; signing in and out an Authentication; everything else an API Activity.
What the schema has no place for stands in `unmapped` under the ledger's own names; the stored line is in `raw_data`, byte for byte, so that
the event can still be proven against the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from audit import canonical
from audit.events import INTENT, OUTCOME, parse_time
from audit.merkle import leaf_hash

VERSION = "1.8.0"

QUESTIONS = frozenset({INTENT, OUTCOME, "question"})
SIGN_IN = "session"
NAME = "wenshu"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]

APPLICATION = (6, "Application Activity")
IDENTITY = (3, "Identity & Access Management")
INFORMATIONAL, LOW, MEDIUM = (1, "Informational"), (2, "Low"), (3, "Medium")
SUCCESS, FAILURE, OTHER = 1, 2, 99
SHA_256 = {"algorithm_id": 3, "algorithm": "SHA-256"}

MAPPED = frozenset({"id", "index", "time", "type", "request", "actor", "role", "department", "session", "surface", "v"})
"""Members of a line that have a place in the schema."""


def ocsf(line: bytes, body: Mapping[str, Any], *, origin: str, release: str) -> Json:
    """The stored `line`, whose object `body` is, as an event of OCSF; `origin` names the ledger, `release` the product's version."""
    told = {**body["detail"], **body}  # searchable members stand in one or the other, as the line's version is
    made = _kind(body, told)
    severity = _severity(told)
    made |= {
        "time": (parse_time(body["time"]) - EPOCH) // timedelta(milliseconds=1),
        "timezone_offset": 0,
        "severity_id": severity[0],
        "severity": severity[1],
        "type_uid": made["class_uid"] * 100 + made["activity_id"],
        "type_name": f"{made['class_name']}: {made['activity_name']}",
        "metadata": _metadata(body, origin, release),
        "actor": _actor(body, told),
        "src_endpoint": {"svc_name": told.get("surface") or NAME},
        "raw_data": line.decode(),
        "raw_data_hash": SHA_256 | {"value": sha256(line).hexdigest()},
        "raw_data_size": len(line),
        "unmapped": {name: value for name, value in body.items() if name not in MAPPED and value is not None}
        | {"leaf_hash": leaf_hash(line).hex()},
    }
    made |= _status(body, told)
    if isinstance(told.get("duration_us"), int):
        made["duration"] = told["duration_us"] // 1000
    return made


def _kind(body: Mapping[str, Any], told: Mapping[str, Any]) -> Json:
    """Category, class and activity, with what the class asks for beside what all have."""
    if body["type"] in QUESTIONS:
        made = _named(APPLICATION, (6005, "Datastore Activity"), (4, "Query"))
        made |= {
            "database": {"name": "warehouse", "type_id": 1, "type": "Relational"},
            "type_id": 1,
            "type": "Database",
        }
        if told.get("query") is not None:
            made["query_info"] = {"query_string": canonical.encode(told["query"]), "uid": body["request"]}
        return made
    if body["type"] == SIGN_IN:
        activity = (2, "Logoff") if body["decision"] == "signed_out" else (1, "Logon")
        made = _named(IDENTITY, (3002, "Authentication"), activity)
        return made | {"user": _user(body), "service": {"name": NAME}}
    made = _named(APPLICATION, (6003, "API Activity"), (OTHER, body["type"]))
    return made | {"api": {"operation": body["type"], "service": {"name": NAME}}}


def _named(category: tuple[int, str], kind: tuple[int, str], activity: tuple[int, str]) -> Json:
    return {
        "category_uid": category[0],
        "category_name": category[1],
        "class_uid": kind[0],
        "class_name": kind[1],
        "activity_id": activity[0],
        "activity_name": activity[1],
    }


def _metadata(body: Mapping[str, Any], origin: str, release: str) -> Json:
    made: Json = {
        "version": VERSION,
        "product": {"name": "Wenshu", "vendor_name": "Wenshu", "version": release},
        "uid": body["id"],
        "sequence": body["index"],
        "event_code": body["type"],
        "log_name": origin,
        "log_version": str(body["v"]),
        "original_time": body["time"],
    }
    return made | ({"correlation_uid": body["request"]} if body["request"] else {})


def _actor(body: Mapping[str, Any], told: Mapping[str, Any]) -> Json:
    made: Json = {"user": _user(body), "app_name": NAME}
    if told.get("session"):
        made["session"] = {"uid": told["session"]}
    if body["decision"] or told.get("rule"):
        policy = {"policy": {"name": told["rule"], "is_applied": True}} if told.get("rule") else {}
        made["authorizations"] = [{"decision": body["decision"] or "none"} | policy]
    return made


def _user(body: Mapping[str, Any]) -> Json:
    machine = body["actor"] in {"system", "local_admin"}
    groups = [{"name": body[kind], "type": kind} for kind in ("role", "department") if body[kind]]
    made: Json = {
        "uid": body["actor"],
        "name": body["actor"],
        "type_id": 3 if machine else 1,
        "type": "System" if machine else "User",
    }
    return made | ({"groups": groups} if groups else {})


def _status(body: Mapping[str, Any], told: Mapping[str, Any]) -> Json:
    """What became of it; an intent has no outcome yet, other events tell only that they happened."""
    said = told.get("outcome")
    if said is None and body["type"] == SIGN_IN:
        good = body["decision"] in {"signed_in", "signed_out"}
        return {
            "status_id": SUCCESS if good else FAILURE,
            "status": "Success" if good else "Failure",
            "status_detail": body["decision"],
        }
    if said is None:
        return {"status_id": OTHER, "status": body["decision"] or "recorded"}
    good = said == "answered"
    made: Json = {
        "status_id": SUCCESS if good else FAILURE,
        "status": "Success" if good else "Failure",
        "status_detail": said,
    }
    return made | ({"status_code": told["code"]} if told.get("code") else {})


def _severity(told: Mapping[str, Any]) -> tuple[int, str]:
    return {"refused": LOW, "failed": MEDIUM}.get(str(told.get("outcome")), INFORMATIONAL)
