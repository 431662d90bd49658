"""Charts: the answer's Vega-Lite spec drawn on the server as SVG, so that a page is whole before any script runs.

Colours are the page's CSS variables, so that one picture suits light and dark. The same spec is handed to the browser, where Vega's own
expression interpreter (`ast: true`) draws it again at the reader's width with tooltips, without `eval`, under the strict CSP.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

from nlq.charts.style import CATEGORIES, config

SVG = "http://www.w3.org/2000/svg"
_TAGS = frozenset({"svg", "g", "path", "rect", "text", "tspan", "line", "circle", "defs", "clipPath", "title", "desc"})
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart for a page: what is drawn said in words, the picture, and the spec for the browser. The finding is the card's own sentence."""

    caption: str
    picture: Markup
    spec: dict[str, Any]


def chart(spec: Mapping[str, Any], *, label: str) -> Chart | None:
    """Return the chart of an answer's spec with `label` as accessible name, or None when it can't be drawn (the table still tells all)."""
    import vl_convert

    ours = paged(spec)
    try:
        with _lock:  # the converter is one engine a process
            drawn = vl_convert.vegalite_to_svg(ours, allowed_base_urls=[])
        root = ET.fromstring(drawn)  # noqa: S314 - our own converter's output
    except (ValueError, ET.ParseError):
        return None
    picture = Markup(_clean(root, label))  # noqa: S704 - rebuilt from allowed elements and attributes only
    return Chart(caption=caption(spec), picture=picture, spec=ours)


def paged(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec in the page's variables, without its title: the finding stands above it as the answer's sentence."""
    ours = {key: value for key, value in spec.items() if key not in {"title", "usermeta", "description"}}
    ours["config"] = _variables()
    return ours


def caption(spec: Mapping[str, Any]) -> str:
    """Return what is drawn, for which slice and when: the spec's subtitle."""
    title = spec.get("title")
    subtitle = title.get("subtitle", "") if isinstance(title, dict) else ""
    return " ".join(subtitle) if isinstance(subtitle, list) else str(subtitle)


@cache
def _variables() -> dict[str, Any]:
    """The charts' one style, each of its colours replaced by the page's variable for it."""
    light = config("light")
    text = json.dumps(light)
    names = {light["title"]["color"]: "--ink", light["title"]["subtitleColor"]: "--quiet", light["axis"]["gridColor"]: "--line"}
    names |= {colour: f"--series-{n}" for n, colour in enumerate(CATEGORIES["light"], start=1) if colour not in names}
    names.setdefault(light["bar"]["color"], "--accent")
    for colour, name in names.items():
        text = text.replace(f'"{colour}"', f'"var({name})"')
    variables: dict[str, Any] = json.loads(text)
    return variables


_EXPORTS = "window.vegaEmbed = vegaEmbed;"


@cache
def bundle() -> tuple[bytes, str]:
    """Return Vega, Vega-Lite and Vega-Embed as one script, from the installed converter, with its entity tag."""
    import vl_convert

    with _lock:
        script = vl_convert.javascript_bundle(_EXPORTS).encode()
    return script, hashlib.sha256(script).hexdigest()[:16]


def warm() -> None:
    """Start the converter, so that the first answer doesn't wait for it. Call it in a worker, never before a fork."""
    chart({"data": {"values": [{"a": "一", "b": 1}]}, "mark": "bar", "encoding": {"x": {"field": "b"}, "y": {"field": "a"}}}, label="")


def _clean(root: ET.Element, label: str) -> str:
    """Rebuild the SVG from harmless elements and attributes; ids become this picture's own, since a page holds several."""
    prefix = "c" + hashlib.sha256(ET.tostring(root)).hexdigest()[:8]
    ET.register_namespace("", SVG)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.removeprefix(f"{{{SVG}}}") not in _TAGS:
                parent.remove(child)
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name.startswith(("on", "aria-")) or name in {"style", "role"} or name.endswith("href"):
                del element.attrib[name]
            elif name == "id":
                element.set(name, f"{prefix}-{value}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{prefix}-"))
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("class", "chart-picture")
    root.set("role", "img")
    root.set("aria-label", label)
    return ET.tostring(root, encoding="unicode")
