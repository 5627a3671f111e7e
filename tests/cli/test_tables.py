"""Tables as a person sees them on terminals of different widths, and what becomes of odd values."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mistral_cli.options import Format
from mistral_cli.printing import show, show_all
from mistral_cli.surroundings import Surroundings, within
from mistral_cli.terminal import cut, folded, harmless, width
from mistral_cli.when import ago

ID = "0b9a4ed5-7a3c-4a9e-9b7e-0a5ad0b7b1c3"
EXECUTIONS = [
    {"id": ID, "name": "trip", "state": "ERROR", "state_info": "the disk of the machine is full\nat length", "n": 12},
    {"id": ID.replace("0", "1"), "name": "größe-東京", "state": "SUCCESS", "state_info": "", "n": 3},
]
COLUMNS = ("id", "name", "state", "state_info", "n")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], str]]:
    """Call it with a number of columns; call what it returns for what was printed."""

    def open_(columns: int, **environment: str) -> Callable[[], str]:
        stream = Terminal()
        for name, value in {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "", **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdout", stream)
        return stream.getvalue

    return open_


def plain(columns: int, terminal: Callable[..., Callable[[], str]]) -> list[str]:
    printed = terminal(columns, NO_COLOR="1")
    show_all(EXECUTIONS, Format.TABLE, COLUMNS)
    return printed().splitlines()


def test_a_wide_terminal_shows_whole_lines(terminal: Callable[..., Callable[[], str]]) -> None:
    assert plain(120, terminal) == [
        "ID                                    NAME        STATE    STATE INFO                       N",
        f"{ID}  trip        ERROR    the disk of the machine is full  12",
        f"{ID.replace('0', '1')}  größe-東京  SUCCESS                                   3",
    ]


def test_long_cells_are_cut_to_fit_the_terminal(terminal: Callable[..., Callable[[], str]]) -> None:
    assert plain(80, terminal) == [
        "ID                                    NAME        STATE    STATE INFO         N",
        f"{ID}  trip        ERROR    the disk of the …  12",
        f"{ID.replace('0', '1')}  größe-東京  SUCCESS                     3",
    ]


def test_a_narrow_terminal_leaves_columns_out_and_says_so(
    terminal: Callable[..., Callable[[], str]], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = plain(62, terminal)

    assert [line.split()[2:] for line in lines] == [["STATE"], ["ERROR"], ["SUCCESS"]]
    assert all(width(line) <= 62 for line in lines)
    assert capsys.readouterr().err == "no room for state info, n (--fields chooses)\n"


def test_states_have_colours_only_where_they_are_wanted(terminal: Callable[..., Callable[[], str]]) -> None:
    coloured = terminal(120)
    show_all(EXECUTIONS, Format.TABLE, COLUMNS)
    assert "\x1b[1;31mERROR\x1b[0m" in coloured()
    without = terminal(120)
    with within(Surroundings(color=False)):
        show_all(EXECUTIONS, Format.TABLE, COLUMNS)
    assert "\x1b" not in without()


def test_a_record_folds_long_values_below_themselves(terminal: Callable[..., Callable[[], str]]) -> None:
    printed = terminal(40, NO_COLOR="1")
    show({"name": "trip", "state_info": "x" * 50, "output": {"a": [1]}}, Format.TABLE)

    assert printed().splitlines() == [
        "name        trip",
        "state_info  " + "x" * 28,
        "            " + "x" * 22,
        "output      {",
        '              "a": [',
        "                1",
        "              ]",
        "            }",
    ]


def test_names_for_programs_are_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_all(EXECUTIONS, Format.NAME, COLUMNS, label="id")
    with within(Surroundings(fields=("name", "state"))):
        show_all(EXECUTIONS, Format.NAME, COLUMNS, label="id")

    out = capsys.readouterr().out.splitlines()
    assert out == [ID, ID.replace("0", "1"), "trip\tERROR", "größe-東京\tSUCCESS"]


def test_values_do_not_steer_the_terminal() -> None:
    assert harmless("a\x1b[2Jb\x07 größe\tc") == "a\\x1b[2Jb\\x07 größe\tc"


def test_widths_are_those_of_the_characters() -> None:
    assert [width(text) for text in ("abc", "東京", "e\u0301")] == [3, 4, 1]
    assert [cut("東京タワー", 5), cut("abc", 3), cut("abcd", 3)] == ["東京…", "abc", "ab…"]
    assert folded("東京タワー", 4) == ["東京", "タワ", "ー"]


def test_times_are_said_as_people_say_them() -> None:
    now = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
    times = ("11:59:59.900", "11:59:20.000", "11:55:00.000", "09:00:00.000", "12:30:00.000")

    said = [ago(f"2026-05-04T{time}Z", now=now) for time in times]

    assert [*said, ago("2026-05-01T12:00:00.000Z", now=now)] == [
        "now",
        "40 s ago",
        "5 min ago",
        "3 h ago",
        "in 30 min",
        "3 d ago",
    ]
