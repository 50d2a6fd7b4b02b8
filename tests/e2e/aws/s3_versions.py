"""Versions of objects, as boto3 asks for them. Run by aws_s3.rs; with `before` and `after`, across
the end of a node that is killed."""

import io
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1 << 20
s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))
counter = 0


def bucket(status="Enabled"):
    global counter
    counter += 1
    name = f"versions-{counter}"
    s3.create_bucket(Bucket=name)
    if status:
        versioning(name, status)
    return name


def versioning(name, status):
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert found == (code, status), f"{found} instead of {(code, status)}: {error}"
        return error.response["ResponseMetadata"]["HTTPHeaders"]
    raise AssertionError(f"not refused: {code}")


def put(name, key, body, **more):
    return s3.put_object(Bucket=name, Key=key, Body=body, **more).get("VersionId")


def read(name, key, **more):
    return s3.get_object(Bucket=name, Key=key, **more)["Body"].read()


def listed(name, **more):
    """Of each key its versions, the newest first: id, whether it is a delete marker, and the newest."""
    page = s3.list_object_versions(Bucket=name, **more)
    found = [(one, False) for one in page.get("Versions", [])]
    found += [(one, True) for one in page.get("DeleteMarkers", [])]
    found.sort(key=lambda one: (one[0]["Key"], one[0]["LastModified"]))
    return {(one["Key"], one["VersionId"], marker, one["IsLatest"]) for one, marker in found}


def versioning_is_set_and_never_forgotten():
    name = bucket(None)
    assert "Status" not in s3.get_bucket_versioning(Bucket=name)
    assert put(name, "k", b"null") is None
    assert "VersionId" not in s3.head_object(Bucket=name, Key="k")
    for status in ("Enabled", "Suspended", "Enabled"):
        versioning(name, status)
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == status
    assert s3.head_object(Bucket=name, Key="k")["VersionId"] == "null"
    bad = "IllegalVersioningConfigurationException"
    refused(bad, 400, s3.put_bucket_versioning, Bucket=name, VersioningConfiguration={"Status": "Off"})
    mfa = {"Status": "Enabled", "MFADelete": "Enabled"}
    refused("NotImplemented", 501, s3.put_bucket_versioning, Bucket=name, MFA="a 1", VersioningConfiguration=mfa)
    refused("NoSuchBucket", 404, s3.get_bucket_versioning, Bucket="versions-none")


def former_versions_are_read():
    name = bucket(None)
    put(name, "k", b"null")
    versioning(name, "Enabled")
    ids = [put(name, "k", body) for body in (b"one", b"two")]
    assert len(set(ids)) == 2 and all(ids), ids
    assert read(name, "k") == b"two"
    for version, body in zip(ids + ["null"], (b"one", b"two", b"null")):
        got = s3.get_object(Bucket=name, Key="k", VersionId=version)
        assert (got["Body"].read(), got["VersionId"]) == (body, version)
        assert s3.head_object(Bucket=name, Key="k", VersionId=version)["ContentLength"] == len(body)
        attributes = s3.get_object_attributes(Bucket=name, Key="k", VersionId=version, ObjectAttributes=["ObjectSize"])
        assert (attributes["ObjectSize"], attributes["VersionId"]) == (len(body), version)
    assert read(name, "k", VersionId=ids[0], Range="bytes=1-1") == b"n"
    never = "0" * 32
    refused("NoSuchVersion", 404, s3.get_object, Bucket=name, Key="k", VersionId=never)
    refused("NoSuchVersion", 404, s3.get_object, Bucket=name, Key="other", VersionId=ids[0])
    refused("InvalidArgument", 400, s3.get_object, Bucket=name, Key="k", VersionId="x")
    refused("404", 404, s3.head_object, Bucket=name, Key="k", VersionId=never)


def deletions_leave_markers():
    name = bucket()
    first = put(name, "k", b"one")
    deleted = s3.delete_object(Bucket=name, Key="k")
    marker = deleted["VersionId"]
    assert deleted["DeleteMarker"] and marker != first
    headers = refused("NoSuchKey", 404, s3.get_object, Bucket=name, Key="k")
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker), headers
    headers = refused("404", 404, s3.head_object, Bucket=name, Key="k")
    assert headers["x-amz-delete-marker"] == "true"
    headers = refused("MethodNotAllowed", 405, s3.get_object, Bucket=name, Key="k", VersionId=marker)
    assert headers["x-amz-delete-marker"] == "true" and headers["last-modified"]
    refused("405", 405, s3.head_object, Bucket=name, Key="k", VersionId=marker)
    refused("MethodNotAllowed", 405, s3.get_object_tagging, Bucket=name, Key="k", VersionId=marker)
    assert "Contents" not in s3.list_objects_v2(Bucket=name)
    assert listed(name) == {("k", marker, True, True), ("k", first, False, False)}
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=name)
    # A key that never was gets one too.
    other = s3.delete_object(Bucket=name, Key="never")
    assert other["DeleteMarker"] and ("never", other["VersionId"], True, True) in listed(name)
    # Without its marker an object is there again.
    gone = s3.delete_object(Bucket=name, Key="k", VersionId=marker)
    assert gone["DeleteMarker"] and gone["VersionId"] == marker
    assert read(name, "k") == b"one"
    gone = s3.delete_object(Bucket=name, Key="k", VersionId=first)
    assert "DeleteMarker" not in gone and gone["VersionId"] == first
    assert s3.delete_object(Bucket=name, Key="k", VersionId=first)["VersionId"] == first
    s3.delete_object(Bucket=name, Key="k", VersionId=first, IfMatch='"none"')
    headers = refused("NoSuchKey", 404, s3.get_object, Bucket=name, Key="k")
    assert "x-amz-delete-marker" not in headers
    s3.delete_object(Bucket=name, Key="never", VersionId=other["VersionId"])
    s3.delete_bucket(Bucket=name)


def many_are_deleted_at_once():
    name = bucket()
    kept, gone = put(name, "a", b"1"), put(name, "a", b"2")
    marker = s3.delete_object(Bucket=name, Key="b")["VersionId"]
    asked = [{"Key": "a", "VersionId": gone}, {"Key": "b", "VersionId": marker}, {"Key": "c"}, {"Key": "d", "VersionId": "x"}]
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": asked})
    deleted = {one["Key"]: one for one in answer["Deleted"]}
    assert deleted["a"] == {"Key": "a", "VersionId": gone}, deleted
    assert deleted["b"] == {"Key": "b", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    assert deleted["c"]["DeleteMarker"] and "VersionId" not in deleted["c"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("d", "InvalidArgument")]
    assert listed(name) == {("a", kept, False, True), ("c", deleted["c"]["DeleteMarkerVersionId"], True, True)}


def suspended_buckets_write_the_null_version():
    name = bucket()
    made = put(name, "k", b"made")
    versioning(name, "Suspended")
    assert put(name, "k", b"a") is None and put(name, "k", b"b") is None
    assert s3.head_object(Bucket=name, Key="k")["VersionId"] == "null"
    assert listed(name) == {("k", "null", False, True), ("k", made, False, False)}
    deleted = s3.delete_object(Bucket=name, Key="k")
    assert deleted["DeleteMarker"] and deleted["VersionId"] == "null"
    assert listed(name) == {("k", "null", True, True), ("k", made, False, False)}
    s3.delete_object(Bucket=name, Key="k", VersionId="null")
    assert read(name, "k") == b"made"


def versions_are_listed_in_pages():
    name = bucket()
    for key in ("a/1", "b", "a/2", "b", "c d"):
        put(name, key, key.encode())
    s3.delete_object(Bucket=name, Key="b")
    everything = listed(name)
    assert len(everything) == 6
    for size in range(1, 8):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=name, PaginationConfig={"PageSize": size})
        found = [one["VersionId"] for page in pages for one in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        assert sorted(found) == sorted(version for _, version, _, _ in everything), size
    page = s3.list_object_versions(Bucket=name, Delimiter="/")
    assert [one["Prefix"] for one in page["CommonPrefixes"]] == ["a/"]
    assert [one["Key"] for one in page["Versions"]] == ["b", "b", "c d"]
    assert [one["Key"] for one in s3.list_object_versions(Bucket=name, Prefix="c", EncodingType="url")["Versions"]] == ["c%20d"]
    newest = s3.list_object_versions(Bucket=name, Prefix="b")["DeleteMarkers"][0]["VersionId"]
    after = s3.list_object_versions(Bucket=name, Prefix="b", KeyMarker="b", VersionIdMarker=newest)
    assert len(after["Versions"]) == 2 and "DeleteMarkers" not in after
    assert not after["Versions"][0]["IsLatest"]
    refused("InvalidArgument", 400, s3.list_object_versions, Bucket=name, VersionIdMarker=newest)
    assert s3.list_object_versions(Bucket=name, MaxKeys=0)["IsTruncated"] is False


def copies_are_of_a_version_and_make_one():
    name = bucket()
    old = put(name, "k", b"old", Metadata={"a": "1"})
    new = put(name, "k", b"new")
    source = {"Bucket": name, "Key": "k", "VersionId": old}
    copied = s3.copy_object(Bucket=name, Key="k", CopySource=source)
    assert copied["CopySourceVersionId"] == old and copied["VersionId"] not in (old, new)
    assert read(name, "k") == b"old" and s3.head_object(Bucket=name, Key="k")["Metadata"] == {"a": "1"}
    # Bytes are shared, and each goes on without the others.
    s3.delete_object(Bucket=name, Key="k", VersionId=old)
    assert read(name, "k", VersionId=copied["VersionId"]) == b"old"
    marker = s3.delete_object(Bucket=name, Key="k")["VersionId"]
    source["VersionId"] = marker
    refused("InvalidRequest", 400, s3.copy_object, Bucket=name, Key="other", CopySource=source)
    refused("NoSuchKey", 404, s3.copy_object, Bucket=name, Key="other", CopySource={"Bucket": name, "Key": "k"})


def uploads_make_versions():
    name = bucket()
    old = put(name, "k", b"x" * 6 * MIB)
    begun = s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
    of = dict(Bucket=name, Key="k", UploadId=begun)
    source = {"Bucket": name, "Key": "k", "VersionId": old}
    first = s3.upload_part_copy(**of, PartNumber=1, CopySource=source)
    assert first["CopySourceVersionId"] == old
    second = s3.upload_part(**of, PartNumber=2, Body=b"end")
    parts = [{"PartNumber": 1, "ETag": first["CopyPartResult"]["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}]
    done = s3.complete_multipart_upload(**of, MultipartUpload={"Parts": parts})
    assert done["VersionId"] and done["VersionId"] != old
    assert read(name, "k") == b"x" * 6 * MIB + b"end"
    assert len(read(name, "k", VersionId=old)) == 6 * MIB
    part = s3.get_object(Bucket=name, Key="k", VersionId=done["VersionId"], PartNumber=2)
    assert part["Body"].read() == b"end" and part["PartsCount"] == 2
    s3.upload_fileobj(io.BytesIO(b"y" * 9 * MIB), name, "k")
    assert len(listed(name)) == 3


def tags_are_of_a_version():
    name = bucket()
    old, new = put(name, "k", b"1"), put(name, "k", b"2")
    tags = [{"Key": "a", "Value": "b"}]
    set_ = s3.put_object_tagging(Bucket=name, Key="k", VersionId=old, Tagging={"TagSet": tags})
    assert set_["VersionId"] == old
    assert s3.get_object_tagging(Bucket=name, Key="k")["TagSet"] == []
    found = s3.get_object_tagging(Bucket=name, Key="k", VersionId=old)
    assert (found["TagSet"], found["VersionId"]) == (tags, old)
    s3.delete_object_tagging(Bucket=name, Key="k", VersionId=old)
    assert s3.get_object_tagging(Bucket=name, Key="k", VersionId=old)["TagSet"] == []
    assert s3.get_object_acl(Bucket=name, Key="k", VersionId=new)["Grants"][0]["Permission"] == "FULL_CONTROL"
    s3.put_object_acl(Bucket=name, Key="k", VersionId=old, ACL="private")


def conditions_judge_the_newest():
    name = bucket()
    etag = s3.put_object(Bucket=name, Key="k", Body=b"1")["ETag"]
    refused("PreconditionFailed", 412, s3.put_object, Bucket=name, Key="k", Body=b"2", IfNoneMatch="*")
    s3.put_object(Bucket=name, Key="k", Body=b"2", IfMatch=etag)
    refused("PreconditionFailed", 412, s3.put_object, Bucket=name, Key="k", Body=b"3", IfMatch=etag)
    s3.delete_object(Bucket=name, Key="k")
    refused("NoSuchKey", 404, s3.put_object, Bucket=name, Key="k", Body=b"3", IfMatch=etag)
    s3.put_object(Bucket=name, Key="k", Body=b"3", IfNoneMatch="*")


def rules_for_versions_are_kept():
    name = bucket()
    rules = [
        {"ID": "former", "Status": "Enabled", "Filter": {"Prefix": "a/"},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3}},
        {"ID": "markers", "Status": "Enabled", "Filter": {"Prefix": "b/"},
         "Expiration": {"ExpiredObjectDeleteMarker": True}},
    ]
    put_rules = s3.put_bucket_lifecycle_configuration
    put_rules(Bucket=name, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == rules
    bad = {**rules[0], "NoncurrentVersionExpiration": {"NoncurrentDays": 0}}
    refused("InvalidArgument", 400, put_rules, Bucket=name, LifecycleConfiguration={"Rules": [bad]})
    bad = {**rules[1], "Expiration": {"ExpiredObjectDeleteMarker": True, "Days": 1}}
    refused("MalformedXML", 400, put_rules, Bucket=name, LifecycleConfiguration={"Rules": [bad]})


def before():
    s3.create_bucket(Bucket="crash-versions")
    versioning("crash-versions", "Enabled")
    made = [[put("crash-versions", key, f"{key}{number}".encode()) for number in range(3)] for key in "ab"]
    s3.delete_object(Bucket="crash-versions", Key="b")
    s3.delete_object(Bucket="crash-versions", Key="old/marker")
    rule = {"ID": "markers", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"ExpiredObjectDeleteMarker": True}}
    s3.put_bucket_lifecycle_configuration(Bucket="crash-versions", LifecycleConfiguration={"Rules": [rule]})
    print(json.dumps(made))


def after(made):
    for key, ids in zip("ab", made):
        for number, version in enumerate(ids):
            assert read("crash-versions", key, VersionId=version) == f"{key}{number}".encode()
    assert read("crash-versions", "a") == b"a2"
    assert refused("NoSuchKey", 404, s3.get_object, Bucket="crash-versions", Key="b")["x-amz-delete-marker"] == "true"
    # A node looks for what is over when it starts.
    import time
    for _ in range(60):
        left = s3.list_object_versions(Bucket="crash-versions", Prefix="old/")
        if "DeleteMarkers" not in left:
            break
        time.sleep(0.5)
    assert "DeleteMarkers" not in left, left
    pages = s3.get_paginator("list_object_versions").paginate(Bucket="crash-versions")
    for page in pages:
        for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket="crash-versions", Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket="crash-versions")


TESTS = [
    versioning_is_set_and_never_forgotten, former_versions_are_read, deletions_leave_markers,
    many_are_deleted_at_once, suspended_buckets_write_the_null_version,
    versions_are_listed_in_pages, copies_are_of_a_version_and_make_one, uploads_make_versions,
    tags_are_of_a_version, conditions_judge_the_newest, rules_for_versions_are_kept,
]

if __name__ == "__main__":
    if sys.argv[1:2] == ["before"]:
        before()
    elif sys.argv[1:2] == ["after"]:
        after(json.loads(sys.argv[2]))
    else:
        for test in TESTS:
            test()
            print("passed", test.__name__, flush=True)
