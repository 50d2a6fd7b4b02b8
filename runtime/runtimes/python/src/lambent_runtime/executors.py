"""`concurrent.futures` over the jobs of `threads`."""

import concurrent.futures
from concurrent.futures import _base
from concurrent.futures import thread as thread_module

from lambent_runtime import threads


class Future(_base.Future):
    """One whose task runs when it is asked for."""

    def done(self):
        if not super().done():
            threads.run_one()
        return super().done()


class ThreadPoolExecutor(_base.Executor):
    """Runs tasks one after the other, when somebody waits for one of them."""

    BROKEN = getattr(thread_module, "BrokenThreadPool", RuntimeError)

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), **context):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._max_workers = max_workers or 32
        self._thread_name_prefix = thread_name_prefix
        self._initializer = initializer and (lambda: initializer(*initargs))
        self._pending = {}
        self._is_shut_down = False
        self._broken = False

    def submit(self, fn, /, *args, **kwargs):
        if self._broken:
            raise self.BROKEN("A thread initializer failed, the thread pool is not usable anymore")
        if self._is_shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future()
        self._pending[future] = threads.later(lambda: self._run(future, fn, args, kwargs))
        return future

    def _run(self, future, function, arguments, keywords):
        from lambent_runtime import threading_patch

        self._pending.pop(future, None)
        if not self._initialize(future) or not future.set_running_or_notify_cancel():
            return
        loop = threading_patch._leave_loop()
        try:
            result = function(*arguments, **keywords)
        except (threads.Parked, Exception, SystemExit, KeyboardInterrupt) as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        finally:
            threading_patch._enter_loop(loop)

    def _initialize(self, future):
        initializer, self._initializer = self._initializer, None
        try:
            if initializer:
                initializer()
        except Exception:
            self._broken = True
        if self._broken:
            future.set_exception(self.BROKEN("A thread initializer failed"))
        return not self._broken

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._is_shut_down = True
        if cancel_futures:
            for future, job in list(self._pending.items()):
                threads.forget(job)
                future.cancel()
                future.set_running_or_notify_cancel()
            self._pending.clear()
        if wait:
            threads.block(lambda: not self._pending, what="Executor.shutdown()")


def install():
    thread_module.ThreadPoolExecutor = ThreadPoolExecutor
    concurrent.futures.ThreadPoolExecutor = ThreadPoolExecutor
