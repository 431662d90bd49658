"""The commands as people type them: the demo's first questions, exit statuses, bad input of every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.fixtures.home import TODAY, DemoHome, copied_home

REGIONS = {"华东", "华北", "华南", "华中", "西南", "西北", "东北"}


def test_marketing_asks_reach_by_region_and_gets_numbers_with_a_receipt_that_verifies(demo_home: DemoHome):
    answer = demo_home.json("ask", "上个月各大区的触达率", "--as", "market")
    assert answer["status"] == "answered"
    assert answer["query"]["metrics"] == ["reach_rate"]
    assert answer["query"]["period"] == {"start": "2026-10-01", "end": "2026-11-01"}
    assert {row[0] for row in answer["rows"]} == REGIONS
    assert all(0.3 < row[1] < 0.95 for row in answer["rows"])
    assert answer["explanation"]["metrics"][0]["version"]
    found = demo_home.json("audit", "search", "--actor", "market")["events"]
    outcome = next(event for event in found if event["id"] == answer["receipt"]["event"])
    assert outcome["type"] == "outcome"
    assert outcome["index"] == answer["receipt"]["index"]
    assert any(event["type"] == "intent" and event["request"] == outcome["request"] for event in found)
    assert demo_home.json("audit", "verify")["verdict"] == "intact"


def test_reach_by_channel_in_one_region(demo_home: DemoHome):
    answer = demo_home.json("ask", "上个月华东各渠道的触达率", "--as", "market")
    assert answer["status"] == "answered"
    assert answer["query"]["where"] == [{"dimension": "region", "op": "in", "values": ["华东"]}]
    assert len(answer["rows"]) == 7


def test_top_five_specialties_in_english(demo_home: DemoHome):
    answer = demo_home.json("ask", "top 5 specialties by doctors reached last quarter", "--as", "market")
    assert answer["status"] == "answered"
    values = [row[1] for row in answer["rows"]]
    assert len(values) == 5
    assert values == sorted(values, reverse=True)
    assert answer["query"]["period"] == {"start": "2026-07-01", "end": "2026-10-01"}


@pytest.mark.parametrize(
    ("question", "user", "code"),
    [
        ("张伟医生开了多少康舒平", "market", "prescription_by_doctor"),
        ("各科室的销售额", "market", "prescription_by_doctor"),
        ("sales by doctor last month", "market", "prescription_by_doctor"),
        ("王芳医生上个月被拜访几次", "market", "identity_in_question"),
        ("上个月华南的触达率", "manager_east", "row_scope"),
        ("上个月的数据访问次数", "market", "metric_not_allowed"),
        ("去年的销售额", "medical", "metric_not_allowed"),
        ("上个月的触达率", "committee_a", "purpose_not_allowed"),
    ],
)
def test_what_must_be_refused_is_refused_with_its_reason_and_a_receipt(demo_home: DemoHome, question, user, code):
    answer = demo_home.json("ask", question, "--as", user, expect=(4,))
    assert answer["status"] == "refused"
    assert answer["refusal"]["code"] == code
    assert answer["refusal"]["message"]
    assert answer["rows"] == []
    assert answer["receipt"]["event"]


def test_a_person_named_in_a_question_is_nowhere_in_the_home(demo_home: DemoHome):
    name, mobile = "欧阳慧敏", "13912345678"
    demo_home.json("ask", f"{name}医生的手机{mobile}是谁的", "--as", "market", expect=(4, 5))
    demo_home.json("ask", f"上个月{name}主任的触达率", "--as", "market", "--conversation", "new", expect=(4, 5))
    for file in demo_home.path.rglob("*"):
        if file.is_file() and "demo" not in file.relative_to(demo_home.path).parts:
            data = file.read_bytes()
            assert name.encode() not in data, file.name
            assert mobile.encode() not in data, file.name


def test_a_manager_sees_the_own_region_only_and_reads_so(demo_home: DemoHome):
    answer = demo_home.json("ask", "上个月各大区的触达率", "--as", "manager_east")
    assert [row[0] for row in answer["rows"]] == ["华东"]
    assert any("本大区" in line for line in answer["explanation"]["policy"])


def test_a_representative_lists_own_doctors_under_pseudonyms(demo_home: DemoHome):
    query = json.dumps({"metrics": ["touches"], "group_by": ["hcp"]})
    answer = demo_home.json("query", "-", "--as", "rep_east_1", stdin=query)
    assert answer["status"] == "answered"
    assert len(answer["rows"]) > 3
    refused = demo_home.json("query", "-", "--as", "rep_east_1", "--purpose", "performance_review", stdin=query, expect=(4,))
    assert refused["refusal"]["code"] == "individual_level"


@pytest.mark.parametrize(("question", "status"), [("上个月转化率", 3), ("多少医生", 3), ("天气怎么样", 5), ("asdf qwer", 5), ("SELECT * FROM dim_hcp", 5)])
def test_what_is_unclear_asks_back_and_nonsense_is_not_understood(demo_home: DemoHome, question, status):
    assert demo_home.run("ask", question, "--as", "market").returncode == status


def test_a_dry_run_shows_query_decision_plan_and_sql_and_runs_nothing(demo_home: DemoHome):
    shown = demo_home.json("ask", "上个月各大区的触达率", "--as", "market", "--dry-run")
    assert shown["query"]["metrics"] == ["reach_rate"]
    assert shown["decision"]["minimum_group"]["k"] == 10
    assert any("SELECT" in statement.upper() for statement in shown["sql"])
    assert shown["plan"]


BAD = [
    (("ask", "触达率", "--as", "nobody"), "no user 'nobody'"),
    (("ask", "触达率", "--as", "marke"), "Did you mean market"),
    (("ask", "", "--as", "market"), "empty"),
    (("ask", "触达率", "--as", "market", "--purpose", "markt_analysis"), "Did you mean market_analysis"),
    (("query", "missing.json", "--as", "market"), "can't be read"),
    (("metrics", "show", "reach_rat"), "Did you mean reach_rate"),
    (("ingest", "no-such-folder"), "no-such-folder"),
    (("init", "--today", "tomorrow", "--demo"), ""),
    (("nonsense",), "No such command"),
    (("user", "add", "x", "--role", "marketting", "--name", "x"), "Did you mean marketing"),
    (("audit", "search", "--since", "yesterday"), "not a date"),
]


@pytest.mark.parametrize(("arguments", "told"), BAD, ids=[" ".join(item[0])[:40] for item in BAD])
def test_bad_input_gets_one_clear_line(demo_home: DemoHome, arguments, told):
    done = demo_home.run(*arguments)
    if arguments[0] == "init":
        assert done.returncode == 0  # an existing home is left alone before its options are looked at
        return
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"metrics": ["reach_rat"]}', "reach_rate"),
        ('{"metrics": ["reach_rate"', "neither JSON nor YAML"),
        ('{"metrics": ["reach_rate"], "group_by": ["regoin"]}', "region"),
        ('{"metrics": ["reach_rate"], "where": [{"dimension": "region", "op": "in", "values": ["华冬"]}]}', "Did you mean 华"),
        ("[1, 2]", "mapping"),
        ("metrics: [revenue]\nperiod: {start: 2026-10-02, end: 2026-10-20}", "2026-10-01"),
    ],
)
def test_a_query_that_can_not_be_asked_is_an_error_that_names_the_cause(demo_home: DemoHome, text, told):
    done = demo_home.run("query", "-", "--as", "market", stdin=text)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_init_twice_changes_nothing_and_says_so(demo_home: DemoHome):
    before = {path: path.stat().st_mtime_ns for path in demo_home.path.rglob("*") if path.is_file()}
    done = demo_home.run("init", "--demo")
    assert done.returncode == 0
    assert "nothing was changed" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in demo_home.path.rglob("*") if path.is_file()} == before


def test_check_finds_the_demo_home_fit_and_a_loose_key(demo_home: DemoHome, tmp_path):
    report = demo_home.json("check", expect=(0, 1))
    assert report["ok"], report
    home = DemoHome(tmp_path / "home", {})
    copied_home(demo_home, home.path)
    (home.path / "keys" / "ledger.pem").chmod(0o644)
    report = home.json("check", expect=(1,))
    assert any(not item["ok"] and "chmod" in item["mend"] for item in report["checks"])
    assert home.run("ask", "上个月的触达率", "--as", "market").returncode in (2, 4)


def test_without_a_ledger_there_is_no_answer(demo_home: DemoHome, tmp_path):
    home = DemoHome(tmp_path / "home", {})
    copied_home(demo_home, home.path)
    (home.path / "ledger.db").unlink()
    done = home.run("ask", "上个月的触达率", "--as", "market", "--json")
    assert done.returncode == 4
    assert "%" not in done.stdout
    assert "audit_unavailable" in done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a read-only mount needs root")
def test_a_read_only_disk_gives_a_clear_error_and_no_answer(demo_home: DemoHome, tmp_path):
    target = tmp_path / "mounted"
    target.mkdir()
    copy = tmp_path / "copy"
    copied_home(demo_home, copy)
    mounted = subprocess.run(["mount", "--bind", str(copy), str(target)], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("bind mounts are not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(target)], check=True)
        done = DemoHome(target, {}).run("ask", "上个月的触达率", "--as", "market")
        assert done.returncode in (2, 4)
        assert "Traceback" not in done.stderr
        assert "%" not in done.stdout
        made = DemoHome(target / "new", {}).run("init")
        assert made.returncode == 2
        assert "nothing was changed" in made.stderr
    finally:
        subprocess.run(["umount", str(target)], check=False)


def test_without_a_home_every_command_says_how_to_make_one(tmp_path):
    home = DemoHome(tmp_path / "nothing", {})
    for arguments in (("ask", "x", "--as", "market"), ("user", "list"), ("audit", "verify"), ("serve",), ("metrics", "list")):
        done = home.run(*arguments)
        assert done.returncode == 2
        assert "init" in done.stderr
    assert not home.path.exists()


def test_nothing_reaches_for_the_network(demo_home: DemoHome):
    probe = subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("network namespaces are not allowed here")
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", "from wenshu.cli import main; main()", "ask", "上个月各大区的触达率", "--as", "market"],
        env=demo_home.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]


def test_the_day_can_be_pinned(demo_home: DemoHome):
    assert demo_home.environment()["WENSHU_TODAY"] == TODAY
    answer = demo_home.json("ask", "本月触达次数", "--as", "market")
    assert answer["query"]["period"] == {"start": "2026-11-01", "end": "2026-11-16"}


def test_a_sign_in_is_in_the_ledger_and_an_unknown_name_is_not_kept(demo_home: DemoHome):
    code = (
        "from wenshu.settings import read_environment; from wenshu.home import Home; from wenshu.service import Service;"
        "e = read_environment(); s = Service.open(Home(e.home), e);"
        "s.record_sign_in('market', 'signed_in'); s.record_sign_in('my-secret-password', 'failed'); s.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=demo_home.environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    events = demo_home.json("audit", "search", "--type", "session")["events"]
    assert {(event["actor"], event["decision"]) for event in events} >= {("market", "signed_in"), ("unknown", "failed")}
    assert "my-secret-password" not in json.dumps(events)


def test_a_new_conversation_is_new_each_time_and_its_id_is_said(demo_home: DemoHome):
    begun = [demo_home.run("ask", "上个月触达率", "--as", user, "--conversation", "new") for user in ("market", "medical")]
    assert [done.returncode for done in begun] == [0, 0]
    ids = [done.stderr.split("conversation ")[1].split()[0] for done in begun]
    assert ids[0] != ids[1]
    followed = demo_home.json("ask", "各渠道呢", "--as", "market", "--conversation", ids[0])
    assert followed["query"]["group_by"] == ["channel"]
    wrong = demo_home.run("ask", "上个月触达率", "--as", "market", "--conversation", "欧阳慧敏")
    assert wrong.returncode == 2
    assert "欧阳" not in wrong.stderr
