"""Events as a node delivers them to a function in Python, for tests: those of the AWS services that its
resources are like. Each is a new `dict`, so that a test changes what it is about."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union
from urllib.parse import parse_qsl, quote

REGION, ACCOUNT = "us-east-1", "000000000000"
ID = "00000000-0000-7000-8000-000000000001"

Event = Dict[str, Any]
Body = Union[bytes, str, Any]


def _time(time: Optional[datetime]) -> datetime:
    return (time or datetime.now(timezone.utc)).astimezone(timezone.utc)


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def object_created(
    bucket: str, key: str, size: int = 0, *, etag: str = "d41d8cd98f00b204e9800998ecf8427e",
    sequence: int = 1, id: str = ID, time: Optional[datetime] = None,
) -> Event:
    """An object was written, as S3 says it."""
    described = {"key": _s3_key(key), "sequencer": f"{sequence:016X}", "size": size, "eTag": etag}
    return _object("ObjectCreated:Put", bucket, described, id, _time(time))


def object_deleted(
    bucket: str, key: str, *, sequence: int = 1, id: str = ID, time: Optional[datetime] = None
) -> Event:
    """An object was deleted, as S3 says it."""
    described = {"key": _s3_key(key), "sequencer": f"{sequence:016X}"}
    return _object("ObjectRemoved:Delete", bucket, described, id, _time(time))


def _s3_key(key: str) -> str:
    # Python leaves `~` as it is.
    return quote(key, safe="-_.*/").replace("~", "%7E").replace("%20", "+")


def _object(name: str, bucket: str, described: Event, id: str, time: datetime) -> Event:
    return {"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z",
        "eventName": name,
        "userIdentity": {"principalId": ACCOUNT},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": id, "x-amz-id-2": id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": bucket,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": ACCOUNT},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": described,
        },
    }]}


def message(
    queue: str, body: Body, *, attributes: Optional[Mapping[str, str]] = None, group: Optional[str] = None,
    deduplication: Optional[str] = None, sequence: int = 1, receives: int = 1, id: str = ID, receipt: Optional[str] = None,
    time: Optional[datetime] = None, first_received: Optional[datetime] = None,
) -> Event:
    """One message of a batch, as SQS has it. Bytes that are no text come in base64.

    One of a group has the digest of its body to recognise duplicates by, unless `deduplication` is another.
    """
    text = _text(body)
    sent = _time(time)
    own = {
        "ApproximateReceiveCount": str(receives),
        "SentTimestamp": _milliseconds(sent),
        "SenderId": ACCOUNT,
        "ApproximateFirstReceiveTimestamp": _milliseconds(first_received or sent),
    }
    if group is not None:
        own["MessageGroupId"], own["SequenceNumber"] = group, f"{sequence:020}"
        given = body if isinstance(body, (bytes, bytearray)) else text.encode()
        own["MessageDeduplicationId"] = deduplication or hashlib.sha256(given).hexdigest()
    made = {
        "messageId": id,
        "receiptHandle": receipt or id,
        "md5OfBody": hashlib.md5(text.encode()).hexdigest(),
        "body": text,
        "attributes": own,
        "messageAttributes": {
            name: {"stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String"}
            for name, value in (attributes or {}).items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": _arn("sqs", queue),
        "awsRegion": REGION,
    }
    if attributes:
        made["md5OfMessageAttributes"] = _md5_of_attributes(attributes)
    return made


def _milliseconds(time: datetime) -> str:
    return str(int(time.timestamp() * 1000))


def _md5_of_attributes(attributes: Mapping[str, str]) -> str:
    """The digest that SQS has of attributes: of names, types, and values after the number of their kind."""
    digest = hashlib.md5()
    for name, value in sorted(attributes.items()):
        for part, before in [(name, b""), ("String", b""), (value, b"\x01")]:
            encoded = part.encode()
            digest.update(before + len(encoded).to_bytes(4, "big") + encoded)
    return digest.hexdigest()


def _text(body: Body) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, (bytes, bytearray)):
        return json.dumps(body)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def batch(messages: Iterable[Event]) -> Event:
    """Messages of `message`, as a function gets them."""
    return {"Records": list(messages)}


def messages(queue: str, bodies: Iterable[Body]) -> Event:
    """Messages of a queue with these bodies, each with an id of its own: a value that is neither text
    nor bytes is sent as JSON."""
    return batch(message(queue, body, id=f"{ID[:-4]}{number:04}", sequence=number)
                 for number, body in enumerate(bodies, 1))


def key_set(
    keyspace: str, key: str, new: Union[bytes, str], old: Union[bytes, str, None] = None, *,
    revision: int = 1, id: str = ID, time: Optional[datetime] = None,
) -> Event:
    """A key was set, as a DynamoDB stream says it: an item `key` with a `value`."""
    return _key("INSERT" if old is None else "MODIFY", keyspace, key, old, new, revision, id, _time(time))


def key_deleted(
    keyspace: str, key: str, old: Union[bytes, str], *, expired: bool = False,
    revision: int = 1, id: str = ID, time: Optional[datetime] = None,
) -> Event:
    """A key was deleted, or its time to live was over, which the event does not tell apart."""
    return _key("REMOVE", keyspace, key, old, None, revision, id, _time(time), expired)


def _key(
    name: str, keyspace: str, key: str, old: Union[bytes, str, None], new: Union[bytes, str, None],
    revision: int, id: str, time: datetime, expired: bool = False,
) -> Event:
    change: Event = {
        "ApproximateCreationDateTime": int(time.timestamp()),
        "Keys": {"key": {"S": key}},
        "SequenceNumber": str(revision),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    # The size is that of the node's own event.
    told: Event = {"keyspace": keyspace, "key": key, "revision": revision}
    for image, member, value in (("OldImage", "old", old), ("NewImage", "new", new)):
        if value is not None:
            kind, text = _value(value)
            change[image] = {"key": {"S": key}, "value": {"S" if kind == "text" else "B": text}}
            told[member] = {kind: text}
    told["expired"] = expired
    change["SizeBytes"] = len(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())
    return {"Records": [{
        "eventID": id,
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": _arn("dynamodb", f"table/{keyspace}/stream/latest"),
    }]}


def _value(value: Union[bytes, str]) -> Tuple[str, str]:
    if isinstance(value, str):
        return "text", value
    try:
        return "text", value.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(value).decode()


def scheduled(schedule: str, input: Any = None, *, time: Union[datetime, str, None] = None) -> Any:
    """A schedule fired: its input, if it has one, else what EventBridge says."""
    if input is not None:
        return input
    told = time if isinstance(time, str) else _time(time).isoformat().replace("+00:00", "Z")
    return {
        "version": "0",
        "id": f"{schedule}@{told}",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": told,
        "region": REGION,
        "resources": [_arn("events", f"rule/{schedule}")],
        "detail": {},
    }


_TEXTS = ("application/json", "application/javascript", "application/xml")


def http(
    method: str, path: str = "/", body: Union[bytes, str, None] = None, *,
    headers: Optional[Mapping[str, str]] = None, cookies: Iterable[str] = (),
    id: str = ID, time: Optional[datetime] = None,
) -> Event:
    """A request with a path and a query, as function URLs and HTTP APIs of the format 2.0 have it."""
    given = {name.lower(): value for name, value in (headers or {}).items()}
    fields = {"host": "localhost", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", **given}
    raw_path, _, query = path.partition("?")
    domain = fields["host"].rsplit(":", 1)[0]
    at = _time(time)
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": fields,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": domain.split(".")[0],
            "domainName": domain,
            "domainPrefix": domain.split(".")[0],
            "http": {
                "method": method.upper(),
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": fields["x-forwarded-for"].split(",")[0].strip(),
                "userAgent": fields.get("user-agent", ""),
            },
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{at.day:02}/{_MONTHS[at.month - 1]}/{at.year}:{at:%H:%M:%S} +0000",
            "timeEpoch": int(at.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    _add_rest(event, query, list(cookies), body)
    return event


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def _add_rest(event: Event, query: str, cookies: List[str], body: Union[bytes, str, None]) -> None:
    if cookies:
        event["cookies"] = cookies
    if query:
        parameters: Dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
        event["queryStringParameters"] = parameters
    if body:
        data = body.encode() if isinstance(body, str) else body
        kind = event["headers"].get("content-type", "").split(";")[0].strip().lower()
        is_text = kind.startswith("text/") or kind.endswith(("+json", "+xml")) or kind in _TEXTS
        try:
            event["body"] = data.decode() if is_text else base64.b64encode(data).decode()
        except UnicodeDecodeError:
            is_text, event["body"] = False, base64.b64encode(data).decode()
        event["isBase64Encoded"] = not is_text
