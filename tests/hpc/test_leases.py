"""Leases: one worker per key over all machines, taken over when its owner is gone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.stores.lease import Leases, is_gone, this_process
from lianode.hpc.stores.mongo import MongoDatabase
from lianode.workflows.engine import Progress
from lianode.workflows.results import HeldElsewhereError
from lianode.workflows.session import Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.mongodb


@pytest.fixture
def database(mongod: str, request: pytest.FixtureRequest) -> Iterator[MongoDatabase]:
    opened = MongoDatabase(mongod, f"leases{abs(hash(request.node.name)) % 10**9}")
    yield opened
    opened.close()


def test_a_second_process_waits_until_the_first_has_ended(database: MongoDatabase) -> None:
    first, second = Leases(database), Leases(database)
    order = []

    def wait() -> None:
        with second.hold("k"):
            order.append("second")

    with first.hold("k"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(1.5)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]
    assert not first.lost


def test_waiting_ends_when_the_session_stops(database: MongoDatabase) -> None:
    with (
        Leases(database).hold("k"),
        session(Session(stop=lambda: True)),
        pytest.raises(HeldElsewhereError),
        Leases(database).hold("k"),
    ):
        pass


def test_a_lease_that_nobody_renews_runs_out(database: MongoDatabase) -> None:
    short, other = Leases(database, time_to_live_s=0.5), Leases(database)
    short._renew = lambda *_: None  # type: ignore[method-assign]
    with short.hold("k"), other.hold("k"):
        assert set(other.all()) == {"k"}


def test_the_earlier_owner_notices_that_it_was_taken_over(database: MongoDatabase) -> None:
    first = Leases(database, time_to_live_s=1.0)
    with first.hold("k"):
        first._handle().update_one({"key": "k"}, {"$set": {"token": "someone else"}})
        time.sleep(0.5)
        assert first.lost


def test_a_dead_process_of_this_machine_is_taken_over_at_once(database: MongoDatabase) -> None:
    code = (
        "import os, sys\n"
        "from lianode.hpc.stores.lease import Leases\n"
        "from lianode.hpc.stores.mongo import MongoDatabase\n"
        "with Leases(MongoDatabase(sys.argv[1], sys.argv[2])).hold('k'): os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, *_address(database)], check=False)
    clock = time.monotonic()
    with Leases(database).hold("k"):
        assert time.monotonic() - clock < 60  # the lease itself would run for two minutes


def test_progress_and_what_is_known_of_the_process_show(database: MongoDatabase) -> None:
    leases = Leases(database, time_to_live_s=0.8)
    leases.about = {"queue_job": "12"}
    with leases.hold("k"):
        leases.note("LiIn", Progress(3, -5.0, 0.1))
        time.sleep(0.4)
        shown = leases.all()["k"]
    assert (shown["label"], shown["step"], shown["energy"], shown["queue_job"]) == ("LiIn", 3, -5.0, "12")
    assert shown["owner"] == this_process()
    assert leases.all() == {}


def test_owners() -> None:
    me = this_process()
    assert not is_gone(me)
    assert is_gone(me | {"began": "0"})
    assert not is_gone(me | {"machine": "another", "began": "0"})


def _address(database: MongoDatabase) -> tuple[str, str]:
    host, port = database.database().client.address or ("", 0)
    return f"mongodb://{host}:{port}", database._name
