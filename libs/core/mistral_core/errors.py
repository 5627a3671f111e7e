"""What can go wrong, named once.

* WorkflowError
  + NotFound
    - HistoryGone
  + Conflict
    - EtagMismatch
    - RequestIdReused
  + Forbidden
  + Unauthenticated
  + Invalid
    - InvalidDefinition
    - InvalidInput
  + ExpressionFailed
  + IllegalState
  + LimitExceeded
  + Unavailable
    - InMaintenance

The gateway and the gRPC servers each map this tree to their own status codes;
nothing below them knows about HTTP or gRPC. Messages are written for the person
who wrote the workflow and never hold a data context: it may bear secrets.
"""

from __future__ import annotations

# The end of a long expression is cut off in messages; the definition has the whole.
_SHOWN_TEXT = 500


class WorkflowError(Exception):
    """Anything the mesh refuses or fails to do for a reason it can name.

    Attributes:
        resource: Type and name of the thing that it is about; None if unknown.
    """

    resource: tuple[str, str] | None = None

    @property
    def message(self) -> str:
        """What to tell the user."""
        return str(self)


class NotFound(WorkflowError):
    """The thing asked for is not there, or not visible to who asks."""


class HistoryGone(NotFound):
    """What happened right after the wanted position is not kept any more."""


class Conflict(WorkflowError):
    """Something of that identity exists, or was changed in between."""


class EtagMismatch(Conflict):
    """The thing has been changed since it was read."""


class RequestIdReused(Conflict):
    """The key of a request was used for another one before."""


class Forbidden(WorkflowError):
    """The thing is there but may not be touched."""


class Unauthenticated(WorkflowError):
    """Nobody knows who asks: what should prove it is missing, or proves nothing."""


class Invalid(WorkflowError):
    """What was sent can never be accepted as it is.

    Attributes:
        field: Dotted way to the faulty field of the request; empty if unknown.
    """

    def __init__(self, message: str = "", *, field: str = "") -> None:
        self.field = field
        super().__init__(message)


class InvalidDefinition(Invalid):
    """A workflow, workbook or action text has a fault.

    Attributes:
        reason: The fault without its place.
        path: Dotted way to the faulty value, for example ``tasks.t1.publish.x``; empty if unknown.
        line: Line in the text, counted from 1; None if unknown.
        column: Column in the line, counted from 1; None if unknown.
    """

    def __init__(self, reason: str, *, path: str = "", line: int | None = None, column: int | None = None) -> None:
        self.reason = reason
        self.path = path
        self.line = line
        self.column = column
        super().__init__(reason)

    def __str__(self) -> str:
        place = [self.path] if self.path else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return f"{self.reason} ({', '.join(place)})" if place else self.reason


class InvalidInput(Invalid):
    """Input, parameters or a request do not fit what they are for."""


class ExpressionFailed(WorkflowError):
    """A YAQL or Jinja expression could not be evaluated.

    Attributes:
        language: ``YAQL`` or ``Jinja``.
        expression: The text of the expression without its brackets.
        error: What went wrong, without any data.
    """

    def __init__(self, language: str, expression: str, error: str) -> None:
        self.language = language
        self.expression = expression
        self.error = error
        super().__init__(language, expression, error)

    def __str__(self) -> str:
        expression, error = _shortened(self.expression), _shortened(self.error)
        return f"Can not evaluate {self.language} expression [expression={expression}, error={error}]"


class IllegalState(WorkflowError):
    """The request is sound, but not in the state the thing is in."""


class LimitExceeded(WorkflowError):
    """A size, count or rate goes past what is allowed."""


class Unavailable(WorkflowError):
    """It cannot be done now; the same request may succeed later."""


class InMaintenance(Unavailable):
    """The mesh is in maintenance, which takes its time.

    Attributes:
        retry_seconds: When it may be worth to ask again.
    """

    retry_seconds = 5.0


def _shortened(text: str) -> str:
    # On one line, since often only the first line of a message is shown.
    return " ".join((text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}...").splitlines())
