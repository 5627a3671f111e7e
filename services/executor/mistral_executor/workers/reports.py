"""What workers say of runs in their hands: acks, signs of life, progress, results."""

from __future__ import annotations

import time
from collections.abc import Iterable

from mistral.v1 import worker_pb2
from mistral_executor import outcome
from mistral_executor.workers import measures
from mistral_executor.workers.answers import Answers, rejection
from mistral_executor.workers.book import Book
from mistral_executor.workers.endings import BadResult, Ending, ending_of
from mistral_executor.workers.giving import Giving
from mistral_executor.workers.progress import Progress
from mistral_executor.workers.runs import Past, Run, Speaker
from mistral_executor.workers.terms import WorkerTerms


class Reports:
    """Applies what is said. Tokens that this executor never saw must have been adopted before, see ``Adoption``."""

    def __init__(self, book: Book, answers: Answers, giving: Giving, progress: Progress, terms: WorkerTerms) -> None:
        self._book = book
        self._answers = answers
        self._giving = giving
        self._progress = progress
        self._lease = terms.lease_seconds
        self._limit = terms.largest_bytes

    def acked(self, tokens: Iterable[str], project: str, speaker: Speaker) -> None:
        """The worker has received these and begins."""
        now = time.monotonic()
        for token in tokens:
            run = self._alive(token, project, speaker, now)
            if run is not None and not run.acked:
                run.acked = True
                measures.TO_START.observe(now - run.given_at)

    def lives(self, tokens: Iterable[str], project: str, speaker: Speaker) -> None:
        """The worker still has these."""
        now = time.monotonic()
        for token in tokens:
            self._alive(token, project, speaker, now)

    def progressed(self, news: Iterable[worker_pb2.AssignmentProgress], project: str, speaker: Speaker) -> None:
        """How far some are."""
        now = time.monotonic()
        for each in news:
            run = self._alive(each.token, project, speaker, now)
            if run is not None and not run.answered:
                run.acked = True
                self._progress.add(run, each)

    def ended(self, results: Iterable[worker_pb2.AssignmentResult], project: str, speaker: Speaker) -> int:
        """How some ended; the speaker is told of each once it is recorded. Returns how many were taken.

        Raises:
            InvalidInput: If one has no outcome.
        """
        return sum(self._ended(result, project, speaker) for result in results)

    def _ended(self, result: worker_pb2.AssignmentResult, project: str, speaker: Speaker) -> bool:
        run = self._book.tokens.get(result.token)
        if run is None or _project_of(run) != project:
            return self._after_the_end(result, project, speaker)
        if run.answered:
            if run.verdict is Past.DEFERRED and not result.HasField("deferral"):
                # It is completed before it is known to be deferred; both travel, in this order.
                return self._completed(result, speaker)
            if run.verdict in (Past.RECORDED, Past.DEFERRED):
                run.speakers.append(speaker)
            else:
                speaker.reject(rejection(result.token, run.verdict))
            return False
        try:
            ending = ending_of(result, self._limit)
        except BadResult as error:
            self._answers.give(run, outcome.ERROR, outcome.text(str(error)), past=Past.BAD_RESULT)
            speaker.reject(rejection(result.token, Past.BAD_RESULT, str(error)))
            return True
        past = Past.DEFERRED if ending.kind == outcome.DEFERRED else Past.RECORDED
        run.speakers.append(speaker)
        self._answers.give(run, ending.kind, ending.value, past=past, permanent=ending.permanent)
        return True

    def _after_the_end(self, result: worker_pb2.AssignmentResult, project: str, speaker: Speaker) -> bool:
        token = result.token
        match self._past(token, project):
            case Past.RECORDED:
                speaker.record(token)
            case Past.DEFERRED:
                return self._completed(result, speaker)
            case past:
                speaker.reject(rejection(token, past))
        return False

    def _completed(self, result: worker_pb2.AssignmentResult, speaker: Speaker) -> bool:
        """A run that was deferred ends."""
        claims = self._giving.signer.read(result.token)
        assert claims is not None
        try:
            ending = ending_of(result, self._limit)
        except BadResult as error:
            ending = Ending(outcome.ERROR, outcome.text(str(error)), False)
        if ending.kind == outcome.DEFERRED:
            speaker.record(result.token)
            return False
        self._answers.complete(claims, result.token, ending, speaker)
        return True

    def _alive(self, token: str, project: str, speaker: Speaker, now: float) -> Run | None:
        run = self._book.tokens.get(token)
        if run is not None and _project_of(run) == project:
            if not run.answered:
                run.expires = now + self._lease
            elif run.verdict not in (Past.RECORDED, Past.DEFERRED):
                speaker.reject(rejection(token, run.verdict))
                return None
            return run
        past = self._past(token, project)
        if past is Past.RECORDED:
            speaker.record(token)
        elif past is not Past.DEFERRED:
            speaker.reject(rejection(token, past))
        return None

    def _past(self, token: str, project: str) -> Past:
        past = self._book.past(token)
        if past is not None:
            claims = self._giving.signer.read(token)
            if claims is not None and claims.project == project:
                return past
        return Past.UNKNOWN


def _project_of(run: Run) -> str:
    return run.claims.project if run.claims is not None else ""
