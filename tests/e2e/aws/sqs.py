"""Every operation of SQS, with boto3 as PyPI has it: what succeeds, and each error that is documented.

Run as `sqs.py URL ACCESS_KEY SECRET`. The same runs with a botocore of before 2023, which speaks forms
and XML.
"""

import base64
import hashlib
import json
import struct
import sys
import threading
import time

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET = sys.argv[1:4]
# A read that waits 20 s is not begun again meanwhile.
CONFIG = Config(read_timeout=40, retries={"total_max_attempts": 1})
sqs = boto3.client(
    "sqs",
    endpoint_url=ENDPOINT,
    region_name="eu-west-1",
    aws_access_key_id=ACCESS_KEY,
    aws_secret_access_key=SECRET,
    config=CONFIG,
)
IS_QUERY = sqs.meta.service_model.metadata["protocol"] == "query"
SYSTEM_NAMES = "AttributeNames" if IS_QUERY else "MessageSystemAttributeNames"


def refused(code, call, text="", status=400, **arguments):
    """The error of this code, and of no other, with this in its text."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, (code, found)
        assert text in found["Message"], (text, found)
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return error
    raise AssertionError(f"not refused: {call} {arguments}")


def invalid(call, text="", **arguments):
    return refused("InvalidParameterValue", call, text, **arguments)


def create(name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def attributes(url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])["Attributes"]


def receive(url, **arguments):
    arguments.setdefault("MaxNumberOfMessages", 10)
    return sqs.receive_message(QueueUrl=url, **arguments).get("Messages", [])


def bodies(url, **arguments):
    return [message["Body"] for message in receive(url, **arguments)]


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def md5_of_attributes(attributes):
    """As the developer guide has it."""
    digest = hashlib.md5()

    def add(value):
        digest.update(struct.pack("!I", len(value)) + value)

    for name, attribute in sorted(attributes.items()):
        add(name.encode())
        add(attribute["DataType"].encode())
        if attribute["DataType"].startswith("Binary"):
            digest.update(b"\x02")
            add(attribute["BinaryValue"])
        else:
            digest.update(b"\x01")
            add(attribute["StringValue"].encode())
    return digest.hexdigest()


def queues():
    url = create("orders", VisibilityTimeout="20", DelaySeconds="0")
    assert url.endswith("/orders") and url.startswith(ENDPOINT), url
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == url
    assert create("orders", VisibilityTimeout="20") == url
    assert create("orders") == url
    text = "different value for attribute VisibilityTimeout"
    refused("QueueAlreadyExists", create, text, name="orders", VisibilityTimeout="21")
    invalid(create, "1 to 80 in length", name="a b")
    invalid(create, "1 to 80 in length", name="a" * 81)
    invalid(create, "must end with .fifo", name="jobs", FifoQueue="true")
    invalid(create, "1 to 80 in length", name="jobs.fifo")
    sqs.delete_queue(QueueUrl=create("n" * 80))
    refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="none")
    gone = url.replace("orders", "none")
    for call in [sqs.delete_queue, sqs.purge_queue, sqs.list_queue_tags, sqs.receive_message]:
        refused("AWS.SimpleQueueService.NonExistentQueue", call, QueueUrl=gone)
    elsewhere = url.rsplit("/", 2)[0] + "/999999999999/orders"
    refused("AWS.SimpleQueueService.NonExistentQueue", sqs.purge_queue, QueueUrl=elsewhere)

    for number in range(5):
        create(f"page-{number}")
    named = sqs.list_queues(QueueNamePrefix="page-")
    assert len(named["QueueUrls"]) == 5 and "NextToken" not in named, named
    pages = sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix="page-", PaginationConfig={"PageSize": 2}
    )
    pages = [page.get("QueueUrls", []) for page in pages]
    assert [len(page) for page in pages] == [2, 2, 1], pages
    assert sum(pages, []) == named["QueueUrls"]
    invalid(sqs.list_queues, MaxResults=1001)
    invalid(sqs.list_queues, MaxResults=2, NextToken="%")
    for url in sum(pages, []):
        sqs.delete_queue(QueueUrl=url)
    assert not sqs.list_queues(QueueNamePrefix="page-").get("QueueUrls")


def queue_attributes():
    url = create("settings")
    all_of = attributes(url)
    expected = {
        "VisibilityTimeout": "30",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    assert all_of.items() >= expected.items(), all_of
    assert all_of["QueueArn"].startswith("arn:aws:sqs:eu-west-1:"), all_of
    now = int(time.time())
    assert abs(int(all_of["CreatedTimestamp"]) - now) < 60, all_of
    assert set(all_of) - set(expected) == {"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"}

    change = {
        "VisibilityTimeout": "5",
        "DelaySeconds": "1",
        "MaximumMessageSize": "1024",
        "MessageRetentionPeriod": "60",
        "ReceiveMessageWaitTimeSeconds": "2",
        "Policy": '{"Version":"2012-10-17","Statement":[]}',
        "KmsMasterKeyId": "alias/own",
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes=change)
    assert attributes(url).items() >= change.items()
    assert attributes(url, "SqsManagedSseEnabled", "KmsDataKeyReusePeriodSeconds") == {
        "SqsManagedSseEnabled": "false",
        "KmsDataKeyReusePeriodSeconds": "300",
    }
    assert attributes(url, "DelaySeconds") == {"DelaySeconds": "1"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": "", "KmsMasterKeyId": ""})
    assert not attributes(url).keys() & {"Policy", "KmsMasterKeyId"}

    def set_one(name, value):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})

    for name, value in [
        ("VisibilityTimeout", "43201"),
        ("DelaySeconds", "901"),
        ("DelaySeconds", "-1"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "soon"),
        ("Policy", "{"),
    ]:
        refused("InvalidAttributeValue", set_one, name, name=name, value=value)
    for name in ["Colour", "FifoQueue", "ContentBasedDeduplication", "QueueArn"]:
        refused("InvalidAttributeName", set_one, f"Unknown Attribute {name}", name=name, value="true")
    for name in ["DeduplicationScope", "FifoThroughputLimit"]:
        refused("InvalidAttributeName", set_one, "only when FifoQueue", name=name, value="queue")
    refused("InvalidAttributeName", lambda: attributes(url, "Colour"))

    fifo = create("settings.fifo", FifoQueue="true", DeduplicationScope="messageGroup")
    assert attributes(fifo).items() >= {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perQueue",
    }.items()
    url = fifo
    refused("InvalidAttributeValue", set_one, "Modifying queue type", name="FifoQueue", value="false")
    set_one("FifoThroughputLimit", "perMessageGroupId")
    assert attributes(fifo, "FifoThroughputLimit") == {"FifoThroughputLimit": "perMessageGroupId"}


def tags_and_permissions():
    url = sqs.create_queue(QueueName="labelled", tags={"team": "shop"})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "shop"}
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "test", "team": "till"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test", "team": "till"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["team", "none"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test"}
    many = {str(number): "" for number in range(50)}
    invalid(sqs.tag_queue, QueueUrl=url, Tags=many)
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["stage"])
    assert not sqs.list_queue_tags(QueueUrl=url).get("Tags")

    def add(label, *actions):
        sqs.add_permission(
            QueueUrl=url, Label=label, AWSAccountIds=["111111111111"], Actions=list(actions)
        )

    add("theirs", "SendMessage", "ReceiveMessage")
    statement = json.loads(attributes(url, "Policy")["Policy"])["Statement"][0]
    assert statement["Action"] == ["SQS:SendMessage", "SQS:ReceiveMessage"], statement
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}, statement
    invalid(lambda: add("theirs", "SendMessage"), "Already exists")
    invalid(lambda: add("other", "Fly"), "valid actions")
    invalid(lambda: add("other", "CreateQueue"), "Only the queue owner")
    refused("OverLimit", lambda: add("other", *["SendMessage"] * 8), "8 Actions", status=403)
    invalid(sqs.remove_permission, "can't find label", QueueUrl=url, Label="other")
    sqs.remove_permission(QueueUrl=url, Label="theirs")
    assert "Policy" not in attributes(url)


def messages():
    url = create("messages")
    text = "one\r\ntwo \u00e9\U0001F980 <&>"
    given = {
        "String": {"DataType": "String", "StringValue": "x \u00e9"},
        "Custom": {"DataType": "String.json", "StringValue": "{}"},
        "Number": {"DataType": "Number", "StringValue": "-1.5"},
        "Long": {"DataType": "Number.java.lang.Long", "StringValue": "7"},
        "Binary": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x10"},
        "Png": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG"},
    }
    header = "Root=1-5759e988-bd862e3fe1be46a994272793"
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    sent = sqs.send_message(
        QueueUrl=url, MessageBody=text, MessageAttributes=given, MessageSystemAttributes=trace
    )
    assert sent["MD5OfMessageBody"] == md5(text), sent
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(given), sent
    assert sent["MD5OfMessageSystemAttributes"] == md5_of_attributes(trace), sent
    assert "SequenceNumber" not in sent

    asked = {SYSTEM_NAMES: ["All"], "MessageAttributeNames": ["All"], "VisibilityTimeout": 0}
    (first,) = receive(url, **asked)
    assert (first["Body"], first["MD5OfBody"]) == (text, md5(text)), first
    assert first["MessageId"] == sent["MessageId"]
    assert first["MessageAttributes"] == given, first
    assert first["MD5OfMessageAttributes"] == md5_of_attributes(given)
    said = first["Attributes"]
    assert (said["AWSTraceHeader"], said["ApproximateReceiveCount"]) == (header, "1"), said
    assert said["ApproximateFirstReceiveTimestamp"] >= said["SentTimestamp"], said
    assert set(said) == {
        "AWSTraceHeader",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    }, said
    (again,) = receive(url, **asked)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    moment = "ApproximateFirstReceiveTimestamp"
    assert again["Attributes"][moment] == said[moment], (again, said)
    for names, expected in [
        ([], None),
        (["none"], None),
        (["Number", "none"], {"Number"}),
        (["B.*"], {"Binary"}),
        ([".*"], set(given)),
    ]:
        (message,) = receive(url, MessageAttributeNames=names, VisibilityTimeout=0)
        found = message.get("MessageAttributes")
        assert (found and set(found)) == expected, (names, message)
        assert "Attributes" not in message
        if found:
            assert message["MD5OfMessageAttributes"] == md5_of_attributes(found)
    (message,) = receive(url, **{SYSTEM_NAMES: ["SenderId", "SentTimestamp"]})
    assert set(message["Attributes"]) == {"SenderId", "SentTimestamp"}
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    # A group on a queue that is not FIFO is given back.
    if not IS_QUERY:
        sqs.send_message(QueueUrl=url, MessageBody="fair", MessageGroupId="tenant")
        (fair,) = receive(url, MessageSystemAttributeNames=["MessageGroupId"])
        assert fair["Attributes"] == {"MessageGroupId": "tenant"}
        sqs.delete_message(QueueUrl=url, ReceiptHandle=fair["ReceiptHandle"])

    large = "x" * (1 << 20)
    sqs.send_message(QueueUrl=url, MessageBody=large)
    (message,) = receive(url)
    assert message["Body"] == large
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def refused_messages():
    url = create("refused", MaximumMessageSize="1024")

    def send(body="x", **more):
        sqs.send_message(QueueUrl=url, MessageBody=body, **more)

    refused("MissingParameter", send, "MessageBody", body="")
    refused("InvalidMessageContents", send, body="\x00") if not IS_QUERY else None
    refused("InvalidMessageContents", send, body="\ufffe")
    invalid(send, "shorter than 1024 bytes", body="x" * 1025)
    value = {"a": {"DataType": "String", "StringValue": "x" * 20}}
    invalid(send, "shorter than 1024 bytes", body="x" * 1000, MessageAttributes=value)
    invalid(send, "DelaySeconds", DelaySeconds=901)
    invalid(send, "not valid for this queue type", MessageDeduplicationId="d")

    def attribute(name="a", **value):
        send(MessageAttributes={name: value})

    text = {"DataType": "String", "StringValue": "x"}
    invalid(attribute, "non-empty value", DataType="String", StringValue="")
    invalid(attribute, "non-empty message attribute type", DataType="", StringValue="x")
    invalid(attribute, "invalid message attribute type", DataType="Float", StringValue="1")
    invalid(attribute, "to a number", DataType="Number", StringValue="one")
    invalid(attribute, "non-empty value", DataType="Binary", BinaryValue=b"")
    for name in ["AWS.x", "amazon.x", ".x", "x.", "a b", "x" * 256]:
        invalid(attribute, "attribute", name=name, **text)
    eleven = {str(number): text for number in range(11)}
    invalid(send, "exceeds the allowed maximum", MessageAttributes=eleven)
    assert receive(url) == []

    for arguments, word in [
        ({"MaxNumberOfMessages": 11}, "between 1 and 10"),
        ({"MaxNumberOfMessages": 0}, "between 1 and 10"),
        ({"WaitTimeSeconds": 21}, ">= 0 and <= 20"),
        ({"VisibilityTimeout": 43201}, "VisibilityTimeout"),
    ]:
        invalid(receive, word, url=url, **arguments)
    refused("InvalidAttributeName", lambda: receive(url, **{SYSTEM_NAMES: ["Colour"]}))
    handle = base64.b64encode(b"other/1-1").decode()
    for handle in ["x", handle, ""]:
        arguments = {"QueueUrl": url, "ReceiptHandle": handle}
        refused("ReceiptHandleIsInvalid", sqs.delete_message, **arguments)
        arguments["VisibilityTimeout"] = 1
        refused("ReceiptHandleIsInvalid", sqs.change_message_visibility, **arguments)


def batches():
    url = create("batches")
    entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(10)]
    entries[3]["MessageBody"] = "\ufffe"
    entries[4]["DelaySeconds"] = 1800
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in sent["Successful"]] == list("01256789"), sent
    assert sent["Successful"][0]["MD5OfMessageBody"] == md5("m0")
    failed = {one["Id"]: (one["Code"], one["SenderFault"]) for one in sent["Failed"]}
    assert failed == {
        "3": ("InvalidMessageContents", True),
        "4": ("InvalidParameterValue", True),
    }, sent

    received = receive(url)
    assert len(received) == 8
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for number, message in enumerate(received)
    ]
    entries[0]["ReceiptHandle"] = "x"
    entries[1]["VisibilityTimeout"] = 43201
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    failed = {one["Id"]: one["Code"] for one in changed["Failed"]}
    assert failed == {"0": "ReceiptHandleIsInvalid", "1": "InvalidParameterValue"}, changed
    assert len(changed["Successful"]) == 6
    back = receive(url)
    assert len(back) == 6, back
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(back + received[:2])
    ]
    entries[2]["ReceiptHandle"] = "x"
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in deleted["Failed"]] == ["2"], deleted
    assert len(deleted["Successful"]) == 7
    counts = attributes(url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    assert set(counts.values()) == {"0", "1"}, counts

    code = "AWS.SimpleQueueService."
    for call, more in [
        (sqs.send_message_batch, {"MessageBody": "x"}),
        (sqs.delete_message_batch, {"ReceiptHandle": "x"}),
        (sqs.change_message_visibility_batch, {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
    ]:

        def batch(*ids):
            return call(QueueUrl=url, Entries=[{"Id": one, **more} for one in ids])

        refused(code + "EmptyBatchRequest", lambda: batch())
        refused(code + "TooManyEntriesInBatchRequest", lambda: batch(*"abcdefghijk"), "have sent more")
        refused(code + "BatchEntryIdsNotDistinct", lambda: batch("a", "b", "a"))
        refused(code + "InvalidBatchEntryId", lambda: batch("a:b"))
        refused(code + "InvalidBatchEntryId", lambda: batch("a" * 81))
    half = "x" * (1 << 19)
    entries = [{"Id": one, "MessageBody": half + one} for one in "ab"]
    error = refused(
        code + "BatchRequestTooLong", sqs.send_message_batch, QueueUrl=url, Entries=entries
    )
    assert "You have sent 1048578 bytes" in str(error), error


def visibility_and_waiting():
    url = create("waiting", VisibilityTimeout="1")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    (first,) = receive(url)
    assert receive(url) == []
    # Until the timeout of the queue is over, which a receiver waits for.
    (second,) = receive(url, WaitTimeSeconds=10, VisibilityTimeout=600)
    assert second["MessageId"] == first["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    arguments = {"QueueUrl": url, "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0}
    invalid(sqs.change_message_visibility, "not available", **arguments)
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0
    )
    assert len(receive(url, VisibilityTimeout=600)) == 1

    # One who waits is woken by what is sent; how long one waits who does not say, says the queue.
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    got = []
    waiter = threading.Thread(target=lambda: got.extend(bodies(url)))
    waiter.start()
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
    assert attributes(url, "ApproximateNumberOfMessagesDelayed") == {
        "ApproximateNumberOfMessagesDelayed": "1"
    }
    waiter.join(30)
    assert got == ["late"], got
    assert receive(url, WaitTimeSeconds=0) == []

    sqs.purge_queue(QueueUrl=url)
    code = "AWS.SimpleQueueService.PurgeQueueInProgress"
    refused(code, sqs.purge_queue, "every 60 seconds", status=403, QueueUrl=url)
    counts = attributes(url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    assert set(counts.values()) == {"0"}, counts


def fifo():
    url = create("jobs.fifo", FifoQueue="true")

    def send(body, group="a", **more):
        more.setdefault("MessageDeduplicationId", body)
        return sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, **more)

    first, second = send("1"), send("2")
    assert len(first["SequenceNumber"]) == 20, first
    assert first["SequenceNumber"] < second["SequenceNumber"]
    assert send("again", MessageDeduplicationId="1")["MessageId"] == first["MessageId"]
    send("b1", group="b")
    head = receive(url, MaxNumberOfMessages=1, **{SYSTEM_NAMES: ["All"]})[0]
    assert head["Body"] == "1"
    assert head["Attributes"].items() >= {
        "MessageGroupId": "a",
        "MessageDeduplicationId": "1",
        "SequenceNumber": first["SequenceNumber"],
    }.items(), head
    assert bodies(url) == ["b1"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=head["ReceiptHandle"])
    attempt = {"ReceiveRequestAttemptId": "attempt-1", "VisibilityTimeout": 60}
    got = receive(url, **attempt)
    assert [message["Body"] for message in got] == ["2"]
    assert receive(url, **attempt) == got
    assert receive(url, ReceiveRequestAttemptId="attempt-2") == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
    assert receive(url, **attempt) == []

    send("now", DelaySeconds=0)
    invalid(send, "not valid for this queue type", body="later", DelaySeconds=5)
    for odd in ["", "x" * 129, "a b"]:
        invalid(send, "MessageGroupId", body="x", group=odd)
        invalid(send, "MessageDeduplicationId", body="x", MessageDeduplicationId=odd)
    bare = {"QueueUrl": url, "MessageBody": "x"}
    refused("MissingParameter", sqs.send_message, "MessageGroupId", **bare)
    invalid(sqs.send_message, "ContentBasedDeduplication", MessageGroupId="a", **bare)
    entries = [{"Id": "a", "MessageBody": "x", "MessageDeduplicationId": "x"}]
    invalid(sqs.send_message_batch, "MessageGroupId", QueueUrl=url, Entries=entries)
    entries = [
        {"Id": str(n), "MessageBody": str(n), "MessageGroupId": "c", "MessageDeduplicationId": f"c{n}"}
        for n in range(10)
    ]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    numbers = [one["SequenceNumber"] for one in sent]
    assert numbers == sorted(numbers) and len(set(numbers)) == 10, sent
    assert bodies(url) == ["now"] + [str(n) for n in range(9)]

    by_content = create(
        "content.fifo",
        FifoQueue="true",
        ContentBasedDeduplication="true",
        DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
    )
    for group in ["a", "b", "a"]:
        sqs.send_message(QueueUrl=by_content, MessageBody="same", MessageGroupId=group)
    digest = hashlib.sha256(b"same").hexdigest()
    got = receive(by_content, **{SYSTEM_NAMES: ["MessageDeduplicationId"]})
    assert [one["Attributes"]["MessageDeduplicationId"] for one in got] == [digest] * 2, got


def dead_letters():
    dead = create("dead")
    arn = attributes(dead, "QueueArn")["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
    source = create("source", RedrivePolicy=policy, VisibilityTimeout="0")
    read = json.loads(attributes(source, "RedrivePolicy")["RedrivePolicy"])
    assert read == {"deadLetterTargetArn": arn, "maxReceiveCount": 1}, read
    source_arn = attributes(source, "QueueArn")["QueueArn"]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [source]
    assert not sqs.list_dead_letter_source_queues(QueueUrl=source).get("queueUrls")

    for body in ["1", "2", "3"]:
        sqs.send_message(QueueUrl=source, MessageBody=body)
    assert len(bodies(source)) == 3
    assert bodies(source) == []
    got = receive(dead, VisibilityTimeout=0, **{SYSTEM_NAMES: ["All"]}, MessageAttributeNames=["All"])
    assert [message["Body"] for message in got] == ["1", "2", "3"]
    assert got[0]["Attributes"]["DeadLetterQueueSourceArn"] == source_arn, got
    assert "MessageAttributes" not in got[0]

    def policy_of(**policy):
        attributes = {"RedrivePolicy": json.dumps(policy)}
        sqs.set_queue_attributes(QueueUrl=source, Attributes=attributes)

    none = arn.replace(":dead", ":none")
    invalid(policy_of, "does not exist", deadLetterTargetArn=none, maxReceiveCount=1)
    invalid(policy_of, "maxReceiveCount", deadLetterTargetArn=arn, maxReceiveCount=1001)
    invalid(policy_of, "maxReceiveCount", deadLetterTargetArn=arn)
    invalid(policy_of, "deadLetterTargetArn", maxReceiveCount=1)
    create("dead.fifo", FifoQueue="true")
    invalid(policy_of, "FIFO", deadLetterTargetArn=arn + ".fifo", maxReceiveCount=1)
    malformed = {"RedrivePolicy": "{"}
    invalid(sqs.set_queue_attributes, "JSON", QueueUrl=source, Attributes=malformed)

    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [source_arn]})
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": allow})
    assert json.loads(attributes(dead)["RedriveAllowPolicy"]) == json.loads(allow)
    invalid(create, "dead letters", name="stranger", RedrivePolicy=policy)
    deny = '{"redrivePermission":"denyAll"}'
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": deny})
    assert attributes(dead, "RedriveAllowPolicy") == {"RedriveAllowPolicy": deny}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": ""})
    assert "RedriveAllowPolicy" not in attributes(dead)
    move_tasks(source, source_arn, dead, arn)
    refused("AWS.SimpleQueueService.UnsupportedOperation", sqs.delete_queue, QueueUrl=dead)
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes(source)
    sqs.delete_queue(QueueUrl=dead)


def ended(arn):
    """The newest task of a queue, once it has ended."""
    for _ in range(300):
        (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
        if task["Status"] not in ["RUNNING", "CANCELLING"]:
            return task
        time.sleep(0.1)
    raise AssertionError(task)


def move_tasks(source, source_arn, dead, arn):
    start = sqs.start_message_move_task
    invalid(start, "must be configured as a Dead Letter Queue", SourceArn=source_arn)
    none = arn.replace(":dead", ":none")
    refused("ResourceNotFoundException", start, "SourceArn", status=404, SourceArn=none)
    wrong = {"SourceArn": arn, "DestinationArn": none}
    refused("ResourceNotFoundException", start, "DestinationArn", status=404, **wrong)
    invalid(start, "MaxNumberOfMessagesPerSecond", SourceArn=arn, MaxNumberOfMessagesPerSecond=501)
    invalid(start, "format", SourceArn="dead")

    # One a second, so that it is still there to be cancelled.
    handle = start(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    invalid(start, "already a task running", SourceArn=arn)
    (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (task["Status"], task["TaskHandle"]) == ("RUNNING", handle), task
    assert task["MaxNumberOfMessagesPerSecond"] == 1, task
    sqs.cancel_message_move_task(TaskHandle=handle)
    task = ended(arn)
    assert (task["Status"], "TaskHandle" in task) == ("CANCELLED", False), task
    cancel = sqs.cancel_message_move_task
    refused("ResourceNotFoundException", cancel, status=404, TaskHandle=handle)
    invalid(cancel, "TaskHandle", TaskHandle="x")
    unknown = json.dumps({"taskId": "none", "sourceArn": arn}).encode()
    unknown = base64.b64encode(unknown).decode()
    refused("ResourceNotFoundException", cancel, "Task", status=404, TaskHandle=unknown)

    moved = task["ApproximateNumberOfMessagesMoved"]
    start(SourceArn=arn)
    task = ended(arn)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3 - moved), task
    assert sorted(bodies(source, VisibilityTimeout=60)) == ["1", "2", "3"]

    # What was sent to the queue by hand goes where it is told to.
    other = create("elsewhere")
    other_arn = attributes(other, "QueueArn")["QueueArn"]
    sqs.send_message(QueueUrl=dead, MessageBody="by hand")
    start(SourceArn=arn, DestinationArn=other_arn)
    task = ended(arn)
    assert (task["Status"], task["DestinationArn"]) == ("COMPLETED", other_arn), task
    assert bodies(other) == ["by hand"]
    tasks = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=10)["Results"]
    assert [task["Status"] for task in tasks] == ["COMPLETED", "COMPLETED", "CANCELLED"], tasks
    invalid(sqs.list_message_move_tasks, "MaxResults", SourceArn=arn, MaxResults=11)


def worker():
    """A worker as they are written: it receives, and deletes what it has handled."""
    url = create("work", VisibilityTimeout="1")
    for first in range(0, 30, 10):
        entries = [{"Id": str(n), "MessageBody": str(first + n)} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    handled, seen = set(), set()
    for _ in range(100):
        got = receive(url, WaitTimeSeconds=1)
        done = [one for one in got if int(one["Body"]) % 3 or one["Body"] in seen]
        seen.update(one["Body"] for one in got)
        handled.update(one["Body"] for one in done)
        entries = [
            {"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(done)
        ]
        if entries:
            assert not sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed")
        if len(handled) == 30:
            break
    assert len(handled) == 30, handled


def strangers():
    """Who has no key, or a wrong one."""
    for key, secret, code in [
        (ACCESS_KEY, "wrong", ["SignatureDoesNotMatch"]),
        ("AKIDUNKNOWN", SECRET, ["InvalidClientTokenId", "UnrecognizedClientException"]),
    ]:
        stranger = boto3.client(
            "sqs",
            endpoint_url=ENDPOINT,
            region_name="eu-west-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=CONFIG,
        )
        try:
            stranger.list_queues()
        except ClientError as error:
            found = error.response["Error"]["Code"]
            assert found in code + ["InvalidSignatureException"], error.response
        else:
            raise AssertionError(f"{key} was let in")


if __name__ == "__main__":
    tests = [
        queues,
        queue_attributes,
        tags_and_permissions,
        messages,
        refused_messages,
        batches,
        visibility_and_waiting,
        fifo,
        dead_letters,
        worker,
    ]
    if ACCESS_KEY != "test":
        tests.append(strangers)
    for test in tests:
        test()
        print(f"{test.__name__} ok", flush=True)
    print(f"all of SQS with botocore {botocore.__version__}, {'query' if IS_QUERY else 'JSON'} protocol")
