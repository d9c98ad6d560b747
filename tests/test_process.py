"""Waiting for a program, and passing signals on to it."""

from __future__ import annotations

import signal
import subprocess
import sys

CODE = """
import signal, subprocess, threading, time
from rpz.process import run_in_foreground

def disturb():
    time.sleep(0.5)
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

threading.Thread(target=disturb).start()
raise SystemExit(run_in_foreground(lambda: subprocess.Popen(["sleep", "60"])))
"""


def test_a_signal_that_wakes_up_no_call_is_passed_on():
    """As one that comes right before the call: it is taken by another thread here."""
    done = subprocess.run([sys.executable, "-c", CODE], timeout=30, check=False)
    assert done.returncode == 128 + signal.SIGUSR1
