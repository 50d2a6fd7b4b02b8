"""Functions of images in a registry, and functions whose runtime the node does not have, with boto3.

Usage: images.py ENDPOINT KEY SECRET REGISTRY ROOT_SECRET RUNTIME
REGISTRY has the component of echo-event as mine/script1; RUNTIME is the file of a runtime.
"""

import io
import json
import sys
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, KEY, SECRET, REGISTRY, ROOT_SECRET, RUNTIME = sys.argv[1:]
ROLE = "arn:aws:iam::000000000000:role/r"
aws = boto3.client(
    "lambda", endpoint_url=ENDPOINT, region_name="eu-west-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET,
    config=Config(retries={"max_attempts": 0}),
)


def archive(files):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return whole.getvalue()


def refused(code, status, says, call, **members):
    try:
        call(**members)
    except ClientError as error:
        told = error.response
        got = (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"])
        assert got == (code, status) and says in told["Error"]["Message"], told
        return
    raise AssertionError(f"{members} was not refused")


def invoked(name, event, **more):
    answer = aws.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return answer, json.load(answer["Payload"])


def images():
    image = f"{REGISTRY}/mine/script1"
    made = aws.create_function(
        FunctionName="image", Role=ROLE, PackageType="Image", Code={"ImageUri": f"{image}:1.0"},
        ImageConfig={"Command": ["echo.handler"]}, Publish=True,
    )
    assert made["PackageType"] == "Image" and "Runtime" not in made and "Handler" not in made, made
    assert made["ImageConfigResponse"]["ImageConfig"]["Command"] == ["echo.handler"], made
    aws.get_waiter("function_active_v2").wait(FunctionName="image")
    _, answer = invoked("image", {"a": 1})
    assert answer["data"] == {"a": 1}, answer
    code = aws.get_function(FunctionName="image")["Code"]
    assert code["RepositoryType"] == "ECR" and code["ImageUri"] == f"{image}:1.0", code
    resolved = code["ResolvedImageUri"]
    assert resolved.startswith(f"{image}@sha256:"), code
    # What is resolved can be asked for, and is the same.
    updated = aws.update_function_code(FunctionName="image", ImageUri=resolved)
    assert updated["CodeSha256"] == made["CodeSha256"], updated
    again = aws.get_function(FunctionName="image")["Code"]
    assert again["ResolvedImageUri"] == resolved, again

    refused("InvalidParameterValueException", 400, "packageType Image", aws.update_function_code,
            FunctionName="image", ZipFile=archive({"a.txt": "a"}))
    create = dict(FunctionName="other", Role=ROLE, PackageType="Image")
    for uri, code, status, says in [
        (f"{image}:tampered", "InvalidParameterValueException", 400, "is not what its manifest names"),
        (f"{image}:index", "InvalidParameterValueException", 400, "is no WebAssembly"),
        (f"{REGISTRY}/mine/none:1", "InvalidParameterValueException", 400, "does not let in"),
        (image, "InvalidParameterValueException", 400, "does not say which"),
        ("elsewhere.example.com/a:1", "AccessDeniedException", 403, "--image-registry elsewhere.example.com"),
        ("127.0.0.1:1/a:1", "AccessDeniedException", 403, "fetches no images"),
        ("../../etc/passwd:1", "InvalidParameterValueException", 400, "not valid"),
    ]:
        refused(code, status, says, aws.create_function, Code={"ImageUri": uri}, **create)
    refused("InvalidParameterValueException", 400, "Runtime", aws.create_function,
            Code={"ImageUri": f"{image}:1.0"}, Runtime="python3.13", **create)
    refused("InvalidParameterValueException", 400, "package type Image", aws.create_function,
            FunctionName="other", Role=ROLE, Code={"ImageUri": f"{image}:1.0"})
    refused("InvalidParameterValueException", 400, "ImageUri", aws.create_function,
            Code={"ZipFile": archive({"a.txt": "a"})}, **create)
    refused("ResourceNotFoundException", 404, "other", aws.get_function, FunctionName="other")


def unserved():
    package = archive({"example/Handler.class": "class", "answer.txt": "42"})
    made = aws.create_function(
        FunctionName="java", Role=ROLE, Runtime="java21", Handler="example.Handler::handleRequest",
        Code={"ZipFile": package}, SnapStart={"ApplyOn": "PublishedVersions"},
    )
    assert made["Runtime"] == "java21" and made["State"] == "Active", made
    says = "the runtime java21, which this node does not serve; Java runs as a component"
    refused("InvalidRuntimeException", 502, says, aws.invoke, FunctionName="java", Payload="{}")
    # Everything else is done with it as with any function.
    assert aws.publish_version(FunctionName="java")["Version"] == "1"
    aws.update_function_configuration(FunctionName="java", MemorySize=128, Timeout=9)
    assert aws.get_function_configuration(FunctionName="java")["Timeout"] == 9
    location = aws.get_function(FunctionName="java")["Code"]["Location"]
    with urllib.request.urlopen(location) as whole, zipfile.ZipFile(io.BytesIO(whole.read())) as given:
        assert given.read("answer.txt") == b"42", given.namelist()
    aws.update_function_code(FunctionName="java", ZipFile=archive({"answer.txt": "43"}))
    aws.create_alias(FunctionName="java", Name="live", FunctionVersion="1")
    refused("InvalidRuntimeException", 502, says, aws.invoke, FunctionName="java:live", Payload="{}")
    aws.delete_function(FunctionName="java")
    # What AWS has no runtime of is a mistake.
    refused("InvalidParameterValueException", 400, "python4.0", aws.create_function, FunctionName="odd", Role=ROLE,
            Runtime="python4.0", Handler="a.b", Code={"ZipFile": package})


def installed_later():
    """What was created before its runtime was installed runs once that is there, unchanged."""
    aws.create_function(
        FunctionName="early", Role=ROLE, Runtime="python3.13", Handler="answer.answer",
        Code={"ZipFile": archive({"answer.txt": "42"})}, Publish=True,
    )
    says = "lambent runtime install python3.14"
    for name in ["early", "early:1"]:
        refused("InvalidRuntimeException", 502, says, aws.invoke, FunctionName=name, Payload="{}")
    with open(RUNTIME, "rb") as file:
        request = urllib.request.Request(
            ENDPOINT + "/v1/runtimes/python3.14", file.read(), method="PUT",
            headers={"Authorization": f"Bearer {ROOT_SECRET}", "Content-Type": "application/wasm"},
        )
    urllib.request.urlopen(request).close()
    for name in ["early", "early:1"]:
        assert invoked(name, {})[1] == 42, name
    # The next change takes the runtime's own preparation up too.
    aws.update_function_configuration(FunctionName="early", Timeout=7)
    assert invoked("early", {})[1] == 42
    aws.update_function_code(FunctionName="early", ZipFile=archive({"answer.txt": "43"}))
    assert invoked("early", {})[1] == 43
    assert invoked("early:1", {})[1] == 42


images()
unserved()
installed_later()
print("all of images.py")
