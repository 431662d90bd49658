"""What was planted on purpose in the demo company, measured from its files and its truth alone."""

from __future__ import annotations

import pandas as pd

from tests.unit.demo_company import company, plain_mobile

DOTS = "·•‧・．"


def _names_by_person() -> pd.DataFrame:
    return company().records()[["name", "hospital_code", "department", "title"]]


def test_at_least_two_in_a_hundred_doctors_share_name_and_hospital_with_another():
    people = _names_by_person()
    shared = people.duplicated(["name", "hospital_code"], keep=False)
    assert 0.02 <= shared.mean() <= 0.05
    wholly = people.duplicated(["name", "hospital_code", "department", "title"], keep=False)
    assert 0 < wholly.mean() < shared.mean() / 4


def test_some_doctors_have_two_records_and_nearly_all_of_them_share_a_strong_identifier():
    hcp = company().read("crm_hcp")
    twice = hcp[hcp.duplicated("person", keep=False)]
    assert 0.012 <= twice.person.nunique() / hcp.person.nunique() <= 0.018
    linked = 0
    for _, pair in twice.groupby("person"):
        assert len(pair) == 2
        linked += any(
            pair[c].iloc[0] != "" and pair[c].iloc[0] == pair[c].iloc[1] for c in ("license_no", "mobile", "email")
        )
    assert linked / twice.person.nunique() > 0.8


def test_five_in_a_hundred_doctors_changed_their_mobile_and_the_old_one_is_in_other_channels():
    demo = company()
    seen: dict[str, set[str]] = {}
    staff = set(demo.read("reps").mobile)
    hcp = demo.read("crm_hcp")
    owners = hcp[hcp.mobile != ""].groupby("mobile").person.nunique()
    shared = set(owners[owners > 1].index) | staff
    for name, column in (
        ("crm_hcp", "mobile"),
        ("wechat_messages", "mobile"),
        ("survey_responses", "mobile"),
        ("webinar_attendance", "手机号"),
    ):
        frame = demo.read(name)
        for person, number in zip(frame.person, frame[column].map(plain_mobile), strict=True):
            if number and number not in shared:
                seen.setdefault(person, set()).add(number)
    changed = sum(len(numbers) > 1 for person, numbers in seen.items() if person.startswith("H"))
    assert 0.035 <= changed / hcp.person.nunique() <= 0.075


def test_about_three_in_a_hundred_phones_are_shared_or_a_representatives_own():
    demo = company()
    hcp = demo.read("crm_hcp")
    phones = hcp[hcp.mobile != ""]
    owners = phones.groupby("mobile").person.nunique()
    odd = phones.mobile.isin(set(owners[owners > 1].index)) | phones.mobile.isin(set(demo.read("reps").mobile))
    assert 0.025 <= odd.mean() <= 0.05
    assert phones.mobile.isin(set(demo.read("reps").mobile)).mean() > 0.008
    ward = phones[
        phones.mobile.isin(set(owners[owners > 1].index)) & ~phones.mobile.isin(set(demo.read("reps").mobile))
    ]
    assert ward.groupby("mobile").hospital_code.nunique().lt(2).mean() > 0.9


def test_typed_names_and_hospitals_carry_errors_aliases_traditional_characters_and_other_dots():
    demo = company()
    hospitals = demo.read("hospitals")
    names = set(hospitals.name)
    aliases = {alias for text in hospitals.aliases for alias in text.split("|")}
    people = demo.records()
    for name, who, where in (("webinar_attendance", "姓名", "医院"), ("congress_attendance", "姓名", "单位")):
        frame = demo.read(name)
        frame = frame[frame.person.str.startswith("H")]
        real = frame.person.map(people.name)
        other_name = frame[who] != real
        unknown_place = ~frame[where].isin(names | aliases)
        assert 0.03 <= (other_name | unknown_place).mean() <= 0.12, name
        assert 0.15 <= frame[where].isin(aliases).mean() <= 0.35, name
        assert frame[where].str.contains("醫院|中心醫|總").any(), name


def test_minority_names_come_with_several_middle_dots():
    demo = company()
    people = demo.records()
    dotted = people.name[people.name.str.contains("·")]
    assert 0.005 <= len(dotted) / len(people) <= 0.03
    typed = demo.read("webinar_attendance")
    typed = typed[typed.person.isin(dotted.index)]["姓名"]
    assert sum(typed.str.contains(dot, regex=False).any() for dot in DOTS) >= 4


def test_mobiles_are_typed_with_blanks_dashes_country_code_and_full_width_digits():
    typed = company().read("webinar_attendance")["手机号"]
    for pattern, least in (
        (r"\d \d", 0.1),
        (r"\d-\d", 0.03),
        (r"^\+86", 0.05),
        (r"^0086", 0.01),
        (r"[０-９]{11}", 0.04),
    ):
        assert typed.str.contains(pattern).mean() > least, pattern
    assert 0.02 <= (typed == "").mean() <= 0.06


def test_doctors_changed_hospital_and_typed_the_old_one_before():
    demo = company()
    hcp = demo.read("crm_hcp")
    moved = hcp[hcp.previous_hospital_code != ""]
    assert 0.008 <= len(moved) / len(hcp) <= 0.025
    assert (moved.previous_hospital_code != moved.hospital_code).all()
    names = demo.read("hospitals").set_index("hospital_code").name
    typed = demo.read("webinar_attendance").merge(moved[["person", "previous_hospital_code"]], on="person")
    assert (typed["医院"] == typed.previous_hospital_code.map(names)).any()


def test_visits_hold_a_small_known_share_of_rows_that_cannot_be_loaded():
    demo = company()
    visits = demo.read("crm_visits")
    copies = visits.duplicated(keep="first")
    assert 0.003 <= copies.mean() <= 0.005
    assert visits.visit_id.duplicated().sum() == copies.sum()
    single = visits[~copies]
    assert 0.001 <= (single.start_time == "").mean() <= 0.003
    bad = pd.to_datetime(single.start_time, format="%Y/%m/%d %H:%M", errors="coerce").isna() & (single.start_time != "")
    assert 0.001 <= bad.mean() <= 0.003
    assert 0.0015 <= (~single.crm_id.isin(demo.read("crm_hcp").crm_id)).mean() <= 0.005
    assert 0.015 <= (single.product_code == "").mean() <= 0.025
    odd = (single.duration_min != "") & ~single.duration_min.str.fullmatch(r"\d+")
    assert 0.0003 <= odd.mean() <= 0.002


def test_every_channel_meets_people_whom_the_crm_does_not_know():
    truth = company().truth()
    share = truth.true_hcp_id.str.startswith("X").groupby(truth.source).mean()
    for source in (
        "wechat_messages.csv",
        "webinar_attendance.csv",
        "congress_attendance.csv",
        "email_events.csv",
        "call_center.csv",
    ):
        assert 0 < share[source] < 0.03, source
    assert share["crm_hcp.csv"] == 0


def test_notes_and_comments_hold_names_and_phone_numbers():
    demo = company()
    visits = demo.read("crm_visits")
    assert visits.note.str.contains(r"1[3-9]\d{9}").sum() > 50
    named = visits[visits.person.str.startswith("H")]
    name = named.person.map(demo.records().name)
    assert sum(n in note for n, note in zip(name, named.note, strict=True)) > 100
    assert demo.read("survey_responses").comment.str.contains(r"1[3-9]\d{9}").any()
    assert demo.read("crm_visits").note.str.contains("不良反应").any()


def test_linking_by_strong_identifiers_alone_reaches_most_rows_and_errs_on_none():
    """A plain linker (numbers of one owner only) is right wherever it decides: the plants mislead only the careless."""
    demo = company()
    hcp = demo.read("crm_hcp")
    owners = hcp[hcp.mobile != ""].groupby("mobile").person.agg(["nunique", "first"])
    staff = set(demo.read("reps").mobile)
    phone = {m: p for m, p in owners[owners["nunique"] == 1]["first"].items() if m not in staff}
    union = dict(zip(hcp.unionid[hcp.unionid != ""], hcp.person[hcp.unionid != ""], strict=True))
    for name, column in (("webinar_attendance", "手机号"), ("call_center", "phone"), ("survey_responses", "mobile")):
        frame = demo.read(name)
        found = frame[column].map(plain_mobile).map(phone)
        if "unionid" in frame:
            found = found.fillna(frame.unionid.map(union))
        assert found.notna().mean() > 0.8, name
        decided = frame.person[found.notna()]
        assert (decided == found[found.notna()]).all(), name
