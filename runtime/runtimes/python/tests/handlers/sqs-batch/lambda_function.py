"""Handles a batch of a queue and reports which messages failed."""

import json
import logging
from decimal import Decimal

logger = logging.getLogger(__name__)


def process(order):
    total = sum(Decimal(str(line["price"])) * line["count"] for line in order["lines"])
    if total <= 0:
        raise ValueError(f"order {order['id']} has no total")
    return total


def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            total = process(json.loads(record["body"]))
            print(f"order of {total}")
        except Exception:
            logger.exception("message %s failed", record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
