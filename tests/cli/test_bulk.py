"""Doing the same to many: asking first, going on where one fails, progress on a terminal."""

import io
from collections.abc import Callable

import pytest

from mistral_cli.bulk import Outcome, confirmed, performed
from mistral_cli.errors import INTERRUPTED, USAGE, CommandError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Terminal]:
    """Call it with what a person types; it returns the error output."""

    def sits_there(types: str) -> Terminal:
        screen = Terminal()
        monkeypatch.setattr("sys.stdin", Terminal(types))
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setenv("NO_COLOR", "1")
        return screen

    return sits_there


@pytest.mark.parametrize("answer", ["y\n", "Yes\n"])
def test_a_person_is_asked_and_may_say_yes(person: Callable[[str], Terminal], answer: str) -> None:
    screen = person(answer)

    confirmed("delete 3 workflows", yes=False)

    assert screen.getvalue() == "delete 3 workflows? [y/N] "


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_anything_else_is_no(person: Callable[[str], Terminal], answer: str) -> None:
    person(answer)

    with pytest.raises(CommandError, match="nothing was done") as raised:
        confirmed("delete 3 workflows", yes=False)

    assert raised.value.exit_code == USAGE


def test_one_that_fails_keeps_none_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    def one(key: str) -> Outcome:
        if key == "b":
            raise CommandError("it is in use")
        return Outcome("removed")

    with pytest.raises(CommandError, match="1 of 3 failed"):
        performed("workflow {}", ["a", "b", "c"], one)

    printed = capsys.readouterr()
    assert printed.out == "removed workflow a\nremoved workflow c\n"
    assert printed.err == "error: workflow b: it is in use\n"


def test_progress_is_drawn_on_a_terminal_and_cleared(person: Callable[[str], Terminal]) -> None:
    screen = person("")

    performed("workflow {}", list("abcdef"), lambda key: Outcome("removed"))

    assert "1 of 6" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_ctrl_c_says_how_far_it_came() -> None:
    def one(key: str) -> Outcome:
        if key == "c":
            raise KeyboardInterrupt
        return Outcome("removed")

    with pytest.raises(CommandError, match="stopped after 2 of 4") as raised:
        performed("workflow {}", list("abcd"), one)

    assert raised.value.exit_code == INTERRUPTED
