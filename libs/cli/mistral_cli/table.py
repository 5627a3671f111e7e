"""Tables of lists, written while the list still comes: the first page decides how wide the columns are."""

from collections.abc import Iterable, Sequence

from mistral_cli.terminal import columns, cut, padded, styled, width

_GAP = "  "
_NARROWEST = 8

Cell = tuple[str, str]


class Table:
    """Writes rows of cells, each a text and its style, below a line of titles.

    On a terminal, cells are cut so that a row fits into a line, but for those of columns that are to be kept whole.
    """

    def __init__(self, titles: Sequence[str], whole: Iterable[str] = ()) -> None:
        self._titles = titles
        self._whole = frozenset(whole)
        self._widths: list[int] = []

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write more rows; the first call writes the titles, too."""
        if not self._widths:
            self._widths = self._fitted(rows)
            print(self._line([(title, "bold") for title in self._titles]))
        for row in rows:
            print(self._line(row))

    def _fitted(self, rows: Sequence[Sequence[Cell]]) -> list[int]:
        widths = [
            max([width(title), *(width(row[index][0]) for row in rows)]) for index, title in enumerate(self._titles)
        ]
        room = columns()
        if room is None:
            return widths
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - room
        while excess > 0:
            # The widest gives first, down to the next one: short columns stay readable.
            index = max(range(len(widths)), key=lambda each: (self._titles[each] not in self._whole) * widths[each])
            if self._titles[index] in self._whole or widths[index] <= max(_NARROWEST, width(self._titles[index])):
                break
            widths[index] -= 1
            excess -= 1
        return widths

    def _line(self, cells: Sequence[Cell]) -> str:
        is_cut = columns() is not None
        parts = []
        for index, (text, style) in enumerate(cells):
            shown = cut(text, self._widths[index]) if is_cut and self._titles[index] not in self._whole else text
            last = index == len(cells) - 1
            parts.append(styled(shown, style) + ("" if last else padded("", self._widths[index] - width(shown))))
        return _GAP.join(parts).rstrip()
