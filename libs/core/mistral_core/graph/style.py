"""Colours and fonts of the picture: classes, once for light pages and once for dark ones."""

from collections.abc import Mapping
from typing import Final

SANS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
MONO: Final = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

WAYS: Final = ("on-success", "on-error", "on-complete", "on-skip", "requires", "critical")

_LIGHT: Final[Mapping[str, str]] = {
    "page": "#fbfbfa",
    "card": "#ffffff",
    "line": "#c9ced6",
    "ink": "#1d2430",
    "soft": "#667085",
    "on-success": "#2c9a5f",
    "on-error": "#d1453b",
    "on-complete": "#7b8494",
    "on-skip": "#8a5bd6",
    "requires": "#7b8494",
    "critical": "#e07b00",
    "good": "#2c9a5f",
    "bad": "#d1453b",
    "busy": "#2477c9",
    "held": "#b98900",
    "gone": "#8a5bd6",
    "good-card": "#eef8f2",
    "bad-card": "#fdf0ef",
    "busy-card": "#edf4fc",
    "held-card": "#fdf7e3",
    "gone-card": "#f5f0fd",
}

_DARK: Final[Mapping[str, str]] = {
    "page": "#15181e",
    "card": "#1f242d",
    "line": "#454d5b",
    "ink": "#e8ebf0",
    "soft": "#9aa4b4",
    "on-success": "#4cc38a",
    "on-error": "#f2766d",
    "on-complete": "#98a2b3",
    "on-skip": "#b18cf5",
    "requires": "#98a2b3",
    "critical": "#ffa83d",
    "good": "#4cc38a",
    "bad": "#f2766d",
    "busy": "#68aef2",
    "held": "#e5b93c",
    "gone": "#b18cf5",
    "good-card": "#1b2b25",
    "bad-card": "#33211f",
    "busy-card": "#1b2836",
    "held-card": "#302a18",
    "gone-card": "#292038",
}

MOODS: Final[Mapping[str, str]] = {
    "SUCCESS": "good",
    "ERROR": "bad",
    "RUNNING": "busy",
    "PAUSED": "held",
    "DELAYED": "held",
    "WAITING": "held",
    "IDLE": "held",
    "CANCELLED": "gone",
    "SKIPPED": "gone",
}

_SHAPES: Final = f"""
text {{ font-family: {SANS}; }}
.mono {{ font-family: {MONO}; }}
.head {{ font-size: 18px; font-weight: 700; }}
.caption {{ font-size: 12px; }}
.title {{ font-size: 13px; font-weight: 600; }}
.detail {{ font-size: 11px; }}
.note, .legend {{ font-size: 10.5px; }}
.label {{ font-size: 10.5px; }}
.card {{ stroke-width: 1.2; }}
.critical-card {{ stroke-width: 2.6; }}
.edge {{ fill: none; stroke-width: 1.6; stroke-linecap: round; }}
.on-error {{ stroke-dasharray: 6 4; }}
.on-skip {{ stroke-dasharray: 2 4; }}
.critical {{ stroke-width: 3.2; stroke-dasharray: none; }}
.aside {{ opacity: 0.4; }}
"""


def stylesheet() -> str:
    """Return the style sheet of a picture."""
    dark = "\n".join(f"  {line}" for line in _colours(_DARK).splitlines())
    return f"{_SHAPES}{_colours(_LIGHT)}@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _colours(palette: Mapping[str, str]) -> str:
    rules = [
        f".page {{ fill: {palette['page']}; }}",
        f".ink {{ fill: {palette['ink']}; }}",
        f".soft {{ fill: {palette['soft']}; }}",
        f".card {{ fill: {palette['card']}; stroke: {palette['line']}; }}",
        f".rule {{ stroke: {palette['line']}; }}",
        f".bar {{ fill: {palette['soft']}; }}",
        f".chip {{ fill: {palette['page']}; }}",
    ]
    for way in WAYS:
        rules.append(f".{way} {{ stroke: {palette[way]}; }}")
        rules.append(f".tip-{way} {{ fill: {palette[way]}; }}")
    for mood in sorted(set(MOODS.values())):
        rules.append(f".{mood} {{ fill: {palette[mood]}; }}")
        rules.append(f".card-{mood} {{ fill: {palette[f'{mood}-card']}; stroke: {palette[mood]}; }}")
    rules.append(f".critical-card {{ stroke: {palette['critical']}; }}")
    return "".join(f"{rule}\n" for rule in rules)
