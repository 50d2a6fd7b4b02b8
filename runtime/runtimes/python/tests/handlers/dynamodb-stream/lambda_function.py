"""Keeps a summary of the changes of a table."""

import json
from collections import Counter
from decimal import Decimal


def value_of(attribute):
    (kind, value), = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return Decimal(value)
        case "NULL":
            return None
        case "L":
            return [value_of(item) for item in value]
        case "M":
            return {name: value_of(item) for name, item in value.items()}
        case "SS" | "NS":
            return sorted(value)
    raise TypeError(f"unknown type {kind}")


def lambda_handler(event, context):
    kinds = Counter(record["eventName"] for record in event["Records"])
    changed = {}
    for record in event["Records"]:
        images = record["dynamodb"]
        old = value_of({"M": images.get("OldImage", {})})
        new = value_of({"M": images.get("NewImage", {})})
        differences = {name for name in old | new if old.get(name) != new.get(name)}
        changed[images["Keys"]["id"]["S"]] = sorted(differences)
    total = sum(
        value_of(record["dynamodb"]["NewImage"]["price"])
        for record in event["Records"]
        if "NewImage" in record["dynamodb"]
    )
    return {"kinds": dict(kinds), "changed": changed, "total": total}
