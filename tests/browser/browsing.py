"""Helpers of the browser tier and of the screenshots: a dashboard server over one data folder, and a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 60
READY_MILLISECONDS = 30_000


def chromium() -> str | None:
    """The browser that tests/browser/install.sh installs, or one that is there already."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dashboard(data_dir: Path) -> Iterator[str]:
    """A dashboard server over this data folder; gives its address."""
    port = free_port()
    command = [
        sys.executable, "-m", "streamlit", "run", str(PROJECT / "dashboards" / "app.py"),
        "--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true",
    ]  # fmt: skip
    server = subprocess.Popen(
        command,
        cwd=PROJECT,
        env=os.environ | {"MARKET_LEDGER_DATA": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"the dashboard ended with {server.returncode} before it answered")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"no answer from {address} within {START_SECONDS} s")


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium that reaches nothing but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        )  # fmt: skip
        yield opened
        opened.close()


def open_view(page: Page, address: str, view: str, **parameters: str) -> None:
    """Open a view and wait until the server has finished drawing it."""
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    path = "" if view == "summary" else view
    page.goto(f"{address}/{path}?{query}", wait_until="domcontentloaded")
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    page.wait_for_selector("h1, .ledger-banner", timeout=READY_MILLISECONDS, state="attached")
    page.wait_for_function(
        "() => { const app = document.querySelector('[data-testid=\"stApp\"]');"
        " return app && app.getAttribute('data-test-script-state') !== 'running'; }",
        timeout=READY_MILLISECONDS,
    )
    page.wait_for_timeout(150)
