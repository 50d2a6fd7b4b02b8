"""Says why a package with machine code cannot be imported, and what to do."""

import os
import re
import sys

#: What replaces packages that are often bundled with machine code.
_INSTEAD = {
    "cryptography": "the host verifies certificates; hashlib and hmac are built in",
    "orjson": "use json",
    "ujson": "use json",
    "psycopg2": "databases are not reachable by sockets; use an HTTP API of the database",
    "pydantic_core": "use pydantic 1 without its compiled parts (pip install --no-binary pydantic 'pydantic<2')",
    "numpy": "use statistics, fractions or array for small amounts of numbers",
    "pandas": "use csv and statistics for small tables",
    "PIL": "read sizes from the header of the image, or resize in a function in Rust",
    "lxml": "use xml.etree.ElementTree",
}

_MACHINE_CODE = re.compile(r"\.(so|pyd|dylib)(\.\d+)*$")


def explanation(error):
    """What to add to the message of an import error; nothing if no machine code is at fault."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        name = getattr(error, "name", None)
        if isinstance(error, ImportError) and name:
            found = _machine_code_of(name)
            if found:
                return _explain(*found)
        error = error.__cause__ or error.__context__
    return ""


def _machine_code_of(module):
    """The package of a module and the file with its machine code, if that is what it has."""
    top = module.split(".", 1)[0]
    *parents, last = module.split(".")
    for root in sys.path:
        for directory, name in (("/".join([root, *parents]), last), (f"{root}/{top}", None)):
            for file in _files(directory):
                if _MACHINE_CODE.search(file) and (name is None or file.split(".", 1)[0] == name):
                    return top, f"{directory}/{file}"
    return None


def _files(directory):
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _explain(package, file):
    wheel = _wheel_of(package, os.path.relpath(file, os.path.dirname(_root_of(file, package))))
    instead = _INSTEAD.get(package, "use a package or version that is pure Python")
    return (
        f" ({file} is machine code for another system, which cannot run in WebAssembly;"
        f" it came with {wheel}; {instead})"
    )


def _root_of(file, package):
    return file[: file.index(f"/{package}") + 1 + len(package)]


def _wheel_of(package, file):
    """The distribution that a file was installed with, by name and version."""
    from importlib import metadata

    for distribution in metadata.distributions():
        if any(str(own) == file for own in distribution.files or ()):
            name, version = distribution.metadata["Name"], distribution.version
            tags = [
                line.removeprefix("Tag: ")
                for line in (distribution.read_text("WHEEL") or "").splitlines()
                if line.startswith("Tag: ")
            ]
            return f"the wheel {name} {version}" + (f" for {tags[0]}" if tags else "")
    return f"the package {package}"
