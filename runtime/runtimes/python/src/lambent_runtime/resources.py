"""`importlib.resources` over the files that are kept in memory, such as time zones."""

import io
from importlib.resources.abc import Traversable, TraversableResources


class Reader(TraversableResources):
    def __init__(self, tree, path):
        self._root = Entry(tree, path)

    def files(self):
        return self._root


class Entry(Traversable):
    """A file or directory in a tree of the form {directory: {name: bytes, or None}}."""

    def __init__(self, tree, path):
        self._tree = tree
        self._path = path

    @property
    def name(self):
        return self._path.rpartition("/")[2]

    def _content(self):
        directory, _, name = self._path.rpartition("/")
        return self._tree.get(directory, {}).get(name)

    def is_dir(self):
        return self._path in self._tree

    def is_file(self):
        return self._content() is not None

    def iterdir(self):
        return (Entry(self._tree, f"{self._path}/{name}") for name in self._tree.get(self._path, {}))

    def joinpath(self, *descendants):
        parts = [part for path in descendants for part in str(path).split("/") if part]
        return Entry(self._tree, "/".join([self._path, *parts]))

    __truediv__ = joinpath

    def open(self, mode="r", *args, **kwargs):
        content = self._content()
        if content is None:
            error = IsADirectoryError if self.is_dir() else FileNotFoundError
            raise error(2, "No such file or directory", self._path)
        stream = io.BytesIO(content)
        return stream if "b" in mode else io.TextIOWrapper(stream, *args, **kwargs)

    def read_bytes(self):
        with self.open("rb") as stream:
            return stream.read()

    def __str__(self):
        return self._path
