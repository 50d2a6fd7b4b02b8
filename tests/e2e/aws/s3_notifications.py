"""Notifications of a bucket to a function and to queues. Run by aws_s3.rs, which has deployed the
function `recorder`."""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))
s3.create_bucket(Bucket="told")
arn = "arn:aws:lambda:us-east-1:000000000000:function:recorder"
rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]
told = {
    "Id": "one", "LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
    "Filter": {"Key": {"FilterRules": rules}},
}


def put(*functions, **others):
    configuration = {"LambdaFunctionConfigurations": list(functions), **others}
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration=configuration)


def got():
    answer = s3.get_bucket_notification_configuration(Bucket="told")
    found = answer.get("LambdaFunctionConfigurations", [])
    for one in found:
        for rule in one.get("Filter", {}).get("Key", {}).get("FilterRules", []):
            rule["Name"] = rule["Name"].lower()
    return found


def refused(code, *functions, **others):
    try:
        put(*functions, **others)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"not refused: {code}")


assert got() == []
refused("InvalidArgument", {**told, "LambdaFunctionArn": arn.replace("recorder", "nobody")})
refused("InvalidArgument", {**told, "Events": ["s3:ObjectRestore:*"]})
refused("InvalidArgument", told, told)
queue = {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:none", "Events": ["s3:ObjectCreated:*"]}
refused("InvalidArgument", QueueConfigurations=[queue])
refused("InvalidArgument", QueueConfigurations=[{**queue, "QueueArn": queue["QueueArn"] + ".fifo"}])
topic = {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Events": ["s3:ObjectCreated:*"]}
refused("NotImplemented", TopicConfigurations=[topic])
put({**told, "Id": "other"}, {**told, "Id": "third", "Events": ["s3:ObjectRemoved:Delete"]})
assert len(got()) == 2
put(told)
assert got() == [told], got()
for key in ("in/a b.txt", "in/a.jpg", "out/a.txt"):
    s3.put_object(Bucket="told", Key=key, Body=b"12345")
s3.delete_object(Bucket="told", Key="in/a b.txt")
# Gone with its notifications, once it is empty.
for key in ("in/a.jpg", "out/a.txt"):
    s3.delete_object(Bucket="told", Key=key)
s3.create_bucket(Bucket="short")
s3.put_bucket_notification_configuration(Bucket="short", NotificationConfiguration={"LambdaFunctionConfigurations": [told]})
s3.delete_bucket(Bucket="short")

# Changes become messages of a queue, in S3's form.
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="changes")["QueueUrl"]
other = sqs.create_queue(QueueName="copies")["QueueUrl"]


def received(url, count):
    found = []
    while len(found) < count:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10).get("Messages", [])
        assert messages, f"{len(found)} of {count}: {found}"
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


s3.create_bucket(Bucket="queued")
s3.put_bucket_versioning(Bucket="queued", VersioningConfiguration={"Status": "Enabled"})
all_of = {
    "Id": "all", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:changes",
    "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}]}},
}
copies = {"Id": "copies", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:copies", "Events": ["s3:ObjectCreated:Copy", "s3:ObjectRemoved:DeleteMarkerCreated"]}
s3.put_bucket_notification_configuration(Bucket="queued", NotificationConfiguration={"QueueConfigurations": [all_of, copies]})
for to in (url, other):
    (test,) = received(to, 1)
    assert (test["Event"], test["Bucket"], test["Service"]) == ("s3:TestEvent", "queued", "Amazon S3"), test
kept = s3.get_bucket_notification_configuration(Bucket="queued")["QueueConfigurations"]
assert {one["Id"]: one["Events"] for one in kept} == {one["Id"]: one["Events"] for one in (all_of, copies)}
first = s3.put_object(Bucket="queued", Key="in/a b", Body=b"12345")
s3.put_object(Bucket="queued", Key="out/a", Body=b"1")
copied = s3.copy_object(Bucket="queued", Key="in/c", CopySource="queued/in/a b")
marker = s3.delete_object(Bucket="queued", Key="in/a b")
s3.delete_object(Bucket="queued", Key="in/a b", VersionId=first["VersionId"])
seen = {}
for body in received(url, 4):
    (record,) = body["Records"]
    assert record["eventSource"] == "aws:s3" and record["eventVersion"] == "2.1"
    assert record["s3"]["configurationId"] == "all" and record["s3"]["bucket"]["name"] == "queued"
    seen[record["eventName"]] = record["s3"]["object"]
assert sorted(seen) == ["ObjectCreated:Copy", "ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"]
put = seen["ObjectCreated:Put"]
assert (put["key"], put["size"], put["versionId"]) == ("in/a+b", 5, first["VersionId"]), put
assert f'"{put["eTag"]}"' == first["ETag"] and put["sequencer"]
assert seen["ObjectCreated:Copy"]["versionId"] == copied["VersionId"]
assert seen["ObjectRemoved:DeleteMarkerCreated"]["versionId"] == marker["VersionId"]
assert seen["ObjectRemoved:Delete"]["versionId"] == first["VersionId"]
names = sorted(record["eventName"] for body in received(other, 2) for record in body["Records"])
assert names == ["ObjectCreated:Copy", "ObjectRemoved:DeleteMarkerCreated"], names
s3.put_bucket_notification_configuration(Bucket="queued", NotificationConfiguration={})
s3.put_object(Bucket="queued", Key="in/d", Body=b"")
assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
