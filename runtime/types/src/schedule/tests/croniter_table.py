#!/usr/bin/env python3
"""Writes croniter.tsv: when Python's croniter fires, for comparison.

    python3 -m venv /tmp/croniter && /tmp/croniter/bin/pip install croniter==7.0.0 tzdata
    /tmp/croniter/bin/python croniter_table.py > croniter.tsv

Each line: time zone, first and last moment, expression, all times from one to
the other. The option implement_cron_bug has day of month and day of week go
together as Vixie cron's documented rule says.
"""
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from zoneinfo import ZoneInfo

from croniter import croniter

# The moments at which clocks jump, forward and back: past ones, which no
# government changes any more.
NIGHTS = [
    ("Europe/Berlin", "2026-03-29T01:00", "2026-10-25T01:00"),
    ("Europe/London", "2026-03-29T01:00", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00", "2026-11-01T06:00"),
    ("America/Los_Angeles", "2026-03-08T10:00", "2026-11-01T09:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00", "2018-02-18T02:00"),
    ("Australia/Sydney", "2026-10-03T16:00", "2026-04-04T16:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30", "2026-04-04T15:00"),
    ("Asia/Tokyo", "2026-03-28T17:00", "2026-10-24T17:00"),
]
TIMES_OF_DAY = [
    "30 0 * * *", "0 1 * * *", "30 1 * * *", "15 2 * * *", "30 2 * * *", "0 3 * * *", "30 3 * * *",
    "0,30 1 * * *", "0,30 2 * * *", "0 1,2 * * *", "0 2,3 * * *", "30 0,1,2,3 * * *", "30 1,13 * * *",
    "30 2,14 * * *", "30 0-4 * * *", "30 2-4 * * *", "0-30/10 2 * * *", "10-50/20 1-3 * * *",
    "0 0 * * *", "59 1 * * *", "1 3 * * *", "30 1 * * SUN", "30 2 * * 0,6", "30 2 25-31 3,10 *",
    "30 * * * *", "*/20 * * * *", "*/30 1 * * *", "*/30 2 * * *", "0 */2 * * *", "30 */3 * * *",
    "* 3 * * *",
]
CALENDAR = [
    "0 0 * * MON-FRI", "0 9 * * 1,3,5", "0 0 1 * *", "0 0 31 * *", "0 0 29 2 *", "0 0 13 * FRI",
    "0 0 */2 * MON", "0 0 1-31/2 * MON", "0 0 1,15 * WED", "0 0 * * */2", "0 0 */10 * */3", "0 0 * JAN,JUL *",
    "0 0 * 3-5 7", "0 0 28-31 * *", "0 12 10-16/3 * *", "0 0 1 */3 *", "0 0 1 1-12/5 *", "0 0 L * *",
    "0 0 * * 5#1", "0 0 * * 1#5", "0 0 * * L5", "0 0 * * 0-6", "0 0 * * 0-7", "0 0 * * 7", "5,10 4 30 4,6 *",
    "0 0 1 1 *", "59 23 31 12 *", "0 0 29 2 1", "0 0 * 2 THU#5", "17 3 */7 * *",
]
START = datetime(2026, 11, 21, 12, 34, tzinfo=timezone.utc)


def after(expression, zone, time):
    """All times after one."""
    schedule = croniter(expression, time.astimezone(ZoneInfo(zone)), implement_cron_bug=True)
    while True:
        yield schedule.get_next(datetime).astimezone(timezone.utc)


def line(zone, first, last, expression, times):
    """One line, with times of Z."""
    form = "%Y-%m-%dT%H:%M:%SZ"
    # croniter has the last Friday as L5, others as 5L.
    expression = expression.replace("L5", "5L")
    print(zone, first.strftime(form), last.strftime(form), expression,
          " ".join(time.strftime(form) for time in times), sep="\t")


for zone, *jumps in NIGHTS:
    for jump in jumps:
        jump = datetime.fromisoformat(jump).replace(tzinfo=timezone.utc)
        first, last = jump - timedelta(hours=3), jump + timedelta(hours=3)
        for expression in TIMES_OF_DAY:
            times = after(expression, zone, first - timedelta(seconds=1))
            line(zone, first, last, expression, takewhile(lambda time: time <= last, times))
for expression in CALENDAR:
    times = [time for time, _ in zip(after(expression, "UTC", START), range(6))]
    line("UTC", START, times[-1], expression, times)
