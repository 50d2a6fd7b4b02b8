"""Notifications of a bucket to a function. Run by aws_s3.rs, which has deployed the function
`recorder`."""

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
queue = {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:*"]}
refused("NotImplemented", QueueConfigurations=[queue])
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
