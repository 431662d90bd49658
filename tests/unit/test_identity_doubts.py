"""Doubtful links: likeness links only what is beyond doubt, stewards decide the rest, and every decision can be taken back."""

from __future__ import annotations

import random

import numpy as np
import pytest

from governance.identity.doubts import Decision, Thresholds, Words
from governance.identity.evidence import NONE, Evidence, Interner
from governance.identity.linking import HOW, LIKENESS, STEWARD, Judge, Linker, Links

CHARS = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文辉力玲国志鹏飞雪梅晨宇轩涵欣怡佳琪"
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"


class Town:
    """A register of doctors with distinct names in forty hospitals, and rows that describe them with a phone or without."""

    def __init__(self, seed: int, doctors: int = 400) -> None:
        chance = random.Random(seed)
        self.nodes: Interner[tuple[str, str]] = Interner()
        self.names: Interner[str] = Interner()
        self.words: Interner[str] = Interner()
        seen: set[tuple[str, int]] = set()
        self.doctors: list[dict[str, object]] = []
        while len(self.doctors) < doctors:
            name = chance.choice(SURNAMES) + "".join(chance.sample(CHARS, 2))
            place = chance.randrange(40)
            if (name, place) not in seen:
                seen.add((name, place))
                number = len(self.doctors)
                self.doctors.append(
                    {"crm_id": f"C{number}", "mobile": f"138{number:08d}", "name": name, "place": place, "specialty": f"s{chance.randrange(8)}", "title": f"t{chance.randrange(4)}"}
                )

    def evidence(self, source: str, rows: list[dict[str, object]]) -> Evidence:
        def column(field: str, make) -> np.ndarray:
            return np.array([make(row[field]) if row.get(field) is not None else NONE for row in rows], dtype=np.int64)

        return Evidence(
            source=source,
            rows=len(rows),
            identifiers=tuple((kind, column(kind, lambda v, k=kind: self.nodes.add((k, v)))) for kind in ("crm_id", "license", "mobile")),
            names=(column("name", self.names.add),),
            place=column("place", int),
            traits={trait: column(trait, self.words.add) for trait in ("specialty", "title")},
        )

    def link(self, rows: list[dict[str, object]], decisions: dict[str, Decision] | None = None, **thresholds: float) -> Links:
        words = Words(
            names=self.names,
            place=lambda code: f"place {code}",
            trait=lambda _, code: self.words.things[code],
            digest=lambda *parts: "\0".join(parts).encode().ljust(20)[-20:] + "|".join(parts).encode(),
        )
        proved = [{key: doctor[key] for key in ("mobile", "name", "place", "specialty", "title")} for doctor in self.doctors]
        for row in proved[::15]:  # what people mistype is learnt from those whose phone says who they are
            row["name"] = _typo(row["name"])
        register, taught = self.evidence("crm", self.doctors), self.evidence("webinar", proved)
        judge = Judge(words=_hashed(words), thresholds=Thresholds(**thresholds), decisions=decisions or {})
        return Linker(register, self.nodes, self.names, frozenset(), judge).link([taught, self.evidence("congress", rows)])


def _hashed(words: Words) -> Words:
    import hashlib

    return Words(names=words.names, place=words.place, trait=words.trait, digest=lambda *parts: hashlib.sha256("\0".join(parts).encode()).digest())


def _described(doctor: dict[str, object], **other: object) -> dict[str, object]:
    return {key: doctor[key] for key in ("name", "place", "specialty", "title")} | other


def _typo(name: object) -> str:
    return str(name)[:2] + ("祎" if str(name)[2] != "祎" else "翀")


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(3)


def test_a_typing_error_in_a_place_links_when_everything_else_agrees_and_nobody_else_comes_near(town: Town) -> None:
    doctor = town.doctors[5]
    links = town.link([_described(doctor, name=_typo(doctor["name"]))])
    linked = links.rows["congress"]
    assert (linked.person.tolist(), HOW[linked.how[0]]) == ([5], "likeness")


def test_a_name_alone_never_links_and_makes_no_case(town: Town) -> None:
    doctor = next(d for d in town.doctors if sum(other["name"] == d["name"] for other in town.doctors) == 1)
    links = town.link([{"name": doctor["name"], "place": 99}, {"name": doctor["name"]}])
    assert links.rows["congress"].person.tolist() == [NONE, NONE]
    assert [case for case in links.doubts if case.kind == "row"] == []


def test_the_same_name_elsewhere_is_a_question_for_a_steward_at_most(town: Town) -> None:
    doctor = town.doctors[7]
    links = town.link([_described(doctor, place=99)], review=0.001)
    assert links.rows["congress"].person.tolist() == [NONE]
    assert {candidate.row for case in links.doubts if case.kind == "row" for candidate in case.candidates} >= {7}


def test_two_who_are_equally_likely_stay_two(town: Town) -> None:
    twin = Town(3)
    twin.doctors.append(dict(twin.doctors[5], crm_id="C-twin", mobile="13999999999"))
    doctor = twin.doctors[5]
    links = twin.link([_described(doctor, name=_typo(doctor["name"]))])
    assert links.rows["congress"].person.tolist() == [NONE]
    (case,) = [case for case in links.doubts if case.kind == "row"]
    assert {candidate.row for candidate in case.candidates} == {5, 400}
    assert [case.row for case in links.doubts if case.kind == "record"] == [5]


def test_a_steward_decides_a_case_and_takes_it_back() -> None:
    twin = Town(3)
    twin.doctors.append(dict(twin.doctors[5], crm_id="C-twin", mobile="13999999999"))
    rows = [_described(twin.doctors[5], name=_typo(twin.doctors[5]["name"]))]
    (case,) = [case for case in twin.link(rows).doubts if case.kind == "row"]
    chosen = next(candidate for candidate in case.candidates if candidate.row == 400)
    decided = twin.link(rows, {case.token: Decision(verdict="same", record=chosen.token)})
    assert (decided.rows["congress"].person.tolist(), decided.rows["congress"].how.tolist()) == ([400], [STEWARD])
    assert [c for c in decided.doubts if c.kind == "row"] == []
    refused = twin.link(rows, {case.token: Decision(verdict="apart")})
    assert refused.rows["congress"].person.tolist() == [NONE]
    assert [c for c in refused.doubts if c.kind == "row"] == []


def test_two_records_become_one_by_decision_and_two_again_without_it() -> None:
    twin = Town(3)
    twin.doctors.append(dict(twin.doctors[5], crm_id="C-twin", mobile="13999999999"))
    (case,) = [case for case in twin.link([]).doubts if case.kind == "record"]
    pair = (case.record, case.candidates[0].token)
    merged = twin.link([], {case.token: Decision(verdict="same", record=pair[1], pair=pair)})
    assert merged.register.person[5] == merged.register.person[400]
    assert twin.link([]).register.person[5] != twin.link([]).register.person[400]


def test_an_automatic_merge_is_shown_and_can_be_split() -> None:
    double = Town(3)
    double.doctors.append(dict(double.doctors[5], crm_id="C-double"))
    links = double.link([])
    assert links.register.person[5] == links.register.person[400]
    (case,) = [case for case in links.doubts if case.kind == "merged"]
    pair = (case.record, case.candidates[0].token)
    split = double.link([], {case.token: Decision(verdict="apart", pair=pair)})
    assert split.register.person[5] != split.register.person[400]


def test_two_different_licenses_are_never_merged_not_even_by_decision() -> None:
    twin = Town(3)
    twin.doctors[5] = dict(twin.doctors[5], license="110310105012345")
    twin.doctors.append(dict(twin.doctors[5], crm_id="C-twin", license="110310105099999", mobile="13999999999"))
    links = twin.link([])
    assert [case for case in links.doubts if case.kind == "record"] == []


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_likeness_links_nobody_wrongly(seed: int) -> None:
    town = Town(seed)
    chance = random.Random(1000 + seed)
    truth = chance.sample(range(len(town.doctors)), 60)
    strangers = [
        {"name": chance.choice(SURNAMES) + "".join(chance.sample(CHARS, 2)), "place": chance.randrange(40), "specialty": f"s{chance.randrange(8)}", "title": f"t{chance.randrange(4)}"}
        for _ in range(200)
    ]
    rows = [_described(town.doctors[who], name=_typo(town.doctors[who]["name"])) for who in truth] + strangers
    linked = town.link(rows).rows["congress"]
    likely = [(row, who) for row, (who, how) in enumerate(zip(linked.person.tolist(), linked.how.tolist(), strict=True)) if how == LIKENESS]
    wrong = [row for row, who in likely if row >= len(truth) or truth[row] != who]
    assert len(likely) >= 30
    assert wrong == []
