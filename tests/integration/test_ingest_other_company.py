"""A second invented company, whose files share no name, column, code, delimiter or date format with the demo's, loads by mapping alone."""

from __future__ import annotations

import csv
import json
import random
import stat
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from governance.identity.keys import KeyRing
from governance.ingest import Places, ingest

if TYPE_CHECKING:
    from governance.ingest import LoadReport

NOW = datetime(2026, 11, 15, 9, 30)
SCHEMA = Path(__file__).parents[2] / "policies" / "warehouse" / "schema.yaml"

FILES: dict[str, tuple[str, str]] = {
    "hco_master.csv": (
        "utf-8",
        ("hco_no;hco;also_known_as;grade;prov;town;zone\n"
        "H-01;临江市第一人民医院;临江一院/江一院;3;浙江;杭州;East\n"
        "H-02;北原大学附属医院;北原附院;3;北京;北京;North\n"
        "H-03;南溪社区卫生服务中心;;1;广东;广州;South\n"),
    ),
    "field_force.txt": (
        "gb18030",
        "员工号|员工姓名|手机|小组|片区\nB100|赵敏|13911112222|一组|杭州东\nB200|钱枫|13911113333|二组|北京西\n",
    ),
    "客户主档.csv": (
        "utf-16",
        ("客户号,医生姓名,电话,邮箱,执业证,单位,科别,职务,评级,重点,从业年限,备注\n"
        "1001,张伟,139 0000 0001,ZHANG.WEI@LJ.EXAMPLE,110310105012341,临江一院,心内,主任,甲,Y,25,私人微信 zw_880\n"
        "1002,張偉,,,110310105012342,北原附院,心内,主治,乙,N,8,\n"
        "1003,李娜,13900000003,li.na@lj.example,110310105012343,临江市第一人民医院,内分泌,副主任,甲,Y,15年,\n"
        "1004,买买提·艾山,13900000004,,110310105012344,北原大学附属医院,心内,主任,丙,N,,\n"
        "1003,李娜,13900000003,li.na@lj.example,110310105012343,临江市第一人民医院,内分泌,副主任,甲,Y,15年,\n"
        "1009,李娜,,li.na@lj.example,110310105012343,南溪社区卫生服务中心,内分泌,主任,甲,Y,16,\n"
        "T999,测试客户,13900000099,,,临江一院,心内,主任,丁,N,1,\n"),
    ),
    "owners.csv": ("utf-8", "cust,emp,since,until\n1001,B100,01/07/2026,\n1002,B200,01/07/2026,01/10/2026\n"),
    "calls_q3.csv": (
        "utf-8",
        ("Ref,Customer,Employee,Kind,State,When,Minutes,Brand,Goal,Goal reached\n"
        "c1,1001,B100,1,done,03-Jul-2026 02:05 PM,25 min,Brand X,teach,yes\n"
        "c2,1003,B100,2,no show,04-Jul-2026 10:00 AM,,Brand Y,,\n"
        "c3,1001,B100,1,cancelled,05-Jul-2026 10:00 AM,,Brand X,,\n"),
    ),
    "calls_q4.csv": (
        "utf-8",
        ("Ref,Customer,Employee,Kind,State,When,Minutes,Brand,Goal,Goal reached\n"
        "c4,1009,B777,1,done,03-Oct-2026 09:30 AM,1e1 min,Brand X,teach,no\n"
        "c5,8888,B100,1,done,03-Oct-2026 09:30 AM,10 min,Brand X,,\n"
        "c6,1002,B200,1,done,soon,10 min,Brand X,,\n"
        "c7,1002,B200,9,done,03-Oct-2026 09:45 AM,10 min,Brand X,,\n"
        "c8,1002,B200,1,done\n"),
    ),
    "wecom_push.tsv": (
        "utf-8-sig",
        ("push\texternal_user\ttel\tsent\tarrived\tread\tleft\tclicked\ttheme\n"
        "p1\twmAAA\t＋８６１３９０００００００３\t2026-08-01T10:00:00+0800\t2026-08-01T10:00:01+0800\t2026-08-01T11:00:00+0800\t2026-08-01T11:01:30+0800\t\t疗效\n"
        "p2\twmAAA\t\t2026-08-02T02:00:00+0000\t\t\t\t\t安全\n"
        "p3\twmBBB\t\t2026-08-02T10:00:00+0800\t\t\t\t\t安全\n"
        "p4\twmCCC\t13911112222\t2026-08-02T10:00:00+0800\t\t\t\t\t安全\n"),
    ),
    "sms_events.csv": (
        "utf-8",
        ("sms,number,what,at\n"
        "m1,0086-139-0000-0001,queued,1785556800\nm1,0086-139-0000-0001,ok,1785556805\nm1,0086-139-0000-0001,link,1785556899\n"
        "m2,一三九〇〇〇〇〇〇〇四,queued,1785556800\nm2,一三九〇〇〇〇〇〇〇四,failed,1785556805\n"
        "m3,12345,queued,1785556800\nm4,13900000004,ok,1785556805\n"),
    ),
    "沙龙签到.csv": (
        "gb18030",
        ("序号,姓名,单位,科别,职务,日期\n"
        "1,張偉 教授,北原附院,心内,主治,2026年9月5日\n"
        "2,张伟,江一院,心内,主任,2026年9月5日\n"
        "3,买买提•艾山,北原大学附属医院,心内,主任,2026年9月5日\n"
        "4,张伟,南溪社区卫生服务中心,心内,主任,2026年9月5日\n"
        "5,李娜,临江第一人民医院,内分泌,主任,2026年9月5日\n"
        "6,李娜,,内分泌,主任,2026年9月5日\n"),
    ),
    "poll.csv": (
        "utf-8",
        ("id,mail,brand,likes,recommends,level,at\n"
        "q1,Zhang.Wei@lj.example,Brand X,4,9,2,46300.5\nq2,li.na@LJ.example,Brand X,,11,,46300.25\nq3,li.na@LJ.example,Brand Y,5,,,46301\n"),
    ),
    "opt_in.csv": (
        "utf-8",
        "cust,use,yes_on,no_on\n1001,ANALYSIS,2026-01-05,2026-10-01 08:00\n1003,ANALYSIS,2026-01-05,2026-10-03 08:00\n1002,VISITS,2026-01-05,\n",
    ),
    "test_plan.csv": ("utf-8", "cust,arm,start,success\n1001,old,2026-08-01,\n1003,new,2026-08-01,2026-08-09\n"),
    "sell_out_wide.csv": (
        "utf-8",
        ("hospital,brand,2026-07,2026-08,2026-09,region total\n"
        'H-01,Brand X,"1,200.50",800,,x\nH-02,Brand X,1.5万,,,x\nH-02,Brand Y,,,,x\nH-77,Brand X,5,,,x\n'),
    ),
    "quota.csv": ("utf-8", "zone,brand,month,quota,contacts\nEast,Brand X,Jul-2026,1.2,300\n"),
    "budget.csv": (
        "utf-8",
        "zone,brand,via,month,cost\nEast,Brand X,sms,Jul-2026,(20.00)\nEast,Brand X,visit,Jul-2026,¥ 1 234\n",
    ),
}

MAPPINGS: dict[str, str] = {
    "codes": """
        codes:
          brand: {Brand X: 艾可宁, Brand Y: 贝舒}
          zone: {East: 华东, North: 华北, South: 华南}
          department: {心内: 心内科, 内分泌: 内分泌科}
          post: {主任: 主任医师, 副主任: 副主任医师, 主治: 主治医师}
    """,
    "hco": """
        files: hco_master.csv
        read: {delimiter: ";"}
        keys: {hospital_key: {code: hco_no, name: {column: [hco, also_known_as], split: /}}}
        load:
          - table: dim_hospital
            fields:
              hospital_name: hco
              hospital_level: {column: grade, map: {3: 三级, 2: 二级, 1: 一级}}
              province: prov
              city: town
              region: {column: zone, map: zone}
    """,
    "force": """
        files: field_force.txt
        read: {delimiter: "|", encodings: gb18030}
        keys: {rep_key: {employee: 员工号, name: 员工姓名, mobile: 手机}}
        load: [{table: dim_rep, fields: {team: 小组, territory: 片区}}]
    """,
    "customers": """
        files: 客户主档.csv
        keys:
          hcp_key: {crm_id: 客户号, license: 执业证, email: 邮箱, mobile: 电话, name: 医生姓名}
          hospital_key: {name: 单位}
        drop:
          - {rule: test_records, where: [{column: 评级, in: 丁}]}
          - {rule: same_row_again, when: duplicate}
        load:
          - table: dim_hcp
            latest: {by: {column: 客户号, times: epoch_s}, rule: earlier_number}
            fields:
              region: {lookup: dim_hospital.region}
              province: {lookup: dim_hospital.province}
              city: {lookup: dim_hospital.city}
              specialty: {column: 科别, map: department}
              title: {column: 职务, map: post}
              segment: {column: 评级, map: {甲: A, 乙: B, 丙: C}}
              years_in_practice_band: {column: 从业年限, strip: 年, bands: [{below: 10, label: 10年以下}, {label: 10年以上}]}
              is_target: 重点
        ignore: {备注: free text}
    """,
    "owners": """
        files: owners.csv
        keys: {hcp_key: {crm_id: cust}, rep_key: {employee: emp}}
        load: [{table: dim_assignment, fields: {valid_from: {column: since, times: "%d/%m/%Y"}, valid_to: {column: until, times: "%d/%m/%Y"}}}]
    """,
    "calls": """
        files: calls_q*.csv
        keys: {hcp_key: {crm_id: Customer}, rep_key: {employee: Employee}}
        drop: [{rule: cancelled, where: [{column: State, in: cancelled}]}]
        load:
          - table: fct_touch
            fields:
              touch_id: {id: Ref}
              channel: {column: Kind, map: {1: 面对面拜访, 2: 线上拜访}}
              product: {column: Brand, map: brand}
              occurred_at: {column: When, times: "%d-%b-%Y %I:%M %p"}
              duration_s: {column: Minutes, strip: min, scale: 60}
              delivered: {column: State, is_true: done}
              objective: {column: Goal, map: {teach: 教育}}
              objective_met: Goal reached
    """,
    "push": """
        files: wecom_push.tsv
        read: {delimiter: "\\t"}
        keys: {hcp_key: {account_wecom: external_user, mobile: tel}}
        load:
          - table: fct_touch
            fields:
              touch_id: {id: push}
              channel: {constant: 企业微信}
              occurred_at: {column: sent, times: "%Y-%m-%dT%H:%M:%S%z"}
              delivered: {present: arrived}
              opened: {present: read}
              clicked: {present: clicked}
              duration_s: {seconds_between: [read, left], times: "%Y-%m-%dT%H:%M:%S%z"}
              campaign: {column: theme, map: {疗效: 疗效月}, otherwise: keep}
    """,
    "sms": """
        files: sms_events.csv
        keys: {hcp_key: {mobile: number}}
        fold:
          rule: events_of_one_sms
          by: sms
          anchor: [{column: what, in: queued}]
          collect:
            arrived: {how: any, where: [{column: what, in: [ok, link]}]}
            followed: {how: any, where: [{column: what, in: link}]}
        load:
          - table: fct_touch
            fields:
              touch_id: {id: sms}
              channel: {constant: 短信}
              occurred_at: {column: at, times: epoch_s}
              delivered: arrived
              clicked: followed
    """,
    "salon": """
        files: 沙龙签到.csv
        keys: {hcp_key: {name: 姓名}, hospital_key: {name: 单位}}
        traits: {specialty: {column: 科别, map: department}, title: {column: 职务, map: post}}
        load:
          - table: fct_touch
            fields:
              touch_id: {id: [序号, 日期]}
              channel: {constant: 沙龙}
              occurred_at: {column: 日期, times: "%Y年%m月%d日"}
              delivered: {constant: true}
    """,
    "poll": """
        files: poll.csv
        keys: {hcp_key: {email: mail}}
        load:
          - table: fct_survey
            fields:
              response_id: {id: id}
              product: {column: brand, map: brand}
              score: likes
              nps: {column: recommends, range: [0, 10], otherwise: empty}
              answered_at: {column: at, times: excel}
          - table: fct_stage
            when: [{column: level, empty: false}]
            fields:
              product: {column: brand, map: brand}
              stage: {column: level, map: {1: 知晓, 2: 认可}}
              stage_rank: level
              entered_at: {column: at, times: excel}
    """,
    "opt_in": """
        files: opt_in.csv
        keys: {hcp_key: {crm_id: cust}}
        load:
          - table: fct_consent
            fields:
              purpose: {column: use, map: {ANALYSIS: market_analysis, VISITS: visit_preparation}}
              granted_at: yes_on
              withdrawn_at: no_on
    """,
    "trial": """
        files: test_plan.csv
        keys: {hcp_key: {crm_id: cust}}
        load:
          - table: fct_experiment
            fields:
              experiment: {constant: 新版邀请}
              variant: {column: arm, map: {old: A, new: B}}
              assigned_at: start
              converted_at: success
    """,
    "sell_out": """
        files: sell_out_wide.csv
        keys: {hospital_key: {code: hospital}}
        unpivot: {columns: '\\d{4}-\\d{2}', header: month_of, cell: amount}
        load:
          - table: fct_sales
            fields: {product: {column: brand, map: brand}, month: month_of, revenue_cny: amount}
    """,
    "quota": """
        files: quota.csv
        load:
          - table: fct_target
            fields:
              region: {column: zone, map: zone}
              product: {column: brand, map: brand}
              month: {column: month, times: "%b-%Y"}
              target_revenue_cny: {column: quota, scale: 1000000}
              planned_touches: contacts
    """,
    "budget": """
        files: budget.csv
        load:
          - table: fct_spend
            fields:
              region: {column: zone, map: zone}
              product: {column: brand, map: brand}
              channel: {column: via, map: {sms: 短信, visit: 面对面拜访}}
              month: {column: month, times: "%b-%Y"}
              spend_cny: amount_missing
    """.replace("amount_missing", "cost"),
    "content": """
        files: library.csv
        required: false
        keys: {content_key: {code: id}}
        load: [{table: dim_content, fields: {title: title}}]
    """,
}


def _dedent(text: str) -> str:
    lines = text.strip("\n").split("\n")
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[margin:] for line in lines)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("other")
    (root / "exports").mkdir()
    for name, (encoding, text) in FILES.items():
        (root / "exports" / name).write_bytes(text.encode(encoding))
    (root / "bundle" / "extracts").mkdir(parents=True)
    (root / "bundle" / "warehouse").mkdir()
    (root / "bundle" / "warehouse" / "schema.yaml").write_bytes(SCHEMA.read_bytes())
    for name, text in MAPPINGS.items():
        head = "format: 1\n" + ("" if name == "codes" else f"extract: {name}\n")
        (root / "bundle" / "extracts" / f"{name}.yaml").write_text(head + _dedent(text) + "\n", encoding="utf-8")
    return root


def _load(home: Path, seed: int = 1) -> LoadReport:
    chance = random.Random(seed)
    keys = KeyRing.ensure(home / "keys", random.Random(0).randbytes)
    return ingest(
        home / "exports",
        bundle_folder=home / "bundle",
        places=Places(home=home),
        keys=keys,
        now=NOW,
        random=chance.randbytes,
        largest_minimum_group=10,
        write_links=True,
    )


@pytest.fixture(scope="module")
def report(home: Path) -> LoadReport:
    return _load(home)


@pytest.fixture
def ask(home: Path, report: LoadReport):
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def _extract(report: LoadReport, name: str):
    return next(item for item in report.extracts if item.extract == name)


def _links(home: Path, report: LoadReport) -> dict[tuple[str, int], str]:
    with (home / "ingest" / report.load_id / "links.csv").open(encoding="utf-8") as stream:
        return {(line["source"], int(line["row"])): line["hcp_key"] for line in csv.DictReader(stream)}


def test_every_row_is_loaded_held_back_dropped_or_folded(report: LoadReport) -> None:
    for item in report.extracts:
        kept = item.loaded + sum((*item.quarantined.values(), *item.dropped.values(), *item.folded.values()))
        assert kept == item.rows, item.extract
    lines = {name: text.count("\n") - 1 for name, (_, text) in FILES.items()}
    assert sum(item.rows for item in report.extracts) == sum(lines.values())


def test_the_register_becomes_one_row_a_doctor_with_the_latest_record(report: LoadReport, ask) -> None:
    item = _extract(report, "customers")
    assert (item.loaded, item.dropped, item.folded) == (
        4,
        {"test_records": 1, "same_row_again": 1},
        {"earlier_number": 1},
    )
    rows = ask(
        "SELECT region, city, specialty, title, segment, years_in_practice_band, is_target FROM dim_hcp ORDER BY ALL"
    )
    assert rows == [
        ("华东", "杭州", "心内科", "主任医师", "A", "10年以上", True),
        ("华北", "北京", "心内科", "主任医师", "C", None, False),
        ("华北", "北京", "心内科", "主治医师", "B", "10年以下", False),
        ("华南", "广州", "内分泌科", "主任医师", "A", "10年以上", True),
    ]


def test_visits_of_two_files_load_with_their_own_dates_numbers_and_flags(report: LoadReport, ask) -> None:
    item = _extract(report, "calls")
    assert item.quarantined == {"unknown_person": 1, "bad_occurred_at": 1, "unknown_code_channel": 1, "broken_row": 1}
    assert item.dropped == {"cancelled": 1}
    assert item.unresolved == {"rep_key": 1}
    rows = ask(
        "SELECT channel, product, occurred_at, duration_s, delivered, objective, objective_met, rep_key IS NULL FROM fct_touch "
        "WHERE channel LIKE '%拜访' ORDER BY occurred_at"
    )
    assert rows == [
        ("面对面拜访", "艾可宁", datetime(2026, 7, 3, 14, 5), 1500, True, "教育", True, False),
        ("线上拜访", "贝舒", datetime(2026, 7, 4, 10, 0), None, False, None, None, False),
        ("面对面拜访", "艾可宁", datetime(2026, 10, 3, 9, 30), 600, True, "教育", False, True),
    ]


def test_wide_rows_and_event_rows_become_touches(report: LoadReport, ask) -> None:
    rows = ask(
        "SELECT channel, occurred_at, duration_s, delivered, opened, clicked, campaign FROM fct_touch "
        "WHERE channel IN ('企业微信', '短信') ORDER BY channel, occurred_at, delivered"
    )
    assert rows == [
        ("企业微信", datetime(2026, 8, 1, 10, 0), 90, True, True, False, "疗效月"),
        ("企业微信", datetime(2026, 8, 2, 10, 0), None, False, False, False, "安全"),
        ("短信", datetime(2026, 8, 1, 12, 0), None, False, None, False, None),
        ("短信", datetime(2026, 8, 1, 12, 0), None, True, None, True, None),
    ]
    assert _extract(report, "push").quarantined == {"unknown_person": 1, "shared_identifier": 1}
    sms = _extract(report, "sms")
    assert (sms.loaded, sms.folded, sms.quarantined) == (
        2,
        {"events_of_one_sms": 3},
        {"no_anchor_row": 1, "no_usable_identifier": 1},
    )


def test_rows_link_to_the_right_doctor_and_never_by_name_alone(home: Path, report: LoadReport) -> None:
    links = _links(home, report)
    master = {row: links["客户主档.csv", row] for row in range(1, 7)}
    assert master[3] == master[5] == master[6]
    assert len(set(master.values())) == 4
    assert ("客户主档.csv", 7) not in links
    assert links["calls_q4.csv", 1] == links["wecom_push.tsv", 1] == links["wecom_push.tsv", 2] == master[3]
    assert links["sms_events.csv", 3] == master[1]
    assert links["sms_events.csv", 4] == master[4]
    assert [links.get(("沙龙签到.csv", row)) for row in range(1, 7)] == [
        master[2],
        master[1],
        master[4],
        None,
        master[3],
        None,
    ]


def test_surveys_stages_consents_and_experiments_load(ask) -> None:
    assert ask("SELECT product, score, nps, answered_at FROM fct_survey ORDER BY answered_at") == [
        ("艾可宁", None, None, datetime(2026, 10, 5, 6)),
        ("艾可宁", 4.0, 9, datetime(2026, 10, 5, 12)),
        ("贝舒", 5.0, None, datetime(2026, 10, 6)),
    ]
    assert ask("SELECT product, stage, stage_rank, entered_at FROM fct_stage") == [
        ("艾可宁", "认可", 2, datetime(2026, 10, 5, 12))
    ]
    consents = ask("SELECT purpose, granted_at, withdrawn_at, effective_at FROM fct_consent ORDER BY ALL")
    assert consents == [
        ("market_analysis", datetime(2026, 1, 5), datetime(2026, 10, 1, 8), datetime(2026, 10, 9)),
        ("market_analysis", datetime(2026, 1, 5), datetime(2026, 10, 3, 8), datetime(2026, 10, 9)),
        ("visit_preparation", datetime(2026, 1, 5), None, None),
    ]
    assert ask("SELECT experiment, variant, assigned_at, converted_at FROM fct_experiment ORDER BY variant") == [
        ("新版邀请", "A", datetime(2026, 8, 1), None),
        ("新版邀请", "B", datetime(2026, 8, 1), datetime(2026, 8, 9)),
    ]


def test_repeated_month_columns_become_rows(report: LoadReport, ask) -> None:
    rows = ask("SELECT product, strftime(month, '%Y-%m-%d'), revenue_cny FROM fct_sales ORDER BY ALL")
    assert rows == [
        ("艾可宁", "2026-07-01", 1200.5),
        ("艾可宁", "2026-07-01", 15000.0),
        ("艾可宁", "2026-08-01", 800.0),
    ]
    item = _extract(report, "sell_out")
    assert (item.rows, item.loaded, item.dropped, item.quarantined) == (
        4,
        2,
        {"row_without_values": 1},
        {"unknown_hospital": 1},
    )
    assert item.records == {"fct_sales": 3}


def test_business_facts_without_a_doctor_load(ask) -> None:
    assert ask("SELECT region, product, month::VARCHAR, target_revenue_cny, planned_touches FROM fct_target") == [
        ("华东", "艾可宁", "2026-07-01", 1_200_000.0, 300)
    ]
    assert ask("SELECT channel, spend_cny FROM fct_spend ORDER BY channel") == [("短信", -20.0), ("面对面拜访", 1234.0)]


def test_a_column_that_no_mapping_names_is_reported_and_never_loads(report: LoadReport) -> None:
    assert "sell_out: the column 'region total' is not mapped and was left out" in report.warnings
    assert "content: no file; its rows are missing from this load" in report.warnings


def test_the_load_says_its_version_and_the_day_of_its_data(report: LoadReport, ask) -> None:
    assert ask("SELECT load_id, as_of::VARCHAR FROM wenshu_load") == [(report.load_id, "2026-10-06")]


def test_no_direct_identifier_is_in_any_file_but_the_vault_and_the_vault_shows_none(
    home: Path, report: LoadReport
) -> None:
    secrets = [
        "13900000001",
        "13900000003",
        "110310105012341",
        "zhang.wei@lj.example",
        "张伟",
        "張偉",
        "买买提",
        "赵敏",
        "wmAAA",
        "zw_880",
    ]
    written = [home / "warehouse.duckdb", home / "vault.db", *(home / "ingest" / report.load_id).iterdir()]
    for path in written:
        raw = path.read_bytes().lower()
        assert [secret for secret in secrets if secret.lower().encode() in raw] == [], path.name


def test_private_files_are_private(home: Path, report: LoadReport) -> None:
    folder = home / "ingest" / report.load_id
    for path in (folder / "links.csv", folder / "quarantine.csv", home / "vault.db", *(home / "keys").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    held = (folder / "quarantine.csv").read_text(encoding="utf-8").splitlines()
    assert "calls_q4.csv,3,bad_occurred_at" in held
    assert "calls_q4.csv,5,broken_row" in held


def test_the_report_is_written_as_it_is_returned(home: Path, report: LoadReport) -> None:
    written = json.loads((home / "ingest" / report.load_id / "report.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(report.to_json()))


def test_loading_again_gives_every_doctor_the_same_pseudonym(home: Path, report: LoadReport) -> None:
    first = _links(home, report)
    again = _load(home, seed=2)
    assert again.load_id != report.load_id
    assert _links(home, again) == first
