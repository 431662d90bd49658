"""Texts of a bundle that mean harm: read otherwise than they look, or meant to be read forever. A member who writes one gets a clear problem, and nobody's page breaks."""

from __future__ import annotations

import pytest

from governance.access.judge import CompiledRule, Judge
from governance.access.snapshot import Snapshot
from governance.documents.access import AccessDocument, Rule, Selection
from governance.documents.base import Words
from governance.documents.reading import read
from governance.errors import BundleError, InvalidQuery
from wenshu.committee.splicing import add_item, put
from wenshu.web.committee_objects import things, vocabulary

ROLE = "roles:\n  - {{id: {id}, label: {{zh: x, en: x}}, department: x{more}}}\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)) + "roles: *i\n"
HOSTILE = {
    "a comment that ends where no editor shows it": "roles:\n  # as before\u2028  - {id: evil, label: {zh: x, en: x}, department: x}\n",
    "the same with a next-line": "roles:\n  # as before\x85  - {id: evil, label: {zh: x, en: x}, department: x}\n",
    "the same with a lone carriage return": "roles:\n  # as before\r  - {id: evil, label: {zh: x, en: x}, department: x}\n",
    "text that runs backwards": ROLE.format(id="x", more=', ask_instead: "\u202eeetnaraug on"'),
    "a space of no width": ROLE.format(id="x", more=", minimum_group: {entity: hcp, k: 1\u200b0}"),
    "a name in base64": ROLE.format(id="!!binary bWFya2V0aW5n", more=""),
    "a tag of Python's": ROLE.format(id="!!python/object/apply:os.system [id]", more=""),
    "an ordered map": "!!omap\n- roles: []\n",
    "a billion laughs": LAUGHS,
    "an alias to itself": "roles: &r [*r]\n",
    "a million brackets": "roles: " + "[" * 1_000_000,
    "maps without end": "{a: " * 200_000,
    "lists without end": "- " * 500_000,
    "infinity": ROLE.format(id="x", more=", timeout_s: .inf"),
    "not a number": ROLE.format(id="x", more=", timeout_s: .nan"),
    "a time that is a number": ROLE.format(id="x", more=", timeout_s: 1:30.5"),
    "no rows at all, and forever": ROLE.format(id="x", more=", max_rows: -1, timeout_s: -1"),
    "ten thousand digits": ROLE.format(id="x", more=", max_rows: " + "9" * 10_000),
    "digits of another script": ROLE.format(id="x", more=', minimum_group: {entity: hcp, k: "\u0665"}'),
    "two documents": "roles: []\n---\nroles: []\n",
    "a key twice, once quoted": 'roles: []\n"roles": []\n',
    "a merge key": ROLE.format(id="x", more=", <<: {export: true}"),
    "a name with a comma": ROLE.format(id='"p, allow"', more=""),
    "a name of all": ROLE.format(id='"*"', more=""),
    "a name in full width": ROLE.format(id="ｍarketing", more=""),
    "a name with a Cyrillic letter": ROLE.format(id="m\u0430rketing", more=""),
    "a name with a line behind it": ROLE.format(id='"marketing\\np, x"', more=""),
    "many keys that nobody knows": "\n".join(f"k{index}: 1" for index in range(3_000)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_one_clear_problem_for_the_reader_and_for_the_forms(tmp_path, text):
    file = tmp_path / "roles.yaml"
    file.write_bytes(text.encode())
    with pytest.raises(BundleError) as told:
        read(file, AccessDocument, tmp_path)
    assert 1 <= len(told.value.problems) <= 100
    assert all(problem.where.startswith("roles.yaml") and len(problem.message) < 400 for problem in told.value.problems)
    # The pages read drafts that nobody judged yet.
    for _ in things({"access/roles.yaml": text}):
        pass
    vocabulary({"access/roles.yaml": text, "metrics/models.yaml": text + "\n# person: true"})
    for change in (lambda: put(text, ("roles", "x"), "export", value=True), lambda: add_item(text, "roles", {"id": "y"})):
        try:
            change()
        except InvalidQuery as error:
            assert len(str(error)) < 400


@pytest.mark.parametrize("name", ["p, allow", "*", "r.role", "x) || (true", "x\np, y, allow", " x", "x ", "X", "", "x" * 65, "__class__", "1"])
def test_a_name_that_casbins_model_could_read_otherwise_is_no_name_anywhere(name):
    plain = {"id": "rule", "roles": ["r"], "effect": "allow", "metrics": {"names": ["m"]}, "purposes": ["p"], "reason": "x"}
    for field, value in (("id", name), ("roles", [name]), ("purposes", [name]), ("metrics", {"names": [name]}), ("dimensions", {"names": [name]}), ("masks", [{"dimension": name, "to": "x"}])):
        try:
            rule = Rule.model_validate(plain | {field: value})
        except ValueError:
            continue
        # White space around a name is none of the name.
        assert name.strip() == "x" and name.strip() in str(rule.model_dump()[field])


def test_what_the_judge_is_asked_is_compared_whole_even_where_a_name_came_another_way():
    rule = Rule(id="only", roles=("r",), effect="allow", metrics=Selection(), purposes=("p",), reason=Words(zh="x", en="x"))
    rules = {"only": CompiledRule(rule=rule, metrics=frozenset({"m"}), dimensions=frozenset({"d"}))}
    judge, snapshot = Judge(rules), Snapshot.compile(rules.values())
    for odd in ("*", "r, p", "r ", " r", "R", "r\n", ".*", "r|x", "", "ｒ"):
        for request in ((odd, "p", "m", "d"), ("r", odd.replace("r", "p"), "m", "d"), ("r", "p", odd.replace("r", "m"), "d"), ("r", "p", "m", odd.replace("r", "d"))):
            assert judge.allows(*request) is snapshot.allows(*request) is False
    assert judge.allows("r", "p", "m", "d") is snapshot.allows("r", "p", "m", "d") is True
