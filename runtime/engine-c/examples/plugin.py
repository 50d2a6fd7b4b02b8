"""A host in Python, by ctypes: a shop whose discounts are components.

    python3 plugin.py liblambent_engine_c.so discount.wasm
"""

import ctypes
import json
import sys

REPLY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
POINTERS = ["builder_new", "builder_build", "component_from_file", "plugin_new"]


class Lambent:
    """The functions of the library that this host needs."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        for name in POINTERS:
            getattr(self.c, f"lambent_{name}").restype = ctypes.c_void_p
        # Kept as a pointer, since the text has to be freed.
        self.c.lambent_plugin_call.restype = ctypes.c_void_p
        self.c.lambent_last_error.restype = ctypes.c_char_p
        self.c.lambent_builder_import.restype = ctypes.c_bool
        self.c.lambent_plugin_restart.restype = ctypes.c_bool

    def __getattr__(self, name):
        function = getattr(self.c, f"lambent_{name}")

        def call(*args):
            pointer = lambda arg: ctypes.c_void_p(arg) if isinstance(arg, int) else arg
            returned = function(*map(pointer, args))
            if returned in (None, False):
                raise Failed(json.loads(self.c.lambent_last_error()))
            return returned

        return call


class Failed(Exception):
    """What the library says of a call that failed: its code and its message."""


class Shop:
    """A plugin, with the functions of the host that it imports."""

    def __init__(self, library, wasm, functions, options):
        self.lambent = lambent = Lambent(library)
        builder = lambent.builder_new(b'{"instances": 10}')
        # Called as long as the engine lives, so kept as long.
        self.functions = {name: self.wrapped(function) for name, function in functions.items()}
        for name, function in self.functions.items():
            lambent.builder_import(builder, None, name.encode(), function, None)
        engine = lambent.builder_build(builder)
        component = lambent.component_from_file(engine, wasm.encode())
        self.plugin = lambent.plugin_new(component, json.dumps(options).encode())
        # What was made of them keeps what it needs.
        lambent.c.lambent_component_free(ctypes.c_void_p(component))
        lambent.c.lambent_engine_free(ctypes.c_void_p(engine))

    def wrapped(self, function):
        def reply(_user_data, args, reply):
            to = ctypes.c_void_p(reply)
            try:
                value = json.dumps(function(*json.loads(args))).encode()
                self.lambent.c.lambent_reply_value(to, value)
            except Exception as error:
                self.lambent.c.lambent_reply_error(to, repr(error).encode())

        return REPLY(reply)

    def call(self, name, *args):
        text = self.lambent.plugin_call(self.plugin, name.encode(), json.dumps(args).encode())
        try:
            return json.loads(ctypes.string_at(text))
        finally:
            self.lambent.c.lambent_string_free(ctypes.c_void_p(text))

    def close(self):
        self.lambent.c.lambent_plugin_free(ctypes.c_void_p(self.plugin))


def main(library, wasm):
    prices = [250, 499, 1999]
    shop = Shop(library, wasm, {"price": lambda item: prices[item]}, {"fuel": 100_000})
    print("12 of item 1 cost", shop.call("total", 1, 12)["value"])
    print("item 7:", shop.call("total", 7, 1)["outcome"])
    try:
        shop.call("total", 1, 12)
    except Failed as failed:
        print("then:", failed.args[0]["code"])
    shop.lambent.plugin_restart(shop.plugin)
    called = shop.call("total", 0, 2)
    print("2 of item 0 cost", called["value"], "in instance", called["generation"])
    shop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
