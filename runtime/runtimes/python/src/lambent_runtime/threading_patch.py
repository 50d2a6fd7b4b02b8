"""`threading` and `queue` over the jobs of `threads`."""

import _thread
import contextvars
import itertools
import queue
import sys
import threading
import time

from lambent_runtime import threads

_idents = itertools.count(2)


class Handle:
    """What a thread knows of its thread of the system."""

    def __init__(self):
        self.ident = None
        self.done = False

    def is_done(self):
        return self.done

    def join(self, timeout=None):
        threads.block(self.is_done, timeout, "Thread.join()")

    def _set_done(self):
        self.done = True


def start(self):
    if not self._initialized:
        raise RuntimeError("thread.__init__() not called")
    if self._started.is_set():
        raise RuntimeError("threads can only be started once")
    self._os_thread_handle = handle = Handle()
    self._ident = handle.ident = next(_idents)
    self._native_id = handle.ident
    context = getattr(self, "_context", None) or contextvars.copy_context()
    self._started.set()
    threads.later(lambda: _run(self, handle, context), self._daemonic)


def _run(thread, handle, context):
    """Runs a thread to its end, as the current one."""
    ident = _thread.get_ident()
    current = threading._active.get(ident)
    threading._active[ident] = thread
    loop = _leave_loop()
    try:
        context.run(thread.run)
    except (SystemExit, threads.Parked):
        pass
    except BaseException:
        threading.excepthook(threading.ExceptHookArgs([*sys.exc_info(), thread]))
    finally:
        handle.done = True
        _enter_loop(loop)
        if current is None:
            threading._active.pop(ident, None)
        else:
            threading._active[ident] = current


def _leave_loop():
    """A thread has no event loop that runs, whoever waits for it."""
    events = sys.modules.get("asyncio.events")
    loop = events and events._get_running_loop()
    if loop is not None:
        events._set_running_loop(None)
    return loop


def _enter_loop(loop):
    if loop is not None:
        sys.modules["asyncio.events"]._set_running_loop(loop)


def is_alive(self):
    if not self._initialized:
        raise AssertionError("Thread.__init__() not called")
    # Who asks again and again gives the thread its turn.
    if self._started.is_set() and not self._os_thread_handle.is_done():
        threads.run_one()
    return self._started.is_set() and not self._os_thread_handle.is_done()


class Timer(threading.Thread):
    """Calls a function after some time, when somebody waits."""

    def __init__(self, interval, function, args=None, kwargs=None):
        super().__init__()
        self.interval = interval
        self.function = function
        self.args = args if args is not None else []
        self.kwargs = kwargs if kwargs is not None else {}
        self.finished = threading.Event()
        self._job = None

    def start(self):
        if self._started.is_set():
            raise RuntimeError("threads can only be started once")
        self._os_thread_handle = handle = Handle()
        self._ident = handle.ident = next(_idents)
        self._started.set()
        context = contextvars.copy_context()
        when = time.monotonic() + self.interval
        self._job = threads.at(when, lambda: _run(self, handle, context))

    def cancel(self):
        self.finished.set()
        if self._job is not None:
            threads.forget(self._job)
            self._os_thread_handle.done = True

    def run(self):
        if not self.finished.is_set():
            self.function(*self.args, **self.kwargs)
        self.finished.set()


def install():
    _thread.start_new_thread = threads.start_new_thread
    threading.Lock = threading._allocate_lock = threads.Lock
    threading._start_new_thread = threads.start_new_thread
    threading.Thread.start = start
    threading.Thread.is_alive = is_alive
    threading.Timer = Timer
    # The one in C waits in C.
    queue.SimpleQueue = queue._PySimpleQueue
