"""The demo company's files: complete, deterministic, in the documented forms, and never later than today."""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.demo_company import DOCTOR_FILES, ENCODINGS, OTHER_FILES, company
from wenshu.demo import build

REGIONS = {"华东", "华北", "华南", "华中", "西南", "西北", "东北"}
# Codes as docs/reference/demo-extracts.md promises them.
CODES = {
    ("crm_hcp", "segment"): {"A", "B", "C", "D"},
    ("crm_hcp", "potential"): {"H", "M", "L"},
    ("crm_hcp", "is_target"): {"Y", "N"},
    ("crm_hcp", "title"): {"主任医师", "副主任医师", "主治医师", "住院医师"},
    ("crm_hcp", "department"): {
        *(
            "心血管内科",
            "心内科",
            "内分泌科",
            "内分泌代谢科",
            "肿瘤科",
            "肿瘤内科",
            "呼吸科",
            "呼吸与危重症医学科",
            "呼吸内科",
        ),
        *("神经内科", "神内", "肾内科", "肾脏内科", "消化科", "消化内科", "全科", "全科医学科"),
    },
    ("crm_visits", "visit_type"): {"F2F", "REMOTE"},
    ("crm_visits", "status"): {"HELD", "MISSED"},
    ("crm_visits", "product_code"): {"KSP", "TH", "AXN", "RFQ", ""},
    ("crm_visits", "objective_code"): {"INTRO", "EVID", "GUID", "CASE", "SAFE", ""},
    ("crm_visits", "objective_met"): {"1", "0", ""},
    ("crm_visits", "feedback_code"): {"POS", "NEU", "NEG", ""},
    ("wechat_messages", "product"): {"康舒平", "糖衡", "安欣宁", "瑞肺清"},
    ("wechat_messages", "opened"): {"0", "1"},
    ("webinar_attendance", "产品"): {"康舒平", "糖衡", "安欣宁", "瑞肺清", ""},
    ("congress_attendance", "到会"): {"是", "否"},
    ("email_events", "event"): {"sent", "delivered", "open", "click", "bounce"},
    ("email_events", "product"): {"Kangshuping", "Tangheng", "Anxinning", "Ruifeiqing"},
    ("call_center", "result_code"): {"C1", "C2", "N1", "N2", "N3", "X1"},
    ("call_center", "product"): {"P01", "P02", "P03", "P04", ""},
    ("survey_responses", "topic"): {"EFF", "SAF", "GUI", "CAS", "REI"},
    ("survey_responses", "stage_answer"): {
        *("没听说过", "听说过", "了解并认可", "尝试过", "常规使用", "会推荐给同行", ""),
    },
    ("consents", "purpose"): {
        *("MARKET_INSIGHT_ANALYTICS", "SALES_PERFORMANCE", "VISIT_PLANNING", "MEDICAL_RESEARCH_INSIGHT"),
    },
    ("experiment_assignments", "variant"): {"control", "treatment"},
    ("content", "type_code"): {"ART", "VID", "EDA", "SUR"},
    ("content", "topic_code"): {"EFF", "SAF", "GUI", "CAS", "REI"},
    ("hospitals", "level"): {"三级甲等", "三级乙等", "二级甲等", "二级乙等", "一级"},
    ("hospitals", "city_tier"): {"T1", "T1N", "T2", "T3"},
    ("hospitals", "region"): REGIONS,
    ("targets", "region"): {"EC", "NC", "SC", "CC", "SW", "NW", "NE"},
    ("targets", "product"): {"P01", "P02", "P03", "P04"},
    ("spend", "channel"): {"F2F", "REMOTE", "WECHAT", "WEBINAR", "CONGRESS", "EMAIL", "CALL"},
    ("sales_hospital_month", "产品编码"): {"KSP", "TH", "AXN", "RFQ"},
}


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.csv"))
    }


def test_the_same_seed_day_and_scale_give_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        build(tmp_path / name, seed=seed, today=date(2026, 11, 22), scale=0.01)
    assert _hashes(tmp_path / "one") == _hashes(tmp_path / "two")
    other = _hashes(tmp_path / "other")
    assert all(other[name] != digest for name, digest in _hashes(tmp_path / "one").items())


def test_building_again_replaces_the_earlier_company_and_leaves_nothing_else(tmp_path):
    build(tmp_path, seed=1, today=date(2026, 11, 22), scale=0.01)
    first = _hashes(tmp_path)
    build(tmp_path, seed=2, today=date(2026, 11, 22), scale=0.01)
    assert _hashes(tmp_path).keys() == first.keys()
    assert _hashes(tmp_path) != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extracts", "truth"]


@pytest.mark.parametrize(
    ("seed", "today", "scale", "says"),
    [
        (-1, date(2026, 11, 22), 1.0, "seed"),
        (1, date(2026, 11, 22), 0.0, "scale"),
        (1, date(2026, 11, 22), float("nan"), "scale"),
        (1, date(2026, 11, 22), 1e9, "scale"),
        (1, date(1999, 1, 1), 1.0, "give a day from"),
    ],
)
def test_a_company_that_cannot_be_is_refused_and_nothing_is_written(tmp_path, seed, today, scale, says):
    with pytest.raises(ValueError, match=says):
        build(tmp_path / "new", seed=seed, today=today, scale=scale)
    assert not (tmp_path / "new").exists()


def test_progress_names_every_file_once_and_ends_at_the_whole(tmp_path):
    told = []
    build(
        tmp_path, seed=1, today=date(2026, 11, 22), scale=0.01, progress=lambda name, share: told.append((name, share))
    )
    assert sorted(name for name, _ in told) == sorted(f"{name}.csv" for name in DOCTOR_FILES + OTHER_FILES)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_all_seventeen_extracts_have_the_documented_columns():
    demo = company()
    text = Path("docs/reference/demo-extracts.md").read_text(encoding="utf-8")
    assert sorted(p.stem for p in (demo.folder / "extracts").iterdir()) == sorted(DOCTOR_FILES + OTHER_FILES)
    for name in DOCTOR_FILES + OTHER_FILES:
        for column in demo.read(name).columns.drop("person", errors="ignore"):
            assert f"`{column}`" in text, (name, column)


def test_the_truth_has_one_line_for_every_row_of_every_doctor_extract_and_no_other():
    demo = company()
    truth = demo.truth()
    assert set(truth.source) == {f"{name}.csv" for name in DOCTOR_FILES}
    assert truth.true_hcp_id.str.fullmatch(r"[HX]\d{7}").all()
    for name in DOCTOR_FILES:
        assert "person" in demo.read(name).columns  # read() checks the row numbers


def test_one_file_is_gb18030_and_one_has_a_byte_order_mark():
    demo = company()
    for name in DOCTOR_FILES + OTHER_FILES:
        raw = (demo.folder / "extracts" / f"{name}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf") == (ENCODINGS.get(name) == "utf-8-sig"), name
        if name == "congress_attendance":
            with pytest.raises(UnicodeDecodeError):
                raw.decode("utf-8")
            raw.decode("gb18030")
        else:
            raw.decode("utf-8")


@pytest.mark.parametrize(("name", "column"), CODES)
def test_codes_are_the_documented_ones_and_each_is_used(name, column):
    assert set(company().read(name)[column]) == CODES[name, column]


def test_places_are_real_consistent_and_cover_the_country():
    hospitals = company().read("hospitals")
    assert set(hospitals.region) == REGIONS
    assert hospitals.province.nunique() >= 30
    assert hospitals.city.nunique() >= 60
    assert hospitals.groupby("province").region.nunique().max() == 1
    assert hospitals.groupby(["province", "city"]).city_tier.nunique().max() == 1
    assert not hospitals.province.str.contains("[省市]").any()
    assert not hospitals.city.str.endswith("市").any()
    assert set(hospitals.city[hospitals.city_tier == "T1"]) == {"北京", "上海", "广州", "深圳"}
    assert hospitals.name.is_unique


def test_identifiers_have_their_documented_form():
    demo = company()
    hcp, reps = demo.read("crm_hcp"), demo.read("reps")
    assert hcp.crm_id.is_unique
    assert hcp.crm_id.str.fullmatch(r"C\d{7}").all()
    assert hcp.mobile[hcp.mobile != ""].str.fullmatch(r"1[3-9]\d{9}").all()
    assert hcp.unionid[hcp.unionid != ""].str.fullmatch(r"o[\w-]{27}").all()
    assert (hcp.license_no.str.fullmatch(r"\d{15}")).mean() > 0.95
    assert hcp.email[hcp.email != ""].str.fullmatch(r"[a-z0-9._-]+@[a-z-]+\.example").all()
    assert hcp.hospital_code.isin(demo.read("hospitals").hospital_code).all()
    assert reps.rep_id.is_unique
    assert reps.rep_id.str.fullmatch(r"E\d{5}").all()
    assert reps.mobile.is_unique


@pytest.mark.parametrize("column", ["license_no", "email", "unionid"])
def test_a_strong_identifier_never_belongs_to_two_doctors(column):
    hcp = company().read("crm_hcp")
    kept = hcp[hcp[column] != ""]
    assert kept.groupby(column).person.nunique().max() == 1


def test_representatives_cover_doctors_of_their_own_region_and_a_record_has_one_at_a_time():
    demo = company()
    rows = demo.read("crm_assignments")
    region = demo.read("reps").set_index("rep_id").region
    place = demo.records().region
    assert (rows.rep_id.map(region).to_numpy() == rows.person.map(place).to_numpy()).all()
    now = rows[rows.end_date == ""]
    assert now.crm_id.is_unique
    ended = rows[rows.end_date != ""]
    assert (ended.start_date < ended.end_date).all()
    later = ended.merge(now, on="crm_id", suffixes=("", "_next"))
    assert (later.end_date == later.start_date_next).all()
    assert 0.05 < len(ended) / len(now) < 0.12


def test_visits_are_made_by_the_representative_of_the_day():
    demo = company()
    visits, rows = demo.read("crm_visits"), demo.read("crm_assignments")
    visits["day"] = pd.to_datetime(visits.start_time, format="%Y/%m/%d %H:%M", errors="coerce").dt.strftime("%Y%m%d")
    known = visits[visits.day.notna() & visits.person.str.startswith("H")]
    pairs = known.merge(rows[["person", "rep_id", "start_date", "end_date"]], on=["person", "rep_id"])
    right = pairs[(pairs.start_date <= pairs.day) & ((pairs.end_date == "") | (pairs.day < pairs.end_date))]
    assert right.visit_id.nunique() == known.visit_id.nunique()


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 10, 3), date(2027, 1, 1)])
def test_history_is_two_years_and_the_running_month_and_ends_today(today):
    demo = company(seed=5, today=today, scale=0.02)
    first = date(today.year - 2, today.month, 1)
    at = demo.touches()["at"].dropna()
    assert at.min().date() >= first
    assert at.min().date() <= first + timedelta(days=9)
    assert at.max().date() <= today
    assert at.max().date() >= today - timedelta(days=9)
    for name, columns in {
        "survey_responses": ["submitted_at"],
        "consents": ["granted_at", "withdrawn_at"],
        "experiment_assignments": ["assigned_at", "converted_at"],
        "crm_hcp": ["created_at", "updated_at"],
        "content": ["published_on"],
        "webinar_attendance": ["加入时间", "离开时间"],
    }.items():
        for column in columns:
            written = demo.read(name)[column]
            assert written[written != ""].max()[:10] <= today.isoformat(), (name, column)
    assignments = demo.read("crm_assignments")
    assert max(assignments.start_date.max(), assignments.end_date.max()) <= f"{today:%Y%m%d}"
    mails = pd.to_datetime(demo.read("email_events").event_time).dt.tz_convert("Asia/Shanghai")
    assert mails.max().date() <= today
    assert demo.read("spend").month.max() == f"{today:%Y/%m}"
    assert demo.read("sales_hospital_month")["月份"].max() == f"{today:%Y%m}"
    assert demo.read("sales_hospital_month")["月份"].min() == f"{first:%Y%m}"
    assert demo.read("targets").month.max() == f"{today.year}-12"


def test_scale_multiplies_doctors_and_touches_but_keeps_every_city_and_region():
    small, large = company(seed=5, today=date(2026, 11, 22), scale=0.02), company()
    ratio = len(large.records()) / len(small.records())
    assert ratio == pytest.approx(5, rel=0.01)
    assert len(large.touches()) / len(small.touches()) == pytest.approx(5, rel=0.1)
    assert set(small.read("reps").region) == REGIONS
    assert len(small.read("hospitals")) >= 60


def test_money_and_numbers_are_plain_decimals():
    demo = company()
    sales, spend, targets = demo.read("sales_hospital_month"), demo.read("spend"), demo.read("targets")
    money = re.compile(r"\d+\.\d{2}")
    assert sales["金额"].map(lambda text: bool(money.fullmatch(text))).all()
    assert spend.amount.map(lambda text: bool(money.fullmatch(text))).all()
    assert (sales["数量"].astype(int) > 0).all()
    assert (targets.planned_touches.astype(int) > 0).all()
    assert not sales.duplicated(["医院编码", "产品编码", "月份"]).any()
    assert not spend.duplicated(["region", "product", "channel", "month"]).any()
    assert not targets.duplicated(["region", "product", "month"]).any()
