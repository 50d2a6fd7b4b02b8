"""An upload in parts, and objects that are over, across the end of a node that is killed. Run by
aws_s3.rs."""

import sys
from datetime import datetime, timezone

import boto3
from botocore.config import Config

MIB = 1 << 20
s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))
PIECES = [bytes([number]) * 5 * MIB for number in (1, 2)] + [b"end"]

if sys.argv[1] == "before":
    s3.create_bucket(Bucket="crash")
    begun = s3.create_multipart_upload(Bucket="crash", Key="k", Metadata={"a": "1"})
    for number, piece in enumerate(PIECES[:2], 1):
        s3.upload_part(Bucket="crash", Key="k", UploadId=begun["UploadId"], PartNumber=number, Body=piece)
    for key in ("old/a", "kept/a"):
        s3.put_object(Bucket="crash", Key=key, Body=b"x")
    date = datetime(2020, 1, 1, tzinfo=timezone.utc)
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Date": date}}
    s3.put_bucket_lifecycle_configuration(Bucket="crash", LifecycleConfiguration={"Rules": [rule]})
    print(begun["UploadId"])
else:
    of = dict(Bucket="crash", Key="k", UploadId=sys.argv[2])
    parts = s3.list_parts(**of)["Parts"]
    assert [part["Size"] for part in parts] == [5 * MIB, 5 * MIB], parts
    s3.upload_part(**of, PartNumber=3, Body=PIECES[2])
    parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in s3.list_parts(**of)["Parts"]]
    s3.complete_multipart_upload(**of, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket="crash", Key="k")
    assert got["Body"].read() == b"".join(PIECES) and got["Metadata"] == {"a": "1"}
    # A node looks for what is over when it starts.
    s3.get_waiter("object_not_exists").wait(Bucket="crash", Key="old/a", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    s3.head_object(Bucket="crash", Key="kept/a")
