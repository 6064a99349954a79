"""Results for people: a table on the terminal, a table and a chart in both READMEs. Pure text from one document.

Belongs here: how figures are written, the Markdown, the SVG. Does not belong here: measuring, and the words (texts.yml).
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
READMES = {"en": "README.md", "zh": "README.zh-CN.md"}
Document = dict[str, Any]


def load_texts() -> dict[str, Any]:
    import yaml

    return yaml.safe_load((Path(__file__).parent / "texts.yml").read_text("utf-8"))


# ---------------------------------------------------------------- figures in words


def in_words(value: float, unit: str, texts: Mapping[str, Any]) -> str:
    if unit == "seconds" and value < 1:
        return texts["milliseconds"].format(value=f"{value * 1000:.0f}")
    if unit == "bytes":
        return texts["bytes"].format(value=f"{value / 10**9:.2f}")
    if unit == "count":
        return texts["count"].format(value=f"{value:.0f}")
    digits = 1 if unit == "seconds" and value >= 10 else 2
    return texts[unit].format(value=f"{value:.{digits}f}")


def target_in_words(check: Mapping[str, Any], texts: Mapping[str, Any]) -> str:
    if check["target"] is None:
        return ""
    value = in_words(check["target"], check["unit"], texts)
    if check["unit"] == "count":
        return value
    return texts["at_least" if check["at_least"] else "at_most"].format(value=value)


def lines_of(document: Document, texts: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """One line a check; a row that failed is a line that says so."""
    lines = []
    for row in document["rows"].values():
        for check in row["checks"]:
            lines.append(
                (
                    texts["checks"][check["name"]],
                    in_words(check["value"], check["unit"], texts),
                    target_in_words(check, texts),
                    texts["verdicts"][str(check["passed"])],
                )
            )
        if row["error"] and not row["checks"]:
            lines.append((texts["rows"][row["name"]], texts["not_measured"], "", texts["verdicts"]["False"]))
    return lines


def size_in_words(document: Document, texts: Mapping[str, Any]) -> str:
    machine, rows = document["machine"], document["deliveries"].get("rows", {})
    measured = document["rows"].values()
    return texts["size"].format(
        visits=f"{document['visits']:,}",
        lines=f"{rows.get('sales', 0):,}",
        rows=f"{sum(rows.values()):,}",
        files=f"{document['deliveries'].get('files', 0):,}",
        months=document["months"],
        cores=machine["cores"],
        memory=f"{machine['memory_bytes'] / 10**9:.0f}",
        system=machine["system"],
        python=machine["python"],
        load=max((row["load_at_start"] for row in measured), default=0.0),
        noise=f"{max((row['noise'] for row in measured), default=0.0):.0%}",
        dates=", ".join(sorted({row["measured_on"][:10] for row in measured})),
        commits=", ".join(sorted({row["commit"] for row in measured})),
        setting=document["memory_limit"],
        command=document["command"],
    )


# ---------------------------------------------------------------- terminal


def print_table(document: Document, language: str) -> None:
    from rich.console import Console
    from rich.table import Table

    texts = load_texts()[language]
    console = Console()
    console.print(size_in_words(document, texts), style="dim", highlight=False)
    table = Table(*texts["headings"], box=None, pad_edge=False)
    for line in lines_of(document, texts):
        table.add_row(*line)
    console.print(table)
    for title, parts in parts_of(document, texts):
        console.print(f"{title}: {parts}", highlight=False)
    for row in document["rows"].values():
        if row["error"]:
            console.print(f"{texts['rows'][row['name']]}: {row['error']}", style="red", markup=False, highlight=False)


def parts_of(document: Document, texts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where the time of the street goes, and what lies on the disk."""
    facts = document["rows"].get("street", {}).get("facts", {})
    found = []
    if parts := facts.get("parts"):
        shown = " · ".join(f"{texts['parts'][name]} {value:.1f}" for name, value in shares(parts).items())
        found.append((texts["parts_title"], shown))
    if disk := facts.get("disk"):
        shown = " · ".join(f"{texts['disk'][name]} {value / 10**9:.2f}" for name, value in disk.items())
        found.append((texts["disk_title"], shown))
    return found


def shares(parts: Mapping[str, float]) -> dict[str, float]:
    """The parts of a run from its beginning; what lies between them is `other`."""
    named = {name: parts.get(name, 0.0) for name in ("start_up", "intake", "models", "gates", "publish")}
    whole = parts.get("all", 0.0) + named["start_up"]
    return named | {"other": max(whole - sum(named.values()), 0.0)}


# ---------------------------------------------------------------- READMEs


def write_readmes(document: Document, project: Path) -> list[Path]:
    """The tables between the markers and the charts they show; the files written."""
    every = load_texts()
    written = []
    for language, name in READMES.items():
        chart = project / "docs" / f"benchmarks.{language}.svg"
        chart.write_text(svg(document, every[language]), "utf-8")
        readme = project / name
        readme.write_text(
            between_markers(readme.read_text("utf-8"), markdown(document, every[language], chart.name)), "utf-8"
        )
        written += [chart, readme]
    return written


def between_markers(text: str, body: str) -> str:
    if text.count(START) != 1 or text.count(END) != 1:
        raise ValueError(f"the place for the results is not marked once by {START} and {END}")
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{body}\n{END}{rest.partition(END)[2]}"


def markdown(document: Document, texts: Mapping[str, Any], chart: str) -> str:
    headings = texts["headings"]
    lines = [
        f"![{texts['chart_title']}](docs/{chart})",
        "",
        f"| {' | '.join(headings)} |",
        "|---|---:|---:|:---:|",
        *(f"| {' | '.join(cells)} |" for cells in lines_of(document, texts)),
        "",
        *(f"{title}: {parts}" + "  " for title, parts in parts_of(document, texts)),
        "",
        size_in_words(document, texts),
        texts["targets"],
    ]
    return "\n".join(lines)


# ---------------------------------------------------------------- chart

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 860, 250, 70, 22, 14, 64
COLOURS = {
    "start_up": "#8d99ae", "intake": "#2a9d8f", "models": "#3a6ea5", "gates": "#e9a23b", "publish": "#8e5ea2",
    "other": "#d0d5dd", "whole": "#5c6672",
}  # fmt: skip
STYLE = (
    "text{font:13px system-ui,'Noto Sans','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif;fill:#1f2933}"
    ".dim{fill:#66707c}.title{font-size:16px;font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#e6e9ee}.dim{fill:#9aa5b1}}"
)


def bars_of(document: Document) -> list[tuple[str, dict[str, float]]]:
    """The bars of the chart: a name and its parts in seconds."""
    rows = document["rows"]

    def seconds(row: str, name: str, part: str = "whole") -> dict[str, float]:
        found = [check["value"] for check in rows.get(row, {}).get("checks", []) if check["name"] == name]
        return {part: found[0]} if found else {}

    bars = [
        ("floor", seconds("street", "floor_seconds")),
        ("street", shares(rows.get("street", {}).get("facts", {}).get("parts", {}))),
        ("month", shares(rows.get("month", {}).get("facts", {}).get("parts", {}))),
        ("intake", seconds("intake", "intake_seconds", "intake")),
        ("dlt", seconds("intake", "dlt_seconds")),
        ("pandas", seconds("pandas", "pandas_seconds")),
    ]
    return [(name, parts) for name, parts in bars if sum(parts.values()) > 0]


def svg(document: Document, texts: Mapping[str, Any]) -> str:
    bars = bars_of(document)
    longest = max((sum(parts.values()) for _, parts in bars), default=1.0)
    scale = (WIDTH - LEFT - RIGHT) / longest
    legend_top = TOP + len(bars) * (BAR + GAP) + 12
    note = texts["chart_note"].format(
        visits=f"{document['visits']:,}", months=document["months"], cores=document["machine"]["cores"]
    )
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {legend_top + 28}" role="img">',
        f"<title>{escape(texts['chart_title'])}</title><style>{STYLE}</style>",
        f'<text class="title" x="0" y="20">{escape(texts["chart_title"])}</text>',
        f'<text class="dim" x="0" y="40">{escape(note)}</text>',
    ]
    for number, (name, parts) in enumerate(bars):
        y = TOP + number * (BAR + GAP)
        drawn.append(f'<text x="{LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(texts["bars"][name])}</text>')
        x = float(LEFT)
        for part, value in parts.items():
            drawn.append(
                f'<rect x="{x:.1f}" y="{y}" width="{value * scale:.1f}" height="{BAR}" fill="{COLOURS[part]}"/>'
            )
            x += value * scale
        drawn.append(f'<text x="{x + 6:.1f}" y="{y + 16}">{in_words(sum(parts.values()), "seconds", texts)}</text>')
    x = float(LEFT)
    for part in ("start_up", "intake", "models", "gates", "publish", "other"):
        label = texts["parts"][part]
        drawn.append(f'<rect x="{x:.0f}" y="{legend_top}" width="12" height="12" fill="{COLOURS[part]}"/>')
        drawn.append(f'<text class="dim" x="{x + 17:.0f}" y="{legend_top + 11}">{escape(label)}</text>')
        x += 34 + sum(13 if ord(letter) > 255 else 7 for letter in label)
    return "\n".join([*drawn, "</svg>", ""])
