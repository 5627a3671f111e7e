"""What is kept of the lines that runs write."""

from hypothesis import given
from hypothesis import strategies as st

from mistral_persistence.action_progress import MOST_LINE_BYTES, MOST_LINES, Line, bounded

LINES = st.lists(st.builds(Line, at=st.just(""), level=st.just("INFO"), message=st.text(max_size=20)), max_size=30)


def test_of_many_lines_the_last_are_kept() -> None:
    lines = [Line("", "INFO", str(number)) for number in range(MOST_LINES + 5)]
    assert [each.message for each in bounded(lines)] == [str(number) for number in range(5, MOST_LINES + 5)]


def test_of_long_lines_fewer_are_kept() -> None:
    lines = [Line("", "INFO", "ä" * 4096) for _ in range(100)]
    assert len(bounded(lines)) == MOST_LINE_BYTES // 8192


@given(lines=LINES)
def test_few_short_lines_are_all_kept(lines: list[Line]) -> None:
    assert list(bounded(lines)) == lines
