"""Test files on the disk, and the files of definitions that they name."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mistral_cli.errors import USAGE, CommandError
from mistral_core.documents import Document, Kind, read_document
from mistral_core.errors import InvalidDefinition
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
    with wrong(path):
        suite = read_suite(text_of(path))
    documents = [_document(file) for file in (_named(path, suite) or _beside(path))]
    return Loaded(path, suite, Library(documents, suite.environments))


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not a text file in UTF-8", USAGE) from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", USAGE) from None


@contextmanager
def wrong(path: Path) -> Iterator[None]:
    """Turn a fault of a file into a usage error that names the file and the line."""
    try:
        yield
    except InvalidDefinition as error:
        within = f" ({error.path})" if error.path else ""
        reason = error.reason.removeprefix("Invalid DSL: ")
        raise CommandError(f"{place(path, error)}: {reason}{within}", USAGE) from None


def place(path: Path | str, error: InvalidDefinition) -> str:
    """Return file, line and column as compilers write them."""
    return ":".join(str(part) for part in (path, error.line, error.column) if part is not None)


def _document(path: Path) -> Document:
    with wrong(path):
        return read_document(text_of(path))


def _named(path: Path, suite: Suite) -> list[Path]:
    return [path.parent / name for name in suite.files]


def _beside(path: Path) -> list[Path]:
    """Return the file that a test file belongs to by its name."""
    stem = path.stem.removesuffix(_MARK)
    candidates: Iterator[Path] = (path.with_name(f"{stem}{suffix}") for suffix in _SUFFIXES)
    for candidate in candidates:
        if candidate != path and candidate.exists() and read_kind(candidate) is not Kind.TEST:
            return [candidate]
    raise CommandError(
        f"{path} does not say which files it tests: write files: [...], or name it NAME{_MARK}.yaml beside NAME.yaml",
        USAGE,
    )


def read_kind(path: Path) -> Kind:
    return _document(path).kind
