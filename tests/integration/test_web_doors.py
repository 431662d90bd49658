"""The doors of the web service: closed unless listed, no forged requests, no fixed sessions, no talkative headers or logs."""

from __future__ import annotations

import json
import logging
import re

import pytest

from governance.terms import Text
from tests.fakes.service import PASSWORD
from tests.fakes.web import KEY, Reader, make_app
from wenshu.web.app import create_app
from wenshu.web.security import PUBLIC

FREE = {"/signin", "/healthz", "/readyz", "/metrics", "/api/openapi.json"}
ARGUMENTS = {"conversation": "abc", "event": "ev-0001", "filename": "wenshu.css"}
"""What stands in an address; anything that isn't named here may be `1`."""


@pytest.fixture
def parts(tmp_path):
    return make_app(tmp_path)


def addresses(app):
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda m: ARGUMENTS.get(m[1], "1"), rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield rule, method, path


def test_every_address_is_closed_unless_it_is_listed_as_public(parts):
    app, service, _ = parts
    seen = 0
    for rule, method, path in addresses(app):
        response = Reader(app).client.open(path, method=method)
        seen += 1
        if path in FREE or rule.endpoint == "static":
            assert rule.endpoint in PUBLIC, rule
            continue
        assert rule.endpoint not in PUBLIC, rule
        if path.startswith("/api/"):
            assert response.status_code == 401, rule
            assert response.mimetype == "application/problem+json"
        else:
            assert response.status_code == 303, rule
            assert response.location.startswith("/signin"), rule
    assert seen > 25
    assert not service.asked


def test_public_addresses_say_nothing_about_people(parts):
    app, _, _ = parts
    Reader(app, "market").post("/ask", {"question": "上个月各大区的触达率"})
    everything = "".join(Reader(app).get(path).text for path in sorted(FREE))
    for word in ("manager_east", "触达率", "林晓", "华东", "marketing"):
        assert word not in everything


def test_a_forged_request_changes_nothing(parts):
    app, service, _ = parts
    reader = Reader(app, "market")
    other = Reader(app, "manager_east")
    for token in ("", "x", other.token, reader.token[:-1]):
        assert reader.post("/ask", {"question": "触达率"}, token=token).status_code == 403
        assert reader.post("/signout", token=token).status_code == 403
        body = json.dumps({"question": "触达率"})
        assert reader.client.post("/api/v1/ask", data=body, content_type="application/json", headers={"X-CSRF-Token": token}).status_code == 403
    cross = reader.post("/ask", {"question": "触达率"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    assert not service.asked
    assert reader.post("/ask", {"question": "触达率"}).status_code == 200


def test_a_browser_may_call_the_interface_with_the_header(parts):
    app, service, _ = parts
    reader = Reader(app, "market")
    response = reader.client.post("/api/v1/ask", json={"question": "触达率"}, headers={"X-CSRF-Token": reader.token})
    assert response.status_code == 200
    assert service.asked[0]["actor"].via == "session"
    assert service.asked[0]["session"] not in {None, reader.cookie("wenshu")}


def test_a_planted_cookie_never_becomes_a_session(parts):
    app, _, _ = parts
    reader = Reader(app)
    reader.client.set_cookie("wenshu", "planted-by-an-attacker")
    reader.sign_in("market")
    assert reader.cookie("wenshu") != "planted-by-an-attacker"
    attacker = Reader(app)
    attacker.client.set_cookie("wenshu", "planted-by-an-attacker")
    assert attacker.get("/account").status_code == 303


def test_signing_in_again_gives_another_session(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    first = reader.cookie("wenshu")
    reader.sign_in("market")
    assert reader.cookie("wenshu") not in {None, first}


def test_signing_out_ends_the_session_on_the_server(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    kept = reader.cookie("wenshu")
    assert reader.post("/signout").status_code == 303
    thief = Reader(app)
    thief.client.set_cookie("wenshu", kept)
    assert thief.get("/account").status_code == 303


@pytest.mark.parametrize("amount", [{"hours": 2, "minutes": 1}, {"hours": 13}])
def test_an_idle_or_old_session_is_over(parts, amount):
    app, _, clock = parts
    reader = Reader(app, "market")
    clock.forward(**amount)
    assert reader.get("/account").status_code == 303


def test_a_session_in_use_lives_until_its_longest_time(parts):
    app, _, clock = parts
    reader = Reader(app, "market")
    for _hour in range(11):
        clock.forward(hours=1)
        assert reader.get("/account").status_code == 200
    clock.forward(hours=1, minutes=1)
    assert reader.get("/account").status_code == 303


def test_a_closed_account_and_a_new_password_end_sessions_at_once(parts):
    app, service, _ = parts
    first, second = Reader(app, "market"), Reader(app, "manager_east")
    service.accounts.disable("market")
    service.accounts.one_time_password("manager_east")
    assert first.get("/account").status_code == 303
    assert second.get("/account").status_code == 303


def test_a_one_time_password_leads_to_a_new_one_and_nowhere_else(parts):
    app, service, _ = parts
    once = service.accounts.one_time_password("market")
    reader = Reader(app)
    reader.get("/signin")
    assert reader.post("/signin", {"user": "market", "password": once}).location == "/password"
    page = reader.get("/password")
    assert page.status_code == 200
    assert reader.get("/").location == "/password"
    assert reader.client.get("/api/v1/me").status_code == 403
    assert reader.post("/password", {"old": once, "new": "long enough 1", "again": "different 1"}).status_code == 400
    assert reader.post("/password", {"old": once, "new": "short", "again": "short"}).status_code == 400
    before = reader.cookie("wenshu")
    assert reader.post("/password", {"old": once, "new": "long enough 1", "again": "long enough 1"}).status_code == 303
    assert reader.cookie("wenshu") != before
    assert reader.get("/").status_code == 200


def test_wrong_password_and_unknown_user_look_alike_and_waiting_grows(parts):
    app, _, clock = parts
    pages = []
    for user in ("market", "nobody"):
        reader = Reader(app)
        reader.get("/signin")
        response = reader.post("/signin", {"user": user, "password": "wrong"})
        assert response.status_code == 401
        pages.append(re.sub(r'(csrf-token" content|name="csrf_token" value)="[^"]+"', "", response.text).replace(user, "USER"))
    assert pages[0] == pages[1]
    reader = Reader(app)
    reader.get("/signin")
    codes = [reader.post("/signin", {"user": "market", "password": "wrong"}).status_code for _ in range(8)]
    assert codes[-1] == 429
    clock.forward(hours=1)
    assert reader.post("/signin", {"user": "market", "password": PASSWORD}).status_code == 303


def test_after_signing_in_one_comes_back_but_never_to_another_site(parts):
    app, _, _ = parts
    for wanted, expected in (("/catalogue", "/catalogue"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"), ("/\tevil", "/")):
        reader = Reader(app)
        reader.get("/signin")
        response = reader.post("/signin", {"user": "market", "password": PASSWORD, "next": wanted})
        assert response.location == expected


def test_tokens_open_the_interface_and_only_it(parts):
    app, service, _ = parts
    token = service.accounts.token("market")
    client = app.test_client()
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/me", headers=bearer).json["id"] == "market"
    assert client.post("/api/v1/ask", json={"question": "触达率"}, headers=bearer).status_code == 200
    assert service.asked[0]["actor"].via == "token"
    assert client.get("/", headers=bearer).status_code == 303
    assert client.get("/api/v1/me", headers={"Authorization": f"Basic {token}"}).status_code == 401


def test_a_wrong_token_is_not_rescued_by_a_cookie_and_guessing_waits(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    wrong = {"Authorization": "Bearer wst_aaaaaaaaaaaa_" + "a" * 43}
    codes = [reader.client.get("/api/v1/me", headers=wrong).status_code for _ in range(30)]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert reader.client.get("/api/v1/me").status_code == 200


def test_every_answer_carries_the_strict_headers(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    for path in ("/", "/catalogue", "/nothing", "/api/v1/me", "/static/wenshu.js", "/healthz"):
        headers = reader.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "same-origin"
        if not path.startswith("/static"):
            assert headers["Cache-Control"] == "no-store"


def test_no_page_has_inline_script_or_style(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    pages = [reader.get(path).text for path in ("/", "/catalogue", "/account", "/password", "/signin")]
    pages.append(reader.post("/ask", {"question": "上个月各大区的触达率"}).text)
    for page in pages:
        assert not re.search(r"\son\w+\s*=", page)
        assert "style=" not in page
        assert "<style" not in page
        for attributes in re.findall(r"<script([^>]*)>", page):
            assert 'src="/static/' in attributes or 'type="application/json"' in attributes


def test_cookies_are_hidden_from_scripts_and_bound_to_tls_where_it_is(tmp_path):
    app, service, clock = make_app(tmp_path)
    secure = create_app(service, secret_key=KEY, secure_cookies=True, clock=clock)
    for application, base, prefix in ((app, "http://localhost", ""), (secure, "https://localhost", "__Host-")):
        reader = Reader(application, base=base)
        reader.get("/signin")
        response = reader.post("/signin", {"user": "market", "password": PASSWORD})
        cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(f"{prefix}wenshu="))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == bool(prefix)


def test_a_short_key_is_refused(tmp_path):
    _, service, clock = make_app(tmp_path)
    with pytest.raises(ValueError, match="32 bytes"):
        create_app(service, secret_key=b"short", secure_cookies=False, clock=clock)


def test_logs_hold_no_question_no_person_and_no_address(parts, caplog):
    app, service, _ = parts
    with caplog.at_level(logging.DEBUG):
        reader = Reader(app, "market")
        reader.post("/ask", {"question": "张伟医生开了多少康舒平 13812345678", "conversation": "geheim123"})
        reader.get("/c/geheim123")
        reader.get("/catalogue?find=张伟")
        service.fail = RuntimeError("张伟 13812345678")
        assert reader.post("/ask", {"question": "张伟触达率"}).status_code == 503
    told = "\n".join(record.getMessage() + str(record.exc_info or "") for record in caplog.records if record.name.startswith("wenshu"))
    assert "/c/<conversation>" in told
    assert "RuntimeError" in told
    for word in ("张伟", "13812345678", "geheim123", "market", "127.0.0.1"):
        assert word not in told


def test_counters_have_no_personal_labels(parts):
    app, _, _ = parts
    reader = Reader(app, "market")
    reader.post("/ask", {"question": "上个月各大区的触达率", "conversation": "geheim123"})
    reader.get("/nothing/张伟")
    text = Reader(app).get("/metrics").text
    labels = set(re.findall(r'(\w+)="', text))
    assert labels <= {"route", "method", "status", "le", "outcome"}
    assert 'wenshu_answers_total{status="answered"} 1.0' in text
    assert "geheim123" not in text
    assert "张伟" not in text


def test_a_user_is_only_ever_the_one_who_signed_in(parts):
    app, service, _ = parts
    service.accounts.add("marketing", role="data_engineer", department="data_engineering", name=Text(zh="同名", en="Same"))
    service.accounts.change_password("marketing", service.accounts.one_time_password("marketing"), PASSWORD + "!", client="t")
    reader = Reader(app)
    reader.sign_in("marketing", PASSWORD + "!")
    reader.post("/ask", {"question": "触达率"})
    assert (service.asked[0]["actor"].id, service.asked[0]["actor"].role) == ("marketing", "data_engineer")
