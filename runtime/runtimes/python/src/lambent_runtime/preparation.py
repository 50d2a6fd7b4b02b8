"""What is done for a package when it is deployed: its byte code is written.

CPython's own importer takes it from `__pycache__` without looking at the source (PEP 552,
unchecked), which saves most of the time of an import.
"""

import importlib._bootstrap_external as importer
import importlib.util
import os
import sys

from lambent_runtime import instance

TARGET = "/tmp/prepared"


def prepare():
    """Writes the byte code of every module of package and layers below `/tmp/prepared`."""
    instance.renew()
    for root in (os.environ["LAMBDA_TASK_ROOT"], instance.LAYERS_ROOT):
        for directory, directories, files in os.walk(root):
            directories[:] = sorted(name for name in directories if name != "__pycache__")
            for name in sorted(files):
                if name.endswith(".py"):
                    _prepare_module(os.path.join(directory, name))
    sys.stderr.flush()


def _prepare_module(path):
    try:
        with open(path, "rb") as file:
            source = file.read()
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        print(f"warning: {_place(error, path)}: {_reason(error)}", file=sys.stderr)
        return
    hash_of_source = importlib.util.source_hash(source)
    target = TARGET + importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(importer._code_to_hash_pyc(code, hash_of_source, checked=False))


def _place(error, path):
    line = getattr(error, "lineno", None)
    return path if line is None else f"{path}, line {line}"


def _reason(error):
    return f"{type(error).__name__}: {getattr(error, 'msg', None) or error}"
