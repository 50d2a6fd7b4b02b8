"""What the package `lambent` reaches in a function: the node's keyspaces, buckets and queues, over
`wasi:keyvalue`, `wasi:blobstore` and `wasi:messaging`.

Handles of the host are opened when they are needed, and given up before a snapshot is taken, since
no instance that starts from it would have them.
"""

import weakref

from componentize_py_types import Err
from wit_world.imports import (
    atomics, batch, blobstore, container, producer, store, streams,
    wasi_blobstore_types as objects, wasi_messaging_types as messages,
)

#: Names of objects that are asked for at once.
_PAGE = 1000
#: What is said of those that were when an invocation ended, or a snapshot was taken.
_ENDED = "this was opened in an invocation that has ended; open it in each one that needs it"
_LOST = "this was opened before the snapshot that the instance started from; open it in the handler"

_nodes = weakref.WeakSet()
_open = weakref.WeakSet()  # Objects that are being read, written or listed


def reset():
    """Gives up every handle."""
    for node in _nodes:
        node.close()
    _lose(_LOST)


def end():
    """Closes what an invocation left open: nobody finishes it, and each takes memory of the host."""
    if _open:
        _lose(_ENDED)


def _lose(why):
    for stream in list(_open):
        stream.lose(why)


class Node:
    """The operations, as `lambent._backend` has them. Errors are made by the package that asks, which
    may be another than the runtime's."""

    def __init__(self, errors):
        self._errors = errors
        self._keyspaces, self._buckets, self._client = {}, {}, None
        _nodes.add(self)

    def close(self):
        handles = [*self._keyspaces.values(), *self._buckets.values(), self._client]
        self._keyspaces, self._buckets, self._client = {}, {}, None
        for handle in handles:
            if handle is not None:
                handle.__exit__(None, None, None)

    # Keyspaces

    def _keyspace(self, name, wanted):
        handle = self._keyspaces.get(name)
        if handle is None:
            try:
                handle = store.open(name)
            except Err as error:
                raise self._of_store(error.value, name, wanted, None) from None
            self._keyspaces[name] = handle
        return handle

    def _of_store(self, error, name, wanted, has):
        if isinstance(error, store.Error_Other):
            return self._errors.of_text(error.value)
        if isinstance(error, store.Error_AccessDenied):
            return self._errors.not_granted("keyspace", name, wanted, has)
        return self._errors.no_keyspace(name)

    def _reading(self, name, call, *arguments):
        handle = self._keyspace(name, "read")
        try:
            return call(handle, *arguments)
        except Err as error:
            raise self._of_store(error.value, name, "read", "write") from None

    def _writing(self, name, call, *arguments):
        handle = self._keyspace(name, "write")
        try:
            return call(handle, *arguments)
        except Err as error:
            raise self._of_store(error.value, name, "write", "read") from None

    def get(self, keyspace, key):
        return self._reading(keyspace, store.Bucket.get, key)

    def get_many(self, keyspace, keys):
        return [value for _, value in self._reading(keyspace, batch.get_many, keys)]

    def set_many(self, keyspace, values):
        self._writing(keyspace, batch.set_many, values)

    def delete_many(self, keyspace, keys):
        self._writing(keyspace, batch.delete_many, list(keys))

    def has_key(self, keyspace, key):
        return self._reading(keyspace, store.Bucket.exists, key)

    def keys(self, keyspace, cursor):
        page = self._reading(keyspace, store.Bucket.list_keys, cursor)
        return page.keys, page.cursor

    def increment(self, keyspace, key, by):
        return self._writing(keyspace, atomics.increment, key, by)

    def swap(self, keyspace, key, old, new):
        cas = self._reading(keyspace, atomics.Cas.new, key)
        try:
            is_same = cas.current() == old
        except Err as error:
            raise self._of_store(error.value, keyspace, "read", "write") from None
        if not is_same:
            return False
        try:
            atomics.swap(cas, new)
        except Err as error:
            if isinstance(error.value, atomics.CasError_CasFailed):
                return False
            raise self._of_store(error.value.value, keyspace, "write", "read") from None
        return True

    # Buckets

    def _bucket(self, name):
        handle = self._buckets.get(name)
        if handle is None:
            handle = self._buckets[name] = self._told(blobstore.get_container, name)
        return handle

    def _told(self, call, *arguments):
        try:
            return call(*arguments)
        except Err as error:
            raise self._errors.of_text(error.value) from None

    def read(self, bucket, key, start, last):
        value = self._told(self._bucket(bucket).get_data, key, start, last)
        return _Reading(self._told(objects.IncomingValue.incoming_value_consume_async, value), self._errors)

    def write(self, bucket, key):
        return _Writing(self._bucket(bucket), key, self._errors)

    def info(self, bucket, key):
        info = self._told(self._bucket(bucket).object_info, key)
        return info.size, info.created_at

    def has_object(self, bucket, key):
        return self._told(self._bucket(bucket).has_object, key)

    def objects(self, bucket):
        return _Listing(self._told(self._bucket(bucket).list_objects), self._errors)

    def delete_objects(self, bucket, keys):
        self._told(self._bucket(bucket).delete_objects, list(keys))

    def copy(self, source, target):
        self._told(blobstore.copy_object, objects.ObjectId(*source), objects.ObjectId(*target))

    def move(self, source, target):
        self._told(blobstore.move_object, objects.ObjectId(*source), objects.ObjectId(*target))

    # Queues

    def send(self, queue, body, content_type, metadata):
        try:
            if self._client is None:
                self._client = messages.Client.connect(queue)
            message = messages.Message(body)
            if content_type is not None:
                message.set_content_type(content_type)
            if metadata:
                message.set_metadata(list(metadata.items()))
            producer.send(self._client, queue, message)
        except Err as error:
            text = getattr(error.value, "value", "the queue did not answer in time")
            raise self._errors.of_text(text) from None


class _Stream:
    """A stream of an object's bytes. Of what is the host's, children are given up first."""

    _handles = ()

    def _failed(self, error):
        failure = error.value
        if isinstance(failure, streams.StreamError_LastOperationFailed):
            with failure.value as cause:
                return self._errors.of_text(cause.to_debug_string())
        return self._errors.of_text("the bucket takes no more")

    def _give_up(self):
        handles, self._handles = self._handles, ()
        for handle in handles:
            handle.__exit__(None, None, None)

    def _checked(self):
        if not self._handles:
            raise self._errors.of_text(self._why)
        return self._handles[0]

    def lose(self, why):
        """Gives up the handles, and says why when they are used."""
        if self._handles:
            self._why = why
            self._give_up()

    def __del__(self):
        self._give_up()


class _Reading(_Stream):
    _why = "the object is closed"

    def __init__(self, stream, errors):
        self._errors, self._handles = errors, (stream,)
        _open.add(self)

    def read(self, most):
        stream = self._checked()
        while True:
            try:
                data = stream.blocking_read(most)
            except Err as error:
                if isinstance(error.value, streams.StreamError_Closed):
                    return b""
                raise self._failed(error) from None
            if data:
                return data

    def close(self):
        self._give_up()


class _Listing(_Stream):
    """Pages of names."""

    _why = "all objects were listed"

    def __init__(self, names, errors):
        self._errors, self._handles = errors, (names,)
        _open.add(self)

    def __iter__(self):
        over = False
        while not over:
            try:
                page, over = self._checked().read_stream_object_names(_PAGE)
            except Err as error:
                raise self._errors.of_text(error.value) from None
            yield page
        self._give_up()


class _Writing(_Stream):
    _why = "the object is written already"

    def __init__(self, bucket, key, errors):
        self._errors = errors
        value = objects.OutgoingValue.new_outgoing_value()
        self._handles = (value.outgoing_value_write_body(), value)
        try:
            bucket.write_data(key, value)
        except Err as error:
            self._give_up()
            raise errors.of_text(error.value) from None
        _open.add(self)

    def write(self, data):
        stream = self._checked()
        try:
            room = stream.check_write()
            while room == 0:
                with stream.subscribe() as pollable:
                    pollable.block()
                room = stream.check_write()
            piece = data[: min(room, len(data))]
            stream.write(bytes(piece))
        except Err as error:
            raise self._why_refused(error) from None
        return len(piece)

    def _why_refused(self, error):
        """What the bucket says of why it takes no more, which it does when the value is finished."""
        failure = self._failed(error)
        try:
            self.finish()
        except Exception as why:
            return why
        return failure

    def finish(self):
        stream = self._checked()
        value = self._handles[1]
        try:
            stream.blocking_flush()
        except Err:
            pass  # What is wrong is said below.
        self._handles = ()
        stream.__exit__(None, None, None)
        try:
            objects.OutgoingValue.finish(value)
        except Err as error:
            raise self._errors.of_text(error.value) from None

    def abandon(self):
        self._give_up()
