"""IAM's roles and policies, and temporary keys of STS, with boto3 as PyPI has it: what succeeds, and each
error that is documented.

Run as `iam.py URL ACCESS_KEY SECRET ROOT_SECRET DATA COMPONENT`: the key is of another namespace than the
default one, and has no role yet; DATA is the data directory of the node, and COMPONENT a function's code.
"""

import base64
import datetime
import hashlib
import hmac
import io
import json
import os
import sys
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, ROOT_SECRET, DATA, COMPONENT = sys.argv[1:7]
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
    }],
}
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/%20 é*"}],
}


def client(service, key=ACCESS_KEY, secret=SECRET, token=None):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        # What is out of bounds is for the node to refuse.
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


iam, sts = client("iam"), client("sts")
ACCOUNT = sts.get_caller_identity()["Account"]


def refused(code, status, call, text="", **arguments):
    """The error of this code and status, and of no other, with this in its text."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, (code, error.response)
        assert text in found["Message"], (text, found)
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return
    raise AssertionError(f"not refused: {call} {arguments}")


def create_role(name, **more):
    more.setdefault("AssumeRolePolicyDocument", json.dumps(TRUST))
    named = {} if name is None else {"RoleName": name}
    return iam.create_role(**named, **more)["Role"]


def create_policy(name, document=ALLOW, **more):
    return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document), **more)["Policy"]


def delete_role(name):
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def native(method, path, body=None, namespace=None):
    """A request of the node's own API with the root key."""
    headers = {"Authorization": f"Bearer {ROOT_SECRET}", "Content-Type": "application/json"}
    if namespace:
        headers["lambent-namespace"] = namespace
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(ENDPOINT + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read() or b"null")


def roles():
    assert ACCOUNT.isdigit() and len(ACCOUNT) == 12 and ACCOUNT != "0" * 12, ACCOUNT
    tags = [{"Key": "team", "Value": "a b"}, {"Key": "stage", "Value": ""}]
    made = create_role("Worker", Path="/apps/x/", Description="works", MaxSessionDuration=7200, Tags=tags)
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/apps/x/Worker", made
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21, made
    iam.get_waiter("role_exists").wait(RoleName="Worker", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    role = iam.get_role(RoleName="Worker")["Role"]
    expected = {
        "Path": "/apps/x/", "RoleName": "Worker", "RoleId": made["RoleId"], "Arn": made["Arn"],
        "AssumeRolePolicyDocument": TRUST, "Description": "works", "MaxSessionDuration": 7200, "RoleLastUsed": {},
    }
    for member, value in expected.items():
        assert role[member] == value, (member, role)
    age = datetime.datetime.now(datetime.timezone.utc) - role["CreateDate"]
    assert abs(age.total_seconds()) < 60, role
    assert sorted(tag["Key"] for tag in role["Tags"]) == ["stage", "team"], role

    iam.update_role(RoleName="worker", Description="rests", MaxSessionDuration=3600)
    assert iam.update_role_description(RoleName="Worker", Description="sleeps")["Role"]["Description"] == "sleeps"
    other = {**TRUST, "Statement": {**TRUST["Statement"][0], "Principal": {"AWS": "*"}}}
    iam.update_assume_role_policy(RoleName="Worker", PolicyDocument=json.dumps(other))
    role = iam.get_role(RoleName="Worker")["Role"]
    assert (role["AssumeRolePolicyDocument"], role["MaxSessionDuration"]) == (other, 3600), role

    iam.tag_role(RoleName="Worker", Tags=[{"Key": "Team", "Value": "b"}, {"Key": "new", "Value": "1"}])
    iam.untag_role(RoleName="Worker", TagKeys=["STAGE", "none"])
    page = iam.list_role_tags(RoleName="Worker", MaxItems=1)
    assert page["IsTruncated"] and len(page["Tags"]) == 1, page
    rest = iam.list_role_tags(RoleName="Worker", Marker=page["Marker"])
    found = {tag["Key"]: tag["Value"] for tag in page["Tags"] + rest["Tags"]}
    assert found == {"Team": "b", "new": "1"} and not rest["IsTruncated"], found

    for name in ["a-1", "a-2", "a-3"]:
        create_role(name, Path="/paged/")
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2})
    names = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert names == [["a-1", "a-2"], ["a-3"]], names
    assert len(iam.list_roles()["Roles"]) == 4
    assert iam.list_instance_profiles_for_role(RoleName="a-1")["InstanceProfiles"] == []
    for name in ["a-1", "a-2", "a-3", "Worker"]:
        delete_role(name)
    assert iam.list_roles()["Roles"] == []


def what_is_wrong_with_a_role():
    trust = json.dumps(TRUST)
    create_role("r")
    refused("EntityAlreadyExists", 409, create_role, "Role with name R already exists.", name="R")
    named = [
        (iam.get_role, {}), (iam.delete_role, {}), (iam.update_role, {}), (iam.list_role_tags, {}),
        (iam.list_role_policies, {}), (iam.list_attached_role_policies, {}), (iam.list_instance_profiles_for_role, {}),
        (iam.update_assume_role_policy, {"PolicyDocument": trust}), (iam.untag_role, {"TagKeys": ["k"]}),
        (iam.tag_role, {"Tags": [{"Key": "k", "Value": "v"}]}), (iam.attach_role_policy, {"PolicyArn": BASIC}),
        (iam.detach_role_policy, {"PolicyArn": BASIC}), (iam.get_role_policy, {"PolicyName": "p"}),
        (iam.put_role_policy, {"PolicyName": "p", "PolicyDocument": json.dumps(ALLOW)}),
        (iam.delete_role_policy, {"PolicyName": "p"}),
    ]
    for call, more in named:
        refused("NoSuchEntity", 404, call, "The role with name none cannot be found.", RoleName="none", **more)
    for text, arguments in [
        ("roleName is invalid", {"name": "a b"}),
        ("less than or equal to 64", {"name": "n" * 65}),
        ("greater than or equal to 1", {"name": ""}),
        ("Value null at 'roleName'", {"name": None}),
        ("path is invalid", {"name": "x", "Path": "apps"}),
        ("'maxSessionDuration'", {"name": "x", "MaxSessionDuration": 3599}),
        ("'maxSessionDuration'", {"name": "x", "MaxSessionDuration": 43201}),
        ("'description'", {"name": "x", "Description": "d" * 1001}),
        ("'description'", {"name": "x", "Description": "\u20ac"}),
        ("assumeRolePolicyDocument is invalid", {"name": "x", "AssumeRolePolicyDocument": "\u20ac"}),
        ("'tags.1.member.key'", {"name": "x", "Tags": [{"Key": "NO!", "Value": ""}]}),
    ]:
        refused("ValidationError", 400, create_role, text, **arguments)
    twice = [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]
    refused("InvalidInput", 400, create_role, "Duplicate tag keys", name="x", Tags=twice)
    for text, document in [
        ("Syntax errors", "some policy"),
        ("Syntax errors", "{}"),
        ("actions can only be", json.dumps({**TRUST, "Statement": {**TRUST["Statement"][0], "Action": "s3:Get*"}})),
        ("prohibited field Resource", json.dumps({**TRUST, "Statement": {**TRUST["Statement"][0], "Resource": "*"}})),
        ("field Principal", json.dumps({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}})),
    ]:
        refused("MalformedPolicyDocument", 400, create_role, text, name="x", AssumeRolePolicyDocument=document)
        refused("MalformedPolicyDocument", 400, iam.update_assume_role_policy, text, RoleName="r", PolicyDocument=document)
    long = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Sid": "a" * 8192}]}
    refused("LimitExceeded", 409, create_role, "ACLSizePerRole", name="x", AssumeRolePolicyDocument=json.dumps(long))
    many = [{"Key": str(n), "Value": ""} for n in range(30)]
    iam.tag_role(RoleName="r", Tags=many)
    more = [{"Key": f"m{n}", "Value": ""} for n in range(30)]
    refused("LimitExceeded", 409, iam.tag_role, "tags", RoleName="r", Tags=more)
    refused("ValidationError", 400, iam.list_roles, "'maxItems'", MaxItems=1001)
    refused("ValidationError", 400, iam.list_roles, "'pathPrefix'", PathPrefix="apps")
    refused("NotImplemented", 501, iam.create_user, "CreateUser", UserName="u")
    iam.delete_role(RoleName="r")


def policies_of_a_role():
    create_role("r")
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=json.dumps(ALLOW))
    got = iam.get_role_policy(RoleName="r", PolicyName="own")
    assert (got["RoleName"], got["PolicyName"], got["PolicyDocument"]) == ("r", "own", ALLOW), got
    for name in ["a", "b"]:
        iam.put_role_policy(RoleName="r", PolicyName=name, PolicyDocument=json.dumps(ALLOW))
    pages = iam.get_paginator("list_role_policies").paginate(RoleName="r", PaginationConfig={"PageSize": 2})
    assert [page["PolicyNames"] for page in pages] == [["a", "b"], ["own"]]
    refused("DeleteConflict", 409, iam.delete_role, "must delete policies first", RoleName="r")
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    for call in [iam.get_role_policy, iam.delete_role_policy]:
        refused("NoSuchEntity", 404, call, "The role policy with name own cannot be found.", RoleName="r", PolicyName="own")
    for text, statement in [
        ("must contain resources", {"Effect": "Allow", "Action": "s3:*"}),
        ("should not specify a principal", {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}),
        ("prefaced by a vendor", {"Effect": "Allow", "Action": "get", "Resource": "*"}),
    ]:
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        refused("MalformedPolicyDocument", 400, iam.put_role_policy, text, RoleName="r", PolicyName="x", PolicyDocument=document)
    long = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Sid": "a" * 10240}]}
    refused("LimitExceeded", 409, iam.put_role_policy, "InlinePolicySizePerRole", RoleName="r", PolicyName="x", PolicyDocument=json.dumps(long))

    shared = create_policy("shared", Path="/team/")
    for arn in [BASIC, shared["Arn"], shared["Arn"]]:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert {policy["PolicyArn"]: policy["PolicyName"] for policy in attached} == {
        BASIC: "AWSLambdaBasicExecutionRole", shared["Arn"]: "shared"}, attached
    only = iam.list_attached_role_policies(RoleName="r", PathPrefix="/service-role/")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in only] == [BASIC], only
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName="r", PaginationConfig={"PageSize": 1})
    assert [len(page["AttachedPolicies"]) for page in pages] == [1, 1]
    none = f"arn:aws:iam::{ACCOUNT}:policy/none"
    refused("NoSuchEntity", 404, iam.attach_role_policy, "is not attachable", RoleName="r", PolicyArn=none)
    refused("NoSuchEntity", 404, iam.detach_role_policy, "was not found", RoleName="r", PolicyArn=none)
    refused("InvalidInput", 400, iam.attach_role_policy, "is not valid", RoleName="r", PolicyArn="arn:aws:s3:::some-bucket")
    elsewhere = "arn:aws:iam::123456789012:policy/shared"
    refused("NoSuchEntity", 404, iam.attach_role_policy, RoleName="r", PolicyArn=elsewhere)
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=shared["Arn"])
    bounds = iam.get_role(RoleName="r")["Role"]["PermissionsBoundary"]
    assert bounds["PermissionsBoundaryArn"] == shared["Arn"], bounds
    refused("NoSuchEntity", 404, iam.put_role_permissions_boundary, "Scope ARN", RoleName="r", PermissionsBoundary=none)
    seen = iam.get_policy(PolicyArn=shared["Arn"])["Policy"]
    assert (seen["AttachmentCount"], seen["PermissionsBoundaryUsageCount"]) == (1, 1), seen
    refused("DeleteConflict", 409, iam.delete_policy, "attached to entities", PolicyArn=shared["Arn"])
    refused("DeleteConflict", 409, iam.delete_role, "must detach all policies first", RoleName="r")
    iam.delete_role_permissions_boundary(RoleName="r")
    for arn in [BASIC, shared["Arn"]]:
        iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    for number in range(25):
        iam.attach_role_policy(RoleName="r", PolicyArn=f"arn:aws:iam::aws:policy/P{number}")
    more = "arn:aws:iam::aws:policy/P25"
    refused("LimitExceeded", 409, iam.attach_role_policy, "PoliciesPerRole", RoleName="r", PolicyArn=more)
    delete_role("r")
    iam.delete_policy(PolicyArn=shared["Arn"])


def policies():
    tags = [{"Key": "team", "Value": "a"}]
    made = create_policy("deploy", Path="/team/", Description="deploys", Tags=tags)
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/team/deploy" and made["PolicyId"].startswith("ANPA"), made
    iam.get_waiter("policy_exists").wait(PolicyArn=arn, WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    found = iam.get_policy(PolicyArn=arn)["Policy"]
    for member, expected in [("PolicyName", "deploy"), ("Path", "/team/"), ("DefaultVersionId", "v1"), ("Tags", tags),
                             ("AttachmentCount", 0), ("IsAttachable", True), ("Description", "deploys")]:
        assert found[member] == expected, (member, found)
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == ALLOW and version["IsDefaultVersion"], version

    other = {**ALLOW, "Statement": {**ALLOW["Statement"][0], "Effect": "Deny"}}
    new = {"PolicyArn": arn, "PolicyDocument": json.dumps(other)}
    assert iam.create_policy_version(**new, SetAsDefault=True)["PolicyVersion"]["VersionId"] == "v2"
    for number in [3, 4, 5]:
        assert iam.create_policy_version(**new)["PolicyVersion"]["VersionId"] == f"v{number}"
    refused("LimitExceeded", 409, iam.create_policy_version, "up to 5 versions", **new)
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 3})
    versions = [[version["VersionId"] for version in page["Versions"]] for page in pages]
    assert versions == [["v5", "v4", "v3"], ["v2", "v1"]], versions
    refused("DeleteConflict", 409, iam.delete_policy_version, "default version", PolicyArn=arn, VersionId="v2")
    refused("DeleteConflict", 409, iam.delete_policy, "more than one version", PolicyArn=arn)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v3")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    for version in ["v1", "v2", "v4", "v5"]:
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    for call in [iam.get_policy_version, iam.delete_policy_version, iam.set_default_policy_version]:
        refused("NoSuchEntity", 404, call, "version v1 does not exist", PolicyArn=arn, VersionId="v1")
    refused("ValidationError", 400, iam.get_policy_version, "'versionId'", PolicyArn=arn, VersionId="1")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "stage", "Value": "dev"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["team"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "stage", "Value": "dev"}]

    refused("EntityAlreadyExists", 409, create_policy, "A policy called deploy already exists.", name="deploy")
    for name in ["p-1", "p-2"]:
        create_policy(name)
    pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2})
    assert [[policy["PolicyName"] for policy in page["Policies"]] for page in pages] == [["deploy", "p-1"], ["p-2"]]
    for count, arguments in [
        (3, {"Scope": "Local"}), (0, {"Scope": "AWS"}), (1, {"PathPrefix": "/team/"}), (0, {"OnlyAttached": True}),
        (0, {"PolicyUsageFilter": "PermissionsBoundary"}),
    ]:
        assert len(iam.list_policies(**arguments)["Policies"]) == count, arguments
    for text, document in [
        ("must be version 2012-10-17", {"Statement": ALLOW["Statement"]}),
        ("must be in ARN format", {**ALLOW, "Statement": {**ALLOW["Statement"][0], "Resource": "bucket"}}),
        ("must be unique", {**ALLOW, "Statement": ALLOW["Statement"] * 2}),
    ]:
        refused("MalformedPolicyDocument", 400, create_policy, text, name="x", document=document)
    long = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Sid": "a" * 6144}]}
    refused("LimitExceeded", 409, create_policy, "PolicySize", name="x", document=long)
    for none in [f"arn:aws:iam::{ACCOUNT}:policy/none", f"arn:aws:iam::{ACCOUNT}:policy/deploy", BASIC]:
        for call in [iam.get_policy, iam.delete_policy, iam.list_policy_versions, iam.list_policy_tags]:
            refused("NoSuchEntity", 404, call, f"Policy {none} was not found.", PolicyArn=none)
    for policy in iam.list_policies()["Policies"]:
        iam.delete_policy(PolicyArn=policy["Arn"])
    assert iam.list_policies()["Policies"] == []


def users():
    user = iam.get_user()["User"]
    assert user["Arn"] == sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{ACCESS_KEY}", user
    age = datetime.datetime.now(datetime.timezone.utc) - user["CreateDate"]
    assert -5 < age.total_seconds() < 3600, user
    assert iam.get_user(UserName=ACCESS_KEY)["User"] == user
    refused("NoSuchEntity", 404, iam.get_user, "The user with name bob cannot be found.", UserName="bob")


def assume(role="session", **more):
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return sts.assume_role(RoleArn=arn, RoleSessionName="me", **more)


def keys(assumed):
    credentials = assumed["Credentials"]
    return credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]


def sealed(token, **changes):
    """The token with something else said, as only the node could seal it."""
    said = base64.urlsafe_b64decode(token.split(".")[0] + "==")
    said = json.dumps({**json.loads(said), **changes}).encode()
    with open(os.path.join(DATA, "access-key-seed"), "rb") as file:
        seed = file.read()
    code = hmac.new(seed, b"lambent session token\0" + said, hashlib.sha256).digest()
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [said, code])
    secret = hmac.new(seed, b"lambent session secret\0" + token.encode(), hashlib.sha256).digest()
    return token, "lsk_" + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def temporary_keys():
    role = create_role("session", MaxSessionDuration=7200)
    assumed = assume(DurationSeconds=900)
    who = assumed["AssumedRoleUser"]
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/session/me", who
    assert who["AssumedRoleId"] == f"{role['RoleId']}:me", who
    left = assumed["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 880 < left.total_seconds() <= 901, left
    key, secret, token = keys(assumed)
    assert key.startswith("ASIA") and len(key) == 20, key
    identity = client("sts", key, secret, token).get_caller_identity()
    assert (identity["Arn"], identity["UserId"], identity["Account"]) == (who["Arn"], who["AssumedRoleId"], ACCOUNT)

    # They open every door of AWS's.
    doors = [
        ("sts", "get_caller_identity", {}), ("iam", "list_roles", {}), ("lambda", "list_functions", {}),
        ("sqs", "list_queues", {}), ("s3", "list_buckets", {}), ("scheduler", "list_schedules", {}),
        ("logs", "describe_log_groups", {}),
    ]
    for service, operation, arguments in doors:
        getattr(client(service, key, secret, token), operation)(**arguments)
    # By the code that the service's protocol has for it: those of JSON say that of forms beside.
    codes = {
        "s3": ("InvalidToken", "ExpiredToken", 400),
        "lambda": ("UnrecognizedClientException", "ExpiredTokenException", 403),
        "scheduler": ("UnrecognizedClientException", "ExpiredTokenException", 403),
    }
    old, old_secret = sealed(token, expires="2026-01-01T00:00:00Z")
    other = keys(assume())[2]
    changed = token[:9] + ("A" if token[9] != "A" else "B") + token[10:]
    for service, operation, arguments in doors:
        invalid, over, status = codes.get(service, ("InvalidClientTokenId", "ExpiredToken", 403))
        ask = lambda secret, token: getattr(client(service, key, secret, token), operation)
        refused("InvalidAccessKeyId" if service == "s3" else invalid, 403, ask(secret, None), **arguments)
        for wrong in [other, changed, "x", "a.b"]:
            refused(invalid, status, ask(secret, wrong), **arguments)
        refused(over, status, ask(old_secret, old), "expired", **arguments)
    refused("SignatureDoesNotMatch", 403, client("sts", key, "guessed", token).get_caller_identity)

    # In a URL that is signed beforehand, and in a form.
    s3 = client("s3", key, secret, token)
    s3.create_bucket(Bucket="session", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="session", Key="k", Body=b"v")
    signed = boto3.client(
        "s3", endpoint_url=ENDPOINT, region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key=secret,
        aws_session_token=token, config=Config(signature_version="s3v4"))
    url = signed.generate_presigned_url("get_object", Params={"Bucket": "session", "Key": "k"})
    with urllib.request.urlopen(url, timeout=30) as reply:
        assert reply.read() == b"v"
    for wrong in [url.replace(token, other), url.replace("X-Amz-Security-Token", "X-Amz-Other")]:
        try:
            urllib.request.urlopen(wrong, timeout=30)
            raise AssertionError("a URL with another token was taken")
        except urllib.error.HTTPError as error:
            assert error.code in (400, 403), error
    post = signed.generate_presigned_post("session", "form")
    assert post["fields"]["x-amz-security-token"] == token, post
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in post["fields"].items()]
    parts.append('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nformed\r\n--b--\r\n')
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    form = urllib.request.Request(post["url"], data="".join(parts).encode(), headers=headers)
    with urllib.request.urlopen(form, timeout=30) as reply:
        assert reply.status in (200, 204), reply.status
    assert s3.get_object(Bucket="session", Key="form")["Body"].read() == b"formed"
    for name in ["k", "form"]:
        s3.delete_object(Bucket="session", Key=name)
    s3.delete_bucket(Bucket="session")

    # They are no users, and open nothing of the node's own.
    refused("ValidationError", 400, client("iam", key, secret, token).get_user, "userName")
    request = urllib.request.Request(ENDPOINT + "/v1/functions", headers={"Authorization": f"Bearer {secret}"})
    try:
        urllib.request.urlopen(request, timeout=30)
        raise AssertionError("the native API took the secret of a session")
    except urllib.error.HTTPError as error:
        assert error.code == 401, error


def what_is_wrong_with_a_session():
    refused("ValidationError", 400, assume, "'durationSeconds'", DurationSeconds=899)
    refused("ValidationError", 400, assume, "'durationSeconds'", DurationSeconds=43201)
    refused("ValidationError", 400, assume, "MaxSessionDuration set for this role", DurationSeconds=7201)
    arn = f"arn:aws:iam::{ACCOUNT}:role/session"
    for text, name in [("greater than or equal to 2", "x"), ("less than or equal to 64", "x" * 65), ("pattern", "a b")]:
        refused("ValidationError", 400, sts.assume_role, text, RoleArn=arn, RoleSessionName=name)
    for arn in [f"arn:aws:iam::{ACCOUNT}:role/none", "arn:aws:iam::123456789012:role/session"]:
        told = f"user/{ACCESS_KEY} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        refused("AccessDenied", 403, sts.assume_role, told, RoleArn=arn, RoleSessionName="me")
    refused("ValidationError", 400, sts.assume_role, "is invalid", RoleArn="arn:aws:s3:::some-bucket", RoleSessionName="me")
    # What is asked to be less cannot be given, and is not given in full.
    refused("NotImplemented", 501, assume, "session policy", Policy=json.dumps(ALLOW))
    refused("NotImplemented", 501, assume, "session policy", PolicyArns=[{"arn": BASIC}])

    # Keys that are taken with temporary ones are theirs: they end when these do.
    first = assume(DurationSeconds=900)
    chained = client("sts", *keys(first))
    arn = f"arn:aws:iam::{ACCOUNT}:role/session"
    next_ = chained.assume_role(RoleArn=arn, RoleSessionName="next", DurationSeconds=3600)
    assert next_["Credentials"]["Expiration"] == first["Credentials"]["Expiration"], next_
    refused("ValidationError", 400, chained.assume_role, "role chaining", RoleArn=arn, RoleSessionName="next", DurationSeconds=3601)
    assert client("sts", *keys(next_)).get_caller_identity()["Arn"].endswith(":assumed-role/session/next")

    # They end with the key that they were taken with, and with their role.
    namespace = native("GET", f"/v1/access-keys/{ACCESS_KEY}", namespace="team")["namespace"]
    made = native("POST", "/v1/access-keys", {"description": "second"}, namespace=namespace)
    second = client("sts", made["id"], made["secret"])
    taken = keys(second.assume_role(RoleArn=arn, RoleSessionName="me"))
    assert client("sts", *taken).get_caller_identity()["Account"] == ACCOUNT
    native("DELETE", f"/v1/access-keys/{made['id']}", namespace=namespace)
    refused("InvalidClientTokenId", 403, client("sts", *taken).get_caller_identity)
    refused("InvalidToken", 400, client("s3", *taken).list_buckets)
    taken = keys(first)
    iam.delete_role(RoleName="session")
    refused("InvalidClientTokenId", 403, client("sts", *taken).get_caller_identity)
    create_role("session")
    refused("InvalidClientTokenId", 403, client("sts", *taken).get_caller_identity)
    iam.delete_role(RoleName="session")


def a_day():
    """What tools do: a role, a policy, a function, keys in the role's name, a call; and all taken down."""
    role = create_role("lambda-ex", Tags=[{"Key": "made-by", "Value": "a tool"}])
    iam.get_waiter("role_exists").wait(RoleName="lambda-ex", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    iam.attach_role_policy(RoleName="lambda-ex", PolicyArn=BASIC)
    with open(COMPONENT, "rb") as file:
        code = file.read()
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as out:
        out.writestr("function.wasm", code)
    made = client("lambda").create_function(
        FunctionName="day", Role=role["Arn"], Runtime="provided.al2023", Handler="h",
        Code={"ZipFile": package.getvalue()})
    assert (made["Role"], made["FunctionArn"].split(":")[4]) == (role["Arn"], ACCOUNT), made
    lambda_ = client("lambda", *keys(assume("lambda-ex")))
    lambda_.get_waiter("function_active_v2").wait(FunctionName="day")
    answer = lambda_.invoke(FunctionName=made["FunctionArn"], Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read())["data"] == {"a": 1}, answer
    lambda_.delete_function(FunctionName="day")
    refused("DeleteConflict", 409, iam.delete_role, RoleName="lambda-ex")
    delete_role("lambda-ex")
    refused("NoSuchEntity", 404, iam.get_role, RoleName="lambda-ex")
    assert iam.list_roles()["Roles"] == []


if __name__ == "__main__":
    for test in [
        roles, what_is_wrong_with_a_role, policies_of_a_role, policies, users, temporary_keys,
        what_is_wrong_with_a_session, a_day,
    ]:
        test()
        print(f"{test.__name__} ok", flush=True)
    print("all of IAM and STS")
