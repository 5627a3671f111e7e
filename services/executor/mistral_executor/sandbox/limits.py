"""What a child may use, as it travels to the child: one JSON text on its command line."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one child process.

    Attributes:
        memory_mb: Of the code it runs, in MiB; what the interpreter needs comes on top.
        cpu_seconds: Of processor time in all its life; 0 for no limit.
        file_mb: Largest file it may write, in MiB; 0 if it may write none.
        open_files: Most files and sockets open at once.
        network: Whether it may open sockets to other machines, or to this one.
    """

    memory_mb: int
    cpu_seconds: int = 0
    file_mb: int = 0
    open_files: int = 64
    network: bool = False

    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(**json.loads(text))
