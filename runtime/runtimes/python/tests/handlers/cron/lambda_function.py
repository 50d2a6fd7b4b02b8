"""A nightly job that works out its period in the office's time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

OFFICE = ZoneInfo("Europe/Berlin")


def lambda_handler(event, context):
    at = datetime.fromisoformat(event["time"].replace("Z", "+00:00")).astimezone(OFFICE)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = midnight - timedelta(days=1)
    return {
        "rule": event["resources"][0].rsplit("/", 1)[-1],
        "local": at.isoformat(),
        "from": yesterday.isoformat(),
        "to": midnight.isoformat(),
        "weekday": yesterday.strftime("%A"),
        "utc_offset_hours": midnight.utcoffset().total_seconds() / 3600,
    }
