"""What happens once in an instance: Lambda's INIT."""

import os
import sys
import time

from wit_world.imports import environment

from lambent_runtime import errors, image, loader, logs

TASK_ROOT = "/var/task"
LAYERS_ROOT = "/opt/python"

_started = None  # What came of the start: ("handler", function) or ("failure", Err)


def start():
    """Loads the handler, if that was not done yet; raises the failure that it ended in."""
    global _started
    if _started is None:
        root = renew()
        _set_paths(root)
        logs.set_up()
        try:
            _started = ("handler", loader.load(os.environ.get("_HANDLER", "")))
        except BaseException as error:
            failure = errors.of_start(error)
            logs.error(failure)
            _started = ("failure", failure)
    kind, value = _started
    if kind == "failure":
        raise errors.Err(value)
    return value


def renew():
    """Replaces what the memory has of another instance by what this one is given; says where the
    package is."""
    os.environ.clear()
    os.environ.update(environment.get_environment())
    root = os.environ.setdefault("LAMBDA_TASK_ROOT", TASK_ROOT)
    _renew_randomness()
    _renew_clocks()
    return root


def _renew_randomness():
    """Seeds the generators anew: what they are in memory is the same in many instances."""
    random = sys.modules["random"]
    random.seed()
    if "uuid" in sys.modules:
        sys.modules["uuid"]._node = None


def _renew_clocks():
    sys.modules["logging"]._startTime = time.time_ns()


def _set_paths(root):
    version = "python{}.{}".format(*sys.version_info)
    extra = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    layers = [f"{LAYERS_ROOT}/lib/{version}/site-packages", LAYERS_ROOT]
    sys.path[:] = [root, *extra, *layers]
    # importlib.invalidate_caches() would import a lot for the same.
    sys.path_importer_cache.clear()
    try:
        os.chdir(root)
        names = os.listdir(root)
    except OSError:
        return
    for name in names:
        _give_way(name.removesuffix(".py"))


def _give_way(name):
    """Forgets a preloaded module that the package has a module of its own for."""
    if image.gives_way(name):
        for loaded in [other for other in sys.modules if other.split(".", 1)[0] == name]:
            del sys.modules[loaded]
