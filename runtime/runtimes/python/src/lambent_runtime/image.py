"""What is in memory when the component is built, and so in every instance from its start."""

import gc
import os
import sys

from lambent_runtime import absent, stdlib

#: What handlers use most (counted over public ones), so that importing it is a dictionary lookup.
_PRELOADED = """
    asyncio base64 binascii calendar collections collections.abc concurrent.futures configparser
    contextlib contextvars copy csv dataclasses datetime decimal difflib email.message
    email.mime.multipart email.mime.text email.parser enum fnmatch fractions functools glob gzip
    hashlib heapq hmac html html.parser http http.client http.cookies importlib.metadata
    importlib.resources inspect io ipaddress itertools json linecache locale logging
    lambent logging.config logging.handlers math mimetypes numbers operator os pathlib pickle platform
    posixpath pprint queue random re secrets shutil signal socket sqlite3 ssl statistics string
    struct subprocess sys tempfile textwrap threading time traceback types typing unicodedata
    unittest.mock urllib.error urllib.parse urllib.request uuid warnings weakref
    xml.etree.ElementTree zipfile zlib zoneinfo
""".split()

#: Modules of the runtime that are otherwise imported where they are needed first.
_OWN = ("lambent_runtime.node", "lambent_runtime.resources", "lambent_runtime.net.waiting")

#: Modules that Lambda's own runtime has loaded before it loads the handler, so that files of the
#: package never take their place. What is preloaded here besides gives way to such files.
_loaded_by_lambda = frozenset()


def fill():
    """Brings everything into memory."""
    global _loaded_by_lambda
    for path in sys.path:
        if path == "/python" or path.endswith("python3.14") or path.endswith("python314.zip"):
            stdlib.embed(path)
    for path in sys.path:
        if os.path.isdir(os.path.join(path, "awslambdaric")):
            stdlib.embed(path)
    # After built-in and frozen modules and before files, until the paths are set.
    sys.meta_path.insert(2, stdlib.FINDER)
    import awslambdaric.bootstrap  # noqa: F401

    _loaded_by_lambda = frozenset(sys.modules)
    _patch()
    for name in [*_PRELOADED, *_OWN]:
        __import__(name)
    _hide("h11")
    _warm()


def _hide(package):
    """Forgets a package that the runtime has for itself: functions may bring another version."""
    for name in [name for name in sys.modules if name.split(".", 1)[0] == package]:
        del sys.modules[name]
    stdlib.forget(package)


def _patch():
    """Puts what works here in the place of what cannot."""
    from lambent_runtime import asyncio_loop, hashes, sources, threads
    from lambent_runtime.net import polling, sockets

    for module in (sources, threads, sockets, polling, asyncio_loop, hashes):
        module.install()
    import lambent_runtime.net.tls

    sys.modules["ssl"] = lambent_runtime.net.tls


def _warm():
    """Fills caches that the first event would fill."""
    import base64
    import json

    json.dumps(json.loads('{"a": [1, 2.5, null, "x"]}'))
    base64.b64decode(b"e30=")


def gives_way(name):
    """Whether a preloaded module is replaced by a file of the package that has its name."""
    return name in sys.modules and name not in _loaded_by_lambda


def seal():
    """Ends the build: what was only for it is taken out."""
    sys.dont_write_bytecode = True
    # Files of the package come first, as Lambda's paths have it.
    sys.meta_path.remove(stdlib.FINDER)
    sys.meta_path += [stdlib.FINDER, absent.FINDER]
    sys.path[:] = []
    sys.argv = [""]
    sys.path_importer_cache.clear()
    os.environ.clear()
    gc.collect()
    # No collection ever walks, and so dirties, what is in the image.
    gc.freeze()
