"""Runs CRuby until it is ready for a handler, and writes down the state that it is in then.

    snapshot.py MERGED.wasm SOURCES MEMORY GLOBALS
"""

import ctypes
import struct
import sys
from pathlib import Path

import wasmtime

#: What CRuby gets as its command line: it wants each text to end with a NUL.
COMMAND = ("ruby", "-EUTF-8", "-e_=0")

#: Its value has the methods that the glue calls.
PROGRAM = '$LOAD_PATH.unshift("/").push("/lib"); require "lambent/runtime"; $LOAD_PATH.shift; Lambent::Runtime'

#: The names of exports that are numbers of the state.
GLOBAL = "snapshot-global-"


class Instance:
    def __init__(self, engine, module, files):
        self.store = wasmtime.Store(engine)
        wasi = wasmtime.WasiConfig()
        wasi.inherit_stdout()
        wasi.inherit_stderr()
        wasi.preopen_dir(str(files), "/")
        self.store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        linker.define_unknown_imports_as_traps(module)
        self.exports = linker.instantiate(self.store, module).exports(self.store)
        # What follows the name is the signature.
        self.names = {name.split(":")[0]: name for name in self.exports if "#" not in name}

    def call(self, name, *arguments):
        return self.exports[self.names[name]](self.store, *arguments)

    def memory(self):
        memory = self.exports["memory"]
        address = ctypes.addressof(memory.data_ptr(self.store).contents)
        return ctypes.string_at(address, memory.data_len(self.store))

    def put(self, data):
        address = self.call("cabi_realloc", 0, 0, 8, len(data))
        self.exports["memory"].write(self.store, data, address)
        return address

    def put_text(self, text):
        data = text.encode() + b"\0"
        return self.put(data), len(data)

    def globals(self):
        named = [name for name in self.exports if name.startswith(GLOBAL)]
        return {int(name[len(GLOBAL):]): self.exports[name].value(self.store) for name in named}


def main(merged, sources, memory, values):
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"  # It runs for a second.
    engine = wasmtime.Engine(config)
    instance = Instance(engine, wasmtime.Module.from_file(engine, merged), Path(sources))
    instance.call("_initialize")
    arguments = [instance.put_text(text) for text in COMMAND]
    array = instance.put(b"".join(struct.pack("<II", *argument) for argument in arguments))
    instance.call("ruby-init", array, len(arguments))
    address, length = instance.put_text(PROGRAM)
    if not instance.call("boot", address, length - 1):
        sys.exit("the part of the runtime that is written in Ruby raised; see above")
    Path(memory).write_bytes(instance.memory())
    Path(values).write_text("".join(f"{number} {value}\n" for number, value in instance.globals().items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
