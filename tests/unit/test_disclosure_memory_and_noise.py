"""The memory of answers is shared, lasting and fails closed; the noise belongs to a set of persons and not to a question."""

from __future__ import annotations

import datetime as dt
import sqlite3
import zlib

import numpy as np
import pytest

from governance.disclosure.memory import Group, Knower, Memory
from governance.disclosure.noise import Counted, Noise
from governance.disclosure.overlaps import UNSHOWN
from governance.disclosure.settings import Blur, settings_of
from governance.documents.disclosure import DisclosureDocument, Perturbation
from governance.errors import WarehouseError

DAY = dt.date(2026, 11, 15)
ANNA = Knower(person="anna", together="marketing")
BORIS = Knower(person="boris", together="marketing")
CHEN = Knower(person="chen", together="medical")


def of(members: range, *, context: bytes = b"c", size: int = 100) -> Group:
    codes = np.zeros(size, dtype=np.int32)
    codes[members] = 1
    return Group(context=context, codes=codes, counts=np.array([len(members)], dtype=np.int64))


@pytest.fixture
def memory(tmp_path):
    made = Memory(tmp_path / "disclosure.db", b"key")
    yield made
    made.close()


def test_a_group_that_differs_from_one_told_before_by_a_few_is_not_told(memory):
    assert memory.judge(ANNA, [of(range(100))], 10, DAY) == [set()]
    assert memory.judge(ANNA, [of(range(95))], 10, DAY) == [{1}]
    assert memory.judge(ANNA, [of(range(90))], 10, DAY) == [set()]


def test_what_a_colleague_of_the_department_was_told_counts_and_what_another_department_was_told_does_not(memory):
    memory.judge(ANNA, [of(range(100))], 10, DAY)
    assert memory.judge(BORIS, [of(range(95))], 10, DAY) == [{1}]
    assert memory.judge(CHEN, [of(range(95))], 10, DAY) == [set()]


def test_a_person_who_moves_to_another_department_takes_along_what_was_told(memory):
    memory.judge(ANNA, [of(range(100))], 10, DAY)
    assert memory.judge(Knower(person="anna", together="medical"), [of(range(95))], 10, DAY) == [{1}]


def test_what_a_colleague_was_told_first_goes_along_as_well(memory):
    memory.judge(BORIS, [of(range(100))], 10, DAY)
    memory.judge(ANNA, [of(range(100))], 10, DAY)
    assert memory.judge(Knower(person="anna", together="medical"), [of(range(95))], 10, DAY) == [{1}]


def test_where_more_was_told_than_can_be_judged_on_nothing_new_is_told_and_the_old_still_is(tmp_path, monkeypatch):
    monkeypatch.setattr("governance.disclosure.factor.MOST_ROWS", 2)
    memory = Memory(tmp_path / "disclosure.db", b"key")
    assert memory.judge(ANNA, [of(range(40))], 10, DAY) == [set()]
    assert memory.judge(ANNA, [of(range(20, 80))], 10, DAY) == [set()]
    assert memory.used(ANNA, [b"c"]) == (2, 2, False)
    assert memory.judge(ANNA, [of(range(30, 100))], 10, DAY) == [{1}]
    assert memory.used(BORIS, [b"c", b"other"]) == (2, 2, True)
    assert memory.used(CHEN, [b"c"]) == (0, 2, False)
    assert memory.judge(BORIS, [of(range(40))], 10, DAY) == [set()]
    again = Memory(tmp_path / "disclosure.db", b"key")
    assert again.judge(ANNA, [of(range(20, 80))], 10, DAY) == [set()]
    assert again.judge(ANNA, [of(range(30, 100))], 10, DAY) == [{1}]


def test_where_the_committee_takes_everybody_as_one_what_any_department_was_told_counts_also_what_was_told_before(memory):
    memory.judge(ANNA, [of(range(100))], 10, DAY)
    assert memory.judge(CHEN, [of(range(96))], 10, DAY) == [set()]
    together = Knower(person="dana", together="sales", share="company")
    assert memory.judge(together, [of(range(95))], 10, DAY) == [{1}]
    assert memory.judge(together, [of(range(100))], 10, DAY) == [set()]


def test_what_a_person_was_told_alone_counts_for_the_department_once_the_committee_takes_it_as_one(memory):
    alone = Knower(person="anna", together="marketing", share="person")
    memory.judge(alone, [of(range(100))], 10, DAY)
    assert memory.judge(Knower(person="boris", together="marketing", share="person"), [of(range(94))], 10, DAY) == [set()]
    assert memory.judge(BORIS, [of(range(97))], 10, DAY) == [{1}]


@pytest.mark.parametrize("count", [3, 300, 70_000])
def test_groups_are_read_as_they_were_written_now_and_by_earlier_versions(tmp_path, count):
    codes = np.arange(1, count + 1, dtype=np.int32).repeat(12)
    told = Group(context=b"c", codes=codes, counts=np.full(count, UNSHOWN))
    told.counts[:2] = 12
    file = tmp_path / "disclosure.db"
    Memory(file, b"key").judge(ANNA, [told], 10, DAY)
    less = of(range(9), size=len(codes))
    assert Memory(file, b"key").judge(BORIS, [less], 10, DAY) == [{1}]
    stored = np.zeros(24, dtype="<i4")
    stored[:12], stored[12:] = 1, 2
    with sqlite3.connect(file) as store:
        store.execute("UPDATE grouping SET codes = ?", (zlib.compress(stored.tobytes(), 6),))
    assert Memory(file, b"key").judge(BORIS, [less], 10, DAY) == [{1}]


def test_a_question_asked_again_is_answered_again_and_what_was_not_told_is_not_remembered(memory):
    for _ in range(3):
        assert memory.judge(ANNA, [of(range(100))], 10, DAY) == [set()]
        assert memory.judge(BORIS, [of(range(95))], 10, DAY) == [{1}]


def test_other_conditions_are_compared_apart(memory):
    memory.judge(ANNA, [of(range(100), context=b"october")], 10, DAY)
    assert memory.judge(ANNA, [of(range(95), context=b"november")], 10, DAY) == [set()]


def test_another_process_knows_at_once_what_this_one_told(tmp_path):
    one, other = Memory(tmp_path / "disclosure.db", b"key"), Memory(tmp_path / "disclosure.db", b"key")
    assert other.judge(BORIS, [of(range(20))], 10, DAY) == [set()]
    assert one.judge(ANNA, [of(range(100))], 10, DAY) == [set()]
    assert other.judge(BORIS, [of(range(95))], 10, DAY) == [{1}]


def test_persons_keep_their_positions_over_loads_and_processes(tmp_path):
    first = Memory(tmp_path / "disclosure.db", b"key").positions(["a", "b", "c"])
    again = Memory(tmp_path / "disclosure.db", b"key").positions(["c", "x", "a"])
    assert again[0] == first[2]
    assert again[2] == first[0]
    assert again[1] == 3


def test_persons_who_came_with_a_load_are_not_told_by_asking_the_same_again(memory):
    before = of(range(60), size=60)
    assert memory.judge(ANNA, [before], 10, DAY) == [set()]
    assert memory.judge(ANNA, [of(range(63), size=63)], 10, DAY) == [{1}]
    assert memory.judge(ANNA, [of(range(75), size=75)], 10, DAY) == [set()]


def test_a_number_that_rests_on_few_is_not_told_by_subtraction_even_where_the_persons_are_many(memory):
    wide, narrow = of(range(100)), of(range(60))
    assert memory.judge(ANNA, [Group(context=b"c", codes=wide.codes, counts=np.array([50]))], 10, DAY) == [set()]
    assert memory.judge(ANNA, [Group(context=b"c", codes=narrow.codes, counts=np.array([46]))], 10, DAY) == [{1}]


def test_a_damaged_memory_tells_nothing(tmp_path):
    file = tmp_path / "disclosure.db"
    file.write_bytes(b"this is no database, though it is long enough to look like one" * 40)
    with pytest.raises(WarehouseError, match=r"disclosure\.db"):
        Memory(file, b"key").judge(ANNA, [of(range(50))], 10, DAY)


def test_the_file_holds_no_key_of_a_person(tmp_path):
    memory = Memory(tmp_path / "disclosure.db", b"key")
    memory.positions(["H123456789"])
    memory.close()
    with sqlite3.connect(tmp_path / "disclosure.db") as store:
        assert "H123456789" not in "".join(str(row) for row in store.execute("SELECT * FROM person"))


def test_what_is_older_than_the_policy_says_is_forgotten(memory):
    memory.judge(ANNA, [of(range(100))], 10, DAY)
    memory.forget_before(DAY + dt.timedelta(days=1))
    assert memory.judge(ANNA, [of(range(95))], 10, DAY) == [set()]


# --------------------------------------------------------------------------- noise

CELL = Blur(method="cell_key", spread=3)


def counted(**changed: object) -> Counted:
    return Counted(**({"what": "m", "value": 40, "kind": "count", "persons": 40, "mark": 7} | changed))  # type: ignore[arg-type]


def test_the_same_persons_and_value_get_the_same_noise_and_others_get_their_own():
    noise = Noise(b"k" * 32)
    assert len({noise.blurred(counted(), CELL) for _ in range(20)}) == 1
    assert len({noise.blurred(counted(mark=mark), CELL) for mark in range(60)}) == 7
    assert any(noise.blurred(counted(mark=m), CELL) != Noise(b"o" * 32).blurred(counted(mark=m), CELL) for m in range(20))


def test_noisy_counts_are_whole_numbers_of_at_least_zero_and_of_at_most_what_they_are_part_of():
    noise = Noise(b"k" * 32)
    for mark in range(300):
        low, high = noise.blurred(counted(value=1, mark=mark), CELL), noise.blurred(counted(value=40, most=40, mark=mark), CELL)
        assert isinstance(low, int)
        assert 0 <= low <= 4
        assert 37 <= high <= 40


def test_noise_is_without_bias():
    noise = Noise(b"k" * 32)
    shifts = [int(noise.blurred(counted(mark=mark), CELL)) - 40 for mark in range(4_000)]
    assert abs(sum(shifts) / len(shifts)) < 0.2


def test_a_sensitive_metric_is_noisy_without_any_document_and_a_document_may_say_otherwise():
    kinds = {"nps": "sensitive", "touches": "normal"}
    assert settings_of([], kinds).blur("nps").method == "cell_key"
    assert settings_of([], kinds).blur("touches").method == "none"
    document = DisclosureDocument(perturbation=(Perturbation(metrics=("touches",), method="rounding", base=10), Perturbation(sensitivity="sensitive", method="none")))
    settings = settings_of([document], kinds)
    assert (settings.blur("nps").method, settings.blur("touches").base) == ("none", 10)
    assert Noise(b"k").blurred(counted(value=44), settings.blur("touches")) == 40
