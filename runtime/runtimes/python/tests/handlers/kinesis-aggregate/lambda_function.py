"""Adds up what sensors send, by window of a minute."""

import base64
import itertools
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from operator import attrgetter


@dataclass(frozen=True, order=True)
class Reading:
    sensor: str
    minute: str
    value: float


def parse(record):
    data = json.loads(base64.b64decode(record["kinesis"]["data"]))
    at = datetime.fromtimestamp(data["at"], timezone.utc)
    return Reading(data["sensor"], at.strftime("%Y-%m-%dT%H:%M"), data["value"])


def lambda_handler(event, context):
    readings = sorted(map(parse, event["Records"]))
    windows = []
    for (sensor, minute), group in itertools.groupby(readings, attrgetter("sensor", "minute")):
        values = [reading.value for reading in group]
        windows.append({"sensor": sensor, "minute": minute, "n": len(values), "mean": sum(values) / len(values), "max": max(values)})
    return {"windows": windows, "last": asdict(readings[-1])}
