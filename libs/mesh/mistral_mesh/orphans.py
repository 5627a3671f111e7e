"""Processes of a mesh whose supervisor was killed: found by their pid files, and ended before a new mesh begins."""

import signal
from pathlib import Path

import psutil

from mistral_mesh.home import Home

_SECONDS = 10.0


def end_orphans(home: Home) -> int:
    """End what a former mesh of this home left running and return how many; stale pid files go too.

    Only for who holds the home: otherwise they are no orphans.
    """
    pid_files = sorted(home.run.glob("*.pid")) if home.run.exists() else []
    lock = home.data / "postgres" / "postmaster.pid"
    # A set: Postgres stands in two files.
    found = list({process for file in (*pid_files, lock) if (process := _ours(file, home)) is not None})
    for process in found:
        # Postgres takes SIGTERM as "wait until all have left"; SIGINT means the same to all of them: go now.
        _signal(process, interrupt=process.name() == "postgres")
    _, alive = psutil.wait_procs(found, timeout=_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=_SECONDS)
    for file in pid_files:
        file.unlink(missing_ok=True)
    return len(found)


def _ours(file: Path, home: Home) -> psutil.Process | None:
    """Return the process of a pid file if it is alive and truly of this home, for ids are used again."""
    try:
        process = psutil.Process(int(file.read_text().partition("\n")[0]))
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if process.environ().get("MISTRAL_HOME") == str(home.path) or _is_inside(process.cwd(), home.data):
            return process
    except (OSError, ValueError, psutil.Error):
        return None
    return None


def _is_inside(folder: str, parent: Path) -> bool:
    """Whether it works below the data: Postgres overwrites the environment that others can read."""
    return Path(folder).is_relative_to(parent.resolve())


def _signal(process: psutil.Process, *, interrupt: bool) -> None:
    try:
        if interrupt:
            process.send_signal(signal.SIGINT)
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        pass
