"""The crash tests many times in a row: ``make crash TIMES=10``, or ``python -m tests.system.soak --times 10``.

Each time on new meshes. Prints how long recovery took in each ordeal, and ends with 1 if anything failed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.system.ordeal import REPORT, Figures

_TESTS = ("tests/system/test_crash.py", "tests/system/test_replicas.py")


def main() -> None:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--keep-going", action="store_true", help="also after a failure")
    chosen, others = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="mistral-soak-") as folder:
        report = Path(folder, "report")
        failed = _rounds(chosen.times, others, report, keep_going=chosen.keep_going)
        print(*_summary(report), sep="\n")
    print(f"\n{chosen.times} times: " + (f"{len(failed)} failed ({failed})" if failed else "all passed"))
    sys.exit(bool(failed))


def _rounds(times: int, others: list[str], report: Path, *, keep_going: bool) -> list[int]:
    failed = []
    for number in range(1, times + 1):
        began = time.monotonic()
        # With a folder of its own, so that the logs of a failure are not tidied away by other sessions.
        home = Path(tempfile.gettempdir(), f"mistral-soak-{os.getpid()}-{number}")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", f"--basetemp={home}", *_TESTS, *others],
            env={**os.environ, REPORT: str(report)},
            capture_output=True,
            text=True,
            check=False,
        )
        last = done.stdout.strip().splitlines()[-1:]
        print(f"{number}/{times}: {''.join(last)} ({time.monotonic() - began:.0f} s)", flush=True)
        if done.returncode == 0:
            subprocess.run(["rm", "-rf", str(home)], check=True)
            continue
        failed.append(number)
        print(done.stdout[-8000:], done.stderr[-2000:], f"logs are in {home}", sep="\n", flush=True)
        if not keep_going:
            break
    return failed


def _summary(report: Path) -> Iterator[str]:
    if not report.exists():
        return
    by_name: dict[str, list[Figures]] = defaultdict(list)
    for line in report.read_text().splitlines():
        figures = Figures(**json.loads(line))
        by_name[figures.name].append(figures)
    yield f"\n{'seconds (median, longest)':32}{'answering again':>18}{'all done':>18}{'repeated calls':>16}"
    for name, each in by_name.items():
        answering, done = _both(f.answering_seconds for f in each), _both(f.done_seconds for f in each)
        yield f"{name:32}{answering:>18}{done:>18}{max(f.repeats for f in each):>16}"


def _both(values: Iterator[float]) -> str:
    every = list(values)
    return f"{statistics.median(every):.2f} {max(every):.2f}"


if __name__ == "__main__":
    main()
