"""The interface for programs: the contract's statuses and shapes, and a description that can't differ from the routes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from governance.errors import InvalidQuery, WarehouseError
from tests.fakes.web import make_app
from wenshu.desk import NotPermitted

ALLOWED = {200, 400, 401, 403, 404, 429, 503}


@pytest.fixture
def parts(tmp_path):
    return make_app(tmp_path)


class Program:
    """A program with a token; checks every answer against the published description."""

    def __init__(self, app, service, user="market") -> None:
        self.client = app.test_client()
        self.bearer = {"Authorization": f"Bearer {service.accounts.token(user)}"}
        self.document = self.client.get("/api/openapi.json").json

    def call(self, method, path, template=None, **more: Any):
        response = self.client.open(path, method=method, headers=self.bearer | more.pop("headers", {}), **more)
        assert response.status_code in ALLOWED
        described = self.document["paths"][template or path.split("?")[0]][method.lower()]["responses"]
        content = described[str(response.status_code)]["content"]
        assert response.mimetype in content, response.mimetype
        schema = content[response.mimetype]["schema"] | {"components": self.document["components"]}
        if response.is_json or response.mimetype.endswith("json"):
            Draft202012Validator(schema).validate(response.get_json(force=True))
        return response


def test_the_description_names_every_route_and_only_routes(parts):
    app, _, _ = parts
    document = app.test_client().get("/api/openapi.json").json
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    routed = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("api.", "probes.")):
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                routed.add((re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule), method))
    assert described == routed
    assert document["openapi"] == "3.1.0"
    for item in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(item)


def test_the_contract_addresses_are_all_there(parts):
    app, _, _ = parts
    paths = app.test_client().get("/api/openapi.json").json["paths"]
    assert set(paths) == {
        "/api/v1/ask", "/api/v1/query", "/api/v1/export", "/api/v1/metrics", "/api/v1/me", "/api/v1/audit/events", "/api/v1/audit/checkpoint",
        "/api/v1/audit/proof/{event}", "/healthz", "/readyz", "/metrics", "/api/openapi.json",
    }  # fmt: skip


@pytest.mark.parametrize(("question", "status"), [("上个月各大区的触达率", "answered"), ("上个月的转化率", "clarify"), ("张伟医生开了多少", "refused"), ("天气", "not_understood")])
def test_all_four_kinds_of_answer_are_200_and_as_described(parts, question, status):
    app, service, _ = parts
    response = Program(app, service).call("POST", "/api/v1/ask", json={"question": question, "conversation": "c-1"})
    assert response.status_code == 200
    assert response.json["status"] == status
    assert service.asked[-1]["conversation"] == "c-1"


def test_answers_come_as_they_are_in_the_contracts_order_and_unescaped(parts):
    app, service, _ = parts
    text = Program(app, service).call("POST", "/api/v1/ask", json={"question": "触达率"}).text
    assert text.startswith('{"status":')
    assert "华东" in text


def test_a_query_goes_through_with_purpose_and_language(parts):
    app, service, _ = parts
    program = Program(app, service)
    program.call("POST", "/api/v1/query", json={"query": {"metrics": ["reach_rate"]}, "purpose": "market_analysis"}, headers={"Accept-Language": "en"})
    assert service.queried[-1]["query"] == {"metrics": ["reach_rate"]}
    assert service.queried[-1]["purpose"] == "market_analysis"
    assert service.queried[-1]["language"] == "en"


def test_the_case_goes_with_questions_and_queries(parts):
    app, service, _ = parts
    program = Program(app, service)
    assert program.call("POST", "/api/v1/ask", json={"question": "上个月各大区的触达率", "case": "C-1"}).status_code == 200
    assert program.call("POST", "/api/v1/query", json={"query": {"metrics": ["reach_rate"]}, "case": "C-2"}).status_code == 200
    assert (service.asked[-1]["case"], service.queried[-1]["case"]) == ("C-1", "C-2")
    assert program.call("POST", "/api/v1/ask", json={"question": "上个月各大区的触达率", "case": "x" * 41}).status_code == 400


@pytest.mark.parametrize(
    "sent",
    [
        {"data": b"", "content_type": "application/json"},
        {"data": b"{", "content_type": "application/json"},
        {"data": b"\xff\xfe\x00", "content_type": "application/json"},
        {"data": b"[1, 2]", "content_type": "application/json"},
        {"data": b"null", "content_type": "application/json"},
        {"data": b"question=x", "content_type": "application/x-www-form-urlencoded"},
        {"json": {}},
        {"json": {"question": ""}},
        {"json": {"question": "   "}},
        {"json": {"question": 7}},
        {"json": {"question": "x" * 2001}},
        {"json": {"question": "触达率", "purpos": "x"}},
        {"json": {"question": "触达率", "conversation": "../../etc"}},
        {"json": {"question": "x" * 100_000}},
    ],
)
def test_malformed_bodies_are_400_and_ask_nothing(parts, sent):
    app, service, _ = parts
    response = Program(app, service).call("POST", "/api/v1/ask", **sent)
    assert response.status_code == 400
    assert not service.asked


def test_a_misspelt_member_is_named_with_the_nearest(parts):
    app, service, _ = parts
    response = Program(app, service).call("POST", "/api/v1/ask", json={"question": "触达率", "purpos": "geheim"})
    assert response.json["detail"] == "purpos: unknown member. Did you mean purpose?"
    assert "geheim" not in response.text


def test_an_unknown_metric_is_400_and_an_unsound_query_names_alternatives(parts):
    app, service, _ = parts
    program = Program(app, service)
    unknown = program.call("POST", "/api/v1/query", json={"query": {"metrics": ["reach_rat"]}})
    assert (unknown.status_code, unknown.json["code"]) == (400, "invalid_query")
    assert "reach_rate" in unknown.json["detail"]
    unsound = program.call("POST", "/api/v1/query", json={"query": {"metrics": ["revenue"], "grain": "week"}})
    assert (unsound.status_code, unsound.json["code"]) == (400, "unsound_query")
    assert unsound.json["alternatives"][0]["period"] == {"start": "2026-10-01", "end": "2026-11-01"}


def test_an_unavailable_ledger_or_warehouse_is_503(parts):
    app, service, _ = parts
    program = Program(app, service)
    service.break_ledger()
    response = program.call("POST", "/api/v1/ask", json={"question": "触达率"})
    assert (response.status_code, response.json["code"]) == (503, "audit_unavailable")
    assert response.headers["Retry-After"]
    service.fail = WarehouseError("host=10.0.0.7")
    response = program.call("POST", "/api/v1/ask", json={"question": "触达率"})
    assert (response.status_code, response.json["code"]) == (503, "warehouse_unavailable")
    assert "10.0.0.7" not in response.text


def test_what_nobody_foresaw_is_503_without_its_text(parts):
    app, service, _ = parts
    service.fail = KeyError("张伟 13812345678")
    response = Program(app, service).call("POST", "/api/v1/ask", json={"question": "触达率"})
    assert response.status_code == 503
    assert "张伟" not in response.text
    assert re.search(r"[0-9a-f]{8}", response.json["detail"])


@pytest.mark.parametrize(("error", "status"), [(NotPermitted(), 403), (InvalidQuery("x"), 400)])
def test_errors_of_the_house_have_their_status(parts, error, status):
    app, service, _ = parts
    service.fail = error
    assert Program(app, service).call("POST", "/api/v1/ask", json={"question": "触达率"}).status_code == status


def test_only_the_contracts_statuses_ever_come_back(parts):
    app, service, _ = parts
    bearer = Program(app, service).bearer
    client = app.test_client()
    for path in ("/api/v1/ask", "/api/v1/metrics", "/api/v1/none", "/api/v1/audit/proof/x", "/api/v1/audit/events?limit=x", "/healthz", "/api/openapi.json"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            response = client.open(path, method=method, headers=bearer)
            assert response.status_code in ALLOWED, (method, path)
            if response.status_code >= 400:
                assert response.mimetype == "application/problem+json"
                assert response.get_json(force=True)["status"] == response.status_code


def test_me_and_metrics_are_the_callers_own(parts):
    app, service, _ = parts
    me = Program(app, service, "manager_east").call("GET", "/api/v1/me").json
    assert (me["id"], me["role"], me["attributes"], me["purposes"][0]["id"]) == ("manager_east", "sales_manager", {"region": "华东"}, "performance_review")
    found = Program(app, service).call("GET", "/api/v1/metrics", headers={"Accept-Language": "en"}).json["metrics"]
    assert [m["id"] for m in found] == ["reach_rate", "advance_rate", "revenue"]
    assert found[0]["label"] == "Reach rate"
    assert Program(app, service, "engineer").call("GET", "/api/v1/metrics").json == {"metrics": []}


def test_the_ledger_is_for_compliance_and_pages_by_key(parts):
    app, service, _ = parts
    for _ in range(9):
        Program(app, service).call("POST", "/api/v1/ask", json={"question": "天气"})
    assert Program(app, service).call("GET", "/api/v1/audit/events").status_code == 403
    officer = Program(app, service, "compliance")
    seen, cursor = [], ""
    while cursor is not None:
        page = officer.call("GET", f"/api/v1/audit/events?limit=4&type=outcome&cursor={cursor}").json
        seen += [event["index"] for event in page["events"]]
        assert page["total"] == 9
        cursor = page["next"]
    assert seen == list(range(9, 0, -1))
    assert officer.call("GET", "/api/v1/audit/events?limt=4").status_code == 400
    assert officer.call("GET", "/api/v1/audit/events?limit=0").status_code == 400
    proof = officer.call("GET", "/api/v1/audit/proof/ev-0003", template="/api/v1/audit/proof/{event}")
    assert proof.json["index"] == 3
    assert officer.call("GET", "/api/v1/audit/proof/none", template="/api/v1/audit/proof/{event}").status_code == 404
    assert "fake.example/ledger" in officer.call("GET", "/api/v1/audit/checkpoint").json["checkpoint"]


def test_readiness_names_the_part_that_failed(parts):
    app, service, _ = parts
    program = Program(app, service)
    assert program.call("GET", "/healthz").json["status"] == "ok"
    assert program.call("GET", "/readyz").json["status"] == "ready"
    service.broken = {"warehouse": "failed: no data is loaded"}
    response = program.call("GET", "/readyz")
    assert response.status_code == 503
    assert "warehouse" in response.get_json(force=True)["detail"]
    assert program.call("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("route", ["/api/v1/ask", "/api/v1/query"])
def test_json_nested_deeper_than_any_parser_goes_is_400(parts, route):
    app, service, _ = parts
    deep = b'{"query":' + b"[" * 5000 + b"]" * 5000 + b"}"
    response = Program(app, service).call("POST", route, data=deep, content_type="application/json")
    assert response.status_code == 400
    assert not service.asked
