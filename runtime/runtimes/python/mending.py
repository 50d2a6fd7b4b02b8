"""Mends what componentize-py 0.25.1 makes: bytes that Python gives to the host are copied for the call, and
the copy is never freed, so that an instance grows by all that it ever sent.

The function of its runtime that makes the copy is replaced by one that calls it, and then has the copy
freed when the call ends, as is done with everything else that a call allocates.
"""

_MODULE = 1  # A section of a component: a core module.
_IMPORTS, _FUNCTIONS, _EXPORTS, _CODE = 2, 3, 7, 10
#: The function that copies a list of bytes, whose address it stores in its last parameter and whose length it
#: returns; and the one that frees an allocation when the call ends.
_COPY, _FREE = b"wit_dylib_pop_list", b"wit_dylib_dealloc_bytes"


def mend(component):
    """The component with its runtime mended."""
    mended, count = bytearray(component[:8]), 0
    for number, content in _sections(component, 8):
        if number == _MODULE and _exports_both(content):
            content, count = _mend_module(content), count + 1
        mended += bytes([number]) + _leb(len(content)) + content
    if count != 1:
        raise ValueError(f"{count} modules of the component copy lists of bytes, and not one; see mending.py")
    return bytes(mended)


def _exports_both(module):
    exports = next((content for number, content in _sections(module, 8) if number == _EXPORTS), b"\0")
    names = {name for name, _, _ in _exports(exports)}
    return _COPY in names and _FREE in names


def _mend_module(module):
    sections = list(_sections(module, 8))
    imported = _imported_functions(dict(sections)[_IMPORTS])
    types = _function_types(dict(sections)[_FUNCTIONS])
    functions = {name: index for name, kind, index in _exports(dict(sections)[_EXPORTS]) if kind == 0}
    added = imported + len(types)
    made = bytearray(module[:8])
    for number, content in sections:
        if number == _FUNCTIONS:
            content = _appended(content, _leb(types[functions[_COPY] - imported]))
        elif number == _CODE:
            content = _appended(content, _body(functions[_COPY], functions[_FREE]))
        elif number == _EXPORTS:
            content = _leb(len(list(_exports(content)))) + b"".join(
                _leb(len(name)) + name + bytes([kind]) + _leb(added if name == _COPY else index)
                for name, kind, index in _exports(content)
            )
        made += bytes([number]) + _leb(len(content)) + content
    return bytes(made)


def _body(copy, free):
    """`length = copy(call, type, out); if length and *out: free(call, *out, length, 1, 1); return length`"""
    code = b"\x01\x02\x7f"  # Two locals of 32 bits: 3 is the length, 4 the address.
    code += b"\x20\0\x20\1\x20\2\x10" + _leb(copy) + b"\x21\3\x20\2\x28\2\0\x21\4"
    code += b"\x20\3\x04\x40\x20\4\x04\x40"
    code += b"\x20\0\x20\4\x20\3\x41\1\x41\1\x10" + _leb(free)
    code += b"\x0b\x0b\x20\3\x0b"
    return _leb(len(code)) + code


def _sections(data, at):
    while at < len(data):
        number = data[at]
        size, at = _number(data, at + 1)
        yield number, data[at : at + size]
        at += size


def _exports(content):
    """Name, kind and index of each."""
    count, at = _number(content, 0)
    for _ in range(count):
        size, at = _number(content, at)
        name, kind = content[at : at + size], content[at + size]
        index, at = _number(content, at + size + 1)
        yield name, kind, index


def _imported_functions(content):
    """How many functions are imported."""
    count, at = _number(content, 0)
    functions = 0
    for _ in range(count):
        for _ in ("module", "name"):
            size, at = _number(content, at)
            at += size
        kind, at = content[at], at + 1
        if kind == 0:
            functions += 1
            _, at = _number(content, at)
        elif kind == 3:
            at += 2  # The type of a global, and whether it changes.
        else:
            at += 1 if kind == 1 else 0  # The type of a table's elements.
            limited, at = content[at] & 1, at + 1
            for _ in range(1 + limited):
                _, at = _number(content, at)
    return functions


def _function_types(content):
    count, at = _number(content, 0)
    types = []
    for _ in range(count):
        index, at = _number(content, at)
        types.append(index)
    return types


def _appended(content, entry):
    count, at = _number(content, 0)
    return _leb(count + 1) + content[at:] + entry


def _number(data, at):
    """An unsigned number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _leb(value):
    encoded = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        encoded.append(low | (0x80 if value else 0))
        if not value:
            return bytes(encoded)
