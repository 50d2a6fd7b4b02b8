"""A slash command of Slack."""

import base64
import hashlib
import hmac
import json
import os
from urllib.parse import parse_qs


def is_signed(headers, body):
    base = f"v0:{headers['x-slack-request-timestamp']}:{body}"
    key = os.environ["SLACK_SIGNING_SECRET"].encode()
    signature = "v0=" + hmac.new(key, base.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, headers["x-slack-signature"])


def lambda_handler(event, context):
    body = event["body"]
    if event["isBase64Encoded"]:
        body = base64.b64decode(body).decode()
    if not is_signed(event["headers"], body):
        return {"statusCode": 403}
    form = {name: values[0] for name, values in parse_qs(body).items()}
    place, _, day = form["text"].partition(" ")
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{place}* ({day or 'today'}): ☀️ 21 °C"}}]
    answer = {"response_type": "in_channel", "text": f"for {form['user_name']}", "blocks": blocks}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}
