"""Everything ``make lint`` holds: style, types, import contracts, contracts of the wire, and the rules of the house."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import house

BIN = Path(sys.executable).parent


def main() -> None:
    """Run every check, whatever the others say, and end with 1 if one complains."""
    checks: dict[str, Callable[[], bool]] = {
        "ruff check": lambda: _run("ruff", "check", "--quiet", "."),
        "ruff format": lambda: _run("ruff", "format", "--quiet", "--diff", "."),
        "types": lambda: _run("mypy", "--no-error-summary", *_packages()),
        "import contracts": lambda: _run("lint-imports", quiet=True),
        "wire contracts": _buf,
        "house rules": _house,
    }
    failed = [name for name, check in checks.items() if not _timed(name, check)]
    sys.exit(f"make lint: {', '.join(failed)} complain" if failed else 0)


def _timed(name: str, check: Callable[[], bool]) -> bool:
    began = time.monotonic()
    well = check()
    print(f"{'ok  ' if well else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return well


def _run(tool: str, *arguments: str, quiet: bool = False) -> bool:
    """Run a tool; a quiet one speaks only when it complains."""
    done = subprocess.run([str(BIN / tool), *arguments], check=False, capture_output=quiet, text=True)
    if quiet and done.returncode != 0:
        print(done.stdout, done.stderr)
    return done.returncode == 0


def _packages() -> Iterator[str]:
    """Name every package for mypy: by name it finds them as users import them."""
    for marker in sorted([*Path().glob("*/*/mistral_*/py.typed"), *Path().glob("libs/sdk/python/mistral_*/py.typed")]):
        yield from ("-p", marker.parent.name)


def _buf() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "mistral.binpb")
        subprocess.run([sys.executable, "protos/generate.py", str(image)], check=True)
        return _run("buf", "lint", str(image), "--config", "buf.yaml")


def _house() -> bool:
    complaints = list(house.complaints())
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return not complaints


if __name__ == "__main__":
    main()
