"""When cron patterns are due."""

from datetime import UTC, datetime

import pytest

from mistral_core.cron import NEVER, next_time
from mistral_core.errors import InvalidInput

SUNDAY = datetime(2026, 11, 22, 0, 48, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("0 3 1 1 *", datetime(2027, 1, 1, 3, tzinfo=UTC)),
        ("30 2 29 2 *", datetime(2028, 2, 29, 2, 30, tzinfo=UTC)),
        ("*/15 * * * *", datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ("* * * * * */20", datetime(2026, 11, 22, 0, 48, 40, tzinfo=UTC)),
        ("0 16 * * sun", datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ("0 1 * * mon", datetime(2026, 11, 23, 1, tzinfo=UTC)),
        ("@hourly", datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ("18 * * 12-12 *", datetime(2026, 12, 1, 0, 18, tzinfo=UTC)),
        ("0 3 * * 4-4", datetime(2026, 11, 26, 3, tzinfo=UTC)),
        ("0 3 * * thu-THU", datetime(2026, 11, 26, 3, tzinfo=UTC)),
        ("5-5/2,7 18-18 * * *", datetime(2026, 11, 22, 18, 5, tzinfo=UTC)),
        ("0 22-2 * * *", datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ("0 0 L * *", datetime(2026, 11, 30, tzinfo=UTC)),
        ("0 0 * * sun#1", datetime(2026, 12, 6, tzinfo=UTC)),
        ("0 0 13 * fri", datetime(2026, 11, 27, tzinfo=UTC)),
        ("0 0 1 1 * 0 2030", datetime(2030, 1, 1, tzinfo=UTC)),
        (NEVER, None),
        ("0 0 30 2 *", None),
    ],
)
def test_the_next_time_of_a_pattern(pattern: str, expected: datetime | None) -> None:
    assert next_time(pattern, SUNDAY) == expected


@pytest.mark.parametrize("pattern", ["", "x", "5", "61 * * * *", "*/0 * * * *", "* " * 60])
def test_a_pattern_that_cannot_be_read_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="The specified pattern is not valid"):
        next_time(pattern, SUNDAY)
