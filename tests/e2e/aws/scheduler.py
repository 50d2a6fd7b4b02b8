"""EventBridge Scheduler over schedules, with boto3 as PyPI has it.

Run as `scheduler.py URL ACCESS_KEY SECRET FUNCTION`.
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, FUNCTION = sys.argv[1:5]


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET,
    )


scheduler = client("scheduler")
ACCOUNT = client("sts").get_caller_identity()["Account"]
TARGET = {
    "Arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{FUNCTION}",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
}
OFF = {"Mode": "OFF"}


def refused(code, call, text="", **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], (code, error.response)
        return
    raise AssertionError(f"not refused: {arguments}")


def create(name, expression="rate(1 hour)", **more):
    more = {"Target": TARGET, "FlexibleTimeWindow": OFF, **more}
    return scheduler.create_schedule(Name=name, ScheduleExpression=expression, **more)


def schedules():
    dead = client("sqs").create_queue(QueueName="scheduler-dead")["QueueUrl"]
    assert dead
    target = {
        **TARGET,
        "Input": json.dumps({"report": "daily"}),
        "RetryPolicy": {"MaximumRetryAttempts": 4, "MaximumEventAgeInSeconds": 3600},
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:scheduler-dead"},
    }
    zone = {"ScheduleExpressionTimezone": "Europe/Berlin", "Description": "reports", "Target": target}
    made = create("daily", "cron(0 9 ? * MON-FRI *)", **zone)
    assert made["ScheduleArn"].endswith(":schedule/default/daily"), made
    found = scheduler.get_schedule(Name="daily")
    assert found["Arn"] == made["ScheduleArn"]
    for member, expected in [
        ("ScheduleExpression", "cron(0 9 ? * MON-FRI *)"),
        ("ScheduleExpressionTimezone", "Europe/Berlin"),
        ("State", "ENABLED"),
        ("Description", "reports"),
        ("FlexibleTimeWindow", OFF),
        ("GroupName", "default"),
    ]:
        assert found[member] == expected, (member, found)
    assert json.loads(found["Target"].pop("Input")) == {"report": "daily"}
    target.pop("Input")
    assert found["Target"] == target, found
    assert abs(found["CreationDate"].timestamp() - time.time()) < 60, found

    scheduler.update_schedule(
        Name="daily",
        ScheduleExpression="rate(5 minutes)",
        State="DISABLED",
        Target=TARGET,
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
    )
    changed = scheduler.get_schedule(Name="daily")
    assert (changed["State"], changed["ScheduleExpression"]) == ("DISABLED", "rate(5 minutes)")
    assert changed["CreationDate"] == found["CreationDate"] and "Description" not in changed, changed

    for name in ["a-1", "a-2", "a-3"]:
        create(name)
    pages = scheduler.get_paginator("list_schedules")
    pages = pages.paginate(NamePrefix="a-", PaginationConfig={"PageSize": 2})
    names = [[one["Name"] for one in page["Schedules"]] for page in pages]
    assert names == [["a-1", "a-2"], ["a-3"]], names
    (disabled,) = scheduler.list_schedules(State="DISABLED")["Schedules"]
    assert disabled["Name"] == "daily" and disabled["Target"]["Arn"] == TARGET["Arn"], disabled
    for name in ["a-1", "a-2", "a-3", "daily"]:
        scheduler.delete_schedule(Name=name)
    assert scheduler.list_schedules()["Schedules"] == []


def refusals():
    create("one")
    refused("ConflictException", create, "already exists", name="one")
    for call in [scheduler.get_schedule, scheduler.delete_schedule]:
        refused("ResourceNotFoundException", call, "none", Name="none")
        refused("ResourceNotFoundException", call, "group", Name="one", GroupName="other")
    for text, arguments in [
        ("expression", {"expression": "every day"}),
        ("time zone", {"ScheduleExpressionTimezone": "Nowhere"}),
        ("function", {"Target": {**TARGET, "Arn": TARGET["Arn"] + "-none"}}),
        ("Arn", {"Target": {**TARGET, "Arn": "arn:aws:sqs:eu-west-1:000000000000:q"}}),
        ("JSON", {"Target": {**TARGET, "Input": "{"}}),
        ("MaximumRetryAttempts", {"Target": {**TARGET, "RetryPolicy": {"MaximumRetryAttempts": 186}}}),
        ("ActionAfterCompletion", {"ActionAfterCompletion": "DELETE"}),
        ("EndDate", {"EndDate": time.time() + 60}),
    ]:
        refused("ValidationException", create, text, name="wrong", **arguments)
    refused("NotImplemented", scheduler.create_schedule_group, "CreateScheduleGroup", Name="g")
    assert scheduler.get_schedule_group(Name="default")["State"] == "ACTIVE"
    assert len(scheduler.list_schedule_groups()["ScheduleGroups"]) == 1
    scheduler.delete_schedule(Name="one")


def firing():
    """A schedule invokes its function, which the function's log shows."""
    logs = client("logs")
    group = f"/aws/lambda/{FUNCTION}"
    before = len(logs.filter_log_events(logGroupName=group, filterPattern="START")["events"])
    at = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 3))
    create("soon", at)
    for _ in range(300):
        events = logs.filter_log_events(logGroupName=group, filterPattern="START")["events"]
        if len(events) > before:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the function was not invoked")
    scheduler.delete_schedule(Name="soon")


if __name__ == "__main__":
    for test in [schedules, refusals, firing]:
        test()
        print(f"{test.__name__} ok", flush=True)
    print("all of EventBridge Scheduler")
