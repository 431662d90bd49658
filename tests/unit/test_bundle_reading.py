"""Documents are read strictly: file, line, and the nearest known name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.bundle.loading import content_hash, json_schemas, load_bundle
from governance.documents.metrics import MetricsDocument
from governance.documents.reading import read
from governance.errors import BundleError

GOOD = "format: 1\nname: small\ntitle: {zh: 小, en: Small}\n"


def problems(folder) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    return str(caught.value)


def test_a_bundle_without_settings_says_which_file_is_missing(tmp_path):
    assert "bundle.yaml: is missing" in problems(tmp_path)


def test_an_unknown_key_names_file_line_and_the_nearest_known_one(tmp_path):
    (tmp_path / "bundle.yaml").write_text(GOOD + "timezon: Asia/Shanghai\n", encoding="utf-8")
    told = problems(tmp_path)
    assert "bundle.yaml:4" in told
    assert "Did you mean timezone" in told


def test_every_problem_of_every_file_is_told_at_once(tmp_path):
    (tmp_path / "bundle.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "a.yaml").write_text("models:\n  - name: a\n    tabel: x\n", encoding="utf-8")
    (tmp_path / "metrics" / "b.yaml").write_text("metrics: [\n", encoding="utf-8")
    (tmp_path / "metric").mkdir()
    (tmp_path / "metric" / "c.yaml").write_text("metrics: []\n", encoding="utf-8")
    told = problems(tmp_path)
    assert "metrics/a.yaml:3: unknown key 'tabel'. Did you mean table" in told
    assert "metrics/b.yaml:" in told
    assert "not valid YAML" in told
    assert "metric/c.yaml: lies in no known folder" in told
    assert "Did you mean metrics" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: &a []\nmetrics: *a\n", "anchors"),
        ("models: []\nmodels: []\n", "given twice"),
        ("- 1\n", "must be a mapping"),
        ("models: !!python/object/apply:os.system [id]\n", "tags such as"),
        ("\x00", "not valid YAML"),
        ("metrics:\n  - name: a\n    approved_on: 2026-02-30\n", "m.yaml:3: '2026-02-30' is not a date"),
        ("models: " + "[" * 200 + "]" * 200 + "\n", "nested too deeply"),
    ],
)
def test_what_a_reviewer_would_read_past_is_refused(tmp_path, text, told):
    file = tmp_path / "m.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=told):
        read(file, MetricsDocument, tmp_path)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "bundle.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "metrics").symlink_to("/etc")
    assert "links are not followed" in problems(tmp_path)


@given(files=st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_the_version_is_of_names_and_contents_and_not_of_their_order(files):
    again = dict(reversed(list(files.items())))
    assert content_hash(files) == content_hash(again)
    name = next(iter(files))
    assert content_hash(files) != content_hash(files | {name: files[name] + "x"})
    assert content_hash(files) != content_hash({key: value for key, value in files.items() if key != name})


def test_every_document_kind_has_a_json_schema_that_is_one():
    import jsonschema

    for schema in json_schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)
