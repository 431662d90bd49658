"""The ledger in other systems' forms: every name is one that OCSF 1.8.0 or OTLP publishes, nothing of an event is lost, and each can still be proven."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import Event
from audit.errors import AuditUnavailable, ExportError
from audit.foreign import hand_over
from audit.search import Reader
from tests.fixtures.ledgers import ORIGIN, Home, intent, new_home, outcome

OCSF = json.loads((Path(__file__).parents[1] / "fixtures" / "ocsf_names.json").read_text(encoding="utf-8"))
"""Names, requirements and numbers of the published schema (github.com/ocsf/ocsf-schema at v1.8.0), as far as classes and objects used here go."""

OBJECTS = {
    "metadata": "metadata", "product": "product", "actor": "actor", "user": "user", "session": "session", "groups": "group", "authorizations": "authorization",
    "policy": "policy", "src_endpoint": "network_endpoint", "raw_data_hash": "fingerprint", "database": "database", "query_info": "query_info", "service": "service", "api": "api",
}  # fmt: skip
"""Which object stands under a name."""

ANY_VALUE = {"stringValue": str, "boolValue": bool, "intValue": str, "arrayValue": dict}
LOG_RECORD = {"timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body", "attributes", "droppedAttributesCount", "flags", "traceId", "spanId", "eventName"}
"""Fields of opentelemetry.proto.logs.v1 in protobuf's JSON."""


def judge_object(found: Mapping[str, Any], form: Mapping[str, Any], where: str) -> None:
    assert set(found) <= set(form["names"]), (where, set(found) - set(form["names"]))
    assert set(form["required"]) <= set(found), where
    assert "at_least_one" not in form or set(form["at_least_one"]) & set(found), where
    for name, numbers in form.get("enums", {}).items():
        assert found.get(name, numbers[0]) in numbers, (where, name)
    for name, value in found.items():
        for item in value if isinstance(value, list) else [value]:
            if name in OBJECTS:
                judge_object(item, OCSF["objects"][OBJECTS[name]], f"{where}.{name}")


def judge_value(value: Mapping[str, Any]) -> None:
    ((kind, held),) = value.items()
    assert isinstance(held, ANY_VALUE[kind])
    for item in held["values"] if kind == "arrayValue" else ():
        judge_value(item)


def stored(home: Home) -> list[bytes]:
    return [event.line for event in Reader(home.path).search(limit=1000, newest_first=False).events]


def written(home: Home, form: Any, name: str = "out.jsonl") -> list[dict[str, Any]]:
    out = home.folder / name
    hand_over(home.path, out, form, release="1.2.3")
    return [json.loads(line) for line in out.read_bytes().splitlines()]


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
events = st.builds(
    lambda kind, decision, role, detail: Event(type=kind, request="r", actor="someone", role=role, decision=decision, purpose="care", detail=detail | {"outcome": "refused"}),
    st.sampled_from(["intent", "outcome", "question", "session", "policy.edit", "subject.erase"]),
    st.sampled_from([None, "allow", "refuse", "signed_in", "signed_out", "throttled"]),
    texts,
    st.fixed_dictionaries({}, optional=dict.fromkeys(("code", "rule", "case", "surface", "session", "question"), texts) | {"query": st.just({"metrics": ["reach_rate"]}), "duration_us": st.integers(0, 10**7), "classes": st.just(["hcp"]), "budget": st.just({"answers_held": 3})}),
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events, max_size=12))
def test_every_event_has_the_published_form_and_carries_its_line(tmp_path_factory, asked):
    home = new_home(tmp_path_factory.mktemp("foreign") / "home")
    with home.open(create=True) as ledger:
        if asked:
            ledger.append_many(asked)
    lines = stored(home)
    made = written(home, "ocsf")
    for number, (line, event) in enumerate(zip(lines, made, strict=True)):
        body = json.loads(line)
        judge_object(event, OCSF["classes"][str(event["class_uid"])], f"event {number}")
        assert event["type_uid"] == 100 * event["class_uid"] + event["activity_id"]
        assert event["category_uid"] == event["class_uid"] // 1000
        assert event["metadata"]["version"] == OCSF["version"]
        assert (event["raw_data"].encode(), event["raw_data_hash"]["value"]) == (line, hashlib.sha256(line).hexdigest())
        assert event["unmapped"]["leaf_hash"] == hashlib.sha256(b"\0" + line).hexdigest()
        assert (event["metadata"]["uid"], event["metadata"]["sequence"], event["actor"]["user"]["uid"]) == (body["id"], number, body["actor"])
        assert event["unmapped"]["detail"] == body["detail"]
    packed = written(home, "otel", "otel.jsonl")
    records = []
    for data in packed:
        (of_resource,) = data["resourceLogs"]
        (of_scope,) = of_resource["scopeLogs"]
        assert {"key": "service.name", "value": {"stringValue": "wenshu"}} in of_resource["resource"]["attributes"]
        assert {"key": "wenshu.ledger.origin", "value": {"stringValue": ORIGIN}} in of_resource["resource"]["attributes"]
        records += of_scope["logRecords"]
    for line, record in zip(lines, records, strict=True):
        assert set(record) <= LOG_RECORD
        assert record["body"] == {"stringValue": line.decode()}
        assert record["timeUnixNano"].isdecimal()
        assert record["severityNumber"] in {9, 13, 17}
        keys = [attribute["key"] for attribute in record["attributes"]]
        assert len(keys) == len(set(keys))
        assert {"user.id", "wenshu.event.id", "wenshu.event.leaf_hash"} <= set(keys)
        for attribute in record["attributes"]:
            judge_value(attribute["value"])


@pytest.mark.parametrize(("said", "status", "severity"), [("answered", 1, (1, 9)), ("refused", 2, (2, 13)), ("failed", 2, (3, 17))])
def test_what_became_of_a_question_can_be_told_by_numbers(tmp_path, said, status, severity):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        ledger.append(intent("r"))
        ledger.append(outcome("r", detail={"outcome": said, "code": "row_scope", "duration_us": 2500}))
    event = written(home, "ocsf")[-1]
    assert (event["class_uid"], event["activity_id"], event["status_id"], event["severity_id"], event["duration"]) == (6005, 4, status, severity[0], 2)
    assert event["metadata"]["correlation_uid"] == "r"
    record = written(home, "otel", "otel.jsonl")[-1]["resourceLogs"][0]["scopeLogs"][0]["logRecords"][-1]
    assert (record["eventName"], record["severityNumber"]) == ("wenshu.ledger.outcome", severity[1])


def test_pruned_bodies_are_left_out_and_counted(tmp_path):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        ledger.append_many([intent("a"), intent("b")])
    home.tamper(lambda c: c.execute("UPDATE entry SET body = '{\"pruned\":\"' || lower(hex(leaf)) || '\"}' WHERE idx = 1"))
    done = hand_over(home.path, tmp_path / "out", "ocsf", release="1")
    assert (done.events, done.pruned) == (2, 1)


def test_nothing_is_left_of_a_file_that_could_not_be_written_whole(tmp_path):
    home = new_home(tmp_path / "home")
    with home.open(create=True) as ledger:
        ledger.append(intent("a"))
    out = tmp_path / "out"
    out.write_text("here before", encoding="utf-8")
    with pytest.raises(ExportError, match="there already"):
        hand_over(home.path, out, "ocsf", release="1")
    assert out.read_text(encoding="utf-8") == "here before"
    home.tamper(lambda c: c.execute("UPDATE entry SET body = 'no event' WHERE idx = 1"))
    with pytest.raises(AuditUnavailable):
        hand_over(home.path, tmp_path / "other", "otel", release="1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out"]


def test_the_file_is_for_its_owner_alone(tmp_path):
    home = new_home(tmp_path / "home")
    home.open(create=True).close()
    hand_over(home.path, tmp_path / "out", "ocsf", release="1")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
