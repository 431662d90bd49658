"""The witness over HTTP: `POST /add-checkpoint` of c2sp.org/tlog-witness, on loopback unless told otherwise."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from audit.witness import REQUEST_LIMIT, Answer, Witness

PATIENCE_S = 10.0


def server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """A server, bound but not yet serving; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "wenshu-witness"
        sys_version = ""
        timeout = PATIENCE_S

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                answer = Answer(404, "only /add-checkpoint is here\n")
            elif not length.isascii() or not length.isdecimal():
                answer = Answer(411, "say how long the request is\n")
            elif int(length) > REQUEST_LIMIT:
                answer = Answer(413, "the request is too long\n")
            else:
                answer = witness.add_checkpoint(self.rfile.read(int(length)))
            if answer.status in {404, 411, 413}:
                self.close_connection = True  # what was not read must not be taken for the next request
            self._say(answer)

        def do_GET(self) -> None:
            known = self.path == "/vkey"
            self._say(Answer(200, f"{witness.key}\n") if known else Answer(404, "nothing is here\n"))

        def _say(self, answer: Answer) -> None:
            data = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing: an address is personal, and the witness's memory tells what it did."""

    return ThreadingHTTPServer((host, port), Handler)
