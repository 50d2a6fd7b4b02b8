"""The modules that have no file at run time: the standard library, and what the runtime brings.

A component has only what was in its memory when it was built. The byte code of every module
is kept there, and a finder of the usual kind gives it. Pages of it that nobody asks for are
shared by all instances, so that what is never imported costs an instance nothing.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import marshal
import os
import sys
import zlib

#: Where Lambda has Python, which is what stacks and `__file__` say.
PREFIX = "/var/lang/lib/python{}.{}/".format(*sys.version_info)

#: Parts of the standard library that cannot do anything here.
_LEFT_OUT = frozenset(
    "__pycache__ ensurepip idlelib lib2to3 pydoc_data site-packages test tests tkinter turtledemo venv".split()
)

_modules = {}  # name -> (is it a package, path, byte code)
_sources = {}  # path -> compressed source, for stacks
_data = {}  # path of a directory -> {name: bytes, or None for a directory}


def embed(root, prefix=PREFIX):
    """Keeps every module and, of packages, every other file below `root`."""
    for directory, directories, files in os.walk(root):
        directories[:] = sorted(name for name in directories if name not in _LEFT_OUT)
        below = os.path.relpath(directory, root)
        parts = [] if below == "." else below.split("/")
        for name in sorted(files):
            with open(os.path.join(directory, name), "rb") as file:
                content = file.read()
            if name.endswith(".py"):
                _embed_module(parts, name, content, prefix)
            elif parts and not name.endswith((".pyc", ".so")):
                _embed_data(parts, name, content, prefix)


def _embed_module(parts, name, source, prefix):
    is_package = name == "__init__.py"
    full_name = ".".join(parts if is_package else [*parts, name[:-3]])
    if not full_name or full_name in _modules:
        return
    path = prefix + "/".join([*parts, name])
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except SyntaxError:
        return  # Templates and samples that are not meant to be imported.
    _modules[full_name] = (is_package, path, marshal.dumps(code))
    _sources[path] = zlib.compress(source, 9)


def _embed_data(parts, name, content, prefix):
    _data.setdefault(prefix + "/".join(parts), {})[name] = content
    for depth in range(len(parts) - 1, 0, -1):
        _data.setdefault(prefix + "/".join(parts[:depth]), {}).setdefault(parts[depth], None)


def forget(package):
    """Keeps a package no longer."""
    for name in [name for name in _modules if name.split(".", 1)[0] == package]:
        del _modules[name]


def source_lines(path):
    """The source of a module that is kept, for `linecache`."""
    source = _sources.get(path)
    return None if source is None else zlib.decompress(source).decode("utf-8", "replace")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules that are kept."""

    def find_spec(self, name, path=None, target=None):
        entry = _modules.get(name)
        if entry is None:
            return None
        is_package, file, _ = entry
        spec = importlib.machinery.ModuleSpec(name, self, origin=file, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(file.rpartition("/")[0])
        return spec

    def is_package(self, name):
        return _modules[name][0]

    def get_code(self, name):
        return marshal.loads(_modules[name][2])

    def get_source(self, name):
        return source_lines(_modules[name][1])

    def get_filename(self, name):
        return _modules[name][1]

    def get_resource_reader(self, name):
        from lambent_runtime.resources import Reader

        return Reader(_data, _modules[name][1].rpartition("/")[0])

    def get_data(self, path):
        directory, _, name = path.rpartition("/")
        data = _data.get(directory, {}).get(name)
        if data is None:
            source = _sources.get(path)
            if source is None:
                raise FileNotFoundError(2, "No such file or directory", path)
            return zlib.decompress(source)
        return data


FINDER = Finder()
