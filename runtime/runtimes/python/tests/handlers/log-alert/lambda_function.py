"""Reads a subscription of logs and makes an alert of it."""

import base64
import json
import re
import textwrap
import zlib
from datetime import datetime, timezone
from string import Template

REPORT = re.compile(r"REPORT RequestId: (?P<id>\S+).*?Duration: (?P<ms>[\d.]+) ms")
ALERT = Template(
    textwrap.dedent(
        """\
        $count error(s) in $group
        first at $at
        slowest call: $slowest ms"""
    )
)


def lambda_handler(event, context):
    data = zlib.decompress(base64.b64decode(event["awslogs"]["data"]), zlib.MAX_WBITS | 32)
    batch = json.loads(data)
    errors = [line for line in batch["logEvents"] if "ERROR" in line["message"]]
    reports = filter(None, (REPORT.search(line["message"]) for line in batch["logEvents"]))
    slowest = max((float(report["ms"]) for report in reports), default=None)
    at = datetime.fromtimestamp(errors[0]["timestamp"] / 1000, tz=timezone.utc)
    return ALERT.substitute(count=len(errors), group=batch["logGroup"], at=f"{at:%H:%M:%S}", slowest=slowest)
