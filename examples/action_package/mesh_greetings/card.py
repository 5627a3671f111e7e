"""An action that is a class: input by the constructor, work in ``run``."""

from mistral_executor.actions import ActionContext


class Card:
    """Writes a card."""

    def __init__(self, to: str, lines: list[str] | None = None) -> None:
        self._to = to
        self._lines = lines or ["All the best"]

    async def run(self, context: ActionContext) -> str:
        """Return the text of the card."""
        return "\n".join([f"Dear {self._to},", *self._lines])
