"""How figures are drawn: pure functions from rows to an Altair chart, one palette, no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Palette:
    """Blue carries the data, amber what needs attention, grey what it is compared with."""

    ink: str
    muted: str
    line: str
    data: str
    data_light: str
    attention: str
    series: tuple[str, ...]


FONT = "Inter, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Noto Sans SC, sans-serif"

LIGHT = Palette(
    ink="#1b2733",
    muted="#6b7785",
    line="#e3e8ec",
    data="#2f6690",
    data_light="#a9c4d8",
    attention="#c2410c",
    series=("#2f6690", "#d08a2e", "#5aa6a6", "#8a6fa8", "#9aa5b1", "#b65f7a", "#6b8e4e", "#44546a"),
)
DARK = Palette(
    ink="#e6ebf0",
    muted="#9aa7b4",
    line="#2b3641",
    data="#7fb2d9",
    data_light="#3d5a72",
    attention="#f59e0b",
    series=("#7fb2d9", "#e0a458", "#7cc4c1", "#b39ccc", "#8793a0", "#d68fa6", "#9fc07c", "#a9b8cc"),
)


def sparkline(values: Sequence[float | None], palette: Palette, width: int = 160, height: int = 30) -> str:
    """An inline SVG of a short series; gaps stay gaps, the last point is marked."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    spread = (high - low) or 1.0
    step = width / max(len(values) - 1, 1)
    points = [
        None
        if value is None
        else (round(index * step, 1), round(height - 4 - (value - low) / spread * (height - 8), 1))
        for index, value in enumerate(values)
    ]
    paths, current = [], []
    for point in [*points, None]:
        if point is not None:
            current.append(point)
        elif current:
            paths.append("M" + " L".join(f"{x},{y}" for x, y in current))
            current = []
    dot = f'<circle cx="{points[-1][0]}" cy="{points[-1][1]}" r="2.6" fill="{palette.data}"/>' if points[-1] else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
        f'<path d="{" ".join(paths)}" fill="none" stroke="{palette.data}" stroke-width="1.6" '
        f'vector-effect="non-scaling-stroke"/>{dot}</svg>'
    )


def _styled(chart: Any, palette: Palette, height: int) -> Any:
    return (
        chart.properties(height=height, width="container", background="transparent")
        .configure(font=FONT)
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=palette.muted,
            titleColor=palette.muted,
            gridColor=palette.line,
            domainColor=palette.line,
            tickColor=palette.line,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_legend(
            labelColor=palette.muted,
            titleColor=palette.muted,
            labelFontSize=12,
            orient="top",
            title=None,
            padding=0,
        )
    )


def _months_below(x: str, order: Sequence[Any]) -> Any:
    """The axis of months: in their order, upright, and some left out rather than run into each other."""
    import altair as alt

    return alt.X(f"{x}:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True, labelSeparation=6))


def bars_against_target(
    rows: Rows,
    palette: Palette,
    *,
    x: str,
    value: str,
    target: str,
    names: tuple[str, str],
    axis_format: str,
    height: int = 260,
) -> Any:
    """One bar a month and its target as a tick; the last month is dark, the others light."""
    import altair as alt

    order = [row[x] for row in rows]
    last = order[-1] if order else None
    base = alt.Chart(alt.Data(values=[dict(row) | {"_last": row[x] == last} for row in rows]))
    x_axis = _months_below(x, order)
    bars = base.mark_bar(size=22, cornerRadiusTopLeft=2, cornerRadiusTopRight=2).encode(
        x=x_axis,
        y=alt.Y(f"{value}:Q", title=None, axis=alt.Axis(labelExpr=axis_format, tickCount=4)),
        color=alt.condition("datum._last", alt.value(palette.data), alt.value(palette.data_light)),
        tooltip=[alt.Tooltip(f"{x}:N", title=" "), alt.Tooltip(f"{value}_text:N", title=names[0])],
    )
    ticks = base.mark_tick(color=palette.attention, thickness=2.5, size=28).encode(
        x=x_axis,
        y=f"{target}:Q",
        tooltip=[alt.Tooltip(f"{x}:N", title=" "), alt.Tooltip(f"{target}_text:N", title=names[1])],
    )
    return _styled(alt.layer(bars, ticks), palette, height)


def line_with_band(
    rows: Rows,
    palette: Palette,
    *,
    x: str,
    value: str,
    low: str | None = None,
    high: str | None = None,
    name: str,
    axis_format: str,
    reference: float | None = None,
    compare: str | None = None,
    zero: bool = False,
    height: int = 220,
) -> Any:
    """A line over months with its 95 % band and, where there are any, the level or the points it is held against."""
    import altair as alt

    order = [row[x] for row in rows]
    base = alt.Chart(alt.Data(values=[dict(row) for row in rows]))
    x_axis = _months_below(x, order)
    y_axis = alt.Axis(labelExpr=axis_format, tickCount=4)
    scale = alt.Scale(zero=zero)
    layers = []
    if low and high:
        layers.append(
            base.mark_area(color=palette.data, opacity=0.14).encode(
                x=x_axis, y=alt.Y(f"{low}:Q", title=None, axis=y_axis, scale=scale), y2=f"{high}:Q"
            )
        )
    layers.append(
        base.mark_line(color=palette.data, strokeWidth=2, point=alt.OverlayMarkDef(color=palette.data, size=22)).encode(
            x=x_axis,
            y=alt.Y(f"{value}:Q", title=None, axis=y_axis, scale=scale),
            tooltip=[alt.Tooltip(f"{x}:N", title=" "), alt.Tooltip(f"{value}_text:N", title=name)],
        )
    )
    if compare:
        layers.append(
            base.transform_filter(f"datum.{compare} != null")
            .mark_point(color=palette.attention, filled=True, size=36, opacity=1)
            .encode(x=x_axis, y=alt.Y(f"{compare}:Q", title=None, axis=y_axis, scale=scale))
        )
    if reference is not None:
        layers.append(
            alt.Chart(alt.Data(values=[{"y": reference}]))
            .mark_rule(color=palette.attention, strokeDash=[4, 3])
            .encode(y=alt.Y("y:Q", title=None))
        )
    return _styled(alt.layer(*layers), palette, height)


def ranked_bars(
    rows: Rows,
    palette: Palette,
    *,
    label: str,
    value: str,
    name: str,
    compare: str | None = None,
    highlight: str | None = None,
    keep_order: bool = False,
) -> Any:
    """Horizontal bars with the figure written at the end; an optional tick for what they are compared with."""
    import altair as alt

    ordered = list(rows) if keep_order else sorted(rows, key=lambda row: -(row[value] or 0))
    order = [row[label] for row in ordered]
    room = max((float(row[value] or 0) for row in ordered), default=1.0) * 1.35 or 1.0  # for the figure at the end
    base = alt.Chart(
        alt.Data(values=[dict(row) | {"_lit": highlight is None or bool(row.get(highlight))} for row in ordered])
    )
    y_axis = alt.Y(f"{label}:N", sort=order, title=None, axis=alt.Axis(labelLimit=180, ticks=False, domain=False))
    color = alt.condition("datum._lit", alt.value(palette.data), alt.value(palette.data_light))
    bars = base.mark_bar(height=14, cornerRadiusEnd=2).encode(
        y=y_axis,
        x=alt.X(f"{value}:Q", title=None, axis=None, scale=alt.Scale(domain=[0, room])),
        color=color,
        tooltip=[alt.Tooltip(f"{label}:N", title=" "), alt.Tooltip(f"{value}_text:N", title=name)],
    )
    texts = base.mark_text(align="left", dx=5, color=palette.ink, fontSize=12, font=FONT).encode(
        y=y_axis, x=f"{value}:Q", text=f"{value}_text:N"
    )
    layers = [bars, texts]
    if compare:
        layers.append(base.mark_tick(color=palette.attention, thickness=2, size=16).encode(y=y_axis, x=f"{compare}:Q"))
    return _styled(alt.layer(*layers), palette, max(60, 24 * len(order) + 10))


def waterfall(
    rows: Rows, palette: Palette, *, label: str, low: str, high: str, kind: str, name: str, axis_format: str
) -> Any:
    """Steps from one amount to another: totals stand on the axis, what adds and what takes away hang between them."""
    import altair as alt

    order = [row[label] for row in rows]
    base = alt.Chart(alt.Data(values=[dict(row) for row in rows]))
    x_axis = alt.X(f"{label}:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelLimit=110))
    kinds = ["total", "rise", "fall"]
    bars = base.mark_bar(size=44, cornerRadius=2).encode(
        x=x_axis,
        y=alt.Y(f"{low}:Q", title=None, axis=alt.Axis(labelExpr=axis_format, tickCount=4)),
        y2=f"{high}:Q",
        color=alt.Color(
            f"{kind}:N",
            legend=None,
            scale=alt.Scale(domain=kinds, range=[palette.data, palette.series[2], palette.attention]),
        ),
        tooltip=[alt.Tooltip(f"{label}:N", title=" "), alt.Tooltip("text:N", title=name)],
    )
    texts = base.mark_text(dy=-8, color=palette.ink, fontSize=12, font=FONT).encode(
        x=x_axis, y=f"{high}:Q", text="text:N"
    )
    return _styled(alt.layer(bars, texts), palette, 280)


def stacked_months(
    rows: Rows,
    palette: Palette,
    *,
    x: str,
    value: str,
    series: str,
    series_order: Sequence[str],
    axis_format: str,
    height: int = 240,
) -> Any:
    """Stacked bars over months, one colour a series in a fixed order."""
    import altair as alt

    order = list(dict.fromkeys(row[x] for row in rows))
    chart = (
        alt.Chart(alt.Data(values=[dict(row) | {"_order": list(series_order).index(row[series])} for row in rows]))
        .mark_bar(size=22)
        .encode(
            x=_months_below(x, order),
            y=alt.Y(f"{value}:Q", title=None, axis=alt.Axis(labelExpr=axis_format, tickCount=4)),
            color=alt.Color(
                f"{series}:N",
                sort=list(series_order),
                scale=alt.Scale(domain=list(series_order), range=list(palette.series)),
            ),
            order=alt.Order("_order:Q"),
            tooltip=[
                alt.Tooltip(f"{x}:N", title=" "),
                alt.Tooltip(f"{series}:N", title=" "),
                alt.Tooltip(f"{value}_text:N", title=" "),
            ],
        )
    )
    return _styled(chart, palette, height)


def heat_table(
    rows: Rows,
    palette: Palette,
    *,
    x: str,
    y: str,
    value: str,
    y_order: Sequence[str],
    x_order: Sequence[str] | None = None,
    height: int = 320,
) -> Any:
    """A grid of shares, the darker the higher, each cell with its figure; missing cells stay empty."""
    import altair as alt

    known = [row for row in rows if row[value] is not None]
    base = alt.Chart(alt.Data(values=[dict(row) for row in known]))
    axis_x = alt.X(
        f"{x}:O",
        sort=list(x_order) if x_order else "ascending",
        title=None,
        axis=alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False),
    )
    axis_y = alt.Y(f"{y}:N", sort=list(y_order), title=None, axis=alt.Axis(domain=False, ticks=False))
    middle = max((row[value] for row in known), default=0) * 0.6
    cells = base.mark_rect(stroke=palette.line).encode(
        x=axis_x,
        y=axis_y,
        color=alt.Color(f"{value}:Q", legend=None, scale=alt.Scale(range=["transparent", palette.data])),
        tooltip=[alt.Tooltip(f"{y}:N", title=" "), alt.Tooltip(f"{value}_text:N", title=" ")],
    )
    texts = base.mark_text(fontSize=11, font=FONT).encode(
        x=axis_x,
        y=axis_y,
        text=f"{value}_text:N",
        color=alt.condition(f"datum.{value} > {middle}", alt.value("#ffffff"), alt.value(palette.ink)),
    )
    return _styled(alt.layer(cells, texts), palette, height)
