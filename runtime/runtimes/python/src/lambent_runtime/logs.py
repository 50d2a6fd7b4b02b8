"""Standard streams and `logging`, as Lambda sets them up."""

import logging
import os
import sys

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_log_utils import LogFormat, _get_log_level_from_env_var
from awslambdaric.lambda_runtime_marshaller import to_json

_json = False


def set_up():
    """Gives the root logger Lambda's handler, format and level."""
    global _json
    # Every line is in the log once it is written, even if the function never ends.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    chosen = LogFormat.from_str(os.environ.get("AWS_LAMBDA_LOG_FORMAT"))
    level = _get_log_level_from_env_var(os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
    _json = chosen == LogFormat.JSON
    bootstrap._setup_logging(chosen, level, bootstrap.StandardLogSink())


def of_request(request_id, tenant):
    """Says whose the lines are that follow."""
    bootstrap._GLOBAL_AWS_REQUEST_ID = request_id
    bootstrap._GLOBAL_TENANT_ID = tenant


def error(failure):
    """Writes a failure to the log as Lambda does, one line for each of its lines."""
    if _json:
        entry = {
            "timestamp": _now(),
            "level": "ERROR",
            "errorMessage": failure.message,
            "errorType": failure.kind,
            "requestId": bootstrap._GLOBAL_AWS_REQUEST_ID or "",
            "stackTrace": failure.trace,
        }
        sys.stdout.write(to_json(entry) + "\n")
        return
    lines = [f"[ERROR] {failure.kind}: {failure.message}"]
    if failure.trace:
        lines.append("Traceback (most recent call last):")
        lines += [line for frame in failure.trace for line in frame.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")


def flush():
    """Writes what has no end of line yet."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # The function closed it.


def _now():
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", logging.Formatter.converter(time.time()))
