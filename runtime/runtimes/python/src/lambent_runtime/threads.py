"""Threads without threads: what would run at once runs when somebody waits.

A component has one thread. A `Thread` that is started, or a task that is submitted to a
`ThreadPoolExecutor`, is kept until the function waits for anything (`join`, `result`, a lock,
a queue, an event, `sleep`, the end of the handler), and runs then, to its end. If it waits
itself, others run in the meantime. So everything comes to its end that needs no two to run by
turns; where nothing is left that could end a wait, the wait raises `Deadlock`.

A daemon's wait ends with `Parked` once those go on that waited when it was started: a loop
in the background does not keep the function from going on, but does not go on itself.
"""

import _thread
import collections
import sys
import time

_sleep = time.sleep
_monotonic = time.monotonic

_jobs = collections.deque()  # What was started and did not run yet.
_timers = []  # (when, job), by time.
_waits = []  # Of everybody who waits for jobs that run: _Wait.
_running_daemons = 0


class Deadlock(RuntimeError):
    """What is waited for cannot happen: this runtime has one thread."""


class Parked(BaseException):
    """Ends a daemon that waits, when the function goes on."""


class _Wait:
    __slots__ = ("ready", "until")

    def __init__(self, ready, until):
        self.ready = ready
        self.until = until

    def is_over(self):
        return self.ready() or (self.until is not None and _monotonic() >= self.until)


class Job:
    """Something to run later, once."""

    __slots__ = ("function", "daemon")

    def __init__(self, function, daemon=False):
        self.function = function
        self.daemon = daemon

    def run(self):
        global _running_daemons
        _running_daemons += self.daemon
        try:
            self.function()
        except Parked:
            pass
        finally:
            _running_daemons -= self.daemon


def later(function, daemon=False):
    """Has a function run when somebody waits."""
    job = Job(function, daemon)
    _jobs.append(job)
    return job


def at(when, function):
    """Has a function run when somebody waits and it is time."""
    job = Job(function, daemon=True)
    _timers.append((when, job))
    _timers.sort(key=lambda timer: timer[0])
    return job


def forget(job):
    """Takes back what did not run yet."""
    if job in _jobs:
        _jobs.remove(job)
    _timers[:] = [timer for timer in _timers if timer[1] is not job]


def run_one():
    """Runs the next job, if there is one; says whether there was."""
    if _jobs:
        _jobs.popleft().run()
        return True
    if _timers and _timers[0][0] <= _monotonic():
        _timers.pop(0)[1].run()
        return True
    return False


def has_work():
    return bool(_jobs)


def next_timer():
    return _timers[0][0] if _timers else None


def block(ready, timeout=None, what="this"):
    """Runs what was started until `ready()`, or for so many seconds; says whether it is ready."""
    wait = _Wait(ready, None if timeout is None else _monotonic() + timeout)
    while not ready():
        if wait.is_over():
            return False
        _waits.append(wait)
        try:
            ran = run_one()
        finally:
            _waits.pop()
        if not ran:
            _idle(wait, what)
    return True


def _idle(wait, what):
    """Passes time until something can change."""
    ends = [end for end in (wait.until, next_timer()) if end is not None]
    if _running_daemons:
        if any(outer.is_over() for outer in _waits):
            raise Parked
        ends += [outer.until for outer in _waits if outer.until is not None]
    if not ends:
        raise Deadlock(
            f"{what} would wait for ever: the Python runtime has one thread, and nothing that was"
            " started is left to run. Start what releases, puts or sets it before waiting."
        )
    _sleep(max(0, min(ends) - _monotonic()))


def finish():
    """Runs what was started and is not a daemon, at the end of a handler."""
    for job in [job for job in _jobs if not job.daemon]:
        if job in _jobs:
            _jobs.remove(job)
            job.run()


class Lock:
    """A lock whose owner can only be waited for by running what was started."""

    __slots__ = ("_held", "__weakref__")

    def __init__(self):
        self._held = False

    def acquire(self, blocking=True, timeout=-1):
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if self._held:
            if not blocking:
                return False
            if not block(self._is_free, None if timeout == -1 else timeout, "a lock or condition"):
                return False
        self._held = True
        return True

    def _is_free(self):
        return not self._held

    def release(self):
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self):
        return self._held

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def __enter__(self):
        if self._held:
            self.acquire()
        self._held = True
        return True

    def __exit__(self, *exception):
        self.release()

    def __repr__(self):
        return f"<{'locked' if self._held else 'unlocked'} lock object at {id(self):#x}>"

    def _at_fork_reinit(self):
        self._held = False


def sleep(seconds):
    """`time.sleep`, which runs what was started."""
    if not _jobs and not _timers and not _running_daemons:
        _sleep(seconds)
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    block(lambda: False, seconds)


def start_new_thread(function, arguments, keywords={}):
    """`_thread.start_new_thread`."""

    def run():
        try:
            function(*arguments, **keywords)
        except SystemExit:
            pass
        except Exception:
            sys.excepthook(*sys.exc_info())

    later(run, daemon=True)
    return _thread.get_ident()


def install():
    from lambent_runtime import executors, threading_patch

    time.sleep = sleep
    threading_patch.install()
    executors.install()
