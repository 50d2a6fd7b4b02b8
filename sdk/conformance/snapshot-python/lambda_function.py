"""Uses in instances from a snapshot what INIT opened."""

import lambent

photos, todo = lambent.bucket("full"), lambent.keyspace("full")
photos.put("small", b"abc" * 300_000)
reader = photos.open("small")
reader.read(3)
writer = photos.open("half", "wb")
writer.write(b"x" * 700_000)
listing = photos.list()
next(listing)
todo.set("inits", "0")
lambent.queue("jobs").send("from INIT")


def lambda_handler(event, context):
    lambent.queue("jobs").send("from the handler")
    return {
        "lost": [_error(lambda: reader.read()), _error(lambda: writer.write(b"x" * 700_000))],
        "read": photos.get("small", 0, 3).decode(),
        "half": photos.exists("half"),
        "count": todo.increment("inits"),
        "listed": list(photos.list("small")),
    }


def _error(call):
    try:
        return f"gave {len(call())}"
    except lambent.Error as error:
        return str(error)
