"""Every text that a page asks for exists, and none is left that nobody asks for."""

from __future__ import annotations

import re
from pathlib import Path

from dashboards.context import strings

DASHBOARDS = Path(__file__).resolve().parents[2] / "dashboards"
ASKED = re.compile(r"""["']([a-z_]+(?:\.[a-z0-9_]+)+)["']""")
BUILT = re.compile(r"""["']([a-z_]+(?:\.[a-z_]+)*)\.\{""")  # f"sections.{name}": the whole group is asked for


def test_texts_and_pages_agree() -> None:
    source = "\n".join(path.read_text("utf-8") for path in DASHBOARDS.rglob("*.py"))
    known = strings("en").keys()
    groups = {key.rsplit(".", depth)[0] for key in known for depth in range(1, key.count(".") + 1)}
    built = set(BUILT.findall(source)) | {"codes", "values"}
    asked = {key for key in ASKED.findall(source) if key.split(".")[0] in {name.split(".")[0] for name in known}}
    missing = {key for key in asked if key not in known and key not in groups}
    unused = {key for key in known if key not in asked and not any(key.startswith(f"{group}.") for group in built)}
    assert missing == set()
    assert unused == set()
