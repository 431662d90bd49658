"""Events as OpenTelemetry log records: OTLP's JSON encoding, one `LogsData` a line, as collectors read it from a file.

The body of a record is the stored line, byte for byte, so that it can still be proven against the ledger. Attributes are those of the
semantic conventions where there are any (`user.id`, `user.roles`, `session.id`, `error.type`), else the ledger's own under `wenshu.`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from audit import canonical
from audit.events import parse_time
from audit.merkle import leaf_hash

SCOPE = "wenshu.ledger"
INFO, WARN, ERROR = (9, "INFO"), (13, "WARN"), (17, "ERROR")
OWN = ("department", "purpose", "decision", "outcome", "rule", "case", "surface", "classes", "metrics", "request")
"""Members of an event that become attributes under `wenshu.`."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


def record(line: bytes, body: Mapping[str, Any]) -> Json:
    """The stored `line`, whose object `body` is, as a log record."""
    told = {**body["detail"], **body}  # searchable members stand in one or the other, as the line's version is
    severity = {"refused": WARN, "failed": ERROR}.get(str(told.get("outcome")), INFO)
    moment = str((parse_time(body["time"]) - EPOCH) // timedelta(microseconds=1) * 1000)
    named: Json = {
        "user.id": body["actor"],
        "user.roles": [body["role"]] if body["role"] else None,
        "session.id": told.get("session"),
        "error.type": told.get("code"),
        "wenshu.event.id": body["id"],
        "wenshu.event.index": body["index"],
        "wenshu.event.leaf_hash": leaf_hash(line).hex(),
    }
    named |= {f"wenshu.{name}": told.get(name) for name in OWN}
    return {
        "timeUnixNano": moment,
        "observedTimeUnixNano": moment,
        "severityNumber": severity[0],
        "severityText": severity[1],
        "eventName": f"{SCOPE}.{body['type']}",
        "body": {"stringValue": line.decode()},
        "attributes": _attributes(named),
    }


def logs(records: Sequence[Json], *, origin: str, release: str) -> Json:
    """Records as one `LogsData`; `origin` names the ledger, `release` the product's version."""
    resource = _attributes({"service.name": "wenshu", "service.version": release, "wenshu.ledger.origin": origin})
    scope = {"name": SCOPE, "version": release}
    return {
        "resourceLogs": [
            {"resource": {"attributes": resource}, "scopeLogs": [{"scope": scope, "logRecords": list(records)}]}
        ]
    }


def _attributes(named: Mapping[str, Any]) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in named.items() if value not in (None, [])]


def _value(value: Any) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}  # 64 bits are text in protobuf's JSON
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case str():
            return {"stringValue": value}
        case _:
            return {"stringValue": canonical.encode(value)}
