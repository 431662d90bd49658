"""`witness`: the second small program that cosigns a ledger's growth. Knows nothing of the product and needs no home."""

from __future__ import annotations

from pathlib import Path

import click

from wenshu.commands.common import DONE, FAILED, emit, json_option, tell

_at = click.option("--at", "folder", metavar="DIR", required=True, type=click.Path(path_type=Path), help="The witness's own folder.")


@click.group()
def witness() -> None:
    """A witness of ledgers: its own key, its own memory; it cosigns only growth."""


@witness.command()
@_at
@click.option("--name", required=True, help="What the witness is called, such as audit.example.com/witness-1.")
@click.option("--log", "logs", metavar="VKEY|FILE", required=True, multiple=True, help="Verifier key of a ledger, or a file with it.")
@json_option
def init(*, folder: Path, name: str, logs: tuple[str, ...], as_json: bool) -> int:
    """Make a witness in a new folder and print its public key."""
    from audit.notes import VerifierKey
    from audit.witness import Witness

    key = Witness.make(folder, name, [VerifierKey.parse(_text(log)) for log in logs])
    emit({"name": name, "vkey": str(key)}) if as_json else click.echo(str(key))
    return DONE


@witness.command()
@_at
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8110, show_default=True, type=click.IntRange(0, 65535))
def run(*, folder: Path, host: str, port: int) -> int:
    """Answer add-checkpoint requests over HTTP until interrupted."""
    from audit.witness import Witness
    from audit.witness_http import server
    from wenshu.settings import now

    serving = server(Witness.open(folder, now), host, port)
    tell(f"witness on http://{host}:{serving.server_address[1]}")
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        tell("ended")
    finally:
        serving.server_close()
    return DONE


@witness.command()
@_at
@click.argument("request", metavar="REQUEST", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Where the cosignature goes (default: standard output).")
def cosign(*, folder: Path, request: Path, out: Path | None) -> int:
    """Answer a request that came in a file, as on a stick."""
    from audit.witness import Witness
    from wenshu.settings import now

    answer = Witness.open(folder, now).add_checkpoint(request.read_bytes())
    if answer.status != 200:
        known = ": it has cosigned another size or tree, " + answer.body.strip() if answer.status == 409 else ": " + answer.body.strip()
        tell(f"refused ({answer.status}){known}")
        return FAILED
    if out is None:
        click.echo(answer.body, nl=False)
    else:
        out.write_text(answer.body, encoding="utf-8")
    return DONE


def _text(given: str) -> str:
    path = Path(given)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else given
    except OSError:
        return given
