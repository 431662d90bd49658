"""A reader of the web service without a browser: signs in, keeps the CSRF token, posts forms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Flask

from tests.fakes.clock import FakeClock
from tests.fakes.service import PASSWORD, FakeService
from wenshu.web.app import create_app

KEY = b"k" * 32


def make_app(folder: Path, *, secure: bool = False) -> tuple[Flask, FakeService, FakeClock]:
    clock = FakeClock()
    service = FakeService(folder, clock)
    return create_app(service, secret_key=KEY, secure_cookies=secure, clock=clock), service, clock


class Reader:
    """One browser's cookies and the token of the last page."""

    def __init__(self, app: Flask, user: str | None = None, *, language: str = "zh", base: str = "http://localhost") -> None:
        self.client = app.test_client()
        self.base = base
        self.headers = {"Accept-Language": language, "Accept": "text/html"}
        self.token = ""
        if user:
            self.sign_in(user)

    def get(self, path: str, **more: Any):
        response = self.client.get(path, base_url=self.base, headers=self.headers | more.pop("headers", {}), **more)
        if found := re.search(r'name="csrf-token" content="([^"]+)"', response.text):
            self.token = found[1]
        return response

    def post(self, path: str, data=None, *, headers=None, token: str | None = None, **more: Any):
        fields = {**(data or {}), "csrf_token": self.token if token is None else token}
        return self.client.post(path, base_url=self.base, data=fields, headers=self.headers | (headers or {}), **more)

    def sign_in(self, user: str, password: str = PASSWORD):
        self.get("/signin")
        response = self.post("/signin", {"user": user, "password": password})
        self.get("/account")
        return response

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return found.value if found else None
