"""The embedded servers start from nothing, keep what they were given, and come back after a crash."""

import shutil
from pathlib import Path

import nats as nats_client
import pytest

from mistral_mesh.embedded.nats import nats
from mistral_mesh.embedded.postgres import postgres, sql
from mistral_mesh.home import Home
from mistral_mesh.program import running


def test_postgres_keeps_its_data_over_a_kill_and_a_stop(tmp_path: Path) -> None:
    program, dsn = postgres(Home(tmp_path))
    with running(program) as server:
        sql(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        server.kill()
        server.restart()
        assert sql(dsn, "SELECT answer FROM kept") == "42"

    program, dsn = postgres(Home(tmp_path))
    with running(program):
        assert sql(dsn, "SELECT answer FROM kept") == "42"


def test_postgres_is_durable_and_closed_to_the_network(postgres: str) -> None:
    assert sql(postgres, "SHOW fsync") == "on"
    assert sql(postgres, "SHOW synchronous_commit") == "on"
    assert sql(postgres, "SHOW listen_addresses") == ""


def test_postgres_starts_although_a_stranger_has_the_process_id_of_its_lock_file(tmp_path: Path) -> None:
    program, dsn = postgres(Home(tmp_path))
    with running(program):
        pass
    (tmp_path / "data" / "postgres" / "postmaster.pid").write_text("1\n")
    with running(program):
        assert sql(dsn, "SELECT 1") == "1"


def test_postgres_works_below_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    program, dsn = postgres(Home(tmp_path / ("long" * 20)))
    with running(program):
        assert sql(dsn, "SELECT 1") == "1"


def test_a_fresh_database_has_no_tables(database: str) -> None:
    assert sql(database, "SELECT count(*) FROM pg_stat_user_tables") == "0"


async def test_nats_takes_only_who_has_its_token(nats: str) -> None:
    client = await nats_client.connect(nats)
    assert client.max_payload == 8 * 1024 * 1024
    await client.jetstream().account_info()
    await client.close()

    stranger = "nats://" + nats.partition("@")[2]
    with pytest.raises(Exception, match=r"(?i)authorization"):
        await nats_client.connect(stranger, allow_reconnect=False, connect_timeout=2)


async def test_nats_comes_back_on_the_same_url_without_its_store(tmp_path: Path) -> None:
    home = Home(tmp_path)
    program, url = nats(home)
    with running(program) as server:
        server.kill()
        shutil.rmtree(home.data / "nats")
        server.restart()
        client = await nats_client.connect(url)
        await client.jetstream().account_info()
        await client.close()
