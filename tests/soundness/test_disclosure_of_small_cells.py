"""No cell that rests on too few persons is told, in any arm, nor what is computed from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from governance.disclosure.protect import all_hidden, protect
from governance.terms import Column, Measured, MinimumGroup, Text

WORD = Text(zh="x", en="x")


def column(name: str, kind: str = "metric", metric: str | None = None) -> Column:
    return Column(name=name, label=WORD, kind=kind, metric=metric)  # type: ignore[arg-type]


def table(columns, rows, contributors) -> Measured:
    return Measured(columns=tuple(columns), rows=rows, contributors=contributors, period=None)


def test_a_cell_below_the_minimum_is_hidden_and_an_empty_one_looks_the_same():
    measured = table([column("region", "dimension"), column("m", metric="m")], [["a", 50], ["b", 3], ["c", 0]], [{"m": 50}, {"m": 3}, {"m": 0}])
    assert protect(measured, MinimumGroup(entity="hcp", k=10)) == {(1, "m"): "small_group", (2, "m"): "small_group"}


def test_a_fact_without_persons_hides_nothing():
    measured = table([column("m", metric="m")], [[1]], [{"m": None}])
    assert protect(measured, MinimumGroup(entity="hcp", k=10)) == {}


def test_a_metric_cell_that_nobody_counted_is_hidden():
    measured = table([column("m", metric="m")], [[1]], [{}])
    assert protect(measured, MinimumGroup(entity="hcp", k=10)) == {(0, "m"): "small_group"}


def test_a_change_is_hidden_with_either_of_its_sides():
    columns = [column(n, metric="m") for n in ("m", "m__base", "m__change", "m__growth")]
    counted = {"m": 50, "m__base": 3, "m__change": 3, "m__growth": 3}
    hidden = protect(table(columns, [[50, 3, 47, 15.6]], [counted]), MinimumGroup(entity="hcp", k=10))
    assert set(hidden) == {(0, "m__base"), (0, "m__change"), (0, "m__growth")}
    # The change of the others must not be shown when the asked side is the small one.
    counted = {"m": 3, "m__base": 50, "m__change": 3, "m__growth": 3}
    hidden = protect(table(columns, [[3, 50, -47, -0.9]], [counted]), MinimumGroup(entity="hcp", k=10))
    assert set(hidden) == {(0, "m"), (0, "m__change"), (0, "m__growth")}


def test_a_difference_without_own_sides_is_hidden_with_its_interval():
    columns = [column(n, metric="lift") for n in ("lift", "lift__ci_low", "lift__ci_high", "lift__p_value")]
    hidden = protect(table(columns, [[0.1, 0.0, 0.2, 0.04]], [dict.fromkeys([c.name for c in columns], 4)]), MinimumGroup(entity="hcp", k=5))
    assert len(hidden) == 4


def test_with_shares_one_hidden_cell_takes_another_with_it():
    columns = [column("region", "dimension"), column("m", metric="m"), column("m__share", metric="m")]
    rows = [["a", 100, 0.5], ["b", 80, 0.4], ["c", 20, 0.1]]
    counted = [{"m": n, "m__share": n} for n in (100, 80, 4)]
    hidden = protect(table(columns, rows, counted), MinimumGroup(entity="hcp", k=10))
    assert hidden[1, "m"] == "complementary"
    assert hidden[1, "m__share"] == "complementary"
    assert (0, "m") not in hidden


def test_a_hidden_count_is_not_the_product_of_a_shown_count_and_a_shown_ratio():
    """Found by attack: 10 doctors reached, 0.7 of them by several channels, tells the hidden 7."""
    columns = [
        Column(name="reached", label=WORD, kind="metric", metric="reached", format="integer"),
        Column(name="several", label=WORD, kind="metric", metric="several", format="integer"),
        Column(name="rate", label=WORD, kind="metric", metric="rate", format="percent"),
    ]
    hidden = protect(table(columns, [[10, 7, 0.7], [40, 30, 0.75]], [{"reached": 10, "several": 7, "rate": 10}, {"reached": 40, "several": 30, "rate": 40}]), MinimumGroup(entity="hcp", k=10))
    assert hidden == {(0, "several"): "small_group", (0, "rate"): "complementary"}


@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=12),
    k=st.integers(2, 15),
    share=st.booleans(),
)
def test_no_shown_cell_rests_on_fewer_than_k_and_hidden_ones_are_never_alone_beside_a_total(counts, k, share):
    columns = [column("g", "dimension"), column("m", metric="m")]
    rows: list[list[object]] = [[str(i), c] for i, c in enumerate(counts)]
    contributors = [{"m": c} for c in counts]
    if share:
        columns.append(column("m__share", metric="m"))
        rows = [[*row, 0.1] for row in rows]
        contributors = [{"m": c, "m__share": c} for c in counts]
    hidden = protect(table(columns, rows, contributors), MinimumGroup(entity="hcp", k=k))
    for index, count in enumerate(counts):
        assert ((index, "m") in hidden) or count >= k
    gone = [i for i in range(len(counts)) if (i, "m") in hidden]
    if share and gone and len(gone) < len(counts):
        assert len(gone) >= 2
        assert sum(counts[i] for i in gone) >= k
    assert all_hidden(tuple(columns), len(counts), hidden) == (len(gone) == len(counts))
