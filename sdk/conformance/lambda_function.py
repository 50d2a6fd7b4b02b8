"""Does what `cases.json` says with the package `lambent`, as a function on a node and in a test."""

import base64
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
                wrong.append(f"{case['name']}, step {number}, {' '.join(map(str, step['do']))[:200]}: {told}")
    return {"cases": len(event["cases"]), "wrong": wrong}


def _step(step, function):
    kind, name, method, *arguments = step["do"]
    arguments = [_given(argument) for argument in arguments]
    try:
        answer = _told(_call(_CLIENTS[kind](name), method, arguments))
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
    own = globals().get(f"_{method}")
    if own is not None:
        return own(client, *arguments)
    return getattr(client, _NAMES.get(method, method))(*arguments)


def _size(keyspace, key):
    return len(keyspace.get(key))


def _keys(keyspace, prefix):
    return list(keyspace.keys(prefix))


def _fill(keyspace, prefix, count):
    keyspace.set_many({f"{prefix}{number:04}": "" for number in range(count)})


def _drain(keyspace, prefix, count):
    keyspace.delete(*(f"{prefix}{number:04}" for number in range(count)))


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
    try:
        with bucket.open(key, "wb") as file:
            file.write(text.encode())
            raise InterruptedError
    except InterruptedError:
        pass
    bucket.open(key, "wb").write(text.encode())  # Nobody closes it.


def _misused(client):
    """What was not refused of calls that are wrong in this language."""
    wrong = {
        "Keyspace": [
            lambda: client.get(5), lambda: client.get("\udc80"), lambda: client.set("k", None), lambda: client.set("k", 5),
            lambda: client.set("k", "\ud800"), lambda: client.increment("k", "1"), lambda: client.increment("k", 1 << 63),
            lambda: client.increment("k", 1.5), lambda: client.delete(None), lambda: client.get_many("key"),
            lambda: client.swap(None, None, "x"), lambda: client.exists(b"k"), lambda: lambent.keyspace(None),
        ],
        "Bucket": [
            lambda: client.get(5), lambda: client.get("k", -1), lambda: client.get("k", 1 << 64), lambda: client.put("k", 5),
            lambda: client.put(None, "x"), lambda: client.put("k", [5]), lambda: client.open("k", "a"), lambda: client.copy("k", 5),
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
