"""One event: the handler is called, and what it answers or raises is given back."""

import os
from inspect import iscoroutine

from wit_world.imports import lambent_function_types as types

from lambent_runtime import answers, context, errors, instance, logs, node, threads


_current = None  # What the host knows of the invocation that runs.


def run(event, raw):
    """Answers an event, or raises the failure."""
    global _current
    _current = raw
    handler = instance.start()
    logs.of_request(raw.invocation_id(), raw.attribute("aws.tenant-id"))
    try:
        context.set_trace(raw)
        own = context.create(raw)
        answer = handler(answers.read(event.data), own)
        if iscoroutine(answer):
            answer = _run_coroutine(answer)
        threads.finish()
        data, content_type = answers.write(answer)
    except Exception as error:
        failure = errors.of_exception(error)
        logs.error(failure)
        raise errors.Err(failure) from None
    except SystemExit as error:
        _end_process(errors.of_exit(error))
    except BaseException as error:
        failure = errors.of_exception(error)
        logs.error(failure)
        _end_process(failure)
    finally:
        node.end()
        logs.flush()
        _current = None
    return types.Output(content_type, data)


def _run_coroutine(coroutine):
    import asyncio

    return asyncio.run(coroutine)


def _end_process(failure):
    """Ends the instance, as the end of the process does in Lambda."""
    logs.flush()
    _current.abandon(failure)
    os.abort()


def _exit(status):
    """`os._exit`."""
    if _current is not None:
        _end_process(errors.of_exit(SystemExit(status)))
    raise SystemExit(status)


def install():
    os._exit = _exit
