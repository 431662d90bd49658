"""The service as it is really run: gunicorn, workers, signals."""

from __future__ import annotations

import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.fixtures.serving import make_person, serving
from wenshu.accounts import Accounts


def call(address, method, path, *, token=None, body=None):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read().decode()


@pytest.fixture(scope="module")
def token(demo_home):
    make_person(demo_home, "server_tester", "marketing", "marketing")
    return Accounts.open(demo_home.path / "accounts.db").token("server_tester")


def test_two_workers_answer_alike_count_together_and_end_in_order(demo_home, token):
    with serving(demo_home, "--workers", "2") as server:
        status, headers, _ = call(server.address, "GET", "/healthz")
        assert status == 200
        assert not re.search(r"\d", headers.get("Server", ""))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: call(server.address, "POST", "/api/v1/ask", token=token, body={"question": "上个月各大区的触达率"}), range(16)))
        assert {status for status, _, _ in answers} == {200}
        documents = [json.loads(text) for _, _, text in answers]
        assert {json.dumps(d["rows"]) for d in documents} == {json.dumps(documents[0]["rows"])}
        assert len({d["receipt"]["event"] for d in documents}) == 16
        counted = {call(server.address, "GET", "/metrics")[2] for _ in range(6)}
        for text in counted:
            assert 'wenshu_answers_total{status="answered"} 16.0' in text
        status, log = server.stop()
    assert status == 0
    assert "POST /api/v1/ask 200" in log
    for word in ("server_tester", "触达率", "127.0.0.1", token):
        assert word not in log


def test_a_request_under_way_is_answered_before_the_end(demo_home, token):
    with serving(demo_home) as server:
        call(server.address, "POST", "/api/v1/ask", token=token, body={"question": "上个月各大区的触达率"})
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(call, server.address, "POST", "/api/v1/ask", token=token, body={"question": "上个月各城市触达医生数"}) for _ in range(4)]
            while not any(future.done() for future in running):
                time.sleep(0.005)
            status, _ = server.stop()
            results = [future.result()[0] for future in running]
    assert status == 0
    assert results == [200] * 4


def test_a_taken_port_is_one_clear_error(demo_home):
    with serving(demo_home) as server:
        port = str(urlsplit(server.address).port)
        done = demo_home.run("serve", "--port", port, timeout=60)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert port in done.stderr
