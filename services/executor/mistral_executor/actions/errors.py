"""How an action fails."""

from typing import Any


class ActionError(Exception):
    """The action failed, and ``payload`` (any JSON value) is its result.

    Any other exception fails it too; then the result is a text made of the exception's.
    """

    def __init__(self, payload: Any) -> None:
        super().__init__(payload)
        self.payload = payload


class InvalidInput(Exception):
    """The input does not fit the action's parameters: it never ran."""


class Unusable(Exception):
    """A value of the input fits no purpose of the action; the message names the input, never a secret one's value."""
