"""Test files on the disk, and the files of definitions that they name."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mistral_cli.authored import read, text_of, told
from mistral_cli.errors import USAGE, CommandError
from mistral_core.documents import Kind
from mistral_core.stubrun import Library, Suite, read_suite

_SUFFIXES = (".yaml", ".yml", ".json")
_MARK = ".test"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A test file that was read, with all that it needs."""

    path: Path
    suite: Suite
    library: Library


def found(targets: Iterable[str]) -> list[Path]:
    """Return the test files that are meant: files as they are, folders searched for ``*.test.yaml``.

    Raises:
        CommandError: As a usage error, if there is none.
    """
    files: list[Path] = []
    for target in targets:
        path = Path(target)
        if path.is_dir():
            inside = sorted(p for suffix in _SUFFIXES for p in path.rglob(f"*{_MARK}{suffix}"))
            if not inside:
                raise CommandError(f"the folder {target} has no files *{_MARK}.yaml", USAGE)
            files.extend(inside)
        elif path.exists():
            files.append(path)
        else:
            raise CommandError(f"there is no file {target}", USAGE)
    return list(dict.fromkeys(files))


def load(path: Path) -> Loaded:
    """Read a test file and its definitions.

    Raises:
        CommandError: As a usage error, with file and line.
    """
    text = text_of(path)
    with told(path):
        suite = read_suite(text)
    documents = [read(file) for file in (_named(path, suite) or _beside(path))]
    return Loaded(path, suite, Library(documents, suite.environments))


def _named(path: Path, suite: Suite) -> list[Path]:
    return [path.parent / name for name in suite.files]


def _beside(path: Path) -> list[Path]:
    """Return the file that a test file belongs to by its name."""
    stem = path.stem.removesuffix(_MARK)
    for candidate in (path.with_name(f"{stem}{suffix}") for suffix in _SUFFIXES):
        if candidate != path and candidate.exists() and read(candidate).kind is not Kind.TEST:
            return [candidate]
    raise CommandError(
        f"{path} does not say which files it tests: write files: [...], or name it NAME{_MARK}.yaml beside NAME.yaml",
        USAGE,
    )
