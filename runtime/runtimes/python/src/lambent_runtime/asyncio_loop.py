"""asyncio's own event loop, which waits by `wasi:io/poll` in place of a selector of the system."""

import asyncio
import selectors
import time

from lambent_runtime import threads


class Selector(selectors._BaseSelectorImpl):
    """Waits for sockets of `net.sockets` and for time, and lets what was started run."""

    def select(self, timeout=None):
        from lambent_runtime.net import waiting

        if threads.run_one():
            timeout = 0
        keys = self.get_map().values()
        ready = waiting.ready(keys)
        if ready or timeout is not None and timeout <= 0:
            return ready
        timer = threads.next_timer()
        if timer is not None:
            left = max(0, timer - time.monotonic())
            timeout = left if timeout is None else min(timeout, left)
        if not waiting.wait(keys, timeout) and timeout is None:
            raise threads.Deadlock(
                "the event loop would wait for ever: the Python runtime has one thread, and no"
                " timer, request or thread is left that could wake a task"
            )
        return waiting.ready(keys)


class Loop(asyncio.SelectorEventLoop):
    """A loop that needs no pipe to itself, since nothing else runs beside it."""

    def __init__(self, selector=None):
        super().__init__(selector or Selector())

    def _make_self_pipe(self):
        pass

    def _close_self_pipe(self):
        pass

    def _write_to_self(self):
        pass

    def add_signal_handler(self, sig, callback, *args):
        """No signal ever comes."""

    def remove_signal_handler(self, sig):
        return False

    async def shutdown_default_executor(self, timeout=None):
        executor, self._default_executor = self._default_executor, None
        self._executor_shutdown_called = True
        if executor is not None:
            executor.shutdown(wait=True)


def install():
    selectors.DefaultSelector = Selector
    asyncio.SelectorEventLoop = Loop
    asyncio.DefaultEventLoop = asyncio.EventLoop = Loop
    events = asyncio.events
    for name in ("_DefaultEventLoopPolicy", "DefaultEventLoopPolicy"):
        for module in (asyncio, asyncio.unix_events):
            policy = getattr(module, name, None)
            if isinstance(policy, type):
                policy._loop_factory = Loop
    asyncio.new_event_loop = events.new_event_loop = Loop
    asyncio.runners.events = events
