"""Random data for expressions: names whose values have a usual shape, which one in twenty breaks."""

from typing import Any

from hypothesis import strategies as st

SMALL = st.integers(-9, 9)
FLOATS = st.floats(-1e6, 1e6)
NUMBERS = st.one_of(SMALL, SMALL, st.integers(1, 9), FLOATS, st.sampled_from([0, 2**40, -(2**61), 2**70, -0.0, 1e300]))
TEXTS = st.one_of(st.sampled_from(["", "a", "active", "a,b", " x ", "12", "ß", "🚀"]), st.text(max_size=4))
SCALARS = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abkn"), inner, max_size=3)),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "n": NUMBERS,
            "state": st.sampled_from(["active", "down"]),
            "up": st.booleans(),
            "l": st.lists(NUMBERS, max_size=3),
        }
    ),
    min_size=1,
    max_size=4,
)


def usually(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda die: ANYTHING if die == 13 else strategy)


DATA = st.fixed_dictionaries(
    {
        "n": usually(NUMBERS),
        "i": usually(st.integers(-3, 3)),
        "s": usually(TEXTS),
        "b": usually(st.booleans()),
        "d": usually(st.fixed_dictionaries({"a": NUMBERS, "k": TEXTS, "deep": st.fixed_dictionaries({"x": ANYTHING})})),
        "l": usually(
            st.one_of(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.lists(NUMBERS, min_size=1, max_size=4))
        ),
        "ls": usually(st.lists(TEXTS, min_size=1, max_size=4)),
        "rows": usually(ROWS),
        "any": ANYTHING,
    }
)
