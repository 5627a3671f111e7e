"""The one error of settings."""


class SettingError(ValueError):
    """A variable of the environment is missing or cannot be understood.

    The message holds the variable's value, so secrets must be read with ``secret=True``.
    """

    def __init__(self, name: str, value: str | None, expected: str) -> None:
        got = "it is not set" if value is None else f"it is {value!r}"
        super().__init__(f"{name} must be {expected}; {got}")
        self.name = name
        self.value = value
        self.expected = expected
