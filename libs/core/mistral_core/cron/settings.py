"""What a cron trigger is told beside what it starts: when, how often, and what becomes of what could not be. Pure."""

from dataclasses import dataclass
from typing import Final

from mistral_core.cron.overlap import Overlap
from mistral_core.cron.schedule import Schedule
from mistral_core.cron.turn import GRACE_SECONDS
from mistral_core.errors import InvalidInput

LEAST_WINDOW: Final = GRACE_SECONDS
LONGEST_WINDOW: Final = 366 * 24 * 3600
MOST_RUNS: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CronSettings:
    """When a workflow is started, and what becomes of what could not be.

    Attributes:
        count: How often it fires; None for ever.
        catchup_window: Seconds for which missed due times are made up for; None for one run for all of them.
    """

    schedule: Schedule
    count: int | None = None
    overlap: Overlap = Overlap.ALLOW
    catchup_window: int | None = None

    def check(self) -> None:
        """Refuse what no trigger can be.

        Raises:
            InvalidInput: Names the field.
        """
        self.schedule.check()
        if self.count is not None and self.count < 1:
            raise InvalidInput("remaining_executions must be at least 1.", field="remaining_executions")
        if self.count is not None and self.count > MOST_RUNS:
            raise InvalidInput(f"remaining_executions must be at most {MOST_RUNS}.", field="remaining_executions")
        if self.catchup_window is not None and not LEAST_WINDOW <= self.catchup_window <= LONGEST_WINDOW:
            raise InvalidInput(
                f"catchup_window is {LEAST_WINDOW} to {LONGEST_WINDOW} seconds, not {self.catchup_window}",
                field="catchup_window",
            )
