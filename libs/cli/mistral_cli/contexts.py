"""Contexts: named ways to a mesh, kept in a file of the person. Flags win over variables, and those over this file.

The file is TOML: ``current = "NAME"`` and a table ``[contexts.NAME]`` each, readable by its owner alone.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mistral_cli.errors import USAGE, CommandError

# What a context may say, and what it means; all are texts.
KEYS: Mapping[str, str] = {
    "grpc_address": "where the mesh answers, host:port",
    "api_key": "key or token to sign in with",
    "project": "project to act in",
    "tls": "true to encrypt, with the certificate authorities of this machine",
    "tls_ca": "file with the certificate authorities to trust",
    "tls_cert": "file with a certificate of your own, for a mesh that asks for one",
    "tls_key": "file with its key",
}
SECRETS = frozenset({"api_key"})


@dataclass(frozen=True, slots=True)
class Contexts:
    """All contexts of the file, and which of them is used when none is named."""

    current: str = ""
    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def chosen(self, name: str | None) -> Mapping[str, str]:
        """Return what a context says, or the current one; nothing if there is none.

        Raises:
            CommandError: As a usage error, if there is no context of that name.
        """
        wanted = name or self.current
        if not wanted:
            return {}
        if wanted not in self.named:
            known = ", ".join(sorted(self.named)) or "none"
            raise CommandError(f"there is no context {wanted!r}; known: {known}", USAGE)
        return self.named[wanted]


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the file is: ``MISTRAL_CONFIG``, else in the configuration folder of the person."""
    if said := environ.get("MISTRAL_CONFIG"):
        return Path(said)
    folder = environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "mistral" / "config.toml"


def read(file: Path) -> Contexts:
    """Read the file; one that is not there is empty.

    Raises:
        CommandError: As a usage error that names the file, if it cannot be understood.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Contexts()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}", USAGE) from None
    named = found.get("contexts", {})
    if not isinstance(named, dict) or not all(isinstance(each, dict) for each in named.values()):
        raise CommandError(f"{file}: 'contexts' must be tables, such as [contexts.home]", USAGE)
    return Contexts(str(found.get("current", "")), {name: _known(file, name, each) for name, each in named.items()})


def write(file: Path, contexts: Contexts) -> None:
    """Replace the file; it may hold keys, so nobody else may read it."""
    lines = [f"current = {_text(contexts.current)}"] if contexts.current else []
    for name, values in sorted(contexts.named.items()):
        lines += ["", f"[contexts.{_text(name)}]", *(f"{key} = {_text(value)}" for key, value in values.items())]
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines).lstrip("\n") + "\n")
    new.replace(file)


def checked(key: str, file: str = "") -> str:
    """Return the name of a key as the file has it; dashes count as underscores."""
    name = key.replace("-", "_")
    if name not in KEYS:
        place = f"{file}: " if file else ""
        raise CommandError(f"{place}a context has no key {key!r}; known: {', '.join(KEYS)}", USAGE)
    return name


def _known(file: Path, name: str, values: Mapping[str, object]) -> dict[str, str]:
    place = f"{file}, context {name}"
    return {
        checked(key, place): str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in values.items()
    }


def _text(value: str) -> str:
    # Texts of JSON are texts of TOML, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
