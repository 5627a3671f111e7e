"""What an API key looks like: ``mistral_``, a public prefix, and 256 bits of chance.

Only the SHA-256 of the whole is stored. A slow hash protects passwords, which can be guessed; 256 bits cannot, so all
that it would do is to make every request slow.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

BEGINNING: Final = "mistral_"
_PREFIX_BYTES: Final = 6
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """A key as its holder has it."""

    text: str

    def __repr__(self) -> str:
        return f"Secret({self.prefix})"

    @property
    def prefix(self) -> str:
        """The part that may be shown; finds the key."""
        return self.text.removeprefix(BEGINNING).partition("_")[0]

    @property
    def digest(self) -> bytes:
        """What is stored of it."""
        return hashlib.sha256(self.text.encode()).digest()

    def matches(self, digest: bytes) -> bool:
        """Whether that is what was stored of it; takes as long either way."""
        return hmac.compare_digest(self.digest, digest)


def new_secret() -> Secret:
    """Make a key that nobody had before."""
    return Secret(f"{BEGINNING}{secrets.token_hex(_PREFIX_BYTES)}_{secrets.token_urlsafe(_SECRET_BYTES)}")
