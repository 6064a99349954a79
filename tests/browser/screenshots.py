"""Pictures of every view in both languages, made from the real pages: for the README and for looking at them.

`python tests/browser/screenshots.py [DATA_DIR] [TARGET_DIR]`; the sample company and docs/screenshots by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dashboards.views import NAMES
from tests.browser.browsing import PROJECT, browser, dashboard, open_view

VIEWS = [name for name in NAMES if name != "rows"]


def main(data_dir: Path, target: Path, scheme: str = "light") -> None:
    target.mkdir(parents=True, exist_ok=True)
    with dashboard(data_dir) as address, browser() as chromium:
        for language in ("zh", "en"):
            page = chromium.new_page(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
            for view in VIEWS:
                open_view(page, address, view, lang=language)
                height = page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
                page.set_viewport_size({"width": 1440, "height": max(1000, min(height, 6000))})
                page.wait_for_timeout(700)
                page.screenshot(path=str(target / f"{view}-{language}.png"))
                page.set_viewport_size({"width": 1440, "height": 1000})
                print(target / f"{view}-{language}.png")
            page.close()


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:3]]
    main(*(arguments or [PROJECT / "data"]), *([PROJECT / "docs" / "screenshots"] if len(arguments) < 2 else []))
