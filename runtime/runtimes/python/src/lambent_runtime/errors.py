"""Failures as Lambda reports them."""

import sys
import traceback

from awslambdaric.lambda_runtime_exception import FaultException
from componentize_py_types import Err
from wit_world.imports import lambent_function_types as types

#: Files whose frames are the runtime's, not the user's, when they come first.
_OURS = ("/lambent_runtime/", "/awslambdaric/", "<frozen importlib", "/importlib/__init__.py", "/lambent_component.py")

EXIT = "Runtime.ExitError"

__all__ = ["Err", "EXIT", "failure", "of_exception", "of_start"]


def failure(kind, message, trace=()):
    return types.Failure(kind, message, list(trace), types.Retry_Policy())


def of_exception(error):
    """The failure that an exception of the user's code is."""
    if isinstance(error, FaultException):
        return failure(error.exception_type, error.msg, error.trace or ())
    return failure(type(error).__name__, _text(error), frames(error))


def of_start(error):
    """The failure of a module that raised while it was loaded."""
    if isinstance(error, SystemExit):
        return of_exit(error)
    return of_exception(error)


def of_exit(error):
    """The failure that the end of the process is."""
    code = error.code
    if code is None:
        code = 0
    elif not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    if code == 0:
        return failure(EXIT, "Runtime exited without providing a reason")
    return failure(EXIT, f"Runtime exited with error: exit status {code & 0xFF}")


def frames(error):
    """The stack from the first frame of the user's on, outermost first."""
    entries = traceback.extract_tb(error.__traceback__)
    while entries and any(part in entries[0].filename for part in _OURS):
        del entries[0]
    return [_frame(entry) for entry in entries]


def _frame(entry):
    line = f"    {entry.line}\n" if entry.line else ""
    return f'  File "{entry.filename}", line {entry.lineno}, in {entry.name}\n{line}'


def _text(error):
    try:
        return str(error)
    except Exception as second:
        return f"<{type(error).__name__} whose text raised {type(second).__name__}>"
