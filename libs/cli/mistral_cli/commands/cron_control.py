"""``mistralctl cron-trigger`` pause, resume, run, backfill, preview and runs."""

from typing import Annotated
from uuid import uuid4

import typer

from mistral_cli.commands.cron_options import (
    EndAt,
    FirstTime,
    Note,
    Overlap,
    Patterns,
    StartAt,
    Trigger,
    Zone,
    instant_message,
    overlap_message,
)
from mistral_cli.connection import connected
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.group import Group
from mistral_cli.listing import Wanted, pages
from mistral_cli.options import All, Filters, Format, Limit, Output, Sort
from mistral_cli.printing import done, show, show_all, show_pages
from mistral_cli.record import record
from mistral_cli.resource import Resource

_RUN_COLUMNS = ("due_at", "state", "kind", "execution_id", "reason")
_BEGIN = Annotated[str, typer.Option("--start", metavar="TIME", help="First time, in UTC unless it says otherwise.")]
_END = Annotated[str, typer.Option("--end", metavar="TIME", help="Last time, likewise; it has passed.")]
_COUNT = Annotated[int, typer.Option("--count", "-c", metavar="N", min=1, max=100, help="How many times.")]
_SINCE = Annotated[
    str, typer.Option("--since", metavar="TIME", help="Time after which. Default: now.", show_default=False)
]
_NAME = Annotated[
    str, typer.Argument(metavar="NAME", help="Name or id of a cron trigger; none for a --pattern.", show_default=False)
]


def add_control(app: Group, resource: Resource) -> None:
    """Give the group of cron triggers what is done with one that is there."""
    _add_pausing(app, resource)
    _add_running(app, resource)
    _add_preview(app, resource)
    _add_runs(app, resource)


def _add_pausing(app: Group, resource: Resource) -> None:
    @app.command(examples=("mistralctl cron-trigger pause nightly --note 'the disks are moved'",))
    def pause(name: Trigger, note: Note = "", output: Output = Format.TABLE) -> None:
        """Have a cron trigger start nothing until it is resumed; nothing counts as missed meanwhile."""
        with connected() as mesh, resource.suggesting(mesh, name):
            answer = mesh.cron_triggers.PauseCronTrigger(identifier=name, note=note)
        resource.shown(answer.cron_trigger, output)

    @app.command(examples=("mistralctl cron-trigger resume nightly",))
    def resume(name: Trigger, output: Output = Format.TABLE) -> None:
        """Let a paused cron trigger go on with its next due time."""
        with connected() as mesh, resource.suggesting(mesh, name):
            answer = mesh.cron_triggers.ResumeCronTrigger(identifier=name)
        resource.shown(answer.cron_trigger, output)


def _add_running(app: Group, resource: Resource) -> None:
    @app.command(examples=("mistralctl cron-trigger run nightly", "mistralctl cron-trigger run nightly --overlap skip"))
    def run(name: Trigger, overlap: Overlap = None, output: Output = Format.TABLE) -> None:
        """Have the workflow of a cron trigger started now, also if it is paused."""
        with connected() as mesh, resource.suggesting(mesh, name):
            answer = mesh.cron_triggers.RunCronTrigger(
                identifier=name, overlap=overlap_message(overlap), request_id=str(uuid4())
            )
        show(record(answer.run), output, label="id")

    @app.command(
        examples=(
            "mistralctl cron-trigger backfill nightly --start '2026-05-01 00:00' --end '2026-05-04 00:00'",
            "mistralctl cron-trigger backfill nightly --start 2026-05-01 --end 2026-05-04 --overlap buffer-all",
        )
    )
    def backfill(name: Trigger, start: _BEGIN, end: _END, overlap: Overlap = None) -> None:
        """Run the due times of a range that have not been run; both ends count, at most 1000 times."""
        with connected() as mesh, resource.suggesting(mesh, name):
            answer = mesh.cron_triggers.BackfillCronTrigger(
                identifier=name,
                start=instant_message(start, "--start"),
                end=instant_message(end, "--end"),
                overlap=overlap_message(overlap),
            )
        done(
            f"{answer.started} started, {answer.waiting} waiting for others, {answer.skipped} left out, "
            f"{answer.known} had been run before"
        )


def _add_preview(app: Group, resource: Resource) -> None:
    @app.command(
        examples=(
            "mistralctl cron-trigger preview nightly",
            "mistralctl cron-trigger preview --pattern '30 2 * * *' --timezone Europe/Berlin --since 2026-03-27",
        )
    )
    def preview(
        name: _NAME = "",
        pattern: Patterns = None,
        timezone: Zone = "",
        first_time: FirstTime = "",
        start_at: StartAt = "",
        end_at: EndAt = "",
        count: _COUNT = 10,
        since: _SINCE = "",
        output: Output = Format.TABLE,
    ) -> None:
        """Show when a cron trigger, or a pattern that is not stored, is due next."""
        if bool(name) == bool(pattern or first_time):
            raise CommandError("say what: the name of a cron trigger, or --pattern", USAGE)
        asked = {
            "patterns": pattern or (),
            "timezone": timezone,
            "first_execution_time": instant_message(first_time, "--first-time"),
            "start_at": instant_message(start_at, "--start-at", timezone),
            "end_at": instant_message(end_at, "--end-at", timezone),
        }
        moment = instant_message(since, "--since", timezone)
        with connected() as mesh, resource.suggesting(mesh, name):
            answer = mesh.cron_triggers.PreviewCronTrigger(identifier=name, count=count, since=moment, **asked)
        show_all([record(each) for each in answer.times], output, ("due_at", "local", "starts_at"), label="due_at")


def _add_runs(app: Group, resource: Resource) -> None:
    @app.command(
        examples=(
            "mistralctl cron-trigger runs nightly",
            "mistralctl cron-trigger runs nightly --filter 'state = SKIPPED'",
        )
    )
    def runs(
        name: Trigger,
        filter: Filters = None,
        sort: Sort = "",
        limit: Limit = 20,
        all: All = False,
        output: Output = Format.TABLE,
    ) -> None:
        """List the runs of a cron trigger, newest first: what became of its last hundred due times, and why."""
        fields = {"identifier": name}
        wanted = Wanted(limit=None if all else limit, filters=filter or (), sort=sort, fields=fields)
        with connected() as mesh, resource.suggesting(mesh, name):
            found = pages(mesh.cron_triggers.ListCronTriggerRuns, "runs", wanted)
            show_pages(([record(each) for each in page] for page in found), output, _RUN_COLUMNS, label="id")
