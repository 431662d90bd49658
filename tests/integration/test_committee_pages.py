"""The committee's pages over a room without data: forms write what they say, labels stand where ids would, and what is refused says why."""

from __future__ import annotations

import html
import re

import pytest

from tests.fakes.web import Reader, make_app

ROOM = "/committee/drafts"


@pytest.fixture
def parts(tmp_path):
    return make_app(tmp_path)


@pytest.fixture
def member(parts):
    reader = Reader(parts[0], "committee_a")
    assert reader.get(ROOM).status_code == 200
    assert reader.post(ROOM, {"title": "试改"}).status_code == 303
    return reader


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def sent(page) -> dict[str, object]:
    """The fields of the page's form as a browser would send them untouched."""
    form = page.text[page.text.index('id="fields"') :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = [chosen[1] if chosen else ""]
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = [text]
    return {name: [html.unescape(value) for value in values] for name, values in found.items()}


def keep(reader: Reader, address: str, **changed: object) -> str:
    page = reader.get(address)
    assert page.status_code == 200
    fields = sent(page) | {name: value if isinstance(value, list) else [value] for name, value in changed.items()}
    answer = reader.post(address, fields)
    assert answer.status_code == 303, words(answer)
    return words(reader.get(f"{ROOM}/1"))


@pytest.mark.parametrize("address", ["rule/managers_see_practice_in_bands", "rule/representatives_prepare_visits", "role/marketing", "term/", "guard/adverse_event", "alias/", "ambiguous/", "bound/"])
def test_a_form_that_is_kept_untouched_changes_nothing(member, address):
    kind, name = address.split("/")
    if not name:
        name = next(item for item in re.findall(rf"/form/{kind}/([a-z0-9_-]+)", member.get(f"{ROOM}/1/edit").text))
    assert "还没有改动" in keep(member, f"{ROOM}/1/edit/form/{kind}/{name}")


def test_masks_and_rights_are_changed_by_a_form_and_told_in_words(member):
    told = keep(member, f"{ROOM}/1/edit/form/rule/managers_ask_their_region", **{"masks-0-dimension": "city", "masks-0-to": "province"})
    # The hospital tells the city: the page says that it must be masked as well.
    assert "hospital 会透露被遮蔽的 city" in told
    told = keep(member, f"{ROOM}/1/edit/form/rule/managers_ask_their_region", **{"masks-1-dimension": "hospital", "masks-1-to": "region", "export": "no"})
    assert "取值遮蔽" in told
    assert "可导出" in told
    page = member.get(f"{ROOM}/1/edit/text?path=access/rules.yaml")
    assert "masks: [{dimension: city, to: province}, {dimension: hospital, to: region}]" in page.text


def test_guard_words_are_changed_by_a_form_where_they_stand(member):
    page = member.get(f"{ROOM}/1/edit/form/guard/adverse_event")
    words_now = sent(page)["group-0-zh"][0]
    keep(member, f"{ROOM}/1/edit/form/guard/adverse_event", **{"group-0-zh": words_now + "\n起了水泡"})
    text = member.get(f"{ROOM}/1/edit/text?path=lexicon/guard.yaml").text
    assert "起了水泡" in text
    assert "# A symptom alone is taken as a case" in text


def test_what_changes_is_told_by_labels(member):
    told = keep(member, f"{ROOM}/1/edit/form/role/marketing", **{"minimum_group-k": "20"})
    assert "市场部：最小组变大（10 → 20）" in told
    member.post(f"{ROOM}/1/steps", {"step": "impact", "days": "30"})
    impact = member.get(f"{ROOM}/1").text.partition('id="impact"')[2]
    assert "市场部 · 最小组变大" in impact
    assert not re.search(r">[^<]*\breach_rate\b[^<]*<", impact)


def test_further_words_are_added_by_a_form_and_told_as_a_change_of_words(member):
    version = re.search(r'name="version" value="([0-9a-f]{64})"', member.get(f"{ROOM}/1/edit").text)[1]
    answer = member.post(f"{ROOM}/1/edit/new", {"kind": "alias", "id": "碰面次数", "version": version})
    assert answer.status_code == 303
    page = keep(member, answer.headers["Location"], metric="visits")
    assert "1 行新" in page or "新" in page
    form = member.get(answer.headers["Location"])
    assert "碰面次数" in form.text
    assert re.search(r'<option value="visits" selected', form.text)


def test_a_threshold_is_a_number_and_what_is_none_is_one_clear_error(member):
    address = re.search(r'href="(/committee/drafts/1/edit/form/bound/[^"]+)"', member.get(f"{ROOM}/1/edit").text)[1]
    keep(member, address, value="0.95")
    assert "0.95" in member.get(address).text
    refused = member.post(address, sent(member.get(address)) | {"value": ["viel"]})
    assert refused.status_code == 400
    assert "应为数字" in refused.text
