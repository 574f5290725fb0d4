"""A real Chromium: the system's, through Playwright, with a fresh profile for every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--no-first-run", "--disable-dev-shm-usage"]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty page. Skips where there is no Chromium, except in CI: there its absence is a failure."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium on this machine: `apt install chromium` to run the browser tests")
    assert found, "CI must have a Chromium: apt install chromium"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=found, args=QUIET, viewport={"width": 1280, "height": 800})
        context.set_default_timeout(60_000)
        yield context.pages[0]
        context.close()
