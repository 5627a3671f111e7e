"""Spans of time are read and shown as people write them."""

import pytest

from mistral_core.stubrun.spans import seconds, shown


@pytest.mark.parametrize(
    ("written", "read"),
    [(0, 0), (1.5, 1.5), ("90s", 90), ("1h 30m", 5400), ("2 days", 172800), ("200 ms", 0.2), ("1.5h", 5400)],
)
def test_a_span_is_read(written, read):
    assert seconds(written) == read


@pytest.mark.parametrize("written", ["", "soon", "1 fortnight", "h", -1, True, None, [1]])
def test_what_is_no_span_is_refused(written):
    with pytest.raises(ValueError, match="span of time"):
        seconds(written)


@pytest.mark.parametrize(
    ("span", "text"), [(0, "0 s"), (0.2, "0.2 s"), (59.5, "59.5 s"), (90, "1 m 30 s"), (90000, "1 d 1 h")]
)
def test_a_span_is_shown(span, text):
    assert shown(span) == text
    assert seconds(text) == span
