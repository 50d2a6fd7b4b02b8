"""What is done before an instance's memory is kept, and in each instance that starts from it.

The hooks are those of AWS's `snapshot_restore_py`, which functions register theirs with.
"""

import gc
import os

from awslambdaric import lambda_runtime_hooks_runner as hooks

from lambent_runtime import errors, instance, logs, node
from lambent_runtime.net import sockets


def open_handles():
    """Has the C library open the standard streams and the root directory, which it does when they
    are used for the first time."""
    os.read(0, 0)
    for stream in (1, 2):
        os.write(stream, b"")
    os.stat("/")


def before():
    _run(hooks.run_before_snapshot)
    # Connections and handles are the host's, and end with the instance.
    sockets.reset()
    node.reset()
    gc.collect()
    # No collection ever walks, and so dirties, what instances start from.
    gc.freeze()


def after():
    instance.renew()
    _run(hooks.run_after_restore)


def _run(registered):
    try:
        registered()
    except BaseException as error:
        failure = errors.of_start(error)
        logs.error(failure)
        raise errors.Err(failure) from None
