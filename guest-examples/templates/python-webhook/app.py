"""Takes webhooks whose signature is right: HMAC-SHA256 of the body, in hexadecimal, in the header
x-signature-256 as GitHub and many others send it."""

import base64
import hashlib
import hmac
import json
import os


def handler(event, context):
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    given = event["headers"].get("x-signature-256", "").removeprefix("sha256=")
    wanted = hmac.new(os.environ["SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        print("a signature is wrong")
        return {"statusCode": 401, "body": "the signature is wrong\n"}
    hook = json.loads(body)
    print("webhook", hook.get("action"))
    return {"statusCode": 202, "body": "accepted\n"}
