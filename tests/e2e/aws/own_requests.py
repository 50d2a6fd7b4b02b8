"""Prints a request for every operation that a node serves, as a function's SDK would send it.

Usage: own_requests.py KEY SECRET TOKEN, and on standard input lines of SERVICE OPERATION. What is required is filled in with
what may be there: a bucket, a queue, a function. Nothing is sent.
"""

import base64
import datetime
import json
import sys
import time

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ParamValidationError

KEY, SECRET, TOKEN = sys.argv[1:]
# What botocore calls them.
NAMES = {"IAM": "iam", "Lambda": "lambda", "CloudWatch Logs": "logs", "EventBridge Scheduler": "scheduler", "S3": "s3",
         "SQS": "sqs", "STS": "sts", "DynamoDB": "dynamodb", "DynamoDB Streams": "dynamodbstreams", "Secrets Manager": "secretsmanager", "Systems Manager": "ssm",
         "SNS": "sns"}
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-01-31T12:00:00.000"
FIRST = base64.urlsafe_b64encode(f"{int(time.time() * 1000)} {10**20 + 1}".encode()).decode().rstrip("=")
KNOWN = {
    "StreamArn": STREAM, "ShardIterator": f"{STREAM}|1|{FIRST}",
    "Bucket": "photos", "Key": "cat.jpg", "CopySource": "photos/cat.jpg", "FunctionName": "other", "RoleName": "role",
    "QueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/orders", "QueueName": "orders", "TableName": "orders",
    "SecretId": "secret", "Payload": b"{}", "InvokeArgs": b"{}", "PolicyArn": "arn:aws:iam::000000000000:policy/p",
    "RoleArn": "arn:aws:iam::000000000000:role/role", "Role": "arn:aws:iam::000000000000:role/role",
    "Statement": "SELECT * FROM orders WHERE id = 'a'",
    "AssumeRolePolicyDocument": '{"Version": "2012-10-17", "Statement": []}', "Expression": "{}", "Tagging": None,
    "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:orders", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:other",
    "SourceArn": "arn:aws:sqs:us-east-1:000000000000:orders", "ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/orders",
}


def plausible(name, shape, depth=0):
    if KNOWN.get(name) is not None and shape.type_name in ("string", "blob"):
        return KNOWN[name]
    kind = shape.type_name
    if kind == "structure":
        wanted = shape.required_members or list(shape.members)[:1]
        return {} if depth > 6 else {one: plausible(one, shape.members[one], depth + 1) for one in wanted}
    if kind == "list":
        return [plausible(name, shape.member, depth + 1)]
    if kind == "map":
        return {"a": plausible(name, shape.value, depth + 1)}
    if kind == "string":
        least = shape.metadata.get("min", 1)
        return shape.enum[0] if getattr(shape, "enum", None) else "a" * max(1, least)
    return {"integer": 1, "long": 1, "float": 0.5, "double": 0.5, "boolean": True, "blob": b"a",
            "timestamp": datetime.datetime.now(datetime.timezone.utc)}[kind]


def capture(client, operation):
    """The request that a call of an operation would send."""
    sent = []

    def keep(request, **_):
        sent.append(request)
        return AWSResponse(request.url, 500, {}, None)

    client.meta.events.register_first("before-send", keep)
    model = client.meta.service_model.operation_model(operation)
    members = plausible("", model.input_shape) if model.input_shape else {}
    try:
        client._make_api_call(operation, members)
    except ParamValidationError:
        raise
    except Exception:
        pass
    client.meta.events.unregister("before-send", keep)
    return sent[0]


def body(request):
    content = request.body or b""
    content = content.read() if hasattr(content, "read") else content
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


session = botocore.session.get_session()
session.set_credentials(KEY, SECRET, TOKEN)
clients, requests = {}, []
for line in sys.stdin:
    service, operation = line.strip().rsplit(" ", 1)
    name = NAMES[service]
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    client = clients.setdefault(name, session.create_client(name, region_name="us-east-1", config=config))
    request = capture(client, operation)
    requests.append({
        "operation": f"{name} {operation}", "method": request.method, "url": request.url, "body": body(request),
        "headers": {key: value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()},
    })
print(json.dumps(requests))
