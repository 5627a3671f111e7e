"""Executions written to files before they go: JSON lines, compressed, one file for each batch.

A file has its name only once all of it is on disk, so a file that is there is whole.
"""

import asyncio
import gzip
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from mistral_persistence.database import Pool
from mistral_persistence.expiry import whole

_LEVEL = 6


class ArchiveFolder:
    """Writes batches into a folder, one below it for each day.

    Attributes:
        written: Executions written since the start.
    """

    def __init__(self, folder: Path, pool: Pool) -> None:
        self._folder = folder
        self._pool = pool
        self.written = 0

    async def keep(self, ids: Sequence[str]) -> None:
        """Write executions into a new file and return once it is on disk.

        Raises:
            OSError: If it cannot be written; nothing is left of it.
        """
        now = datetime.now(UTC)
        day = self._folder / now.strftime("%Y-%m-%d")
        await asyncio.to_thread(day.mkdir, parents=True, exist_ok=True)
        target = day / f"executions-{now:%H%M%S}-{uuid4().hex[:12]}.jsonl.gz"
        part = target.with_suffix(".part")
        try:
            with await asyncio.to_thread(part.open, "xb") as file:
                await self._write(file, ids)
            await asyncio.to_thread(_settle, part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    async def _write(self, file: IO[bytes], ids: Sequence[str]) -> None:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, filename="") as packed:
            for each in ids:
                text = await whole(self._pool, each)
                if text is not None:
                    await asyncio.to_thread(packed.write, text.encode() + b"\n")
                    self.written += 1
        await asyncio.to_thread(_sync, file)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _settle(part: Path, target: Path) -> None:
    """Give a file its name, for good."""
    part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
