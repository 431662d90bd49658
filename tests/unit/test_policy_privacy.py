"""Old and new answers held together; and a form's value changed in a YAML text."""

from __future__ import annotations

import pytest

from governance.access.vocabulary import DimensionFacts, Vocabulary
from governance.errors import InvalidQuery
from governance.terms import Actor, Column, Disclosed, Grant, HiddenCell, Measured, MetricQuery, MinimumGroup, Text
from wenshu.committee.privacy import isolating
from wenshu.committee.replay import Asked, Pair, Weighed, as_asked, moved
from wenshu.committee.texts import with_value


def weighed(counts: dict[str, int], *, k: int, hidden: tuple[str, ...] = (), share: bool = False, by: str = "region") -> Weighed:
    """A table of doctors by region resting on `counts` persons, of which `hidden` regions are not shown."""
    label = Text(zh="x", en="x")
    names = ["reached", "reached__share"] if share else ["reached"]
    columns = (Column(name=by, label=label, kind="dimension"), *(Column(name=name, label=label, kind="metric", metric="reached") for name in names))
    rows = [[region, *([count] * len(names))] for region, count in counts.items()]
    measured = Measured(columns=columns, rows=rows, contributors=[dict.fromkeys(names, count) for count in counts.values()], period=None)
    out = {(list(counts).index(region), name): "small_group" for region in hidden for name in names}
    group = MinimumGroup(entity="hcp", k=k)
    grant = Grant(
        actor=Actor(id="m", role="r", department="d"), purpose="p", query=MetricQuery(metrics=("reached",)), today=None, scopes=(), minimum_group=group,
        consent_purpose=None, rules=(), obligations=(), policy_version="v",
    )
    disclosed = Disclosed(columns=columns, rows=tuple(map(tuple, rows)), hidden=tuple(HiddenCell(row=row, column=column, reason=reason) for (row, column), reason in out.items()), period=None, base_period=None, notes=(), minimum_group=group)
    return Weighed(grant=grant, measured=measured, hidden=out, disclosed=disclosed)


def cells(before: Weighed, after: Weighed) -> int:
    asked = Asked(user="m", role="r", department="d", purpose="p", query={"metrics": ["reached"]})
    return isolating([Pair(asked=asked, actor=Actor(id="m", role="r", department="d"), before=before, after=after)], 10)[1]


def lost_and_gained(before: Weighed, after: Weighed) -> tuple[int, int]:
    asked = Asked(user="m", role="r", department="d", purpose="p", query={"metrics": ["reached"]})
    return moved(Pair(asked=asked, actor=Actor(id="m", role="r", department="d"), before=before, after=after))


def test_what_is_lost_and_gained_is_counted_cell_by_cell():
    counts = {"East": 100, "West": 7, "North": 12}
    # As many cells as before, but others: one is gone and one is new.
    assert lost_and_gained(weighed(counts, k=10, hidden=("West",)), weighed(counts, k=10, hidden=("North",))) == (1, 1)
    assert lost_and_gained(weighed(counts, k=10, hidden=("West", "North")), weighed(counts, k=5)) == (0, 2)
    assert lost_and_gained(weighed(counts, k=5), Weighed(code="metric_not_allowed")) == (3, 0)
    assert lost_and_gained(weighed({"East": 100}, k=10), weighed({"East": 60, "West": 40}, k=10)) == (0, 1)
    # A mask that came: the same doctors are told by two bands instead of three bands' members.
    assert lost_and_gained(weighed(counts, k=5), weighed({"A": 60, "B": 59}, k=5, by="band")) == (1, 0)


def test_a_masked_question_is_replayed_as_it_was_asked_so_that_whoever_gains_by_a_lifted_mask_is_seen():
    def dimension(name: str, *coarser: str) -> DimensionFacts:
        return DimensionFacts(id=name, label=Text(zh=name, en=name), tags=frozenset(), about_person=False, identifying=False, coarser=frozenset(coarser))

    known = {item.id: item for item in (dimension("years", "band", "half"), dimension("band", "half"), dimension("half"), dimension("city", "region"), dimension("region"))}
    vocabulary = Vocabulary(metrics={}, dimensions=known)

    def restored(query: dict[str, object], *masks: str) -> dict[str, object]:
        return dict(as_asked(Asked(user="m", role="r", department="d", purpose="p", query=query, masks=masks), vocabulary).query)

    ordered = {"metrics": ["m"], "group_by": ["region", "band"], "order": [{"by": "band", "direction": "asc"}, {"by": "m", "direction": "desc"}]}
    assert restored(ordered, "years") == ordered | {"group_by": ["region", "years"], "order": [{"by": "years", "direction": "asc"}, {"by": "m", "direction": "desc"}]}
    assert restored({"metrics": ["m"], "group_by": ["half"]}, "years", "band")["group_by"] == ["years"]
    for query, masks in (({"metrics": ["m"], "group_by": ["band"]}, ()), ({"metrics": ["m"]}, ("years",)), ({"metrics": ["m"], "group_by": ["band", "half"]}, ("years",)), ({"metrics": ["m"], "group_by": ["x"]}, ("gone",))):
        assert restored(query, *masks) == query


def test_groups_that_differ_by_fewer_than_k_persons_isolate_those():
    assert cells(weighed({"East": 100, "West": 50}, k=10), weighed({"East": 97, "West": 50}, k=10)) == 1
    assert cells(weighed({"East": 100}, k=10), weighed({"East": 90}, k=10)) == 0
    assert cells(weighed({"East": 100}, k=10), weighed({"East": 100}, k=10)) == 0


def test_a_hidden_cell_does_not_isolate_and_a_role_without_minimum_is_not_looked_at():
    assert cells(weighed({"East": 100}, k=10, hidden=("East",)), weighed({"East": 97}, k=10)) == 0
    assert cells(weighed({"East": 100}, k=0), weighed({"East": 97}, k=0)) == 0


def test_a_cell_hidden_both_times_is_given_away_when_all_others_of_its_total_were_shown_once():
    before = weighed({"East": 100, "West": 4, "North": 12}, k=10, hidden=("West", "North"), share=True)
    after = weighed({"East": 100, "West": 4, "North": 12}, k=10, hidden=("West", "East"), share=True)
    assert cells(before, after) == 1
    assert cells(before, before) == 0


TEXT = "# the roles\nroles:\n  - id: marketing   # 市场部\n    minimum_group: {entity: hcp, k: 10}\n    label: {zh: 市场部, en: Marketing}\n  - id: medical\n    minimum_group: {entity: hcp, k: 5}\n"


def test_one_value_changes_and_every_other_letter_stays():
    after = with_value(TEXT, ("roles", "medical", "minimum_group", "k"), 7)
    assert after == TEXT.replace("k: 5", "k: 7")
    assert with_value(TEXT, ("roles", 0, "label", "en"), "no: [x] # y") == TEXT.replace("en: Marketing", 'en: "no: [x] # y"')
    assert with_value(TEXT, ("roles", 0, "label", "en"), "yes").count('"yes"') == 1


@pytest.mark.parametrize("path", [("roles", "nobody", "k"), ("roles", 0, "minimum_group"), ("rules",), ("roles", 9)])
def test_what_is_no_single_value_is_refused(path):
    with pytest.raises(InvalidQuery):
        with_value(TEXT, path, 1)
