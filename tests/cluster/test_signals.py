"""Signals while a cluster starts and runs."""

from __future__ import annotations

import signal

import pytest

from livebench.cluster import signals

BOTH = (signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", BOTH)
def test_what_ends_a_process_comes_as_ctrl_c(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), signals.as_interrupts():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.as_interrupts():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", (signal.SIGINT, *BOTH))
def test_a_signal_waits_for_the_end_of_what_is_made(number):
    done = []
    with pytest.raises(KeyboardInterrupt), signals.as_interrupts():
        with signals.held():
            signal.raise_signal(number)
            done.append("made")
        done.append("went on")
    assert done == ["made"]


def test_ctrl_c_does_what_it_did():
    before = signal.getsignal(signal.SIGINT)
    with signals.kept():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) is before
