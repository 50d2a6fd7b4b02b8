"""A webhook that trusts only what is signed."""

import base64
import hashlib
import hmac
import json
import os


def lambda_handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    body = event["body"]
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    digest = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"sha256={digest}", headers.get("x-hub-signature-256", "")):
        return {"statusCode": 401, "body": "invalid signature"}
    payload = json.loads(raw)
    text = f"{payload['sender']['login']} {payload['action']} #{payload['number']} in {payload['repository']['full_name']}"
    return {"statusCode": 200, "body": json.dumps({"event": headers["x-github-event"], "text": text})}
