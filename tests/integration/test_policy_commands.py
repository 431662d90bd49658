"""The life of a bundle as people and other processes see it: by the command line in a demo home, and with two workers under constant activation."""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from governance.bundle.standing import Standing
from governance.bundle.trees import read_tree, write_tree
from tests.fixtures.home import DemoHome, make_demo_home
from wenshu.home import Home

RESULTS = Path(__file__).parents[2] / "bench" / "results" / "policy_activations.json"
QUESTION = "上个月各城市的触达医生数"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    made = make_demo_home(tmp_path_factory.mktemp("policy") / "home")
    made.json("ask", QUESTION, "--as", "market")
    return made


def shown(home: DemoHome) -> int:
    answer = home.json("ask", QUESTION, "--as", "market", expect=(0, 4))
    rows = answer["rows"] or []
    return sum(cell is not None for row in rows for cell in row[-1:])


PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")
BLOCKS = [[shlex.split(line, comments=True)[1:] for line in block.splitlines()] for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)]


def typed(home: DemoHome, command: list[str]) -> dict:
    return home.json(*command)


def test_marketings_minimum_group_goes_from_10_to_20_and_back_by_the_commands_of_the_page(home):
    before = shown(home)
    assert before > 0
    draft, _diff, impact, submit, approve, activate, rollback = BLOCKS[0]
    made = typed(home, draft)
    assert (made["id"], made["validation"]["ok"]) == ("1", True)
    report = typed(home, impact)
    (line,) = [item for item in report["replay"]["by_person"] if item["name"] == "market"]
    assert line["lost"] > 0 == line["gained"]
    assert report["exhaustive"]["gains"] == 0
    assert typed(home, submit)["state"] == "submitted"
    assert home.run("policy", "approve", "1", "--as", "committee_a").returncode == 4
    assert home.run(*activate).returncode == 4
    typed(home, approve)
    typed(home, activate)
    assert shown(home) < before
    assert "activation 1" in home.run("check").stdout
    typed(home, rollback)
    assert shown(home) == before
    history = home.json("policy", "history")
    assert [item["kind"] for item in history["activations"]] == ["rollback", "activate"]
    assert home.run("audit", "verify").returncode == 0


def test_a_refusal_tells_the_nearest_rule_and_whom_to_ask_and_nothing_of_the_data(home):
    found = home.json("policy", "explain", "--as", "manager_east", "--metric", "advance_rate")
    assert not found["allowed"]
    assert found["nearest"]["rule"] == "managers_ask_their_region"
    assert found["nearest"]["lacks"] == ["metric"]
    assert found["nearest"]["requestable"]
    forbidden = home.json("policy", "explain", "--as", "market", "--metric", "revenue", "--dimension", "specialty")
    assert forbidden["refusal"]["code"] == "prescription_by_doctor"
    assert not forbidden["nearest"]["requestable"]
    granted = home.json("policy", "explain", "--as", "manager_east", "--metric", "reach_rate")
    assert granted["grant"]["scope"] == ["region in 华东"]


def test_a_right_for_a_week_and_an_access_review_go_by_the_commands_of_the_page(home):
    _request, _first, granted, begun, _decided, _rest, closed = (typed(home, command) for command in BLOCKS[1])
    assert (granted["state"], granted["approved_by"]) == ("granted", ["committee_a", "committee_b"])
    (market,) = [line for line in begun["lines"] if (line["kind"], line["name"]) == ("account", "market")]
    assert market["times"] > 0
    (revoked,) = [line for line in closed["lines"] if line["decision"] == "revoke"]
    assert (revoked["kind"], revoked["name"], revoked["decided_by"], closed["closed_by"]) == ("account", "rep_east_1", "committee_a", "committee_b")
    refused = home.run("policy", "break-glass", "open", "--as", "manager_east", "--metric", "nps", "--reason", "x")
    assert (refused.returncode, refused.stderr.strip()) == (4, "wenshu: Your role has no emergency rights.")


def test_only_committee_members_act_and_bad_names_are_one_clear_line(home):
    refused = home.run("policy", "draft", "--as", "market")
    assert refused.returncode == 4
    assert "committee" in refused.stderr
    unknown = home.run("policy", "submit", "999", "--as", "committee_a")
    assert unknown.returncode == 2
    assert unknown.stderr.strip().count("\n") == 0


def test_a_folder_from_git_is_tested_drafted_and_exported_byte_for_byte(home, tmp_path):
    out, back = tmp_path / "git", tmp_path / "back"
    home.json("policy", "export", "--out", str(out), "--as", "committee_a")
    assert home.json("policy", "validate", str(out)) == {"ok": True, "problems": [], "warnings": []}
    assert home.json("policy", "test", str(out))["ok"]
    rules = out / "access/rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("minimum_group: {entity: hcp, k: 5}", "minimum_group: {entity: hcp, k: 6}"), encoding="utf-8")
    assert home.json("policy", "test", str(out), expect=(1,))["failures"]
    draft = home.json("policy", "draft", "--from", str(out), "--as", "committee_b", "--title", "git")
    home.json("policy", "export", draft["id"], "--out", str(back), "--as", "committee_b")
    assert (back / "access/rules.yaml").read_bytes() == rules.read_bytes()
    assert home.run("policy", "submit", draft["id"], "--as", "committee_b").returncode == 1


WORKER = r"""
import json, sys, time
import __main__
__main__.__file__ = "worker"  # a program: DuckDB draws bars into the output of a prompt
from wenshu.home import Home
from wenshu.service import Service
from wenshu.settings import read_environment
from governance.gateway import Ask
from governance.terms import MetricQuery
environment = read_environment()
seen = []
with Service.open(Home(environment.home), environment) as service:
    actor = service.local_actor("market")
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(4):
            found = service.gateway.run(Ask(actor=actor, purpose="market_analysis", query=MetricQuery(metrics=("reached_hcps",), group_by=("region",))))
            seen.append([found.grant.policy_version, found.grant.minimum_group.k])
        print(json.dumps(seen[-4:]), flush=True)
    print(json.dumps(service.ready()["parts"]["policy"]), flush=True)
"""


def worker(home: DemoHome) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", WORKER], env=home.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def asked(process: subprocess.Popen[str]) -> list[list[object]]:
    assert process.stdin
    assert process.stdout
    process.stdin.write("go\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def under_activation(
    place: Home, workers: list[subprocess.Popen[str]], versions: tuple[str, str], *, lines: int, seq: int, pause: Callable[[], float]
) -> tuple[list[tuple[object, ...]], int]:
    """Return what the workers decide while one bundle after the other is put in force, and the last activation's number."""
    for process in workers:
        process.stdin.write("go\n" * lines)
        process.stdin.flush()
    with ThreadPoolExecutor() as reading:
        answers = [reading.submit(lambda told: [json.loads(told.readline()) for _ in range(lines)], process.stdout) for process in workers]
        while not all(answer.done() for answer in answers):
            seq += 1
            place.standings.put(Standing(seq=seq, version=versions[seq % 2], previous=versions[1]))
            time.sleep(pause())
    return [tuple(found) for answer in answers for line in answer.result() for found in line], seq


@pytest.mark.long
def test_two_workers_under_constant_activation_never_decide_by_a_bundle_that_is_neither_of_the_two(home):
    place = Home(home.path)
    standing = place.standings.read()
    plain = read_tree(place.standings.folder(standing.version))
    text = plain.files["access/roles.yaml"].decode()
    trees = [plain, plain.changed("access/roles.yaml", text.replace("minimum_group: {entity: hcp, k: 10}", "minimum_group: {entity: hcp, k: 21}", 1).encode())]
    for tree in trees:
        if not place.standings.folder(tree.version).exists():
            write_tree(tree, place.standings.folder(tree.version))
    (loose, tight), chance = [tree.version for tree in trees], random.Random(3)
    k = {loose: 10, tight: 21}
    place.standings.put(Standing(seq=standing.seq + 1, version=loose, previous=standing.version or loose))
    workers = [worker(home), worker(home)]
    begun = place.standings.read().seq
    try:
        decided, seq = under_activation(place, workers, (loose, tight), lines=100, seq=begun, pause=lambda: chance.choice([0.01, 0.1, 0.5, 2]))
    finally:
        place.standings.put(Standing(seq=begun + 100_000, version=loose, previous=tight))
        for process in workers:
            process.communicate(timeout=60)
    foreign = [found for found in decided if found not in set(k.items())]
    counted = {f"of the bundle with k {size}": sum(found == (version, size) for found in decided) for version, size in k.items()}
    RESULTS.write_text(json.dumps({"workers": 2, "decisions": len(decided), "activations": seq - begun, **counted, "of neither": len(foreign)}, indent=2) + "\n", encoding="utf-8")
    assert not foreign
    assert min(counted.values()) > 0


def test_two_workers_use_an_activation_from_their_next_request_and_keep_the_old_bundle_when_the_new_one_cannot_be_loaded(home):
    place = Home(home.path)
    history = home.json("policy", "history")
    tight, loose = history["activations"][1]["version"], history["in_force"]
    k = {tight: 20, loose: 10}
    workers = [worker(home), worker(home)]
    try:
        seq = place.standings.read().seq
        for version in (tight, loose, tight):
            seq += 1
            place.standings.put(Standing(seq=seq, version=version, previous=loose))
            for process in workers:
                assert asked(process) == [[version, k[version]]] * 4
        # Activations while both are answering: whatever moment a request falls on, its decision is wholly of one bundle.
        decided, seq = under_activation(place, workers, (loose, tight), lines=5, seq=seq, pause=lambda: 0.2)
        assert len(decided) == 40
        assert set(decided) <= set(k.items())
        seq += 1
        place.standings.put(Standing(seq=seq, version=tight, previous=loose))
        for process in workers:
            assert asked(process) == [[tight, 20]] * 4
        # A bundle whose files were changed after its activation: both go on with the one before.
        rules = place.standings.folder(loose) / "access/rules.yaml"
        whole = rules.read_bytes()
        rules.write_bytes(whole + b"# changed\n")
        place.standings.put(Standing(seq=seq + 1, version=loose, previous=tight))
        for process in workers:
            assert asked(process) == [[tight, 20]] * 4
        assert home.run("check").returncode == 1
        fresh = worker(home)
        workers.append(fresh)
        assert asked(fresh) == [[tight, 20]] * 4
        rules.write_bytes(whole)
        place.standings.put(Standing(seq=seq + 2, version=loose, previous=tight))
        for process in workers:
            assert asked(process) == [[loose, 10]] * 4
    finally:
        for process in workers:
            process.communicate(timeout=30)
    alarms = home.json("audit", "search", "--type", "policy.load_failed")
    assert len(alarms["events"]) >= 2
