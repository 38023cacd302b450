"""What is told of a process that says nothing."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from livebench.errors import LiveBenchError
from livebench.isolation import pipes, wire
from livebench.isolation.pipes import Copy


@pytest.fixture
def copy():
    """A copy that has not been seen yet, and the other end of its channel."""
    ours, theirs = socket.socketpair()
    prints, theirs_prints = os.pipe()
    found = Copy(ours, prints, time_limit=30)
    yield found, theirs
    found.close()
    theirs.close()
    os.close(theirs_prints)


def test_a_copy_that_is_slow_to_begin_has_not_ended(copy, monkeypatch):
    """A busy machine may take longer than LiveBench waits before it looks."""
    monkeypatch.setattr(pipes, "_LOOK", 0.02)
    found, theirs = copy
    later = threading.Timer(0.2, theirs.sendall, [wire.message(wire.READY, None)])
    later.start()
    try:
        assert found.receive()[0] == wire.READY
    finally:
        later.join()


def test_a_copy_that_closes_its_channel_before_it_is_known(copy, monkeypatch):
    monkeypatch.setattr(pipes, "_GRACE", 0.02)
    found, theirs = copy
    theirs.shutdown(socket.SHUT_RDWR)
    with pytest.raises(LiveBenchError) as error:
        found.receive()
    assert error.value.what == "the submission closed the pipe of its answers"
