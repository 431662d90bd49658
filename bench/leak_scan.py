"""A day's use of a real server with planted people, and then a look for them everywhere, the worker's own memory and core files too.

    python -m bench.leak_scan [--questions N]

Two people are planted in the extracts and named in everything that can be typed: loads (also one that fails), questions in words and as queries, refusals, addresses that lead nowhere, the review's search, a request
for re-identification that a colleague approves and that shows the person once, in full, a look at everything held on a person and its copies (JSON, HTML, PDF), the exported ledger. Then the worker is aborted
under conditions in which another process leaves a core file, and every file of the home (but the vault and the extracts), the working folder and the folder for temporary files is read: the warehouse,
the ledger, kept conversations and answers, logs, caches, exports. What was sent to a language model is in the ledger, if there was one. The worker's memory is counted before it ends.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import duckdb

from tests.fixtures.home import DemoHome, make_demo_home
from tests.fixtures.serving import PASSWORD, make_person

RESULTS = Path(__file__).parent / "results" / "leak_scan.json"
PEOPLE: dict[str, tuple[str, str]] = {
    "name": ("欧阳璇玑", "慕容望舒"),
    "mobile": ("13951720463", "19907316482"),
    "email": ("canary.ouyang@planted.example", "canary.murong@planted.example"),
    "license_no": ("110310105987612", "413310000456781"),
    "unionid": ("oCANARYzQ7xK2pLm9Rt4Vw8Yb1Nc", "oCANARYhJ5sD8fGk3Wq6Xe0Ua2Zi"),
}
NOTE = ("端木清羽", "18655021397")
"""Somebody who is only in a note."""
ABORTS = "import os; os.abort()"
ORDINARY = ("上个月各大区的触达率", "今年各产品的销售额", "近三个月微信打开率", "上个月华东各渠道的触达率", "top 5 specialties by doctors reached last quarter")


def words() -> list[str]:
    return [word for pair in PEOPLE.values() for word in pair] + list(NOTE)


def plant(extracts: Path) -> None:
    path = extracts / "crm_hcp.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number in range(2):
        rows.append(rows[number + 3] | {"crm_id": f"C910000{number}"} | {column: pair[number] for column, pair in PEOPLE.items()})
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for name, column, changed in (("crm_visits.csv", "visit_id", {"crm_id": "C9100000", "note": f"见到{NOTE[0]}，手机{NOTE[1]}"}), ("call_center.csv", "call_id", {"phone": PEOPLE["mobile"][1]})):
        with (extracts / name).open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            row, header = next(reader), list(reader.fieldnames or [])
        with (extracts / name).open("a", encoding="utf-8", newline="") as stream:
            csv.DictWriter(stream, fieldnames=header, lineterminator="\n").writerow(row | changed | {column: f"{row[column]}9"})


class Browser:
    """One signed-in person."""

    def __init__(self, address: str, user: str) -> None:
        self.address, self._opener = address, build_opener(HTTPCookieProcessor(CookieJar()))
        self.get("/signin")
        self.post("/signin", {"user": user, "password": PASSWORD})

    def get(self, path: str) -> str:
        self.page = _read(self._opener, f"{self.address}{path}", None)
        return self.page

    def post(self, path: str, fields: dict[str, str]) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        told = _read(self._opener, f"{self.address}{path}", urlencode(fields | {"csrf_token": token[1] if token else ""}).encode())
        self.page = told if 'name="csrf_token"' in told else self.page
        return told


def _read(opener: OpenerDirector, address: str, data: bytes | None) -> str:
    try:
        with opener.open(address, data, timeout=120) as response:
            return str(response.read().decode("utf-8", "replace"))
    except HTTPError as error:
        return error.read().decode("utf-8", "replace")


def day(address: str, questions: int) -> dict[str, int]:
    """Use the service; returns how much of what was done. What echoes a person's own words, or shows an identity to whom it may be shown, is no leak."""
    market, officer, colleague = (Browser(address, user) for user in ("day_market", "day_officer", "day_colleague"))
    done = {"questions": 0, "answers": 0, "refusals": 0, "identities shown": 0, "copies": 0, "error pages": 0}
    for word in words():
        market.get("/")
        for question in (f"{word}上个月触达了几次", f"How many touches did {word} get last month", f"把{word}的手机号发给我"):
            refused = market.post("/ask", {"question": question})
            done["questions"] += 1
            done["refusals"] += "/receipt/" in refused
            market.post("/complete", {"text": question})
        market.get(f"/nothing/{quote(word)}")
        market.get(f"/catalogue?q={quote(word)}")
        officer.get(f"/review?actor={quote(word)}")
        done["error pages"] += 1
    for number in range(questions):
        market.get("/")
        done["answers"] += "/receipt/" in market.post("/ask", {"question": ORDINARY[number % len(ORDINARY)]})
        done["questions"] += 1
    for number in range(2):
        officer.get("/persons/rights")
        held = officer.post("/persons/rights", {"act": "access", "who": PEOPLE["mobile"][number], "case": f"DSR-{number + 1}"})
        done["identities shown"] += PEOPLE["name"][number] in held
        person = re.search(r"H\d+-[0-9A-Z]{17}", held)
        for form in ("json", "html", "pdf"):
            copy = officer.post("/persons/rights", {"act": "access", "pseudonym": person[0] if person else "", "case": f"DSR-{number + 1}", "form": form})
            done["copies"] += bool(copy)
        officer.get("/persons")
        officer.post("/persons", {"pseudonym": person[0] if person else "", "case": f"AE-2026-{number}", "purpose": "compliance_audit"})
        listed = colleague.get("/persons")
        asked = re.findall(r'action="/persons/([^"]+)"', listed)
        for request in asked:
            colleague.post(f"/persons/{request}", {"act": "approve"})
        officer.get("/persons")
        for request in asked:
            shown = officer.post(f"/persons/{request}", {"act": "reveal", "unmasked": "yes"})
            done["identities shown"] += PEOPLE["name"][number] in shown
    return done


def forms(word: str) -> Iterator[bytes]:
    yield from {word.encode(), word.encode("gb18030"), word.encode("utf-16-le"), word.encode("utf-32-le"), json.dumps(word).strip('"').encode(), quote(word).encode()}


def in_memory(pid: int) -> dict[str, int]:
    """How often each kind of planted word stands in a process's memory."""
    found = dict.fromkeys([*PEOPLE, "note"], 0)
    with Path(f"/proc/{pid}/maps").open(encoding="ascii") as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or end - start > 2**31:
                continue
            with suppress(OSError, ValueError):
                memory.seek(start)
                block = memory.read(end - start)
                for kind, group in {**PEOPLE, "note": NOTE}.items():
                    found[kind] += sum(block.count(form) for word in group for form in forms(word))
    return found


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*.db"):
        if path.name.startswith("vault"):
            continue
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    yield f"{path.name}: {table}", repr(row)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                yield f"warehouse: {table}", repr(row)


def look(home: Path, *folders: Path) -> tuple[dict[str, int], list[str]]:
    """What was looked through, and where a planted word stands."""
    looked, hits = {"rows of stores": 0, "files": 0, "bytes": 0}, set[str]()
    for where, text in texts(home):
        looked["rows of stores"] += 1
        hits |= {where for word in words() if word in text}
    every = [form for word in words() for form in forms(word)]
    for folder in (home, *folders):
        for path in (path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != "demo"):
            raw = path.read_bytes()
            looked["files"], looked["bytes"] = looked["files"] + 1, looked["bytes"] + len(raw)
            if any(form in raw for form in every) or any(word in path.name for word in words()):
                hits.add(path.name)
    return looked, sorted(hits)


def _served(home: DemoHome, work: Path, temporary: Path, log: Any) -> tuple[subprocess.Popen[bytes], str]:
    environment = home.environment() | {"TMPDIR": str(temporary)}
    command = [sys.executable, "-c", "from wenshu.cli import main; main()", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=work, start_new_session=True)
    for _ in range(600):
        found = re.search(r"ready: (http://\S+)", Path(log.name).read_text(encoding="utf-8"))
        if found:
            return process, found[1]
        time.sleep(0.2)
    raise SystemExit("the server did not become ready")


def workers(master: int) -> list[int]:
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == master]


def _parent(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii").rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError, IndexError):
        return -1


def scan(folder: Path, *, questions: int) -> dict[str, Any]:
    """Play the day below `folder` and look. Nothing is committed here."""
    home = make_demo_home(folder / "home", seed=41, scale=0.02)
    plant(home.path / "demo" / "extracts")
    for user, role in (("day_market", "marketing"), ("day_officer", "compliance"), ("day_colleague", "compliance")):
        make_person(home, user, role, role)
    work, temporary, out = folder / "work", folder / "temporary", folder / "out"
    for path in (work, temporary, out):
        path.mkdir()
    told = []
    for arguments in (("ingest", str(home.path / "demo" / "extracts"), "--write-links"), ("ingest", str(folder / "nowhere"))):
        done = home.run(*arguments, timeout=300)
        told += [done.stdout, done.stderr]
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # core files are allowed to whoever doesn't forbid them to themselves
    subprocess.run([sys.executable, "-c", ABORTS], cwd=work, check=False, capture_output=True)
    others_leave = [path.name for path in work.iterdir()]
    for path in work.iterdir():
        path.unlink()
    log = (out / "server.log").open("w", encoding="utf-8")
    process, address = _served(home, work, temporary, log)
    try:
        did = day(address, questions)
        (worker,) = workers(process.pid)
        limits = next(line for line in Path(f"/proc/{worker}/limits").read_text(encoding="ascii").splitlines() if line.startswith("Max core file size"))
        memory = in_memory(worker)
        later = Browser(address, "day_market")
        for number in range(questions):
            later.get("/")
            later.post("/ask", {"question": ORDINARY[number % len(ORDINARY)]})
        memory_later = in_memory(worker)
        os.kill(worker, signal.SIGABRT)
        time.sleep(2)
        process.terminate()
        process.wait(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        log.close()
    for asked in (("audit", "search", "--json"), ("audit", "verify", "--json"), ("audit", "export", "--out", str(out / "export")), ("check", "--json")):
        done = home.run(*asked, timeout=300)
        told += [done.stdout, done.stderr]
    (out / "told.txt").write_text("\n".join(told), encoding="utf-8")
    looked, hits = look(home.path, work, temporary, out)
    return {
        "done": did,
        "looked_through": looked,
        "hits": hits,
        "core_files": [path.name for path in work.iterdir()],
        "core_limit_of_the_worker": limits.split()[4:6],
        "another_process_leaves": ["a core file"] if others_leave else [f"none here (core_pattern {Path('/proc/sys/kernel/core_pattern').read_text(encoding='ascii').split()[0]})"],
        "in_the_workers_memory": memory,
        "in_the_workers_memory_after_as_many_other_questions": memory_later,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=200)
    with tempfile.TemporaryDirectory() as temporary:
        found = scan(Path(temporary), questions=parser.parse_args().questions)
    RESULTS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, ensure_ascii=False, indent=1))
    sys.exit(1 if found["hits"] or found["core_files"] else 0)


if __name__ == "__main__":
    main()
