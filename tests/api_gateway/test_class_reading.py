"""What the text of a class says of its input, without running it."""

import pytest

from mistral_api_gateway.operations.class_reading import described

CODE = '''
import abc
from mistral_lib import actions

raise SystemExit("this is never run")

class Base(actions.Action):
    """Does it,
    and well.

    More of it.
    """
    def __init__(self, a, b=[1, None], *, c="x", d, **rest): ...
    def is_sync(self):
        return False

class Child(Base): ...

class Narrow(Base):
    def __init__(self, only): ...
    def is_sync(self):
        return True

class Plain(actions.Action): ...

class Abstract(abc.ABC): ...

class Computed:
    def __init__(self, size=len("abc")): ...

class Foreign(Unknown): ...

class Itself(Itself): ...
'''


@pytest.mark.parametrize(
    ("name", "signature", "synchronous"),
    [
        ("Base", 'a, b=[1, null], c="x", d, **', False),
        ("Child", 'a, b=[1, null], c="x", d, **', False),
        ("Narrow", "only", True),
        ("Plain", "", True),
        ("Abstract", "", True),
        ("Computed", "size=...", True),
        ("Foreign", "**", True),
        ("Itself", "**", True),
        ("Missing", "**", True),
    ],
)
def test_a_signature_is_read_from_the_constructor(name: str, signature: str, synchronous: bool):
    told = described("an.action", CODE, name)

    assert (told.name, told.signature, told.synchronous) == ("an.action", signature, synchronous)
    assert told.open_ended == ("**" in signature)


def test_required_and_optional_parameters_are_told_apart():
    told = described("n", CODE, "Base")

    assert (list(told.required), list(told.optional)) == (["a", "d"], ["b", "c"])
    assert told.description == "Does it, and well."


@pytest.mark.parametrize(
    "code", ["class A(:", "\0", "(" * 100_000, "-" * 150_000 + "1", "#" * 300_000 + "\nclass A: ..."]
)
def test_what_cannot_be_read_takes_anything(code: str):
    told = described("n", code, "A")

    assert (told.signature, told.open_ended) == ("**", True)
