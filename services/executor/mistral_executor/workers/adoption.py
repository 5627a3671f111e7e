"""Runs that workers bring along: tokens are read, and what nobody else was given in the meantime is gone on with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from mistral.v1 import worker_pb2
from mistral_executor.workers.answers import rejection
from mistral_executor.workers.book import Book
from mistral_executor.workers.doubts import Doubts
from mistral_executor.workers.giving import Giving
from mistral_executor.workers.others import Others
from mistral_executor.workers.runs import Past, Run, brought_along
from mistral_executor.workers.session import Hands, Session
from mistral_executor.workers.tokens import Claims
from mistral_runtime.bus import BusUnavailable

_log = logging.getLogger(__name__)


class Adoption:
    """Takes up runs that this executor did not give out, or has in doubt.

    Attributes:
        hands: Returns the hands of a worker's instance, by project, id and instance.
        superseded: Tells whether another instance took over from one, by the same.
    """

    hands: Callable[[str, str, str], Hands]
    superseded: Callable[[str, str, str], bool]

    def __init__(self, book: Book, doubts: Doubts, giving: Giving, others: Others) -> None:
        self._book = book
        self._doubts = doubts
        self._giving = giving
        self._others = others

    async def adopt(self, tokens: Iterable[str], project: str) -> None:
        """Take up the tokens that are not known here, unless another executor has what is newer."""
        claims = self._unknown(tokens, project)
        if not claims:
            return
        in_workers, recorded = await self._elsewhere(claims)
        for token, each in claims.items():
            if self._book.past(token) is None and token not in self._book.tokens:
                key = each.action_id, each.attempt
                self._adopt(token, each, in_workers.get(key, 0), key in recorded)

    def resume(
        self, hands: Hands, session: Session, held: Mapping[str, bool]
    ) -> tuple[list[str], list[worker_pb2.Rejection]]:
        """Sort out what a worker holds: what it goes on with, and what is not its any more."""
        resumed: list[str] = []
        rejections: list[worker_pb2.Rejection] = []
        for token in held:
            run = self._book.tokens.get(token)
            if run is not None and run.answered and run.verdict in (Past.RECORDED, Past.DEFERRED):
                run.speakers.append(session)
                resumed.append(token)
            elif run is not None and not run.answered and run.hands is hands:
                self._giving.bind(run, hands, session)
                run.acked = True
                if run.cancelling is not None:
                    self._giving.tell_to_stop(run)
                resumed.append(token)
            elif (past := self._past(run, token)) in (Past.RECORDED, Past.DEFERRED):
                # What is sent again of it is answered as recorded.
                resumed.append(token)
            else:
                rejections.append(rejection(token, past))
        return resumed, rejections

    def _past(self, run: Run | None, token: str) -> Past:
        if run is not None:
            return run.verdict if run.answered else Past.LEASE_LOST
        return self._book.past(token) or Past.UNKNOWN

    def _unknown(self, tokens: Iterable[str], project: str) -> dict[str, Claims]:
        found: dict[str, Claims] = {}
        for token in tokens:
            if token in self._book.tokens or self._book.past(token) is not None:
                continue
            claims = self._giving.signer.read(token)
            if claims is not None and claims.project == project:
                found[token] = claims
        return found

    async def _elsewhere(self, claims: Mapping[str, Claims]) -> tuple[dict[tuple[str, int], int], set[tuple[str, int]]]:
        try:
            return await self._others.census({(each.action_id, each.attempt) for each in claims.values()})
        except BusUnavailable as error:
            _log.warning("nobody can be asked about runs that a worker brought along: %s", error)
            return {}, set()

    def _adopt(self, token: str, claims: Claims, newest: int, recorded: bool) -> None:
        book, key = self._book, (claims.action_id, claims.attempt)
        run = book.runs.get(key)
        if recorded:
            book.close(token, Past.RECORDED)
        elif key in book.ended or key in book.cancelled or (run is not None and run.answered):
            book.close(token, Past.CLOSED)
        elif newest > claims.epoch or self.superseded(claims.project, claims.worker, claims.instance):
            book.close(token, Past.LEASE_LOST)
        elif run is not None and key not in self._doubts:
            # It was given out again, or is about to be.
            book.close(token, Past.LEASE_LOST)
        else:
            self._take_up(token, claims, run)

    def _take_up(self, token: str, claims: Claims, run: Run | None) -> None:
        if run is None:
            run = brought_along(claims, token, time.monotonic())
            self._book.runs[run.key] = run
        else:
            self._doubts.settle(run.key)
            run.claims, run.token, run.epoch, run.acked = claims, token, max(run.epoch, claims.epoch), True
        self._giving.bind(run, self.hands(claims.project, claims.worker, claims.instance), None)
