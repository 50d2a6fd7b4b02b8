"""A small REST API behind a function URL or an HTTP API (payload format 2.0)."""

import json
import re
import uuid

ITEMS = {"1": {"id": "1", "name": "lamp", "price": 25.5}}
ROUTES = []


def route(method, pattern):
    def add(function):
        ROUTES.append((method, re.compile(pattern + "$"), function))
        return function

    return add


@route("GET", r"/items")
def list_items(event):
    return 200, sorted(ITEMS.values(), key=lambda item: item["name"])


@route("GET", r"/items/(?P<id>[^/]+)")
def get_item(event, id):
    if id not in ITEMS:
        return 404, {"error": f"no item {id}"}
    return 200, ITEMS[id]


@route("POST", r"/items")
def create_item(event):
    try:
        item = json.loads(event.get("body") or "")
    except json.JSONDecodeError as error:
        return 400, {"error": f"invalid JSON: {error.msg}"}
    if not isinstance(item.get("name"), str):
        return 422, {"error": "name is missing"}
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, item["name"]))
    ITEMS[id] = {**item, "id": id}
    return 201, ITEMS[id]


def lambda_handler(event, context):
    http = event["requestContext"]["http"]
    for method, pattern, function in ROUTES:
        match = pattern.match(http["path"])
        if match and method == http["method"]:
            status, body = function(event, **match.groupdict())
            break
    else:
        status, body = 404, {"error": "not found"}
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }
