"""Who is whom: what links, and above all what must not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.identity.evidence import NONE, Evidence, Interner
from governance.identity.linking import REASONS, Linker, Links
from governance.identity.scoring import score

KINDS = ("crm_id", "license", "unionid", "email", "mobile")


class Case:
    """A little register and channels, written as dictionaries."""

    def __init__(self, *records: dict[str, str], foreign: tuple[tuple[str, str], ...] = ()) -> None:
        self.nodes: Interner[tuple[str, str]] = Interner()
        self.names: Interner[str] = Interner()
        self.words: Interner[str] = Interner()
        self.foreign = foreign
        self.records = records

    def evidence(self, source: str, rows: tuple[dict[str, str], ...]) -> Evidence:
        def column(field: str, make) -> np.ndarray:
            return np.array([make(row[field]) if field in row else NONE for row in rows], dtype=np.int64)

        return Evidence(
            source=source,
            rows=len(rows),
            identifiers=tuple((kind, column(kind, lambda v, k=kind: self.nodes.add((k, v)))) for kind in KINDS),
            names=(column("name", self.names.add),),
            place=column("place", self.words.add),
            former=(column("former", self.words.add),),
            traits={"specialty": column("specialty", self.words.add), "title": column("title", self.words.add)},
        )

    def link(self, *rows: dict[str, str]) -> Links:
        register = self.evidence("crm", self.records)
        channel = self.evidence("channel", rows)
        blocked = frozenset(self.nodes.add(pair) for pair in self.foreign)
        return Linker(register, self.nodes, self.names, blocked).link([channel])


def _people(links: Links) -> list[int]:
    return links.rows["crm"].person.tolist()


def _rows(links: Links) -> list[int | str]:
    linked = links.rows["channel"]
    return [
        person if person != NONE else REASONS[reason]
        for person, reason in zip(linked.person.tolist(), linked.reason.tolist(), strict=True)
    ]


ZHANG = {
    "crm_id": "C1",
    "license": "L1",
    "mobile": "13800000001",
    "email": "z@x.cn",
    "unionid": "U1",
    "name": "张伟",
    "place": "一院",
    "specialty": "心内科",
    "title": "主任医师",
}
LI = {
    "crm_id": "C2",
    "license": "L2",
    "mobile": "13800000002",
    "name": "李娜",
    "place": "一院",
    "specialty": "心内科",
    "title": "主任医师",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_strong_identifier_links(kind: str) -> None:
    assert _rows(Case(ZHANG, LI).link({kind: ZHANG[kind]})) == [0]


def test_records_with_one_license_are_one_doctor() -> None:
    links = Case(ZHANG, {"crm_id": "C9", "license": "L1", "name": "张玮"}, LI).link({"crm_id": "C9"})
    assert _people(links) == [0, 0, 1]
    assert _rows(links) == [0]


def test_records_with_one_phone_and_one_name_are_one_doctor() -> None:
    assert _people(Case(ZHANG, {"crm_id": "C9", "mobile": "13800000001", "name": "张伟"}).link()) == [0, 0]


def test_records_with_two_licenses_are_two_doctors_whatever_else_they_share() -> None:
    assert _people(Case(ZHANG, {**ZHANG, "crm_id": "C9", "license": "L9"}).link()) == [0, 1]


def test_a_departments_phone_merges_nobody_and_links_nobody() -> None:
    shared = {"mobile": "13800000009"}
    links = Case({**ZHANG, **shared}, {**LI, **shared}).link(
        shared, {**shared, "name": "李娜"}, {**shared, "name": "王芳"}
    )
    assert _people(links) == [0, 1]
    assert _rows(links) == ["shared_identifier", 1, "shared_identifier"]


def test_a_representatives_phone_identifies_no_doctor() -> None:
    links = Case(ZHANG, LI, foreign=(("mobile", "13800000001"),)).link(
        {"mobile": "13800000001"}, {"mobile": "13800000001", "name": "张伟"}
    )
    assert _rows(links) == ["shared_identifier", "shared_identifier"]


def test_a_phone_under_another_name_does_not_link() -> None:
    assert _rows(Case(ZHANG, LI).link({"mobile": "13800000001", "name": "王芳"})) == ["shared_identifier"]


def test_a_phone_under_a_mistyped_name_links() -> None:
    assert _rows(Case(ZHANG, LI).link({"mobile": "13800000001", "name": "张玮"})) == [0]


def test_what_a_row_teaches_links_other_rows() -> None:
    links = Case(ZHANG, LI).link(
        {"unionid": "U7"},
        {"unionid": "U7", "mobile": "13800000002"},
        {"mobile": "13900000000", "unionid": "U7"},
        {"mobile": "13900000000"},
    )
    assert _rows(links) == [1, 1, 1, 1]


def test_an_identifier_taught_for_two_doctors_links_neither() -> None:
    links = Case(ZHANG, LI).link(
        {"unionid": "U7", "mobile": "13800000001"}, {"unionid": "U7", "mobile": "13800000002"}, {"unionid": "U7"}
    )
    assert _rows(links)[2] == "shared_identifier"


def test_strong_identifiers_that_contradict_each_other_decide_nothing() -> None:
    assert _rows(Case(ZHANG, LI).link({"crm_id": "C1", "license": "L2"})) == ["conflicting_identifiers"]


def test_a_strong_identifier_outweighs_a_phone() -> None:
    assert _rows(Case(ZHANG, LI).link({"unionid": "U1", "mobile": "13800000002"})) == [0]


def test_an_unknown_number_is_an_unknown_person_and_nothing_is_no_identifier() -> None:
    assert _rows(Case(ZHANG).link({"mobile": "13700000000"}, {})) == ["unknown_person", "no_usable_identifier"]


def test_a_name_in_a_place_links_when_only_one_doctor_fits() -> None:
    row = {"name": "张伟", "place": "一院", "specialty": "心内科", "title": "主任医师"}
    assert _rows(Case(ZHANG, LI).link(row, {**row, "place": "二院"}, {"name": "张伟"}, {**row, "specialty": "全科"})) == [
        0, "unlinked_name", "unlinked_name", "unlinked_name",
    ]  # fmt: skip


def test_two_doctors_of_one_name_in_one_place_are_told_apart_by_department_then_title_or_not_at_all() -> None:
    twin = {**ZHANG, "crm_id": "C3", "license": "L3", "mobile": "13800000003", "email": "t@x.cn", "unionid": "U3"}
    row = {"name": "张伟", "place": "一院"}
    assert _rows(Case(ZHANG, {**twin, "specialty": "全科"}).link({**row, "specialty": "全科"}, row)) == [
        1,
        "unlinked_name",
    ]
    assert _rows(
        Case(ZHANG, {**twin, "title": "住院医师"}).link({**row, "specialty": "心内科", "title": "住院医师"})
    ) == [1]
    assert _rows(Case(ZHANG, twin).link({**row, "specialty": "心内科", "title": "主任医师"})) == ["unlinked_name"]


def test_a_doctor_is_also_found_in_the_hospital_before() -> None:
    assert _rows(Case({**ZHANG, "former": "二院"}).link({"name": "张伟", "place": "二院", "specialty": "心内科"})) == [
        0
    ]


def test_order_of_rows_does_not_change_who_is_whom() -> None:
    rows = [
        {"unionid": "U7", "mobile": "13800000002"},
        {"unionid": "U7"},
        {"mobile": "13700000000", "unionid": "U7"},
        {"mobile": "13700000000"},
    ]
    assert _rows(Case(ZHANG, LI).link(*rows)) == _rows(Case(ZHANG, LI).link(*rows[::-1]))[::-1] == [1, 1, 1, 1]


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.sampled_from("abc")), st.sampled_from(["H1", "H2", "X1"])), max_size=12)
)
def test_the_score_counts_pairs(rows: list[tuple[str | None, str]]) -> None:
    pairs = [(one, other) for index, one in enumerate(rows) for other in rows[:index]]
    linked = [(one, other) for one, other in pairs if one[0] is not None and one[0] == other[0]]
    right = [(one, other) for one, other in linked if one[1] == other[1]]
    true = [(one, other) for one, other in pairs if one[1] == other[1] and one[1].startswith("H")]
    found = score(rows)
    assert found.precision == (len(right) / len(linked) if linked else 1.0)
    assert found.recall == (sum(1 for one, _ in right if one[1].startswith("H")) / len(true) if true else 1.0)
    assert (found.rows, found.linked_rows) == (len(rows), sum(1 for key, _ in rows if key))
