"""Secrets Manager over the secrets of a namespace, with boto3 as PyPI has it.

Run as `secretsmanager.py URL ACCESS_KEY SECRET ROTATES FAILS OTHER_KEY OTHER_SECRET`: two functions, of which one
succeeds whatever it is sent and the other fails, and a key of another namespace. Values have PLAIN in them,
which is searched for afterwards where it must not be.
"""

import json
import re
import string
import sys
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, ROTATES, FAILS, OTHER_KEY, OTHER_SECRET = sys.argv[1:8]
PLAIN = "plain-text-of-a-test"
DONE = []


def client(service, key=ACCESS_KEY, secret=SECRET):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )


secrets = client("secretsmanager")
other = client("secretsmanager", OTHER_KEY, OTHER_SECRET)
ACCOUNT = client("sts").get_caller_identity()["Account"]


def refused(code, call, text="", status=400, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], (code, error.response)
        assert PLAIN not in str(error.response), error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return
    raise AssertionError(f"not refused: {arguments}")


def test(function):
    function()
    DONE.append(function.__name__)


def value(name, **which):
    return secrets.get_secret_value(SecretId=name, **which)["SecretString"]


def stages(name):
    listed = secrets.describe_secret(SecretId=name).get("VersionIdsToStages", {})
    return {stage: version for version, all in listed.items() for stage in all}


@test
def a_secret_is_created_and_read_by_name_and_by_arn():
    made = secrets.create_secret(
        Name="prod/db/password", SecretString=f"{PLAIN} 1", Description="the database",
        KmsKeyId="alias/mine", Tags=[{"Key": "team", "Value": "a"}],
    )
    arn = made["ARN"]
    assert re.fullmatch(
        rf"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:prod/db/password-[A-Za-z0-9]{{6}}", arn
    ), arn
    partial = arn[:-7]
    for name in ["prod/db/password", arn, partial]:
        found = secrets.get_secret_value(SecretId=name)
        assert found["SecretString"] == f"{PLAIN} 1" and found["ARN"] == arn, found
        assert found["VersionId"] == made["VersionId"] and found["VersionStages"] == ["AWSCURRENT"]
        assert found["Name"] == "prod/db/password" and found["CreatedDate"].year >= 2020
    known = secrets.describe_secret(SecretId=arn)
    assert known["Description"] == "the database" and known["KmsKeyId"] == "alias/mine", known
    assert known["Tags"] == [{"Key": "team", "Value": "a"}], known
    assert known["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}, known
    assert "SecretString" not in known and "DeletedDate" not in known, known
    binary = bytes(range(256))
    secrets.create_secret(Name="binary", SecretBinary=binary)
    assert secrets.get_secret_value(SecretId="binary")["SecretBinary"] == binary
    # One without a value has none yet.
    empty = secrets.create_secret(Name="empty")
    assert "VersionId" not in empty, empty
    refused("ResourceNotFoundException", secrets.get_secret_value, "staging label: AWSCURRENT", SecretId="empty")
    secrets.put_secret_value(SecretId="empty", SecretString=PLAIN, VersionStages=["mine"])
    assert value("empty") == PLAIN


@test
def what_is_wrong_is_told_as_aws_tells_it():
    missing = "Secrets Manager can't find the specified secret."
    for name in ["nowhere", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:nowhere-abcdef",
                 "arn:aws:secretsmanager:eu-west-1:111111111111:secret:prod/db/password",
                 f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:prod/db/password-abcdef",
                 "arn:aws:s3:::bucket", "prod/db/Password"]:
        refused("ResourceNotFoundException", secrets.get_secret_value, missing, SecretId=name)
        refused("ResourceNotFoundException", secrets.describe_secret, missing, SecretId=name)
    refused("ResourceExistsException", secrets.create_secret, "already exists",
            Name="prod/db/password", SecretString=PLAIN)
    refused("ValidationException", secrets.create_secret, "Invalid name", Name="a b", SecretString=PLAIN)
    refused("InvalidParameterException", secrets.create_secret, "both",
            Name="x", SecretString=PLAIN, SecretBinary=b"x")
    refused("InvalidParameterException", secrets.create_secret, "65536",
            Name="x", SecretString=PLAIN + "x" * 65_536)
    refused("InvalidParameterException", secrets.create_secret, "aws:",
            Name="x", SecretString=PLAIN, Tags=[{"Key": "aws:x", "Value": ""}])
    refused("InvalidRequestException", secrets.put_secret_value, "SecretString", SecretId="prod/db/password")
    refused("ResourceNotFoundException", secrets.get_secret_value, "staging label: other",
            SecretId="prod/db/password", VersionStage="other")
    refused("ResourceNotFoundException", secrets.get_secret_value, "VersionId",
            SecretId="prod/db/password", VersionId=str(uuid.uuid4()))
    refused("LimitExceededException", secrets.tag_resource, "",
            SecretId="prod/db/password", Tags=[{"Key": str(n), "Value": ""} for n in range(60)])
    refused("NotImplemented", secrets.replicate_secret_to_regions, "does not serve", 501,
            SecretId="prod/db/password", AddReplicaRegions=[{"Region": "us-east-1"}])


@test
def versions_have_labels():
    first = secrets.create_secret(Name="versions", SecretString=f"{PLAIN} one")["VersionId"]
    second = secrets.put_secret_value(SecretId="versions", SecretString=f"{PLAIN} two")
    assert second["VersionStages"] == ["AWSCURRENT"], second
    second = second["VersionId"]
    assert stages("versions") == {"AWSCURRENT": second, "AWSPREVIOUS": first}
    assert value("versions", VersionStage="AWSPREVIOUS") == f"{PLAIN} one"
    assert value("versions", VersionId=first) == f"{PLAIN} one"
    pending = secrets.put_secret_value(
        SecretId="versions", SecretString=f"{PLAIN} three", VersionStages=["AWSPENDING", "mine"],
    )["VersionId"]
    assert value("versions") == f"{PLAIN} two"
    refused("InvalidRequestException", secrets.get_secret_value, "VersionStage",
            SecretId="versions", VersionId=first, VersionStage="AWSCURRENT")
    move = secrets.update_secret_version_stage
    refused("InvalidParameterException", move, "RemoveFromVersionId can't be empty",
            SecretId="versions", VersionStage="AWSCURRENT", MoveToVersionId=pending)
    refused("InvalidParameterException", move, "not found in version",
            SecretId="versions", VersionStage="AWSCURRENT", MoveToVersionId=pending, RemoveFromVersionId=first)
    refused("InvalidParameterException", move, "removed",
            SecretId="versions", VersionStage="AWSCURRENT", RemoveFromVersionId=second)
    move(SecretId="versions", VersionStage="AWSCURRENT", MoveToVersionId=pending, RemoveFromVersionId=second)
    assert stages("versions") == {
        "AWSCURRENT": pending, "AWSPREVIOUS": second, "AWSPENDING": pending, "mine": pending,
    }
    move(SecretId="versions", VersionStage="mine", RemoveFromVersionId=pending)
    updated = secrets.update_secret(SecretId="versions", SecretString=f"{PLAIN} four", Description="d")
    assert value("versions") == f"{PLAIN} four" and updated["VersionId"] not in (first, second, pending)
    assert "VersionId" not in secrets.update_secret(SecretId="versions", Description="other")
    assert secrets.describe_secret(SecretId="versions")["Description"] == "other"
    page = secrets.list_secret_version_ids(SecretId="versions", MaxResults=1)
    assert len(page["Versions"]) == 1, page
    rest = secrets.list_secret_version_ids(SecretId="versions", MaxResults=1, NextToken=page["NextToken"])
    assert "NextToken" not in rest, rest
    shown = {version["VersionId"] for version in page["Versions"] + rest["Versions"]}
    assert shown == {updated["VersionId"], pending}, shown
    all = secrets.list_secret_version_ids(SecretId="versions", IncludeDeprecated=True)["Versions"]
    assert {version["VersionId"] for version in all} == {first, second, pending, updated["VersionId"]}


@test
def a_request_that_is_sent_again_is_known():
    token = str(uuid.uuid4())
    once = secrets.create_secret(Name="again", SecretString=PLAIN, ClientRequestToken=token)
    again = secrets.create_secret(Name="again", SecretString=PLAIN, ClientRequestToken=token)
    assert once["ARN"] == again["ARN"] and again["VersionId"] == token
    refused("ResourceExistsException", secrets.create_secret, token,
            Name="again", SecretString=f"{PLAIN} other", ClientRequestToken=token)
    put = {"SecretId": "again", "SecretString": f"{PLAIN} 2", "ClientRequestToken": str(uuid.uuid4())}
    assert secrets.put_secret_value(**put)["VersionId"] == secrets.put_secret_value(**put)["VersionId"]
    refused("ResourceExistsException", secrets.put_secret_value, "already in use",
            **{**put, "SecretString": f"{PLAIN} 3"})
    assert len(stages("again")) == 2


@test
def lists_are_filtered_and_have_pages():
    for number in range(12):
        secrets.create_secret(
            Name=f"list/{number:02}", SecretString=PLAIN, Description="of the Main list" if number == 3 else "",
            Tags=[{"Key": "number", "Value": f"n{number}"}],
        )

    def names(filters, **more):
        pages = secrets.get_paginator("list_secrets").paginate(
            Filters=[{"Key": key, "Values": values} for key, values in filters], **more,
        )
        return [secret["Name"] for page in pages for secret in page["SecretList"]]

    all = [f"list/{number:02}" for number in range(12)]
    assert names([("name", ["list/"])]) == all
    assert names([("name", ["list/"])], PaginationConfig={"PageSize": 5}) == all
    assert names([("name", ["list/", "!list/0"])]) == ["list/10", "list/11"]
    assert names([("name", ["list/"]), ("tag-value", ["n3"])]) == ["list/03"]
    assert names([("description", ["main"])]) == ["list/03"]
    assert names([("all", ["MAIN list"])]) == ["list/03"]
    assert names([("tag-key", ["numb"])]) == all and names([("tag-key", ["Numb"])]) == []
    assert names([("owning-service", ["rds"])]) == []
    refused("ValidationException", secrets.list_secrets, "enum value set", Filters=[{"Key": "x", "Values": ["y"]}])
    refused("InvalidParameterException", secrets.list_secrets, "by name", SortOrder="desc")
    refused("InvalidNextTokenException", secrets.list_secrets, "", NextToken="*")
    entry = secrets.list_secrets(Filters=[{"Key": "name", "Values": ["versions"]}])["SecretList"][0]
    assert set(stages("versions").values()) == set(entry["SecretVersionsToStages"]), entry
    some = secrets.batch_get_secret_value(SecretIdList=["list/01", "nowhere", "binary"])
    assert [found["Name"] for found in some["SecretValues"]] == ["list/01", "binary"], some
    assert some["Errors"][0]["ErrorCode"] == "ResourceNotFoundException", some
    page = secrets.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["list/"]}], MaxResults=10)
    assert len(page["SecretValues"]) == 10 and page["SecretValues"][0]["SecretString"] == PLAIN
    rest = secrets.batch_get_secret_value(
        Filters=[{"Key": "name", "Values": ["list/"]}], MaxResults=10, NextToken=page["NextToken"],
    )
    assert len(rest["SecretValues"]) == 2 and "NextToken" not in rest
    refused("InvalidParameterException", secrets.batch_get_secret_value, "not both",
            SecretIdList=["binary"], Filters=[{"Key": "name", "Values": ["x"]}])


@test
def secrets_are_deleted_and_restored():
    secrets.create_secret(Name="deleted", SecretString=PLAIN)
    gone = secrets.delete_secret(SecretId="deleted", RecoveryWindowInDays=7)["DeletionDate"]
    known = secrets.describe_secret(SecretId="deleted")
    assert abs((gone - known["DeletedDate"]).total_seconds() - 7 * 86_400) < 1, known
    marked = "marked for deletion"
    refused("InvalidRequestException", secrets.get_secret_value, marked, SecretId="deleted")
    refused("InvalidRequestException", secrets.put_secret_value, marked, SecretId="deleted", SecretString=PLAIN)
    refused("InvalidRequestException", secrets.update_secret, marked, SecretId="deleted", Description="x")
    refused("InvalidRequestException", secrets.tag_resource, marked, SecretId="deleted", Tags=[])
    refused("InvalidRequestException", secrets.delete_secret, "already scheduled", SecretId="deleted")
    refused("InvalidRequestException", secrets.create_secret, "already scheduled",
            Name="deleted", SecretString=PLAIN)
    one = [{"Key": "name", "Values": ["deleted"]}]
    assert secrets.list_secrets(Filters=one)["SecretList"] == []
    assert len(secrets.list_secrets(Filters=one, IncludePlannedDeletion=True)["SecretList"]) == 1
    secrets.restore_secret(SecretId="deleted")
    assert value("deleted") == PLAIN
    secrets.restore_secret(SecretId="deleted")
    for days, at_once in [(6, None), (31, None), (7, True)]:
        more = {"ForceDeleteWithoutRecovery": at_once} if at_once else {}
        refused("InvalidParameterException", secrets.delete_secret, "RecoveryWindowInDays",
                SecretId="deleted", RecoveryWindowInDays=days, **more)
    old = secrets.delete_secret(SecretId="deleted", ForceDeleteWithoutRecovery=True)["ARN"]
    refused("ResourceNotFoundException", secrets.restore_secret, "", SecretId="deleted")
    secrets.delete_secret(SecretId="deleted", ForceDeleteWithoutRecovery=True)
    assert secrets.create_secret(Name="deleted", SecretString=PLAIN)["ARN"] != old
    refused("ResourceNotFoundException", secrets.get_secret_value, "", SecretId=old)


@test
def labels_and_policies_are_kept():
    secrets.tag_resource(SecretId="binary", Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    secrets.tag_resource(SecretId="binary", Tags=[{"Key": "a", "Value": "3"}])
    secrets.untag_resource(SecretId="binary", TagKeys=["A"])
    assert secrets.describe_secret(SecretId="binary")["Tags"] == [{"Key": "a", "Value": "3"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    secrets.put_resource_policy(SecretId="binary", ResourcePolicy=policy)
    assert secrets.get_resource_policy(SecretId="binary")["ResourcePolicy"] == policy
    refused("InvalidParameterException", secrets.put_resource_policy, "JSON", SecretId="binary", ResourcePolicy="x")
    secrets.delete_resource_policy(SecretId="binary")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="binary")


@test
def passwords_are_of_chance():
    made = secrets.get_random_password()["RandomPassword"]
    assert len(made) == 32 and made != secrets.get_random_password()["RandomPassword"]
    made = secrets.get_random_password(PasswordLength=4)["RandomPassword"]
    for kind in [string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation]:
        assert any(letter in kind for letter in made), made
    made = secrets.get_random_password(
        PasswordLength=200, ExcludePunctuation=True, ExcludeUppercase=True, ExcludeNumbers=True,
        ExcludeCharacters="abc", IncludeSpace=True,
    )["RandomPassword"]
    assert set(made) <= set(string.ascii_lowercase[3:] + " ") and " " in made, made
    refused("InvalidParameterException", secrets.get_random_password, "too short", PasswordLength=3)
    refused("ValidationException", secrets.get_random_password, "4096", PasswordLength=4_097)


@test
def a_function_rotates_a_secret():
    def of(function):
        return f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{function}"

    first = secrets.create_secret(Name="rotated", SecretString=f"{PLAIN} 1")["VersionId"]
    refused("InvalidRequestException", secrets.rotate_secret, "ARN", SecretId="rotated")
    refused("ResourceNotFoundException", secrets.rotate_secret, "",
            SecretId="rotated", RotationLambdaARN=of("nowhere"))
    refused("InvalidRequestException", secrets.cancel_rotate_secret, "", SecretId="rotated")
    refused("InvalidParameterException", secrets.rotate_secret, "not both", SecretId="rotated",
            RotationLambdaARN=of(ROTATES),
            RotationRules={"AutomaticallyAfterDays": 3, "ScheduleExpression": "rate(3 days)"})
    rules = {"AutomaticallyAfterDays": 30}
    secrets.rotate_secret(
        SecretId="rotated", RotationLambdaARN=of(ROTATES), RotationRules=rules, RotateImmediately=False,
    )
    assert stages("rotated") == {"AWSCURRENT": first}
    # A function that does nothing: the version that it was to give a value has none.
    token = str(uuid.uuid4())
    begun = secrets.rotate_secret(SecretId="rotated", ClientRequestToken=token)
    assert begun["VersionId"] == token and stages("rotated") == {"AWSCURRENT": first, "AWSPENDING": token}
    known = secrets.describe_secret(SecretId="rotated")
    assert known["RotationEnabled"] and known["RotationLambdaARN"] == of(ROTATES), known
    assert known["RotationRules"] == rules and "LastRotatedDate" in known, known
    refused("ResourceNotFoundException", secrets.get_secret_value, "AWSPENDING",
            SecretId="rotated", VersionStage="AWSPENDING")
    refused("InvalidParameterException", secrets.update_secret_version_stage, "no value", SecretId="rotated",
            VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=first)
    # A rotation that was not finished is tried again.
    assert secrets.rotate_secret(SecretId="rotated")["VersionId"] == token
    secrets.put_secret_value(
        SecretId="rotated", SecretString=f"{PLAIN} 2", ClientRequestToken=token, VersionStages=["AWSPENDING"],
    )
    assert value("rotated") == f"{PLAIN} 1"
    secrets.update_secret_version_stage(
        SecretId="rotated", VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=first,
    )
    assert value("rotated") == f"{PLAIN} 2" and value("rotated", VersionStage="AWSPREVIOUS") == f"{PLAIN} 1"
    refused("InvalidRequestException", secrets.rotate_secret, "step createSecret",
            SecretId="rotated", RotationLambdaARN=of(FAILS))
    assert value("rotated") == f"{PLAIN} 2"
    secrets.cancel_rotate_secret(SecretId="rotated")
    assert not secrets.describe_secret(SecretId="rotated")["RotationEnabled"]


@test
def another_namespace_sees_nothing():
    arn = secrets.describe_secret(SecretId="prod/db/password")["ARN"]
    account = client("sts", OTHER_KEY, OTHER_SECRET).get_caller_identity()["Account"]
    for name in ["prod/db/password", arn, arn[:-7], arn.replace(ACCOUNT, account), arn[:-7].replace(ACCOUNT, account)]:
        for call in [other.get_secret_value, other.describe_secret, other.restore_secret, other.delete_secret]:
            refused("ResourceNotFoundException", call, "", SecretId=name)
    assert other.list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    other.create_secret(Name="prod/db/password", SecretString=f"{PLAIN} theirs")
    assert value("prod/db/password") == f"{PLAIN} 1"


print(f"all of {len(DONE)} tests passed")
