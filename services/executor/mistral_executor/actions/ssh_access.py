"""What the operator allows actions over SSH: which keys, which hosts, how long. The files are read here."""

from dataclasses import dataclass
from pathlib import Path

from mistral_executor.actions.errors import Unusable

_MOST_KEY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """Settings of the actions over SSH.

    Attributes:
        keys: Folder of the private keys that workflows may name.
        known_hosts: File of trusted host keys; None for ``known_hosts`` among the keys, if it is there. Without
            any, every host key is taken.
        seconds: Limit for a whole action, all its hosts included.
    """

    keys: str = "~/.ssh"
    known_hosts: str | None = None
    seconds: float = 3600.0

    def trusted_hosts(self) -> str | None:
        """Return the file of trusted host keys; None if every host key is to be taken."""
        if self.known_hosts is not None:
            return str(Path(self.known_hosts).expanduser())
        beside = Path(self.keys).expanduser() / "known_hosts"
        return str(beside) if beside.exists() else None

    def key(self, name: str) -> str:
        """Read the private key of a file, named relative to the folder of keys.

        Raises:
            Unusable: If there is none of that name inside the folder.
        """
        folder = Path(self.keys).expanduser().resolve()
        path = (folder / name).resolve()
        # A link out of the folder is no way out either.
        if ".." in Path(name).parts or not path.is_relative_to(folder):
            raise Unusable("'private_key_filename' must name a file inside the executor's folder of keys")
        try:
            with path.open(encoding="ascii") as file:
                return file.read(_MOST_KEY_BYTES)
        except (OSError, ValueError):
            raise Unusable(f"'private_key_filename': there is no key {name!r} that can be read") from None
