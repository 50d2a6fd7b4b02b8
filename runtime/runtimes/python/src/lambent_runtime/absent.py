"""Says why a part of the standard library is not here, where its import would only fail."""

import importlib.abc

_PROCESSES = "there are no other processes"
_SYSTEM = "there is no system of users, terminals and limits"
_LIBRARY = "it needs a library that is not built in"

_WHY = {
    "_bz2": f"{_LIBRARY}; use gzip or zlib",
    "_ctypes": "machine code of other libraries cannot be loaded in WebAssembly",
    "_curses": _SYSTEM,
    "_dbm": f"{_LIBRARY}; use sqlite3",
    "_gdbm": f"{_LIBRARY}; use sqlite3",
    "_lzma": f"{_LIBRARY}; use gzip or zlib",
    "_multiprocessing": f"{_PROCESSES}; use concurrent.futures.ThreadPoolExecutor",
    "_posixshmem": _PROCESSES,
    "_posixsubprocess": _PROCESSES,
    "_tkinter": _SYSTEM,
    "_zstd": f"{_LIBRARY}; use gzip or zlib",
    "fcntl": "there are no locks of files",
    "grp": _SYSTEM,
    "mmap": "files cannot be mapped; read them",
    "pwd": _SYSTEM,
    "readline": _SYSTEM,
    "resource": _SYSTEM,
    "syslog": f"{_SYSTEM}; use logging",
    "termios": _SYSTEM,
    "tkinter": _SYSTEM,
}


class Finder(importlib.abc.MetaPathFinder):
    """Comes last."""

    def find_spec(self, name, path=None, target=None):
        why = _WHY.get(name)
        if why is not None:
            raise ModuleNotFoundError(
                f"No module named '{name}': the Python runtime has none, since {why}", name=name
            )
        return None


FINDER = Finder()
