"""Does what `cases.json` says with the package `lambent`, as a function on a node and in a test."""

import base64
import contextlib
import gc
import io
import os

import lambent

_CLIENTS = {"keyspace": lambent.keyspace, "bucket": lambent.bucket, "queue": lambent.queue}
_NAMES = {"getMany": "get_many", "setMany": "set_many"}


def lambda_handler(event, context):
    """What is otherwise than the cases say."""
    function = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    wrong = []
    for case in event["cases"]:
        for number, step in enumerate(case["steps"], 1):
            told = _step(step, function)
            if told is not None:
                wrong.append(f"{case['name']}, step {number}, {step['do']!r:.200}: {told}")
    return {"cases": len(event["cases"]), "wrong": wrong}


def _step(step, function):
    kind, name, method, *arguments = step["do"]
    arguments = [_given(argument) for argument in arguments]
    try:
        answer = _told(_call(_CLIENTS[kind](_given(name)), method, arguments))
    except lambent.Error as error:
        return _compare_error(step, error, function)
    if "fails" in step:
        return f"it gave {answer!r:.200}, and should fail with {step['fails']}"
    if "gives" in step and answer != step["gives"]:
        return f"it gave {answer!r:.200}, not {step['gives']!r:.200}"
    return None


def _compare_error(step, error, function):
    kind = type(error).__name__
    says = step.get("says", "").replace("{function}", function)
    if kind != step.get("fails") or says not in str(error):
        return f"{kind}: {error}, not {step.get('fails')}: {says}"
    return None


def _call(client, method, arguments):
    own = globals().get(f"_{method.replace(' ', '_')}")
    if own is not None:
        return own(client, *arguments)
    return getattr(client, _NAMES.get(method, method))(*arguments)


def _size(keyspace, key):
    return len(keyspace.get(key))


def _keys(keyspace, prefix):
    return list(keyspace.keys(prefix))


def _numbered(prefix, count):
    return [f"{prefix}{number:04}" for number in range(count)]


def _fill(keyspace, prefix, count, size=0):
    keyspace.set_many(dict.fromkeys(_numbered(prefix, count), "v" * size))


def _sizes(keyspace, prefix, count):
    return sum(len(value) for value in keyspace.get_many(_numbered(prefix, count)).values())


def _drain(keyspace, prefix, count):
    keyspace.delete(*_numbered(prefix, count))


def _isText(keyspace, key):
    try:
        keyspace.get_text(key)
    except UnicodeDecodeError:
        return False
    return True


def _throughJson(keyspace, key, value):
    if value is not None:
        keyspace.set_json(key, value)
    return keyspace.get_json(key)


def _updateInPlace(keyspace, key, text):
    return keyspace.update(key, lambda old: old[:0] + text.encode())


def _changed(keyspace, key):
    """What was got cannot be changed."""
    assert isinstance(keyspace.get(key), bytes) and isinstance(keyspace.get_many([key])[key], bytes)


def _count(keyspace, prefix):
    return sum(1 for _ in keyspace.keys(prefix))


def _update(keyspace, key, more):
    return keyspace.update(key, lambda old: (old or b"") + more.encode())


def _list(bucket, prefix):
    return list(bucket.list(prefix))


def _head(bucket, key):
    head = bucket.head(key)
    assert abs(head.created.timestamp() - __import__("time").time()) < 3600, head
    return {"key": head.key, "size": head.size}


def _open(bucket, key):
    with bucket.open(key) as file:
        return file.read()


def _streamed(bucket, key):
    with bucket.open(key) as file:
        return sum(len(piece) for piece in iter(lambda: file.read(10_000), b""))


def _write(bucket, key, piece, count):
    with bucket.open(key, "wb") as file:
        for _ in range(count):
            file.write(piece.encode())


def _putPieces(bucket, key, piece, count):
    bucket.put(key, (piece.encode() for _ in range(count)))


def _abandon(bucket, key, text):
    """Whatever an exception leaves, and whatever nobody closes, writes nothing."""
    for opened in (
        lambda: io.TextIOWrapper(bucket.open(key, "wb"), "utf-8"),
        lambda: io.TextIOWrapper(bucket.open(key, "wb"), "utf-8", write_through=True),
        lambda: contextlib.closing(bucket.open(key, "w")),
        lambda: bucket.open(key, "w"),
    ):
        with contextlib.suppress(InterruptedError), opened() as file:
            file.write(text)
            raise InterruptedError
    with contextlib.suppress(InterruptedError), bucket.open(key, "wb") as file:
        file.write(text.encode())
        raise InterruptedError
    with contextlib.suppress(InterruptedError):
        file = bucket.open(key, "w")
        try:
            file.write(text)
            raise InterruptedError
        finally:
            file.close()
    bucket.open(key, "wb").write(text.encode())  # Nobody closes it.
    bucket.open(key, "w").write(text)
    gc.collect()


def _left_early(bucket, key, text):
    """What is closed without an exception is there, also while another one is handled."""

    def written():
        for _ in range(2):
            with bucket.open(key, "w") as file:
                file.write(text)
                return True

    done = written() and bucket.get(key) == text.encode()
    bucket.delete(key)
    try:
        raise InterruptedError
    except InterruptedError:
        with io.TextIOWrapper(bucket.open(key, "wb"), "utf-8") as file:
            file.write(text)
        done = done and bucket.get(key) == text.encode()
        bucket.put(key, text)
    return done


def _throughText(bucket, key, text):
    with bucket.open(key, "w") as file:
        file.writelines(text.splitlines(keepends=True))
    with bucket.open(key, "r") as file:
        lines = list(file)
    with bucket.open(key, "w", encoding="latin-1") as file:
        with contextlib.suppress(UnicodeEncodeError):
            file.write("\u00fc\u2615")
            raise AssertionError("it has no form in that")
        file.write("\u00fc")
    assert bucket.get(key) == b"\xfc"
    bucket.put(key, text)
    return "".join(lines)


def _atOnce(bucket, prefix, count):
    """One after the other, as it is in this language."""
    for key in _numbered(prefix, count):
        bucket.put(key, key)
    return sum(bucket.get(key) == key.encode() for key in _numbered(prefix, count))


def _copiedAtOnce(bucket, prefix, to, count):
    other = lambent.bucket(to)
    for key in _numbered(prefix, count):
        with bucket.open(key) as file:
            other.put(key, file)
    return sum(other.get(key) == key.encode() for key in _numbered(prefix, count))


def _openMany(bucket, prefix, count):
    """One too many is refused, and those that are open go on."""
    opened = []
    try:
        for key in _numbered(f"{prefix}x", count):
            opened.append(bucket.open(key, "wb"))
    except lambent.Error as error:
        assert len(opened) == count - 1 and "has 32 objects open to be read or written" in str(error), error
    else:
        return False
    try:
        bucket.get(f"{prefix}0000")
    except lambent.Error as error:
        assert "objects open" in str(error), error
    opened.pop().close()
    return bucket.get(f"{prefix}0000") == f"{prefix}0000".encode() and bucket.delete(f"{prefix}x{count - 2:04}") is None


def _deleteMany(bucket, prefix, count):
    bucket.delete(*_numbered(prefix, count))


_kept = []


def _leave(bucket, key, count):
    """Objects that nobody closes."""
    for number in range(count):
        reading, writing = bucket.open(key), bucket.open(f"{key}{number}", "wb")
        reading.read(1)
        writing.write(b"half" * 100_000)
        _kept.append((reading.read, writing.flush if number % 2 else writing.close))
        writing.write(b"more")


def _left(bucket):
    """What they are in another invocation."""
    told = []
    for uses in _kept:
        for use in uses:
            try:
                use()
            except lambent.Error as error:
                told.append(str(error))
            else:
                told.append("open")
    _kept.clear()
    return bool(told) and all("in an invocation that has ended" in text for text in told)


def _misused(client):
    """What was not refused of calls that are wrong in this language."""
    wrong = {
        "Keyspace": [
            lambda: client.get(5), lambda: client.get("\udc80"), lambda: client.set("k", None), lambda: client.set("k", 5),
            lambda: client.set("k", "\ud800"), lambda: client.set_many({"\udc80": "x"}), lambda: client.swap("k", "\ud800", "x"), lambda: client.increment("k", "1"), lambda: client.increment("k", 1 << 63),
            lambda: client.increment("k", 1.5), lambda: client.delete(None), lambda: client.get_many("key"),
            lambda: client.swap(None, None, "x"), lambda: client.exists(b"k"), lambda: lambent.keyspace(None),
        ],
        "Bucket": [
            lambda: client.get(5), lambda: client.get("k", -1), lambda: client.get("k", 1 << 64), lambda: client.put("k", 5),
            lambda: client.put(None, "x"), lambda: client.put("k", [5]), lambda: client.open("k", "a"), lambda: client.open("k", "rb", "utf-8"), lambda: client.put("k", "\udc80"),
            lambda: client.copy("k", 5),
            lambda: client.delete("\udc80"), lambda: lambent.bucket(5),
        ],
        "Queue": [
            lambda: client.send(object()), lambda: client.send("\ud800"), lambda: client.send("x", attributes={"n": 1}),
            lambda: client.send("x", content_type=5), lambda: client.send("x", group=5), lambda: lambent.queue(5),
        ],
    }[type(client).__name__]
    return [number for number, call in enumerate(wrong) if not _raises(call)]


def _raises(call):
    try:
        call()
    except (TypeError, ValueError):
        return True
    return False


def _send(queue, data, options):
    if isinstance(options.get("attributes", {}).get("many"), int):
        options = {"attributes": {str(number): "" for number in range(options["attributes"]["many"])}}
    named = {"contentType": "content_type"}
    queue.send(data, **{named.get(name, name): _given(value) for name, value in options.items()})


def _given(argument):
    """The value that a case gives."""
    if not isinstance(argument, dict):
        return argument
    if "repeat" in argument:
        text, count = argument["repeat"]
        return text * count
    if "base64" in argument:
        return base64.b64decode(argument["base64"])
    if "json" in argument:
        return argument["json"]
    return {name: _given(value) for name, value in argument.items()}


def _told(answer):
    """An answer as a case has it."""
    if isinstance(answer, dict):
        return {name: _told(value) for name, value in answer.items()}
    if not isinstance(answer, bytes):
        return answer
    try:
        return answer.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(answer).decode()}
