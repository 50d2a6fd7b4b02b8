"""S3's clients as they are, against a node: boto3 and the AWS CLI.

Run by aws_s3.rs, with the node's endpoint and an access key in the environment."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
MIB = 1 << 20


def client(style="path", **more):
    config = Config(s3={"addressing_style": style}, retries={"max_attempts": 1}, **more)
    return boto3.client("s3", config=config)


s3 = client()
counter = 0


def bucket():
    global counter
    counter += 1
    name = f"py-{counter}"
    s3.create_bucket(Bucket=name)
    return name


def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert found == (code, status), f"{found} instead of {(code, status)}: {error}"
        return error.response
    raise AssertionError(f"not refused: {code}")


def body(answer):
    return answer["Body"].read()


def fetch(url, method="GET", data=None, headers=None):
    # Else it would say that the bytes are a form, which version 2 has in its signature.
    headers = {"Content-Type": "", **(headers or {})} if data is not None else headers or {}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def buckets_come_and_go():
    name = bucket()
    assert s3.create_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"] == 200
    s3.get_waiter("bucket_exists").wait(Bucket=name)
    assert name in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    elsewhere = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="py-west", CreateBucketConfiguration=elsewhere)
    assert s3.get_bucket_location(Bucket="py-west")["LocationConstraint"] == "eu-west-1"
    again = dict(Bucket="py-west", CreateBucketConfiguration=elsewhere)
    refused("BucketAlreadyOwnedByYou", 409, s3.create_bucket, **again)
    refused("InvalidBucketName", 400, s3.create_bucket, Bucket="192.168.1.1")
    pages = s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1})
    names = [found["Name"] for page in pages for found in page["Buckets"]]
    assert len(names) == len(set(names)) and {"py-west", name} <= set(names)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=name)
    s3.delete_object(Bucket=name, Key="k")
    s3.create_multipart_upload(Bucket=name, Key="unfinished")
    s3.delete_bucket(Bucket=name)
    s3.get_waiter("bucket_not_exists").wait(Bucket=name)
    refused("NoSuchBucket", 404, s3.delete_bucket, Bucket=name)
    refused("404", 404, s3.head_bucket, Bucket=name)
    refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket=name)


def objects_are_kept_with_what_is_said_of_them():
    name = bucket()
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    said = dict(
        ContentType="text/plain; charset=utf-8", CacheControl="max-age=60", ContentEncoding="gzip",
        ContentDisposition="attachment; filename=\"a.txt\"", ContentLanguage="de",
        Expires=expires, Metadata={"who": "Zoe", "n": "1"}, Tagging="a=1&b%20c=2",
    )
    put = s3.put_object(Bucket=name, Key="dir/a b+c é.txt", Body=b"hello", **said)
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ChecksumCRC32"] and put["ChecksumType"] == "FULL_OBJECT"
    s3.get_waiter("object_exists").wait(Bucket=name, Key="dir/a b+c é.txt")
    for call in (s3.get_object, s3.head_object):
        got = call(Bucket=name, Key="dir/a b+c é.txt", ChecksumMode="ENABLED")
        for member in ("ContentType", "CacheControl", "ContentEncoding", "ContentDisposition", "ContentLanguage"):
            assert got[member] == said[member], member
        assert got["Metadata"] == {"who": "Zoe", "n": "1"}, got["Metadata"]
        assert got["ContentLength"] == 5 and got["AcceptRanges"] == "bytes"
        assert got["ChecksumCRC32"] == put["ChecksumCRC32"]
        assert got["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT", got["ExpiresString"]
    assert s3.get_object(Bucket=name, Key="dir/a b+c é.txt")["TagCount"] == 2
    overridden = s3.get_object(Bucket=name, Key="dir/a b+c é.txt", ResponseContentType="image/png")
    assert overridden["ContentType"] == "image/png" and body(overridden) == b"hello"
    s3.put_object(Bucket=name, Key="plain", Body=b"")
    assert s3.get_object(Bucket=name, Key="plain")["ContentType"] == "binary/octet-stream"
    refused("NoSuchKey", 404, s3.get_object, Bucket=name, Key="none")
    refused("404", 404, s3.head_object, Bucket=name, Key="none")
    refused("InvalidArgument", 400, s3.get_object, Bucket=name, Key="plain", VersionId="x")
    refused("NoSuchVersion", 404, s3.get_object, Bucket=name, Key="plain", VersionId="0" * 32)
    refused("KeyTooLongError", 400, s3.put_object, Bucket=name, Key="k" * 1025, Body=b"")
    refused("MetadataTooLarge", 400, s3.put_object, Bucket=name, Key="k", Metadata={"a": "x" * 3000})
    refused("NotImplemented", 501, s3.put_object, Bucket=name, Key="k", ServerSideEncryption="AES256")
    refused("InvalidStorageClass", 400, s3.put_object, Bucket=name, Key="k", StorageClass="GLACIER")
    refused("AccessControlListNotSupported", 400, s3.put_object, Bucket=name, Key="k", ACL="public-read")
    s3.put_object(Bucket=name, Key="k", Body=b"x", ACL="bucket-owner-full-control")


def ranges_and_conditions_hold():
    name = bucket()
    put = s3.put_object(Bucket=name, Key="k", Body=b"0123456789")
    etag = put["ETag"]
    for asked, bytes_, range_ in [
        ("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=0-99", b"0123456789", "bytes 0-9/10"),
    ]:
        got = s3.get_object(Bucket=name, Key="k", Range=asked)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert (body(got), got["ContentRange"]) == (bytes_, range_)
    refused("InvalidRange", 416, s3.get_object, Bucket=name, Key="k", Range="bytes=10-")
    past, future = (datetime.now(timezone.utc) + timedelta(days=days) for days in (-1, 1))
    fits = [dict(IfMatch=etag), dict(IfNoneMatch='"x"'), dict(IfModifiedSince=past), dict(IfUnmodifiedSince=future)]
    for condition in fits:
        assert body(s3.get_object(Bucket=name, Key="k", **condition)) == b"0123456789"
    for code, status, condition in [
        ("PreconditionFailed", 412, dict(IfMatch='"x"')), ("PreconditionFailed", 412, dict(IfUnmodifiedSince=past)),
        ("304", 304, dict(IfNoneMatch=etag)),
    ]:
        refused(code, status, s3.get_object, Bucket=name, Key="k", **condition)
    unchanged = refused("304", 304, s3.head_object, Bucket=name, Key="k", IfNoneMatch=etag)
    assert unchanged["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
    refused("PreconditionFailed", 412, s3.put_object, Bucket=name, Key="k", Body=b"", IfNoneMatch="*")
    refused("PreconditionFailed", 412, s3.put_object, Bucket=name, Key="k", Body=b"", IfMatch='"x"')
    refused("NoSuchKey", 404, s3.put_object, Bucket=name, Key="none", Body=b"", IfMatch=etag)
    s3.put_object(Bucket=name, Key="new", Body=b"", IfNoneMatch="*")
    s3.put_object(Bucket=name, Key="k", Body=b"new", IfMatch=etag)
    refused("PreconditionFailed", 412, s3.delete_object, Bucket=name, Key="k", IfMatch=etag)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_object(Bucket=name, Key="k")
    s3.get_waiter("object_not_exists").wait(Bucket=name, Key="k")


def lists_have_pages_prefixes_and_any_key():
    name = bucket()
    keys = ["a/1", "a/2", "b/1", "c", "d e+f", "g\u0001h", "é", "z%2F", "~*"]
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    inner = sorted(keys, key=lambda key: key.encode())
    for operation in ("list_objects", "list_objects_v2"):
        pages = s3.get_paginator(operation).paginate(Bucket=name, PaginationConfig={"PageSize": 2})
        found = [found["Key"] for page in pages for found in page.get("Contents", [])]
        assert found == inner, (operation, found)
        pages = s3.get_paginator(operation).paginate(Bucket=name, Delimiter="/", PaginationConfig={"PageSize": 2})
        pages = list(pages)
        prefixes = [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]
        found = [found["Key"] for page in pages for found in page.get("Contents", [])]
        assert prefixes == ["a/", "b/"], (operation, prefixes)
        assert found == [key for key in inner if key[1:2] != "/"], (operation, found)
    listed = s3.list_objects_v2(Bucket=name, Prefix="a/", StartAfter="a/1", FetchOwner=True)
    assert [found["Key"] for found in listed["Contents"]] == ["a/2"] and listed["KeyCount"] == 1
    assert listed["Contents"][0]["Owner"]["ID"] and not listed["IsTruncated"]
    assert listed["Contents"][0]["ETag"] == f'"{hashlib.md5(b"a/2").hexdigest()}"'
    assert s3.list_objects_v2(Bucket=name, MaxKeys=0)["KeyCount"] == 0
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=name, ContinuationToken="*")
    versions = s3.list_object_versions(Bucket=name)["Versions"]
    assert [version["Key"] for version in versions] == inner
    assert all(version["VersionId"] == "null" and version["IsLatest"] for version in versions)
    # What XML has no way to write goes alone.
    s3.delete_object(Bucket=name, Key="g\u0001h")
    keys = [key for key in keys if key != "g\u0001h"]
    deleted = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys + ["none"]]})
    assert len(deleted["Deleted"]) == len(keys) + 1 and "Errors" not in deleted
    assert "Contents" not in s3.list_objects_v2(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"")
    quiet = {"Objects": [{"Key": "k"}, {"Key": "v", "VersionId": "x"}], "Quiet": True}
    deleted = s3.delete_objects(Bucket=name, Delete=quiet)
    assert "Deleted" not in deleted and deleted["Errors"][0]["Code"] == "InvalidArgument"
    many = {"Objects": [{"Key": str(number)} for number in range(1001)]}
    refused("MalformedXML", 400, s3.delete_objects, Bucket=name, Delete=many)


def copies_keep_or_replace():
    name, other = bucket(), bucket()
    put = s3.put_object(Bucket=name, Key="k é+", Body=b"hello", ContentType="text/a", Metadata={"a": "1"}, Tagging="t=1")
    source = {"Bucket": name, "Key": "k é+"}
    copied = s3.copy_object(Bucket=other, Key="c", CopySource=source)["CopyObjectResult"]
    assert copied["ETag"] == put["ETag"] and copied["LastModified"]
    got = s3.get_object(Bucket=other, Key="c")
    assert (body(got), got["ContentType"], got["Metadata"], got["TagCount"]) == (b"hello", "text/a", {"a": "1"}, 1)
    s3.copy_object(Bucket=other, Key="c", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"},
                   ContentType="text/b", TaggingDirective="REPLACE", Tagging="u=2&v=3")
    got = s3.get_object(Bucket=other, Key="c")
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("text/b", {"b": "2"}, 2)
    refused("InvalidRequest", 400, s3.copy_object, Bucket=name, Key="k é+", CopySource=source)
    s3.copy_object(Bucket=name, Key="k é+", CopySource=source, MetadataDirective="REPLACE")
    assert body(s3.get_object(Bucket=name, Key="k é+")) == b"hello"
    s3.delete_object(Bucket=name, Key="k é+")
    assert body(s3.get_object(Bucket=other, Key="c")) == b"hello"
    refused("NoSuchKey", 404, s3.copy_object, Bucket=other, Key="d", CopySource=source)
    refused("NoSuchBucket", 404, s3.copy_object, Bucket="py-none", Key="d", CopySource={"Bucket": other, "Key": "c"})
    of = dict(Bucket=other, Key="d", CopySource={"Bucket": other, "Key": "c"})
    refused("PreconditionFailed", 412, s3.copy_object, **of, CopySourceIfMatch='"x"')
    refused("PreconditionFailed", 412, s3.copy_object, **of, CopySourceIfNoneMatch=put["ETag"])
    s3.copy_object(**of, CopySourceIfMatch=put["ETag"])


def uploads_in_parts():
    name = bucket()
    begun = s3.create_multipart_upload(Bucket=name, Key="big", ContentType="x/y", Metadata={"a": "1"}, ChecksumAlgorithm="SHA256")
    assert (begun["ChecksumAlgorithm"], begun["ChecksumType"]) == ("SHA256", "COMPOSITE")
    of = dict(Bucket=name, Key="big", UploadId=begun["UploadId"])
    pieces = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"end"]
    parts = []
    for number, piece in enumerate(pieces, 1):
        put = s3.upload_part(**of, PartNumber=number, Body=piece, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": put["ETag"], "ChecksumSHA256": put["ChecksumSHA256"]})
    listed = s3.get_paginator("list_parts").paginate(**of, PaginationConfig={"PageSize": 2})
    listed = [part for page in listed for part in page["Parts"]]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 5 * MIB), (3, 3)]
    uploads = s3.list_multipart_uploads(Bucket=name)["Uploads"]
    assert [(upload["Key"], upload["UploadId"]) for upload in uploads] == [("big", begun["UploadId"])]
    def complete(parts):
        return dict(**of, MultipartUpload={"Parts": parts})
    refused("InvalidPart", 400, s3.complete_multipart_upload, **complete([{**parts[0], "ETag": '"x"'}]))
    refused("InvalidPartOrder", 400, s3.complete_multipart_upload, **complete([parts[1], parts[0]]))
    small = s3.upload_part(**of, PartNumber=4, Body=b"x", ChecksumAlgorithm="SHA256")["ETag"]
    after_small = [parts[0], parts[2], {"PartNumber": 4, "ETag": small}]
    refused("EntityTooSmall", 400, s3.complete_multipart_upload, **complete(after_small))
    done = s3.complete_multipart_upload(**complete(parts))
    # Whoever did not hear the answer asks again.
    assert s3.complete_multipart_upload(**complete(parts))["ETag"] == done["ETag"]
    digests = [hashlib.md5(piece).digest() for piece in pieces]
    assert done["ETag"] == f'"{hashlib.md5(b"".join(digests)).hexdigest()}-3"'
    sums = b"".join(hashlib.sha256(piece).digest() for piece in pieces)
    assert done["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(sums).digest()).decode() + "-3"
    got = s3.get_object(Bucket=name, Key="big")
    assert body(got) == b"".join(pieces) and got["ContentType"] == "x/y" and got["Metadata"] == {"a": "1"}
    part = s3.get_object(Bucket=name, Key="big", PartNumber=2)
    assert body(part) == pieces[1] and part["PartsCount"] == 3
    attributes = s3.get_object_attributes(Bucket=name, Key="big", ObjectAttributes=["ETag", "ObjectParts", "ObjectSize", "Checksum"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3 and attributes["ObjectSize"] == 10 * MIB + 3
    refused("NoSuchUpload", 404, s3.upload_part, **of, PartNumber=1, Body=b"x")
    # Of another object, with copies as parts and a checksum of all bytes.
    begun = s3.create_multipart_upload(Bucket=name, Key="copy", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    of = dict(Bucket=name, Key="copy", UploadId=begun["UploadId"])
    source = {"Bucket": name, "Key": "big"}
    refused("InvalidArgument", 400, s3.upload_part_copy, **of, PartNumber=1, CopySource=source, CopySourceRange=f"bytes=0-{99 * MIB}")
    one = s3.upload_part_copy(**of, PartNumber=1, CopySource=source, CopySourceRange=f"bytes=0-{5 * MIB - 1}")["CopyPartResult"]
    two = s3.upload_part(**of, PartNumber=2, Body=b"tail")
    parts = [{"PartNumber": 1, "ETag": one["ETag"]}, {"PartNumber": 2, "ETag": two["ETag"]}]
    done = s3.complete_multipart_upload(**of, MultipartUpload={"Parts": parts})
    whole = pieces[0] + b"tail"
    assert done["ChecksumCRC32"] == base64.b64encode(zlib.crc32(whole).to_bytes(4, "big")).decode()
    assert body(s3.get_object(Bucket=name, Key="copy", ChecksumMode="ENABLED")) == whole
    begun = s3.create_multipart_upload(Bucket=name, Key="gone")
    of = dict(Bucket=name, Key="gone", UploadId=begun["UploadId"])
    s3.abort_multipart_upload(**of)
    refused("NoSuchUpload", 404, s3.abort_multipart_upload, **of)
    refused("NoSuchUpload", 404, s3.complete_multipart_upload, **of, MultipartUpload={"Parts": parts})


def what_boto_sends_by_itself():
    name = bucket()
    data = os.urandom(20 * MIB)
    parts = TransferConfig(multipart_threshold=6 * MIB, multipart_chunksize=6 * MIB)
    s3.upload_fileobj(io.BytesIO(data), name, "big", Config=parts)
    assert s3.head_object(Bucket=name, Key="big")["ETag"].endswith('-4"')
    found = io.BytesIO()
    s3.download_fileobj(name, "big", found, Config=parts)
    assert found.getvalue() == data
    s3.copy({"Bucket": name, "Key": "big"}, name, "again", Config=parts)
    assert body(s3.get_object(Bucket=name, Key="again")) == data


def checksums_are_verified():
    name = bucket()
    for algorithm in ("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"):
        try:
            put = s3.put_object(Bucket=name, Key=algorithm, Body=b"hello", ChecksumAlgorithm=algorithm)
        except Exception as error:
            # Of the SDK, without its part that is written in C.
            assert "awscrt" in str(error).lower() or "crt" in str(error).lower(), error
            continue
        got = s3.head_object(Bucket=name, Key=algorithm, ChecksumMode="ENABLED")
        assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    wrong = base64.b64encode(b"0000").decode()
    refused("BadDigest", 400, s3.put_object, Bucket=name, Key="bad", Body=b"hello", ChecksumCRC32=wrong)
    refused("BadDigest", 400, s3.put_object, Bucket=name, Key="bad", Body=b"hello", ContentMD5=base64.b64encode(b"0" * 16).decode())
    refused("InvalidDigest", 400, s3.put_object, Bucket=name, Key="bad", Body=b"hello", ContentMD5="x")
    refused("NoSuchKey", 404, s3.get_object, Bucket=name, Key="bad")


def settings_of_buckets_are_kept():
    name = bucket()
    refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=name)
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags
    twice = {"TagSet": [tags[0], tags[0]]}
    refused("InvalidTag", 400, s3.put_bucket_tagging, Bucket=name, Tagging=twice)
    s3.delete_bucket_tagging(Bucket=name)
    refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.put_object_tagging(Bucket=name, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=name, Key="k")["TagSet"] == tags
    s3.delete_object_tagging(Bucket=name, Key="k")
    assert s3.get_object_tagging(Bucket=name, Key="k")["TagSet"] == []
    refused("NoSuchKey", 404, s3.get_object_tagging, Bucket=name, Key="none")
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=name)
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=name)
    rules = [
        {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 7}},
        {"ID": "both", "Status": "Disabled", "Filter": {"And": {"Prefix": "a", "Tags": tags[:1], "ObjectSizeGreaterThan": 5}},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == rules
    moved = {"Rules": [{"ID": "t", "Status": "Enabled", "Filter": {"Prefix": ""}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]}
    refused("NotImplemented", 501, s3.put_bucket_lifecycle_configuration, Bucket=name, LifecycleConfiguration=moved)
    s3.delete_bucket_lifecycle(Bucket=name)
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=name)
    assert "Status" not in s3.get_bucket_versioning(Bucket=name)
    refused("NoSuchBucketPolicy", 404, s3.get_bucket_policy, Bucket=name)
    refused("ServerSideEncryptionConfigurationNotFoundError", 404, s3.get_bucket_encryption, Bucket=name)
    assert s3.get_bucket_acl(Bucket=name)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def browsers_ask_beforehand():
    name = bucket()
    url = f"{ENDPOINT}/{name}/k"
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    signed = s3.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "k"})
    assert fetch(signed, "OPTIONS", headers=asks)[0] == 403
    rule = {"AllowedOrigins": ["https://*.example"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"] == [rule]
    status, headers, _ = fetch(signed, "OPTIONS", headers=asks)
    assert status == 200 and headers["access-control-allow-origin"] == "https://app.example", headers
    assert headers["access-control-allow-headers"] == "content-type"
    status, headers, _ = fetch(signed, "PUT", b"x", {"Origin": "https://app.example"})
    assert status == 200 and headers["access-control-expose-headers"] == "ETag", (status, headers)
    assert fetch(signed, "OPTIONS", headers={**asks, "Origin": "https://other"})[0] == 403
    status, headers, _ = fetch(signed, "PUT", b"x", {"Origin": "https://other"})
    assert status == 200 and "access-control-allow-origin" not in headers
    assert fetch(url, "OPTIONS", headers={**asks, "Access-Control-Request-Method": "DELETE"})[0] == 403


def urls_are_signed_beforehand():
    name = bucket()
    of = {"Bucket": name, "Key": "a b/é+"}
    new = client(signature_version="s3v4")
    # boto3 and the AWS CLI sign by version 2 unless they are told otherwise.
    for made in (s3, new):
        put = made.generate_presigned_url("put_object", Params=of, ExpiresIn=60)
        assert fetch(put, "PUT", b"by url")[0] == 200
        assert fetch(made.generate_presigned_url("get_object", Params=of))[::2] == (200, b"by url")
    assert fetch(s3.generate_presigned_url("get_object", Params=of, ExpiresIn=-60))[0] == 403
    assert fetch(s3.generate_presigned_url("get_object", Params=of).replace("a%20b", "a%20c"))[0] == 403
    for style in ("path", "virtual"):
        made = new if style == "path" else boto3.client("s3", endpoint_url=ENDPOINT.replace("127.0.0.1", "localhost"), config=Config(s3={"addressing_style": "virtual"}, signature_version="s3v4"))
        url = made.generate_presigned_url("get_object", Params=of, ExpiresIn=60)
        if style == "path":
            assert fetch(url)[::2] == (200, b"by url")
        else:
            parts = urllib.parse.urlsplit(url)
            assert parts.netloc.startswith(f"{name}.localhost"), url
            local = urllib.parse.urlunsplit(parts._replace(netloc=ENDPOINT.split("//")[1]))
            assert fetch(local, headers={"Host": parts.netloc})[::2] == (200, b"by url")
    url = new.generate_presigned_url("get_object", Params=of, ExpiresIn=60)
    def told(url, method="GET"):
        status, _, text = fetch(url, method)
        return status, text.decode().split("<Code>")[1].split("<")[0]
    assert told(url.replace("a%20b", "a%20c")) == (403, "SignatureDoesNotMatch")
    assert told(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61")) == (403, "SignatureDoesNotMatch")
    assert told(url, "DELETE") == (403, "SignatureDoesNotMatch")
    assert told(url + "&response-content-type=x") == (403, "SignatureDoesNotMatch")
    last = "0" if url[-1] != "0" else "1"
    assert told(url[:-1] + last) == (403, "SignatureDoesNotMatch")
    old = presigned(f"/{name}/k", datetime.now(timezone.utc) - timedelta(hours=1), 60)
    assert told(old) == (403, "AccessDenied"), told(old)
    early = presigned(f"/{name}/k", datetime.now(timezone.utc) + timedelta(hours=1), 60)
    assert told(early) == (403, "RequestTimeTooSkewed"), told(early)


def presigned(path, when, seconds):
    """A URL that was signed at another time."""
    import hmac
    key = os.environ["AWS_ACCESS_KEY_ID"]
    host = ENDPOINT.split("//")[1]
    date, time = when.strftime("%Y%m%d"), when.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date}/us-east-1/s3/aws4_request"
    query = urllib.parse.urlencode(sorted({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{key}/{scope}", "X-Amz-Date": time,
        "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host",
    }.items()), quote_via=urllib.parse.quote, safe="")
    canonical = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in (date, "us-east-1", "s3", "aws4_request"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
    return f"{ENDPOINT}{path}?{query}&X-Amz-Signature={signature}"


def signatures_are_checked():
    name = bucket()
    def with_(key, secret):
        return boto3.client("s3", aws_access_key_id=key, aws_secret_access_key=secret, config=Config(retries={"max_attempts": 1}))
    own, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    refused("SignatureDoesNotMatch", 403, with_(own, "wrong").list_buckets)
    refused("InvalidAccessKeyId", 403, with_("AKIANOBODY", secret).list_buckets)
    from botocore import UNSIGNED
    nobody = boto3.client("s3", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 1}))
    refused("AccessDenied", 403, nobody.get_object, Bucket=name, Key="k")
    refused("AccessDenied", 403, nobody.list_buckets)
    # A body that is not the one that was signed, and a clock that is wrong.
    def sign(when=None, data=b"hello"):
        request = AWSRequest("PUT", f"{ENDPOINT}/{name}/k", data=data, headers={"Content-Length": "5"})
        signer = S3SigV4Auth(Credentials(own, secret), "s3", "us-east-1")
        if when:
            import botocore.auth
            real = botocore.auth.get_current_datetime
            botocore.auth.get_current_datetime = lambda *_, **__: when
        try:
            signer.add_auth(request)
        finally:
            if when:
                botocore.auth.get_current_datetime = real
        return dict(request.prepare().headers)
    status, _, text = fetch(f"{ENDPOINT}/{name}/k", "PUT", b"jello", sign())
    assert status == 400 and b"XAmzContentSHA256Mismatch" in text, (status, text)
    try:
        headers = sign(datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(minutes=20))
        status, _, text = fetch(f"{ENDPOINT}/{name}/k", "PUT", b"hello", headers)
        assert status == 403 and b"RequestTimeTooSkewed" in text, (status, text)
    except AttributeError:
        pass
    refused("NoSuchKey", 404, s3.get_object, Bucket=name, Key="k")


def forms_are_taken():
    name = bucket()
    post = s3.generate_presigned_post(name, "up/${filename}", Fields={"success_action_status": "201"},
                                      Conditions=[["starts-with", "$key", "up/"], {"success_action_status": "201"}, ["content-length-range", 1, 10]])
    def send(fields, data):
        edge = "edge-of-form"
        text = "".join(f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items())
        text += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
        whole = text.encode() + data + f"\r\n--{edge}--\r\n".encode()
        return fetch(post["url"], "POST", whole, {"Content-Type": f"multipart/form-data; boundary={edge}"})
    status, _, text = send(post["fields"], b"by form")
    assert status == 201 and b"PostResponse" in text, (status, text)
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=name)["Contents"]]
    assert keys == ["up/a.txt"], keys
    assert body(s3.get_object(Bucket=name, Key=keys[0])) == b"by form"
    assert send(post["fields"], b"far too long")[0] == 400
    assert send({**post["fields"], "key": "elsewhere"}, b"x")[0] in (400, 403)
    other = {name: value[::-1] if name in ("x-amz-signature", "signature") else value for name, value in post["fields"].items()}
    assert send(other, b"x")[0] == 403
    assert send({"key": "up/anon"}, b"x")[0] == 403


def hosts_name_buckets():
    name = bucket()
    host = ENDPOINT.split("//")[1].replace("127.0.0.1", "localhost")
    hosts = boto3.client("s3", endpoint_url=f"http://{host}", config=Config(s3={"addressing_style": "virtual"}, retries={"max_attempts": 1}))
    # Names below localhost are this machine for whoever asks no server.
    import socket
    real = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *rest, **more: real("127.0.0.1" if str(host).endswith("localhost") else host, *rest, **more)
    try:
        hosts.put_object(Bucket=name, Key="v1/functions/é b", Body=b"by host")
        assert body(hosts.get_object(Bucket=name, Key="v1/functions/é b")) == b"by host"
        assert hosts.list_objects_v2(Bucket=name)["KeyCount"] == 1
        hosts.head_bucket(Bucket=name)
    finally:
        socket.getaddrinfo = real


def the_command_line_synchronizes():
    name = bucket()
    def aws(*arguments, **more):
        done = subprocess.run([sys.executable, "-m", "awscli", *arguments], capture_output=True, text=True, **more)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout
    with tempfile.TemporaryDirectory() as home:
        here, there = Path(home, "here"), Path(home, "there")
        files = {"a.txt": b"a", "dir/b c.bin": os.urandom(70_000), "dir/deep/é+%.txt": b"x" * 10, "empty": b"", "big.bin": os.urandom(20 * MIB)}
        for path, data in files.items():
            here.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            here.joinpath(path).write_bytes(data)
        aws("s3", "sync", str(here), f"s3://{name}/site", "--no-progress")
        aws("s3", "sync", f"s3://{name}/site", str(there), "--no-progress")
        found = {str(path.relative_to(there)): path.read_bytes() for path in there.rglob("*") if path.is_file()}
        assert found == files, sorted(found)
        assert aws("s3", "sync", str(here), f"s3://{name}/site", "--no-progress") == ""
        aws("s3", "cp", f"s3://{name}/site/big.bin", f"s3://{name}/copy.bin", "--no-progress")
        aws("s3", "mv", f"s3://{name}/copy.bin", str(Path(home, "moved")), "--no-progress")
        assert Path(home, "moved").read_bytes() == files["big.bin"]
        listed = aws("s3", "ls", f"s3://{name}", "--recursive")
        assert len(listed.splitlines()) == len(files), listed
        assert fetch(aws("s3", "presign", f"s3://{name}/site/a.txt").strip())[::2] == (200, b"a")
        aws("s3", "rb", f"s3://{name}", "--force")


TESTS = [
    buckets_come_and_go, objects_are_kept_with_what_is_said_of_them, ranges_and_conditions_hold,
    lists_have_pages_prefixes_and_any_key, copies_keep_or_replace, uploads_in_parts,
    what_boto_sends_by_itself, checksums_are_verified, settings_of_buckets_are_kept,
    browsers_ask_beforehand, urls_are_signed_beforehand, signatures_are_checked, forms_are_taken,
    hosts_name_buckets, the_command_line_synchronizes,
]

if __name__ == "__main__":
    failed = 0
    for test in TESTS:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        try:
            test()
            print("passed", test.__name__, flush=True)
        except Exception:
            import traceback
            failed += 1
            print("FAILED", test.__name__, flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)
