"""The whole service with a real small model served on this machine: it may be useless, it must do no harm. Needs `.ci/model`."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
from contextlib import contextmanager

import pytest

from governance.metrics.parsing import query_from_json
from nlq.verified import same_form
from tests.fixtures import hostile, real_model
from tests.fixtures.home import copied_home
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import Environment

pytestmark = [pytest.mark.long, pytest.mark.skipif(real_model.smollm() is None, reason=real_model.MISSING)]


@contextmanager
def opened(path):
    with Service.open(Home(path), Environment(home=path, pinned_today=dt.date(2026, 11, 15))) as service:
        yield service


def asked(service, question):
    return service.ask(service.local_actor("market"), question).to_json()


def told(document):
    return {key: document[key] for key in ("status", "query", "rows", "clarify", "refusal")}


def events(service, kind):
    return service.audit_events(service.local_actor("compliance"), {"type": kind}, None, 200)["events"]


@pytest.fixture(scope="module")
def home(demo_home, tmp_path_factory):
    path = tmp_path_factory.mktemp("real") / "home"
    copied_home(demo_home, path)
    return path


@pytest.fixture(scope="module")
def dimensions(home):
    with opened(home) as service:
        return tuple(service.house.current().lexicon.dimensions)


@pytest.fixture(scope="module")
def without(home):
    (home / "model.yaml").unlink(missing_ok=True)
    with opened(home) as service:
        return {question: told(asked(service, question)) for question in real_model.QUESTIONS}


@pytest.fixture(scope="module")
def real():
    """The server, and what passed a relay before it: every byte that left is seen by someone other than the product."""
    with real_model.served(real_model.smollm()) as base:
        port = int(base.removesuffix("/v1").rpartition(":")[2])

        def relays(handler):
            way = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            way.request("POST", handler.path, handler.hostile.heard[-1][2], {"Content-Type": "application/json"})
            reply = way.getresponse()
            handler.send(reply.read(), status=reply.status)

        with hostile.hostile_server(relays) as relay:
            yield relay


def configure(home, real, dimensions, **changed: object):
    real.heard.clear()
    (home / "model.yaml").write_text(json.dumps(real_model.narrow(real.base, dimensions) | changed), encoding="utf-8")


def test_twenty_unclear_questions_are_never_answered_otherwise_than_the_parser_reads_and_the_policy_allows(home, real, dimensions, without):
    configure(home, real, dimensions)
    with opened(home) as service:
        before = {kind: {item["id"] for item in events(service, kind)} for kind in ("model.call", "model.result")}
        for question in real_model.QUESTIONS:
            answer, plain = asked(service, question), without[question]
            if plain["status"] == "refused":
                assert answer["status"] == "refused"
            own = [same_form(query_from_json(item["query"])) for item in (plain["clarify"] or {"options": []})["options"]]
            if answer["status"] == "answered" and plain["status"] != "answered":
                assert same_form(query_from_json(answer["query"])) in own
                assert "语言模型" in " ".join(answer["explanation"]["assumptions"]) or "language model" in " ".join(answer["explanation"]["assumptions"])
            for option in (answer["clarify"] or {"options": []})["options"]:
                if same_form(query_from_json(option["query"])) not in own:
                    assert service.query(service.local_actor("market"), option["query"]).status == "answered"
        found = {kind: [item for item in events(service, kind) if item["id"] not in known] for kind, known in before.items()}
    new = {kind: [item["detail"] for item in items] for kind, items in found.items()}
    written = json.dumps(found, ensure_ascii=False)
    assert len(real.heard) >= 5, "the model was asked"
    assert sorted((call["bytes"], call["sha256"]) for call in new["model.call"]) == sorted((len(body), hashlib.sha256(body).hexdigest()) for _, _, body in real.heard)
    assert new["model.result"]
    assert not any(word in written for word in ("抖音", "快手", "douyin", "tiktok")), "words that the lexicon does not know are not recorded"
    assert all(set(call) == {"endpoint", "model", "bytes", "sha256", "offered"} for call in new["model.call"])


def test_where_the_models_reply_is_cut_off_the_deterministic_answer_stands(home, real, dimensions, without):
    configure(home, real, dimensions, max_answer_tokens=16, response_format="plain")
    with opened(home) as service:
        for question in real_model.QUESTIONS[:3]:
            assert told(asked(service, question)) == without[question]
    assert real.heard


def test_a_real_server_that_is_too_slow_costs_its_time_and_then_is_left_alone(home, real, dimensions, without):
    configure(home, real, dimensions, timeout_s=1.5, max_answer_tokens=400, breaker={"failures": 2, "open_s": 3600})
    unsure = [question for question in real_model.QUESTIONS if without[question]["status"] == "not_understood"]
    with opened(home) as service:
        before = {item["id"] for item in events(service, "model.result")}
        for question in unsure:
            assert told(asked(service, question)) == without[question]
        results = [item["detail"]["result"] for item in events(service, "model.result") if item["id"] not in before]
    assert results == ["timeout", "timeout"]
