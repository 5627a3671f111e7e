"""How wide texts are, roughly: nothing here can ask a font, so letters come in three widths."""

from typing import Final

_NARROW: Final = frozenset("iljtfrI.,:;'|!()[]{}` ")
_WIDE: Final = frozenset("mwMW@%—→…")
_SHARE: Final = (0.34, 0.60, 0.92)
_MONO_SHARE: Final = 0.61


def width(text: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """Return the width of a line at a font size."""
    if mono:
        return len(text) * size * _MONO_SHARE
    share = sum(_SHARE[0] if c in _NARROW else _SHARE[2] if c in _WIDE else _SHARE[1] for c in text)
    return share * size * (1.06 if bold else 1.0)


def clipped(text: str, longest: int) -> str:
    """Return the text, or its beginning if it has too many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
