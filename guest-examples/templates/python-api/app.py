"""An API with routes: GET and POST /items, GET and DELETE /items/{id}."""

import json
import re
import sqlite3

# Files have no locks, so one instance has the database at a time, and closes it after each request.
DATABASE = "/mnt/data/items.db"


def handler(event, context):
    method = event["requestContext"]["http"]["method"]
    path = event["rawPath"].rstrip("/")
    for wanted, pattern, answer in ROUTES:
        match = re.fullmatch(pattern, path)
        if match and wanted == method:
            with database() as connection:
                status, body = answer(connection, event, *match.groups())
            connection.close()
            return response(status, body)
    return response(404, {"error": f"there is no {method} {path}"})


def database():
    connection = sqlite3.connect(DATABASE)
    connection.execute("CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    return connection


def items(connection, event):
    rows = connection.execute("SELECT id, name FROM items ORDER BY id")
    return 200, [{"id": id, "name": name} for id, name in rows]


def add(connection, event):
    try:
        name = json.loads(event.get("body") or "")["name"]
    except (ValueError, KeyError, TypeError):
        return 400, {"error": 'send {"name": "…"}'}
    added = connection.execute("INSERT INTO items (name) VALUES (?)", (str(name),))
    return 201, {"id": added.lastrowid, "name": name}


def item(connection, event, id):
    row = connection.execute("SELECT id, name FROM items WHERE id = ?", (id,)).fetchone()
    return (200, {"id": row[0], "name": row[1]}) if row else (404, {"error": f"there is no item {id}"})


def remove(connection, event, id):
    connection.execute("DELETE FROM items WHERE id = ?", (id,))
    return 204, None


ROUTES = [
    ("GET", "/items", items),
    ("POST", "/items", add),
    ("GET", r"/items/(\d+)", item),
    ("DELETE", r"/items/(\d+)", remove),
]


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": "" if body is None else json.dumps(body),
    }
