"""CloudWatch Logs over the records of a function, with boto3 as PyPI has it.

Run as `logs.py URL ACCESS_KEY SECRET FUNCTION INVOCATIONS`: each of the invocations of the function
wrote "a line on stderr", and one thing before it.
"""

import sys
import time

import boto3
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, FUNCTION, COUNT = sys.argv[1:6]
COUNT = int(COUNT)
GROUP = f"/aws/lambda/{FUNCTION}"
STREAM = "[$LATEST]"
logs = boto3.client(
    "logs",
    endpoint_url=ENDPOINT,
    region_name="eu-west-1",
    aws_access_key_id=ACCESS_KEY,
    aws_secret_access_key=SECRET,
)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, (code, error.response)
        return
    raise AssertionError(f"not refused: {arguments}")


def groups():
    found = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    (group,) = [one for one in found if one["logGroupName"] == GROUP]
    assert group["arn"].endswith(f":log-group:{GROUP}:*"), group
    assert abs(group["creationTime"] / 1000 - time.time()) < 3600, group
    found = logs.describe_log_groups(logGroupNamePattern=FUNCTION.upper())["logGroups"]
    assert [one["logGroupName"] for one in found] == [GROUP], found
    assert logs.describe_log_groups(logGroupNamePrefix="/other/")["logGroups"] == []
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    names = [one["logGroupName"] for page in pages for one in page["logGroups"]]
    assert GROUP in names and len(set(names)) == len(names) > 1, names
    refused("InvalidParameterException", logs.describe_log_groups, limit=51)


def streams():
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert stream["logStreamName"] == STREAM, stream
    assert stream["firstEventTimestamp"] <= stream["lastEventTimestamp"], stream
    by_time = {"orderBy": "LastEventTime", "descending": True}
    assert logs.describe_log_streams(logGroupName=GROUP, **by_time)["logStreams"] == [stream]
    none = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="[1")
    assert none["logStreams"] == []
    missing = {"logGroupName": GROUP + "-none"}
    refused("ResourceNotFoundException", logs.describe_log_streams, **missing)
    refused("ResourceNotFoundException", logs.filter_log_events, **missing)
    refused("ResourceNotFoundException", logs.filter_log_events, logGroupName="other")


def filtered(**arguments):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **arguments)
    return [event for page in pages for event in page["events"]]


def events():
    everything = filtered()
    assert len(everything) == 5 * COUNT, everything
    assert len({event["eventId"] for event in everything}) == len(everything)
    assert {event["logStreamName"] for event in everything} == {STREAM}
    first = [event["message"] for event in everything[:5]]
    assert first[0].startswith("START RequestId: ") and first[0].endswith(" Version: $LATEST\n"), first
    assert first[2] == "a line on stderr\n", first
    assert first[3].startswith("END RequestId: ") and first[4].startswith("REPORT RequestId: "), first
    times = [event["timestamp"] for event in everything]
    assert times == sorted(times), times
    # The same in small pages.
    assert filtered(PaginationConfig={"PageSize": 3}) == everything
    assert len(filtered(filterPattern='"a line on stderr"')) == COUNT
    assert len(filtered(filterPattern="?START ?END -REPORT")) == 2 * COUNT
    assert filtered(filterPattern="nothing-of-the-kind") == []
    assert filtered(logStreamNames=[STREAM]) == everything
    assert filtered(logStreamNamePrefix="[1") == []
    assert filtered(startTime=times[-1] + 1) == []
    assert filtered(endTime=times[0] - 1) == []
    last = filtered(startTime=times[-1])
    assert last and last == everything[-len(last) :], last
    identifier = f"arn:aws:logs:eu-west-1:000000000000:log-group:{GROUP}"
    assert logs.filter_log_events(logGroupIdentifier=identifier)["events"] == everything
    for wrong in [
        {"filterPattern": "{ $.level = 1 }"},
        {"limit": 10001},
        {"nextToken": "x"},
        {"logStreamNames": [STREAM], "logStreamNamePrefix": "["},
    ]:
        arguments = {"logGroupName": GROUP, **wrong}
        refused("InvalidParameterException", logs.filter_log_events, **arguments)

    messages = [event["message"] for event in everything]
    get = {"logGroupName": GROUP, "logStreamName": STREAM}
    got = logs.get_log_events(**get)
    assert [event["message"] for event in got["events"]] == messages
    got = logs.get_log_events(limit=2, **get)
    assert [event["message"] for event in got["events"]] == messages[-2:]
    token, read = None, []
    for _ in range(100):
        more = {"nextToken": token} if token else {}
        got = logs.get_log_events(startFromHead=True, limit=4, **get, **more)
        if got["nextForwardToken"] == token:
            break
        token = got["nextForwardToken"]
        read += [event["message"] for event in got["events"]]
    assert read == messages, read


if __name__ == "__main__":
    for test in [groups, streams, events]:
        test()
        print(f"{test.__name__} ok", flush=True)
    print("all of CloudWatch Logs")
