"""An authorizer of an API Gateway: checks a token and answers with a policy."""

import base64
import hashlib
import hmac
import json
import os
import time


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims_of(token):
    head, payload, signature = token.split(".")
    if json.loads(decode(head))["alg"] != "HS256":
        raise ValueError("unexpected algorithm")
    key = os.environ["JWT_KEY"].encode()
    expected = hmac.new(key, f"{head}.{payload}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, decode(signature)):
        raise ValueError("bad signature")
    claims = json.loads(decode(payload))
    if claims["exp"] < time.time():
        raise ValueError("expired")
    return claims


def policy(principal, effect, arn, context=None):
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": context or {}}


def lambda_handler(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    try:
        claims = claims_of(token)
    except (ValueError, KeyError) as error:
        print("denied:", error)
        return policy("anonymous", "Deny", event["methodArn"])
    return policy(claims["sub"], "Allow", event["methodArn"], {"scope": claims["scope"]})
