"""Every word of the web in both languages, numbers and times as each language writes them."""

from __future__ import annotations

import string
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from nlq.charts.style import CATEGORIES, config
from tests.fakes.clock import FakeClock
from tests.fakes.service import FakeService
from tests.fakes.web import make_app
from wenshu.web import charts, language
from wenshu.web.forms import query_form, read_form
from wenshu.web.present import card
from wenshu.web.security import local_path

WEB = Path(language.__file__).parent


def messages():
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    return {found[2]: found[0] for found in extract_from_dir(WEB, method_map=methods)}


def test_every_message_is_translated_with_the_same_placeholders():
    catalogue = {}
    for path in sorted((language.CATALOGUES / "zh/LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            said = {message.id: message for message in read_po(file, locale="zh") if message.id}
        assert not set(said) & set(catalogue), f"{path.name} says again what another file says"
        catalogue |= said
    wanted = messages()
    assert set(wanted) == set(catalogue)
    for key, message in catalogue.items():
        said = message.string if isinstance(message.string, str) else message.string[0]
        source = key if isinstance(key, str) else key[1]
        assert said, key
        assert not message.fuzzy
        assert sorted(placeholders(said)) == sorted(placeholders(source)), key


def placeholders(text):
    return [piece.partition(")")[0] for piece in text.split("%(")[1:]]


def test_chart_colours_of_the_page_are_those_of_pictures_elsewhere():
    css = (WEB / "static/wenshu.css").read_text(encoding="utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    for text, theme in ((light, "light"), (dark, "dark")):
        for number, colour in enumerate(CATEGORIES[theme], start=1):
            assert f"--series-{number}: {colour}" in text
        style = config(theme)
        assert f"--ink: {style['title']['color']}" in text
        assert f"--quiet: {style['title']['subtitleColor']}" in text
        assert f"--line: {style['axis']['gridColor']}" in text
        assert f"--accent: {style['bar']['color']}" in text


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
def test_text_stands_out_from_every_ground_in_both_themes(theme):
    css = (WEB / "static/wenshu.css").read_text(encoding="utf-8")
    block = css.split(":root {")[theme + 1].split("}")[0]
    colours = {name.strip(): value.strip() for name, _, value in (part.partition(":") for part in block.split(";")) if value.strip().startswith("#")}
    grounds = ["--ground", "--paper", "--raised"]
    pairs = [(ink, ground) for ink in ("--ink", "--quiet", "--accent", "--good", "--attention") for ground in grounds]
    pairs += [("--accent-ink", "--accent"), ("--ink", "--accent-soft"), ("--harm", "--harm-soft"), ("--attention", "--attention-soft"), ("--good", "--good-soft"), ("--ink", "--harm-soft"), ("--ink", "--attention-soft"), ("--ink", "--good-soft"), ("--paper", "--ink")]
    for ink, ground in pairs:
        low, high = sorted((luminance(colours[ink]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)
    for ground in grounds:
        low, high = sorted((luminance(colours["--edge"]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 3, ("--edge", ground)


@pytest.fixture
def app(tmp_path):
    return make_app(tmp_path)[0]


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(5, "刚刚", "just now"), (125, "2分钟前", "2 minutes ago"), (3 * 3600, "3小时前", "3 hours ago"), (40 * 86400, "1个月前", "1 month ago")],
)
def test_times_are_said_in_the_readers_words(app, seconds, zh, en):
    clock = FakeClock()
    then = clock()
    clock.forward(seconds=seconds)
    for header, expected in (("zh", zh), ("en", en)):
        with app.test_request_context(headers={"Accept-Language": header}):
            assert language.ago(then.isoformat(), clock()) == expected
            assert language.exact(then) == "2026-11-22 09:05:00 GMT+08:00"


@pytest.mark.parametrize("odd", [None, "", "yesterday", 7, [], "2026-13-01"])
def test_a_time_that_is_none_says_nothing(app, odd):
    with app.test_request_context():
        assert language.ago(odd, FakeClock()()) == ""
        assert language.exact(odd) == ""


def columns(name="revenue", written="currency", unit="元"):
    return [
        {"name": "month", "label": "月份", "kind": "period", "unit": None, "format": "text", "protection": "exact"},
        {"name": name, "label": "数", "kind": "metric", "unit": unit, "format": written, "protection": "noisy"},
    ]


@pytest.mark.parametrize(
    ("name", "written", "unit", "values", "head", "shown"),
    [
        ("revenue", "currency", "元", [12_345_678, 9_900_000], "万元", ["1,234.57", "990.00"]),
        ("reach_rate", "percent", None, [0.6319, 0.5], None, ["63.2%", "50.0%"]),
        ("reach_rate__change", "percent", None, [0.018, -0.02], "个百分点", ["+1.8", "−2.0"]),
        ("touches__growth", "integer", "次", [0.25, -0.1], None, ["+25.0%", "−10.0%"]),
        ("touches__rank", "integer", "次", [1, 2], None, ["1", "2"]),
        ("touches", "integer", "次", [4812, None], "次", ["4,812", "—"]),
    ],
)
def test_numbers_of_a_kept_answer_are_written_as_the_page_promises(app, name, written, unit, values, head, shown):
    document = {"status": "answered", "query": {"metrics": ["x"], "grain": "month"}, "columns": columns(name, written, unit), "rows": [["2026-09-01", values[0]], ["2026-10-01", values[1]]], "suppressed": [], "explanation": {"summary": "销售", "metrics": []}, "chart": None}
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        made = card(document, metrics={})
    assert made.heads[1].unit == head
    assert made.heads[1].numeric
    assert made.heads[1].protection == "已加保护性噪声"
    assert [row[1].text for row in made.rows] == shown
    assert [row[0].text for row in made.rows] == ["2026-09", "2026-10"]


def test_a_hidden_cell_of_a_kept_answer_is_a_mark_with_a_why(app):
    document = {"status": "answered", "query": None, "columns": columns(), "rows": [["2026-09-01", None]], "suppressed": [{"row": 0, "column": "revenue", "reason": "complementary"}], "explanation": {"summary": "销售", "metrics": []}, "chart": None}
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        cell = card(document, metrics={}).rows[0][1]
    assert cell.hidden
    assert cell.text == "‹*›"
    assert cell.why


def test_a_chart_is_drawn_from_allowed_elements_only_and_in_the_pages_colours():
    spec = {
        "title": {"text": "t", "subtitle": ["a", "b"]},
        "data": {"values": [{"n": "<script>alert(1)</script>", "v": 1, "u": "https://evil.example/1"}, {"n": '" onload="x', "v": 2, "u": "https://evil.example"}]},
        "mark": {"type": "bar", "href": {"expr": "datum.u"}},
        "encoding": {"y": {"field": "n", "type": "nominal"}, "x": {"field": "v", "type": "quantitative"}, "href": {"field": "u"}},
    }
    made = charts.chart(spec, label='a & "b"')
    text = str(made.picture)
    assert made.caption == "a b"
    assert "var(--quiet)" in text
    assert 'aria-label="a &amp; &quot;b&quot;"' in text
    for bad in ("<script", "<a ", "href", "style=", "evil.example", "<image"):
        assert bad not in text
    assert "&lt;script&gt;" in text
    assert not [name for element in ET.fromstring(text).iter() for name in element.attrib if name.startswith("on")]


@pytest.mark.parametrize("spec", [{}, {"mark": "nonsense"}, {"data": {"url": "file:///etc/passwd"}, "mark": "bar"}])
def test_a_spec_that_can_not_be_drawn_leaves_the_table(spec):
    made = charts.chart(spec, label="x")
    assert made is None or "root:" not in str(made.picture)


VALUES = st.text(alphabet=string.ascii_letters + "华东北 、,-", min_size=1, max_size=12)
QUERIES = st.fixed_dictionaries(
    {"metrics": st.lists(st.sampled_from(["reach_rate", "revenue"]), min_size=1, max_size=2, unique=True)},
    optional={
        "group_by": st.lists(st.sampled_from(["region", "channel", "specialty"]), min_size=1, max_size=3, unique=True),
        "grain": st.sampled_from(["day", "week", "month"]),
        "period": st.just({"start": "2026-10-01", "end": "2026-11-01"}),
        "where": st.lists(st.fixed_dictionaries({"dimension": st.sampled_from(["region", "channel", "hour"]), "op": st.sampled_from(["in", "not_in"]), "values": st.lists(VALUES | st.integers(0, 23), min_size=1, max_size=3)}), min_size=1, max_size=3),
        "order": st.just([{"by": "reach_rate", "direction": "desc"}]),
        "limit": st.integers(1, 50),
        "compare": st.sampled_from(["previous_period", {"dimension": "region", "base": "华南"}]),
        "share": st.just(True),
        "keep": st.just([{"dimension": "region", "values": ["华东"]}]),
    },
)


@given(query=QUERIES)
def test_a_form_that_is_sent_back_untouched_is_the_same_question(tmp_path_factory, query):
    app, cards = made_once(tmp_path_factory)
    with app.test_request_context(headers={"Accept-Language": "en"}):
        form = query_form(query, cards)
        fields = [("base", form.base), ("start", form.start), ("end", form.end), ("grain", next((g.id for g in form.grains if g.chosen), ""))]
        fields += [("metric", next((c.id for c in picker if c.chosen), "")) for picker in form.metrics]
        fields += [("dimension", c.id) for c in form.dimensions if c.chosen] + [("extra", c.id) for c in form.extras]
        for row in form.filters:
            fields += [(f"filter-{row.number}-{part}", getattr(row, part)) for part in ("dimension", "op", "values")]
        again = read_form(MultiDict(fields), cards)
    assert set(again.pop("group_by", [])) == set(query.get("group_by", []))
    assert again == {key: value for key, value in query.items() if key != "group_by"}


_MADE = {}


def made_once(factory):
    if not _MADE:
        folder = factory.mktemp("forms")
        app, service, _ = make_app(folder)
        _MADE["it"] = (app, service.metric_cards(service.accounts.actor("market")))
    return _MADE["it"]


@given(target=st.text(max_size=30))
def test_a_way_back_never_leaves_the_site(target):
    found = local_path(target)
    if found is not None:
        assert found.startswith("/")
        assert not found.startswith(("//", "/\\"))
        assert "\n" not in found
        assert "\t" not in found


def test_the_fake_of_the_service_is_loud(tmp_path):
    with pytest.raises(AssertionError):
        FakeService(tmp_path, FakeClock()).audit_events(FakeService(tmp_path / "..", FakeClock()).accounts.actor("compliance"), {"nonsense": "x"}, None, 5)
