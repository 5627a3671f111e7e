"""What tables show of long and odd values."""

from mistral_cli.options import Format
from mistral_cli.printing import show, show_all


def test_a_list_shows_the_first_line_of_a_long_text(capsys):
    show_all(
        [{"id": "1", "state_info": "it failed\n  at length"}, {"id": "2", "state_info": "x" * 200}],
        Format.TABLE,
        ("id", "state_info"),
    )

    _, first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["1", "it", "failed"]
    assert second.split() == ["2", "x" * 80 + "…"]


def test_a_single_record_shows_all_of_it(capsys):
    show(
        {"state_info": "it failed\n  at length", "output": {"a": [1]}, "tags": ["b", "c"], "finished_at": None},
        Format.TABLE,
    )

    out = capsys.readouterr().out
    assert "at length" in out
    assert '"a"' in out
    assert "b, c" in out


def test_markup_in_values_is_text(capsys):
    show_all([{"name": "[red]x[/red]"}], Format.TABLE, ("name",))

    assert "[red]x[/red]" in capsys.readouterr().out
