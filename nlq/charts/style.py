"""How charts look, in light and dark, and how they become pictures without a network.

Colours that depend on the theme live only in a spec's `config`, so that a page or a picture changes theme by swapping it. Every colour of
text has a contrast of at least 4.5 : 1 on its theme's ground, every mark at least 3 : 1 (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Literal

Theme = Literal["light", "dark"]
Spec = dict[str, Any]

FONTS = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, system-ui, sans-serif"
GROUND: Mapping[Theme, str] = {"light": "#ffffff", "dark": "#14181f"}
_INK: Mapping[Theme, str] = {"light": "#1c2530", "dark": "#e8ecf1"}
_QUIET: Mapping[Theme, str] = {"light": "#5a6672", "dark": "#a3aebb"}
_GRID: Mapping[Theme, str] = {"light": "#e4e8ec", "dark": "#2b333d"}
_ACCENT: Mapping[Theme, str] = {"light": "#0b6e75", "dark": "#4fb8bf"}
CATEGORIES: Mapping[Theme, tuple[str, ...]] = {
    # Told apart by the common kinds of colour blindness in lightness as well as hue; the labels at the lines carry the names.
    "light": ("#0b6e75", "#b3470f", "#5b4bb0", "#8a6300", "#a8326b", "#2f6b2f", "#2760a8", "#5a6672"),
    "dark": ("#4fb8bf", "#f09a63", "#a99cf0", "#dcb34a", "#f08bb8", "#86c586", "#7db2f0", "#a3aebb"),
}
THEMES: tuple[Theme, ...] = ("light", "dark")


def config(theme: Theme) -> Spec:
    """Return the Vega-Lite `config` of a theme: system fonts, tabular calm, one accent, no frames."""
    ink, quiet, grid, accent = _INK[theme], _QUIET[theme], _GRID[theme], _ACCENT[theme]
    return {
        "background": "transparent",
        "font": FONTS,
        "padding": {"left": 4, "top": 4, "right": 12, "bottom": 4},
        "view": {"stroke": None},
        "title": {"color": ink, "subtitleColor": quiet, "fontSize": 16, "fontWeight": 600, "lineHeight": 22, "subtitleFontSize": 12,
                  "subtitleLineHeight": 17, "anchor": "start", "frame": "bounds", "offset": 14, "subtitlePadding": 4},
        "axis": {"labelColor": quiet, "titleColor": quiet, "labelFontSize": 12, "gridColor": grid, "domainColor": grid, "tickColor": grid, "titleFontWeight": "normal"},
        "axisY": {"labelColor": ink, "ticks": False, "domain": False, "labelPadding": 8, "labelLimit": 200},
        "axisX": {"labelPadding": 6},
        "header": {"labelColor": ink, "labelFontSize": 12, "labelFontWeight": 600, "labelAnchor": "start", "labelOrient": "top", "title": None, "labelPadding": 6},
        "text": {"color": ink, "fontSize": 12},
        "bar": {"color": accent, "cornerRadiusEnd": 2},
        "tick": {"color": ink, "thickness": 2},
        "rule": {"color": quiet},
        "line": {"color": accent, "strokeWidth": 2.2},
        "point": {"color": accent, "filled": True, "size": 36},
        "range": {"category": list(CATEGORIES[theme])},
        "style": {
            "quiet": {"color": quiet, "fill": quiet, "fontStyle": "italic", "fontSize": 12},
            "base-tick": {"color": ink, "fill": ink},
            "base-line": {"color": quiet, "strokeDash": [5, 4]},
            "base-text": {"color": quiet},
            "zero": {"stroke": quiet, "strokeWidth": 1},
        },
    }  # fmt: skip


def themed(spec: Mapping[str, Any], theme: Theme, *, ground: bool = False) -> Spec:
    """Return the spec in a theme; `ground` paints the theme's background, for pictures that stand alone."""
    out = deepcopy(dict(spec))
    out["config"] = config(theme)
    if ground:
        out["config"]["background"] = GROUND[theme]
    return out


def to_svg(spec: Mapping[str, Any], theme: Theme = "light") -> str:
    """Draw the chart as SVG with the machine's own fonts; nothing is fetched (the spec carries its data)."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(themed(spec, theme, ground=True), allowed_base_urls=[])
    return svg


def to_png(spec: Mapping[str, Any], theme: Theme = "light", *, scale: float = 2.0) -> bytes:
    """Draw the chart as PNG, `scale` pixels to a point; nothing is fetched (the spec carries its data)."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(themed(spec, theme, ground=True), scale=scale, allowed_base_urls=[])
    return png
