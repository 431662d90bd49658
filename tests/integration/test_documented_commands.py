"""What the README tells people to type is typed here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.fixtures.home import DemoHome

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("wenshu ")]


def test_the_two_commands_are_the_readmes_first_lines_and_the_makefile_has_them():
    assert [line.split("#")[0].strip() for line in BLOCKS[0].splitlines()] == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_runs(demo_home: DemoHome, command, tmp_path):
    arguments = [str(tmp_path / word) if word == "ledger-export" else word for word in shlex.split(command)[1:]]
    done = demo_home.run(*arguments)
    assert done.returncode == 0, done.stderr[-1000:]


def test_every_link_of_the_documents_leads_somewhere():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_no_file_names_a_registry_or_a_path_of_one_machine():
    listed = [path for path in ROOT.rglob("*") if path.is_file() and not set(path.relative_to(ROOT).parts) & IGNORED]
    needles = [b"--index" + b"-url", b"--extra-index" + b"-url", b"pypi" + b".org", b"registry.npm" + b"js", b"/" + b"work/" + b"main"]
    for path in listed:
        data = path.read_bytes()
        for needle in needles:
            assert needle not in data, f"{path.relative_to(ROOT)} holds {needle.decode()}"


IGNORED = {".git", ".venv", ".model-venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "__pycache__", "wenshu-home", "node_modules", "build", "wenshu.egg-info"}
