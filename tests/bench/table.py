"""The figures of all scenarios as a table for people, and what they mean against what is aimed at."""

from collections.abc import Iterator, Sequence

from tests.bench.measure import Figures

_COLUMNS = ("scenario", "tasks/s", "executions/s", "p50 ms", "p99 ms", "commits/task", "messages/task")


def table(all_figures: Sequence[Figures]) -> Iterator[str]:
    """Yield its lines."""
    yield from aligned([_COLUMNS, *map(_row, all_figures)])
    names = _processes(all_figures)
    if names:
        yield ""
        rows = [("CPU µs/task", *names, "sum without client"), *(_cpu(figures, names) for figures in all_figures)]
        yield from aligned(rows)
    ratio = item_ratio(all_figures)
    if ratio is not None:
        yield ""
        yield f"an item among 10,000 costs {ratio:.2f} of what it costs among 1,000"


def item_ratio(all_figures: Sequence[Figures]) -> float | None:
    """How much more an item costs in a large task than in a small one, by processor time if that is known."""
    by_name = {figures.scenario: figures for figures in all_figures}
    small, large = by_name.get("items"), by_name.get("items-10k")
    if small is None or large is None:
        return None
    if small.cpu_us and large.cpu_us:
        return _sum(large) / _sum(small)
    return small.tasks_per_second / large.tasks_per_second


def _row(figures: Figures) -> tuple[str, ...]:
    return (
        figures.scenario,
        f"{figures.tasks_per_second:,.0f}",
        f"{figures.executions_per_second:,.1f}",
        f"{figures.p50_ms:.1f}",
        f"{figures.p99_ms:.1f}",
        "-" if figures.engine_commits is None else f"{figures.engine_commits:.3f}",
        "-" if figures.messages is None else f"{figures.messages:.3f}",
    )


def _cpu(figures: Figures, names: Sequence[str]) -> tuple[str, ...]:
    return (figures.scenario, *(f"{figures.cpu_us.get(name, 0):.0f}" for name in names), f"{_sum(figures):.0f}")


def _sum(figures: Figures) -> float:
    return sum(micros for name, micros in figures.cpu_us.items() if name != "client")


def _processes(all_figures: Sequence[Figures]) -> list[str]:
    return list(dict.fromkeys(name for figures in all_figures for name in figures.cpu_us))


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        others = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *others])
