"""A name of a hospital with one slip is found, whichever slip it is, and only where a single hospital can be meant."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.identity.keys import new_key
from governance.identity.pseudonyms import Pseudonymizer
from governance.identity.suites import DEFAULT_SUITE
from governance.ingest.things import Things

NAMES = st.lists(st.text("甲乙丙丁", min_size=5, max_size=8), min_size=1, max_size=12, unique=True)


def _slips(one: str, other: str) -> int:
    """Optimal string alignment by the textbook's table: inserted, left out, changed, or two neighbours swapped."""
    table = [[max(i, j) if min(i, j) == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@settings(max_examples=300, deadline=None)
@given(names=NAMES, word=st.text("甲乙丙丁", min_size=6, max_size=8))
def test_one_slip_is_found_as_comparing_with_every_name_would(names: list[str], word: str) -> None:
    things = Things("hospital", Pseudonymizer(key=new_key("things", 1, DEFAULT_SUITE, bytes), prefix="S", entity="hospital"))
    for number, name in enumerate(names):
        things._by["name"][name] = number
    near = {number for number, name in enumerate(names) if _slips(word, name) <= 1}
    assert things._mistyped(word) == (next(iter(near)) if len(near) == 1 else None)
