"""Answers an order with its receipt."""

import os


def handler(event, context):
    items = event["items"]
    return {
        "message": f"Thank you, {event['customer']}!",
        "lines": [f"{item['quantity']} x {item['name']}: {amount(cost(item))}" for item in items],
        "total": amount(sum(map(cost, items))),
    }


def cost(item):
    return item["quantity"] * item["cents"]


def amount(cents):
    return f"{cents // 100}.{cents % 100:02} {os.environ['CURRENCY']}"
