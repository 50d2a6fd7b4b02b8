"""Parameter Store over the parameters of a namespace, with boto3 as PyPI has it.

Run as `parameters.py URL ACCESS_KEY SECRET OTHER_KEY OTHER_SECRET`, with a key of another namespace. Values have
PLAIN in them, which is searched for afterwards where it must not be.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, OTHER_KEY, OTHER_SECRET = sys.argv[1:6]
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


ssm = client("ssm")
other = client("ssm", OTHER_KEY, OTHER_SECRET)
ACCOUNT = client("sts").get_caller_identity()["Account"]


def refused(code, call, text="", **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], (code, error.response)
        assert PLAIN not in str(error.response), error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        return
    raise AssertionError(f"not refused: {arguments}")


def test(function):
    function()
    DONE.append(function.__name__)


def put(name, value=PLAIN, kind="String", **more):
    return ssm.put_parameter(Name=name, Value=value, Type=kind, **more)


def value(name, **more):
    return ssm.get_parameter(Name=name, **more)["Parameter"]["Value"]


@test
def parameters_are_put_and_read():
    made = put("/prod/db/host", f"{PLAIN} host", Description="where", Tags=[{"Key": "team", "Value": "a"}])
    assert (made["Version"], made["Tier"]) == (1, "Standard"), made
    found = ssm.get_parameter(Name="/prod/db/host")["Parameter"]
    arn = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/prod/db/host"
    shown = [found[name] for name in ["Name", "Type", "Value", "Version", "ARN", "DataType"]]
    assert shown == ["/prod/db/host", "String", f"{PLAIN} host", 1, arn, "text"], found
    assert value(arn) == f"{PLAIN} host"
    put("plain", f"{PLAIN} bare")
    assert value("plain") == f"{PLAIN} bare"
    assert value(f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/plain") == f"{PLAIN} bare"
    put("list", "a,b,c", "StringList")
    assert value("list") == "a,b,c"
    put("/prod/db/password", f"{PLAIN} secret", "SecureString")
    assert value("/prod/db/password", WithDecryption=True) == f"{PLAIN} secret"
    sealed = value("/prod/db/password")
    assert PLAIN not in sealed and sealed, sealed
    some = ssm.get_parameters(
        Names=["plain", "nowhere", "/prod/db/password:1", "plain:7", "plain:label"], WithDecryption=True,
    )
    assert [found["Value"] for found in some["Parameters"]] == [f"{PLAIN} bare", f"{PLAIN} secret"], some
    assert some["Parameters"][1]["Selector"] == ":1", some
    assert some["InvalidParameters"] == ["nowhere", "plain:7", "plain:label"], some


@test
def what_is_wrong_is_told_as_aws_tells_it():
    refused("ParameterAlreadyExists", ssm.put_parameter, "overwrite", Name="plain", Value=PLAIN, Type="String")
    refused("ValidationException", ssm.put_parameter, "type is required", Name="new", Value=PLAIN)
    refused("ValidationException", ssm.put_parameter, "enum value set", Name="new", Value=PLAIN, Type="Text")
    refused("ValidationException", ssm.put_parameter, "4096", Name="new", Value=PLAIN + "x" * 4_096, Type="String",
            Tier="Standard")
    refused("ValidationException", ssm.put_parameter, "aws", Name="aws-mine", Value=PLAIN, Type="String")
    refused("ValidationException", ssm.put_parameter, "ssm", Name="/ssm/mine", Value=PLAIN, Type="String")
    refused("AccessDeniedException", ssm.put_parameter, "reserved", Name="/aws/mine", Value=PLAIN, Type="String")
    refused("ValidationException", ssm.put_parameter, "sub-path", Name="a/b", Value=PLAIN, Type="String")
    refused("HierarchyLevelLimitExceededException", ssm.put_parameter, "15", Name="/a" * 16, Value=PLAIN,
            Type="String")
    refused("ValidationException", ssm.put_parameter, "together", Name="plain", Value=PLAIN, Overwrite=True,
            Tags=[{"Key": "a", "Value": "b"}])
    refused("ValidationException", ssm.put_parameter, "data type", Name="new", Value=PLAIN, Type="String",
            DataType="other")
    refused("ParameterPatternMismatchException", ssm.put_parameter, "allowedPattern", Name="new", Value=PLAIN,
            Type="String", AllowedPattern="[0-9]+")
    refused("InvalidAllowedPatternException", ssm.put_parameter, "", Name="new", Value=PLAIN, Type="String",
            AllowedPattern="(")
    for call in [ssm.get_parameter, ssm.delete_parameter, ssm.get_parameter_history]:
        refused("ParameterNotFound", call, "nowhere", Name="nowhere")
    refused("ParameterNotFound", ssm.get_parameter, "", Name="plain:label")
    refused("ParameterVersionNotFound", ssm.get_parameter, "version 7 of plain", Name="plain:7")
    refused("ParameterNotFound", ssm.get_parameter, "",
            Name="arn:aws:ssm:eu-west-1:111111111111:parameter/plain")
    refused("ValidationException", ssm.get_parameters, "10", Names=[str(number) for number in range(11)])


@test
def versions_are_numbered_and_have_labels():
    for number in range(1, 6):
        kind = {"Type": "SecureString", "Description": "d"} if number == 1 else {"Overwrite": True}
        made = ssm.put_parameter(Name="/versions", Value=f"{PLAIN} {number}", **kind)
        assert made["Version"] == number, made
    done = ssm.label_parameter_version(Name="/versions", ParameterVersion=2, Labels=["prod", "9x", "aws-x"])
    assert done == {**done, "InvalidLabels": ["9x", "aws-x"], "ParameterVersion": 2}, done
    read = {"WithDecryption": True}
    assert value("/versions:prod", **read) == f"{PLAIN} 2" and value("/versions:3", **read) == f"{PLAIN} 3"
    assert ssm.label_parameter_version(Name="/versions", Labels=["prod"])["ParameterVersion"] == 5
    assert value("/versions:prod", **read) == f"{PLAIN} 5"
    refused("ParameterVersionLabelLimitExceeded", ssm.label_parameter_version, "10", Name="/versions",
            Labels=[f"l{number}" for number in range(10)])
    refused("ParameterVersionNotFound", ssm.label_parameter_version, "", Name="/versions", ParameterVersion=9,
            Labels=["x"])
    refused("ParameterNotFound", ssm.label_parameter_version, "", Name="nowhere", Labels=["x"])
    pages = ssm.get_paginator("get_parameter_history").paginate(
        Name="/versions", WithDecryption=True, PaginationConfig={"PageSize": 2},
    )
    past = [version for page in pages for version in page["Parameters"]]
    assert [version["Value"] for version in past] == [f"{PLAIN} {number}" for number in range(1, 6)], past
    assert [version["Version"] for version in past] == [1, 2, 3, 4, 5]
    assert past[4]["Labels"] == ["prod"] and past[4]["Description"] == "d", past[4]
    assert past[4]["LastModifiedUser"].startswith("arn:aws:iam::") and past[4]["KeyId"] == "alias/aws/ssm"
    sealed = ssm.get_parameter_history(Name="/versions")["Parameters"]
    assert PLAIN not in str(sealed)
    done = ssm.unlabel_parameter_version(Name="/versions", ParameterVersion=5, Labels=["prod", "x"])
    assert (done["RemovedLabels"], done["InvalidLabels"]) == (["prod"], ["x"]), done
    refused("ParameterNotFound", ssm.get_parameter, "", Name="/versions:prod")


@test
def parameters_are_found_by_their_path():
    names = [f"/tree/a/{number:02}" for number in range(12)] + ["/tree/a/deep/er", "/tree/b"]
    for name in names:
        put(name, f"{PLAIN} {name}", "SecureString" if name == "/tree/b" else "String")
    put("/treehouse", PLAIN)

    def found(path, **more):
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, **more)
        return [found["Name"] for page in pages for found in page["Parameters"]]

    assert found("/tree/a") == names[:12] and found("/tree/a/") == names[:12]
    assert found("/tree/a", PaginationConfig={"PageSize": 5}) == names[:12]
    assert found("/tree") == ["/tree/b"] and found("/tree", Recursive=True) == sorted(names)
    assert found("/nowhere", Recursive=True) == []
    assert {"plain", "/treehouse"} <= set(found("/")) and "/tree/b" not in found("/")
    assert found("/tree", Recursive=True, ParameterFilters=[{"Key": "Type", "Values": ["SecureString"]}]) == ["/tree/b"]
    one = ssm.get_parameters_by_path(Path="/tree")["Parameters"][0]
    assert PLAIN not in one["Value"], one
    one = ssm.get_parameters_by_path(Path="/tree", WithDecryption=True)["Parameters"][0]
    assert one["Value"] == f"{PLAIN} /tree/b", one
    refused("ValidationException", ssm.get_parameters_by_path, "forward slash", Path="tree")
    refused("ValidationException", ssm.get_parameters_by_path, "10", Path="/tree", MaxResults=11)
    refused("InvalidNextToken", ssm.get_parameters_by_path, "", Path="/tree", NextToken="*")
    refused("InvalidFilterKey", ssm.get_parameters_by_path, "Name", Path="/tree",
            ParameterFilters=[{"Key": "Name", "Values": ["x"]}])


@test
def parameters_are_listed_by_filters():
    def found(*filters, **more):
        filters = [dict(zip(["Key", "Option", "Values"], one)) for one in filters]
        pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=filters, **more)
        return [found["Name"] for page in pages for found in page["Parameters"]]

    all = found()
    assert found(PaginationConfig={"PageSize": 3}) == all and len(all) > 15
    assert found(("Name", "Equals", ["plain"])) == ["plain"]
    assert found(("Name", "BeginsWith", ["/tree/b"])) == ["/tree/b"]
    assert found(("Name", "Contains", ["deep"])) == ["/tree/a/deep/er"]
    assert found(("Path", "OneLevel", ["/tree"])) == ["/tree/b"]
    assert len(found(("Path", "Recursive", ["/tree"]))) == 14
    assert found(("Type", "Equals", ["StringList"])) == ["list"]
    assert found(("tag:team", "Equals", ["a"])) == ["/prod/db/host"]
    assert "/versions" in found(("KeyId", "Equals", ["alias/aws/ssm"]))
    assert found(("Tier", "Equals", ["Advanced"])) == []
    known = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["/prod/db/host"]}])["Parameters"][0]
    assert known["Description"] == "where" and "Value" not in known and known["Tier"] == "Standard", known
    old = ssm.describe_parameters(Filters=[{"Key": "Name", "Values": ["/tree/b"]}])["Parameters"]
    assert [found["Name"] for found in old] == ["/tree/b"]
    refused("ValidationException", ssm.describe_parameters, "regular expression",
            ParameterFilters=[{"Key": "Other", "Values": ["x"]}])
    refused("InvalidFilterOption", ssm.describe_parameters, "Recursive",
            ParameterFilters=[{"Key": "Path", "Option": "Equals", "Values": ["/a"]}])


@test
def tiers_patterns_and_tags():
    assert put("large", PLAIN + "x" * 5_000, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    refused("ValidationException", ssm.put_parameter, "downgrade", Name="large", Value=PLAIN, Overwrite=True,
            Tier="Standard")
    put("digits", "12", AllowedPattern="^[0-9]+$")
    refused("ParameterPatternMismatchException", ssm.put_parameter, "", Name="digits", Value=PLAIN, Overwrite=True)
    policy = json.dumps([{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2999-01-01T00:00:00Z"}}])
    put("policies", PLAIN, Tier="Advanced", Policies=policy)
    known = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["policies"]}])["Parameters"][0]
    assert known["Policies"][0]["PolicyType"] == "Expiration", known
    of = {"ResourceType": "Parameter", "ResourceId": "digits"}
    ssm.add_tags_to_resource(**of, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**of, TagKeys=["a", "c"])
    assert ssm.list_tags_for_resource(**of)["TagList"] == [{"Key": "b", "Value": "2"}]
    refused("InvalidResourceId", ssm.list_tags_for_resource, "", ResourceType="Parameter", ResourceId="nowhere")
    refused("InvalidResourceType", ssm.list_tags_for_resource, "", ResourceType="Document", ResourceId="x")
    refused("TooManyTagsError", ssm.add_tags_to_resource, "", **of,
            Tags=[{"Key": str(number), "Value": ""} for number in range(60)])


@test
def secrets_are_read_as_parameters():
    secrets = client("secretsmanager")
    arn = secrets.create_secret(Name="referenced/secret", SecretString=f"{PLAIN} of a secret")["ARN"]
    name = "/aws/reference/secretsmanager/referenced/secret"
    found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (found["Value"], found["Type"], found["ARN"]) == (f"{PLAIN} of a secret", "SecureString", arn), found
    assert json.loads(found["SourceResult"])["name"] == "referenced/secret", found
    refused("ValidationException", ssm.get_parameter, "WithDecryption", Name=name)
    refused("ParameterNotFound", ssm.get_parameter, "", Name=f"{name}x", WithDecryption=True)


@test
def parameters_are_deleted():
    put("gone", PLAIN)
    ssm.delete_parameter(Name="gone")
    refused("ParameterNotFound", ssm.get_parameter, "", Name="gone")
    put("gone", f"{PLAIN} again")
    assert value("gone") == f"{PLAIN} again" and value("gone:1") == f"{PLAIN} again"
    done = ssm.delete_parameters(Names=["gone", "nowhere", "list"])
    assert (done["DeletedParameters"], done["InvalidParameters"]) == (["gone", "list"], ["nowhere"]), done


@test
def another_namespace_sees_nothing():
    arn = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/prod/db/host"
    account = client("sts", OTHER_KEY, OTHER_SECRET).get_caller_identity()["Account"]
    for name in ["/prod/db/host", arn, arn.replace(ACCOUNT, account)]:
        refused("ParameterNotFound", other.get_parameter, "", Name=name)
        refused("ParameterNotFound", other.delete_parameter, "", Name=name)
    assert other.describe_parameters()["Parameters"] == []
    assert other.get_parameters_by_path(Path="/", Recursive=True)["Parameters"] == []
    other.put_parameter(Name="/prod/db/host", Value=f"{PLAIN} theirs", Type="String")
    assert value("/prod/db/host") == f"{PLAIN} host"


print(f"all of {len(DONE)} tests passed")
