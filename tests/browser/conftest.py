"""A dashboard over the sample company and a browser, each started once for the tier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.browsing import browser, chromium, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def opened_browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    with browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def address(opened_browser: Browser, sample_company: Any) -> Iterator[str]:
    with dashboard(sample_company.settings.data_dir) as served:
        yield served


@pytest.fixture
def page(opened_browser: Browser) -> Iterator[Page]:
    context = opened_browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    opened = context.new_page()
    yield opened
    context.close()
