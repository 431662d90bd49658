"""Patience for slow machines: a page that comes late is not a page that doesn't come."""

from __future__ import annotations

from playwright.sync_api import expect

expect.set_options(timeout=60_000)
