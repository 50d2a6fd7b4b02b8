"""Lines of modules that have no file, for tracebacks."""

import linecache

from lambent_runtime import stdlib


def install():
    update = linecache.updatecache

    def updatecache(filename, module_globals=None):
        source = stdlib.source_lines(filename)
        if source is None:
            return update(filename, module_globals)
        lines = source.splitlines(keepends=True)
        linecache.cache[filename] = (len(source), None, lines, filename)
        return lines

    linecache.updatecache = updatecache
