"""Keeps what a form sends in a database of the instance, and shows the latest as HTML."""

import html
import os
import re
import sqlite3
import tempfile
from urllib.parse import parse_qsl

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PATH = os.path.join(tempfile.gettempdir(), "messages.db")


def connect():
    database = sqlite3.connect(PATH)
    database.row_factory = sqlite3.Row
    database.execute("create table if not exists messages (email text primary key, text text)")
    return database


def lambda_handler(event, context):
    form = dict(parse_qsl(event["body"]))
    if not EMAIL.fullmatch(form.get("email", "")):
        return {"statusCode": 400, "body": "an address is missing"}
    with connect() as database:
        database.execute("insert or replace into messages (email, text) values (:email, :text)", form)
    rows = connect().execute("select * from messages order by rowid desc limit 10").fetchall()
    items = "".join(f"<li>{html.escape(row['text'])} – {row['email']}</li>" for row in rows)
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/html; charset=utf-8"},
        "cookies": [f"seen={len(rows)}; Path=/; HttpOnly"],
        "body": f"<ul>{items}</ul>",
    }
