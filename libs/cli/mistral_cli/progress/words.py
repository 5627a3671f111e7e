"""Durations and notes on tasks in words, the same in the tree and in plain lines."""

from mistral_cli.progress.snapshot import ExecutionView, TaskView

_LONGEST_INFO = 200


def duration(seconds: float) -> str:
    """Return a duration as people say it: ``12 ms``, ``1.2 s``, ``2 min 05 s``."""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def time_taken(view: TaskView | ExecutionView, now: float) -> str:
    """Return how long it took, or has been under way; empty for what has not begun."""
    if view.started is None:
        return ""
    return duration((view.finished or now) - view.started)


def note(view: TaskView | ExecutionView) -> str:
    """Return what else is to be said in one line: items, retries, and why it stands where it stands."""
    parts: list[str] = []
    if isinstance(view, TaskView):
        if view.items is not None:
            parts.append(
                f"{view.items} items" if view.done in (None, view.items) else f"{view.done} of {view.items} items"
            )
        if view.retries:
            parts.append(f"retry {view.retries}")
    elif view.item:
        parts.append(view.item)
    if view.info and view.state != "SUCCESS":
        line = " ".join(view.info.split())
        parts.append(line if len(line) <= _LONGEST_INFO else line[:_LONGEST_INFO] + "…")
    return ", ".join(parts)
