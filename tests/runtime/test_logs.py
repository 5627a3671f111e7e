"""Logs are JSON lines without secrets."""

import json
import logging

import pytest

from mistral_runtime.logs import JsonFormatter, TextFormatter, configure, masked, masked_text


def line(message: str, *arguments: object, **extra: object) -> dict:
    record = logging.getLogger("test").makeRecord(
        "test", logging.INFO, __file__, 1, message, arguments, None, extra=extra or None
    )
    return json.loads(JsonFormatter("engine-0").format(record))


def test_a_line_says_what_happened_where():
    found = line("started %d tasks", 3, execution="e1")

    assert (found["service"], found["level"], found["message"], found["execution"]) == (
        "engine-0",
        "INFO",
        "started 3 tasks",
        "e1",
    )
    assert found["time"].endswith("Z")


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db_passwd",
        "auth_token",
        "X-Auth-Token",
        "clientSecret",
        "Authorization",
        "api_key",
        "apikey",
        "api-key",
        "credentials",
        "Set-Cookie",
        "private_key",
        "passphrase",
    ],
)
def test_values_under_secret_names_are_masked_at_any_depth(key):
    assert masked({"a": [{key: "hunter2"}]}) == {"a": [{key: "***"}]}
    assert line("sent", headers={key: "hunter2"})["headers"] == {key: "***"}


@pytest.mark.parametrize("key", ["name", "author", "keyboard", "state", "path"])
def test_other_values_are_kept(key):
    assert masked({key: "value"}) == {key: "value"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2 and more", "password=*** and more"),
        ('{"token": "hunter2", "a": 1}', '{"token": ***, "a": 1}'),
        ("Authorization: Bearer hunter2", "Authorization: ***"),
        ("connecting to nats://hunter2@host:4222", "connecting to nats://***@host:4222"),
        ("postgres://me:hunter2@host/db?x=1", "postgres://***@host/db?x=1"),
        ("nothing to hide: task t1 of 3", "nothing to hide: task t1 of 3"),
    ],
)
def test_secrets_within_a_text_are_masked(text, shown):
    assert masked_text(text) == shown


def test_an_exception_is_told_without_secrets():
    try:
        raise ValueError("cannot connect to nats://hunter2@host:4222")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)})

    shown = JsonFormatter("engine-0").format(record)
    assert "ValueError" in json.loads(shown)["exception"]
    assert "hunter2" not in shown
    assert "hunter2" not in TextFormatter("engine-0").format(record)


def test_odd_values_do_not_break_a_line():
    assert "object" in line("odd", thing=object())["thing"]
    assert line("odd", thing={1: b"x"})["thing"]


def test_configured_logs_go_to_stderr(capsys):
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        configure("engine-0", "WARNING", "json")
        logging.getLogger("some").info("quiet")
        logging.getLogger("some").warning("loud")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

    (shown,) = capsys.readouterr().err.splitlines()
    assert json.loads(shown)["message"] == "loud"
