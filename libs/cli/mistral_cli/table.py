"""Tables of lists, written while the list still comes: the first page decides how wide the columns are."""

from collections.abc import Iterable, Sequence

from mistral_cli.terminal import columns, cut, padded, styled, width

_GAP = "  "
_NARROWEST = 8
_LEAST_OF_NAMES = 36
_FEWEST = 2

Cell = tuple[str, str]


class Table:
    """Writes rows of cells, each a text and its style, below a line of titles.

    On a terminal a row fits into a line: long cells are cut, but for those of columns that are to be kept whole, and if
    that is not enough columns are left out, empty ones first and then from the right; ``hidden`` has their titles.
    """

    def __init__(self, titles: Sequence[str], whole: Iterable[str] = ()) -> None:
        self._titles = titles
        self._whole = frozenset(whole)
        self._widths: dict[int, int] = {}
        self.hidden: list[str] = []

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write more rows; the first call writes the titles, too."""
        if not self._widths:
            self._fit(rows)
            print(self._line([(title, "bold") for title in self._titles]))
        for row in rows:
            print(self._line(row))

    def _fit(self, rows: Sequence[Sequence[Cell]]) -> None:
        wanted = {
            index: max([width(title), *(width(row[index][0]) for row in rows)])
            for index, title in enumerate(self._titles)
        }
        room = columns()
        self._widths = wanted if room is None else self._cut(wanted, room)
        while room is not None and _taken(self._widths) > room and len(wanted) > _FEWEST:
            empty = [index for index in wanted if not any(row[index][0] for row in rows)]
            index = empty[-1] if empty else max(wanted)
            self.hidden.append(self._titles[index])
            del wanted[index]
            self._widths = self._cut(wanted, room)

    def _cut(self, wanted: dict[int, int], room: int) -> dict[int, int]:
        widths = dict(wanted)
        for _ in range(_taken(widths) - room):
            # The widest gives first, down to the next one: short columns stay readable.
            loose = [index for index in widths if widths[index] > self._least(index, wanted[index])]
            if not loose:
                break
            index = max(loose, key=lambda each: widths[each])
            widths[index] -= 1
        return widths

    def _least(self, index: int, wanted: int) -> int:
        title = self._titles[index]
        if title in self._whole:
            return wanted
        return max(_LEAST_OF_NAMES if title == "NAME" else _NARROWEST, width(title))

    def _line(self, cells: Sequence[Cell]) -> str:
        is_cut = columns() is not None
        parts = []
        for index, most in self._widths.items():
            text, style = cells[index]
            shown = cut(text, most) if is_cut and self._titles[index] not in self._whole else text
            parts.append(styled(shown, style) + padded("", most - width(shown)))
        return _GAP.join(parts).rstrip()


def _taken(widths: dict[int, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)
