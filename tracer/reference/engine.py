"""Run a command under ptrace: wait for stops, and let each task go on."""

from __future__ import annotations

import errno
import logging
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ptrace import PtraceError
from ptrace.binding.func import (
    PTRACE_EVENT_CLONE,
    PTRACE_EVENT_EXEC,
    PTRACE_EVENT_FORK,
    PTRACE_EVENT_VFORK,
    WPTRACEEVENT,
    ptrace_geteventmsg,
    ptrace_syscall,
)
from ptrace.debugger import PtraceDebugger, PtraceProcess

from rpz.tracer.records import SIGNALLED, Flag, Mode
from rpz.tracer.reference import stops
from rpz.tracer.reference.call import Call
from rpz.tracer.reference.calls import CALLS, EXECUTIONS, succeeded
from rpz.tracer.reference.events import Change
from rpz.tracer.reference.leaving import let_go
from rpz.tracer.reference.numbers import NAMES
from rpz.tracer.reference.resolve import place_of_descriptor
from rpz.tracer.reference.served import UNASKED
from rpz.tracer.reference.stops import Operation
from rpz.tracer.reference.task import Task
from rpz.tracer.reference.view import AT_FDCWD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from resource import struct_rusage

    from rpz.tracer.reference.events import Event
    from rpz.tracer.reference.keeper import Keeper
    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.stops import CallStop

log = logging.getLogger(__name__)

WAIT_FOR_THREADS_TOO = 0x40000000
"""``__WALL``."""
SYSCALL_STOP = signal.SIGTRAP | 0x80
"""``PTRACE_O_TRACESYSGOOD``."""
BIRTHS = (PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_CLONE)
STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
STARTING = ("fork", "vfork", "clone", "clone3")
FOREIGN = "The run executed a 32-bit program; the reference engine doesn't see what that does"

GRACE = 1
"""Seconds that the command's other processes may go on when it has ended."""
LEFT = (
    "When the command had ended, %d of its processes went on. What they did more than %d s after "
    "that is not in the trace; rpz trace --wait-daemons waits for them"
)

Stop = tuple[int, int, "struct_rusage"]
"""What ``os.wait4`` returns."""

DEEP = (
    "A process worked in a folder whose path is longer than 4,095 bytes and could not be found: "
    "what it used there is not in the trace"
)


class Engine:
    """The tasks of one run, and what is to be done when one of them stops."""

    def __init__(self, recorder: Recorder, keeper: Keeper, *, wait_daemons: bool = False) -> None:
        """Start with no tasks; follow them all to their ends, or leave who outlives the command."""
        self._recorder = recorder
        self._keeper = keeper
        self._debugger = PtraceDebugger()
        self._tasks: dict[int, Task] = {}
        self._early: dict[int, Stop] = {}
        """Stops of tasks whose parent has not yet told of them."""
        self._started = 0
        self.running = False
        """Whether the child has become the command: what it does before that is ours."""
        self._status = 0
        self._wait_daemons = wait_daemons
        self._until: float | None = None
        """When what is left of the run is left alone, of ``time.monotonic()``."""

    def trace(self, pid: int) -> int:
        """Trace a child and all that it starts, until the last task has ended or is left.

        The child must not go on by itself before this has begun: it is seized while it waits.

        Returns:
            The child's exit status, as in an EXIT record.

        """
        task = self._add(pid, parent=None)
        if place := place_of_descriptor(task.view, AT_FDCWD):
            self._recorder.use(task.number, place, Mode.WDIR, Flag.DIRECTORY)
        while self._tasks:
            stop = self._next()
            if stop is None:
                self._leave_rest()
                break
            self._handle(stop)
        return self._status

    def _next(self) -> Stop | None:
        """Wait for a task; None: the command has ended, and the rest is to be left."""
        if self._until is None:
            return os.wait4(-1, WAIT_FOR_THREADS_TOO)
        while (rest := self._until - time.monotonic()) > 0:
            stop = os.wait4(-1, WAIT_FOR_THREADS_TOO | os.WNOHANG)
            if stop[0] != 0:
                return stop
            signal.sigtimedwait([signal.SIGCHLD], rest)
        return None

    def _begin_grace(self) -> None:
        """Wait for the rest only for a while from now on: a blocked signal says that one stops."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        self._until = time.monotonic() + GRACE

    def _leave_rest(self) -> None:
        processes = sum(not task.is_thread for task in self._tasks.values())
        self._recorder.warning(0, LEFT % (processes, GRACE))
        let_go(self._tasks.keys(), self._early.keys())

    def _add(self, tid: int, parent: Task | None) -> Task:
        is_thread = parent is not None and _is_thread(tid, parent.view.tgid)
        process = PtraceProcess(self._debugger, tid, is_attached=True, is_thread=is_thread)
        self._debugger.dict[tid] = process
        self._debugger.list.append(process)
        self._started += 1
        tgid = parent.view.tgid if parent and is_thread else tid
        task = self._tasks[tid] = Task(process, self._started, tgid)
        number = parent.number if parent else 0
        self._recorder.process(task.number, number, tid, is_thread=is_thread)
        return task

    def _handle(self, stop: Stop) -> None:
        tid, status, usage = stop
        task = self._tasks.get(tid)
        if task is None:
            self._early[tid] = stop
        elif os.WIFSTOPPED(status):
            self._stopped_unless_killed(task, os.WSTOPSIG(status), WPTRACEEVENT(status))
        else:
            self._ended(task, status, usage)

    def _stopped_unless_killed(self, task: Task, signum: int, event: int) -> None:
        try:
            self._stopped(task, signum, event)
        except PtraceError as error:
            if error.errno != errno.ESRCH:
                raise

    def _stopped(self, task: Task, signum: int, event: int) -> None:
        if event == stops.EVENT_STOP and signum in STOPPING:
            stops.leave_stopped(task.tid)
            return
        deliver = 0
        if event in BIRTHS:
            self._born(task, ptrace_geteventmsg(task.tid))
        elif event == PTRACE_EVENT_EXEC:
            self._replaced(task, ptrace_geteventmsg(task.tid))
        elif signum == SYSCALL_STOP:
            self._at_call(task, stops.call_stop(task.tid))
        elif event == 0:
            deliver = signum
        ptrace_syscall(task.tid, deliver)

    def _born(self, parent: Task, tid: int) -> None:
        self._add(tid, parent)
        if tid in self._early:
            self._handle(self._early.pop(tid))

    def _replaced(self, task: Task, former_tid: int) -> None:
        """Move to the leader what a thread has executed: it has the leader's number from now on."""
        self.running = True
        task.replaced()
        if former_tid == task.tid:
            return
        former = self._tasks.pop(former_tid)
        task.call, task.pending = former.call, former.pending
        self._recorder.exit(former.number, 0)
        former.ended()

    def _at_call(self, task: Task, stop: CallStop) -> None:
        if stop.operation is Operation.ENTRY:
            task.call = NAMES.get(stop.number, "")
            task.view.missed.clear()
            task.view.unasked.clear()
            task.pending = self._expected(task, stop)
            if task.view.unasked:
                self._recorder.warning(task.number, UNASKED)
            if task.view.too_deep:
                task.view.too_deep.clear()
                self._recorder.warning(task.number, DEEP)
        elif stop.operation is Operation.EXIT:
            if task.pending and succeeded(task.call, stop.result):
                self._record(task)
            elif stop.result == -errno.ENOENT and task.view.missed:
                self._recorder.absence(task.number, task.view.missed[0])
            task.call, task.pending = "", ()

    def _expected(self, task: Task, stop: CallStop) -> Sequence[Event]:
        if not stop.is_64bit:
            self._recorder.warning(task.number, FOREIGN)
            return ()
        handler = CALLS.get(task.call)
        if handler is None or not (self.running or task.call in EXECUTIONS):
            return ()
        try:
            expected = handler(Call(task, stop.arguments))
            for event in expected:
                if isinstance(event, Change):
                    self._keeper.before(task, event)
        except (PtraceError, OSError):  # bad pointers: the call fails; killed: it doesn't matter
            return ()
        return expected

    def _record(self, task: Task) -> None:
        try:
            for event in task.pending:
                event.record(self._recorder, task)
                if isinstance(event, Change):
                    self._keeper.after(event)
        except PtraceError as error:
            log.debug("Task %d: %s", task.tid, error)

    def _ended(self, task: Task, status: int, usage: struct_rusage) -> None:
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else SIGNALLED + os.WTERMSIG(status)
        if task.number == 1:
            self._status = code
            if not self._wait_daemons:
                self._begin_grace()
        self._recorder.exit(task.number, code, None if task.is_thread else usage)
        del self._tasks[task.tid]
        task.ended()
        self._adopt_orphans(task)

    def _adopt_orphans(self, ended: Task) -> None:
        """Take on the tasks that ``ended`` has started without telling: it was killed just then."""
        if any(task.call in STARTING for task in self._tasks.values()):
            return
        for tid in list(self._early):
            self._born(ended, tid)


def _is_thread(tid: int, tgid: int) -> bool:
    return Path(f"/proc/{tgid}/task/{tid}").exists()
