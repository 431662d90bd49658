"""`model.yaml`: absent means none; wrong means one clear line."""

from __future__ import annotations

import pytest

from governance.errors import ConfigurationError
from nlq.model.settings import read_key, read_settings

GOOD = "endpoint: http://127.0.0.1:8001/v1\nmodel: small\n"


def settings(home, text=GOOD):
    (home / "model.yaml").write_text(text, encoding="utf-8")
    return read_settings(home)


def test_without_a_file_there_is_no_model(tmp_path):
    assert read_settings(tmp_path) is None


def test_two_lines_are_enough(tmp_path):
    found = settings(tmp_path)
    assert (found.host, found.model, found.response_format) == ("127.0.0.1:8001", "small", "auto")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("endpoint: http://127.0.0.1:1/v1\n", "model"),
        (GOOD + "timout_s: 3\n", "timeout_s"),
        (GOOD + "timeout_s: 0\n", "timeout_s"),
        (GOOD + "timeout_s: 999\n", "timeout_s"),
        (GOOD + "budget: {user_call: 3}\n", "user_calls"),
        ("endpoint: ftp://host/v1\nmodel: m\n", "https://"),
        ("endpoint: 127.0.0.1:8001\nmodel: m\n", "https://"),
        ("endpoint: https://user:secret@host/v1\nmodel: m\n", "credentials"),
        ("endpoint: https://host/v1?key=1\nmodel: m\n", "credentials"),
        ("endpoint: http://models.example.com/v1\nmodel: m\n", "https"),
        ("endpoint: https://host:99999/v1\nmodel: m\n", "URL"),
        ("- a\n", "mapping"),
        ("endpoint: [\n", "YAML"),
    ],
)
def test_a_wrong_file_is_one_clear_error_and_says_how_to_go_on(tmp_path, text, why):
    with pytest.raises(ConfigurationError, match=why) as caught:
        settings(tmp_path, text)
    assert "remove it to work without a language model" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_plain_http_to_elsewhere_must_be_wanted(tmp_path):
    assert settings(tmp_path, "endpoint: http://models.example.com/v1\nmodel: m\nallow_plain_http: true\n").host == "models.example.com"
    assert settings(tmp_path, "endpoint: http://10.1.2.3/v1\nmodel: m\n").host == "10.1.2.3"


def test_the_key_is_read_from_a_file_that_is_the_owners_alone(tmp_path):
    found = settings(tmp_path, GOOD + "api_key_file: model.key\n")
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_key(tmp_path, found)
    key = tmp_path / "model.key"
    key.write_text("sk-abc\n")
    key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_key(tmp_path, found)
    key.chmod(0o600)
    assert read_key(tmp_path, found) == "sk-abc"


@pytest.mark.parametrize("text", ["", "two words", "a\nb", "密钥", "x" * 5_000])
def test_a_key_file_that_holds_something_else_is_refused_without_telling_it(tmp_path, text):
    found = settings(tmp_path, GOOD + "api_key_file: model.key\n")
    key = tmp_path / "model.key"
    key.write_text(text, encoding="utf-8")
    key.chmod(0o600)
    with pytest.raises(ConfigurationError, match="one key") as caught:
        read_key(tmp_path, found)
    assert not text or text not in str(caught.value)
