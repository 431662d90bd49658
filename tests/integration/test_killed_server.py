"""A server killed in the middle of a hundred questions loses nothing that it acknowledged."""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from tests.fixtures.home import DemoHome, make_demo_home

QUESTIONS = 100


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: DemoHome, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", "from wenshu.cli import main; main()", "serve", "--port", str(port), "--workers", "2"],
        env=home.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return process
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    raise AssertionError("the server did not become ready")


def ask(port: int, token: str, number: int) -> dict | None:
    body = {"query": {"metrics": ["touches"], "group_by": [["region"], ["channel"], ["segment"]][number % 3]}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/query",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, OSError, ValueError):
        return None


def test_sigkill_during_a_hundred_questions_loses_no_acknowledged_event(tmp_path):
    home = make_demo_home(tmp_path / "home", scale=0.02)
    token = home.json("user", "token", "market")["token"]
    port = free_port()
    server = start(home, port)
    answers: list[dict] = []
    enough = threading.Event()

    def one(number: int) -> None:
        answer = ask(port, token, number)
        if answer is not None:
            answers.append(answer)
            if len(answers) >= QUESTIONS // 3:
                enough.set()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(one, number) for number in range(QUESTIONS)]
        enough.wait(60)
        os.killpg(server.pid, signal.SIGKILL)
        concurrent.futures.wait(futures)
    server.wait(10)

    assert len(answers) >= QUESTIONS // 3
    verified = home.json("audit", "verify")
    assert verified["verdict"] == "intact", verified
    out = tmp_path / "export"
    home.run("audit", "export", "--out", str(out))
    events = [json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    intents = {event["request"] for event in events if event["type"] == "intent"}
    outcomes = {event["id"]: event for event in events if event["type"] == "outcome"}
    for answer in answers:
        assert answer["status"] == "answered"
        outcome = outcomes[answer["receipt"]["event"]]
        assert outcome["index"] == answer["receipt"]["index"]
        assert outcome["request"] in intents

    # And the next server goes on where the killed one stopped.
    port = free_port()
    server = start(home, port)
    try:
        again = ask(port, token, 1)
        assert again is not None
        assert again["status"] == "answered"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
    assert home.json("audit", "verify")["verdict"] == "intact"


def test_the_server_has_one_thread_when_it_forks_its_workers(tmp_path):
    """A library that starts threads when it is imported (DuckDB does) would leave workers that wait for a lost thread when they should end."""
    home = make_demo_home(tmp_path / "home", scale=0.02)
    script = (
        "import os, sys, wenshu.web.server as server\n"
        "server.run = lambda *_, **__: print('threads:', len(os.listdir('/proc/self/task')))\n"
        "from wenshu.cli import main\n"
        "sys.argv = ['wenshu', 'serve', '--show-demo-accounts']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=home.environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "threads: 1"
