"""Says whether an event that a node delivered is what `lambent.testing.events` makes."""

import base64
import json
from datetime import datetime, timezone

from lambent import keyspace
from lambent.testing import events


def lambda_handler(event, context):
    kind, made = _made(event)
    answer = {"kind": kind, "same": made == event}
    if not answer["same"]:
        answer |= {"delivered": event, "made": made}
    keyspace("compared").set_json(kind, answer)
    return answer


def _made(event):
    if event.get("source") == "aws.events":
        return "schedule", events.scheduled("nightly", time=event["time"])
    if "Records" not in event:
        return "http", _http(event)
    record = event["Records"][0]
    if record["eventSource"] == "aws:sqs":
        return "queue", events.batch(_message(record) for record in event["Records"])
    if record["eventSource"] == "aws:s3":
        return record["eventName"], _object(record)
    return record["eventName"], _key(record)


def _object(record):
    common = {
        "id": record["responseElements"]["x-amz-id-2"],
        "time": datetime.fromisoformat(record["eventTime"]),
    }
    if record["eventName"] == "ObjectRemoved:Delete":
        return events.object_deleted("photos", "a b/ç~(1).jpg", **common)
    return events.object_created("photos", "a b/ç~(1).jpg", 1024, etag=record["s3"]["object"]["eTag"], **common)


def _key(record):
    time = datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], timezone.utc)
    common = {"id": record["eventID"], "time": time}
    if record["eventName"] == "REMOVE":
        return events.key_deleted("users", "7", "\x01\"☕", **common)
    old = "before" if record["eventName"] == "MODIFY" else None
    return events.key_set("users", "7", "new ☕", old, **common)


def _message(record):
    own = record["attributes"]
    body = b"\x00\xff" if record["body"] == "AP8=" else json.dumps({"n": 1})
    return events.message(
        "compared.fifo", body, group="g", attributes={"tenant": "t1"}, id=record["messageId"],
        sequence=int(own["SequenceNumber"]), receives=int(own["ApproximateReceiveCount"]),
        receipt=record["receiptHandle"], time=_at(own["SentTimestamp"]),
        first_received=_at(own["ApproximateFirstReceiveTimestamp"]),
    )


def _at(milliseconds):
    return datetime.fromtimestamp(int(milliseconds) / 1000, timezone.utc)


def _http(event):
    context = event["requestContext"]
    body = event.get("body")
    if body is not None and event["isBase64Encoded"]:
        body = base64.b64decode(body)
    return events.http(
        context["http"]["method"], "/a/b?x=1&y=%C3%A7&x=2&z", body, headers=event["headers"],
        cookies=["one=1", "two=2"], id=context["requestId"],
        time=datetime.fromtimestamp(context["timeEpoch"] / 1000, timezone.utc),
    )
