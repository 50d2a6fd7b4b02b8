"""Lambda's API by boto3: for each operation what it does, and how it refuses."""

import base64
import hashlib
import io
import json
import time
import unittest
import uuid
import zipfile

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from support import KEY, REGION, SECRET, archive, client, component, native, refused

ROLE = "arn:aws:iam::000000000000:role/made-elsewhere"
ACCOUNT = client("sts").get_caller_identity()["Account"]
LAMBDA = client("lambda")
ECHO = component("echo_event")


def arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def create(name, code=None, **more):
    code = {"ZipFile": archive({"echo.wasm": ECHO})} if code is None else code
    more = {"Runtime": "provided.al2023", "Handler": "echo.handler", **more}
    return LAMBDA.create_function(FunctionName=name, Role=ROLE, Code=code, **more)


def invoke(name, payload=None, **more):
    if payload is not None:
        more["Payload"] = payload if isinstance(payload, bytes) else json.dumps(payload)
    reply = LAMBDA.invoke(FunctionName=name, **more)
    return reply, reply["Payload"].read()


class Functions(unittest.TestCase):
    def setUp(self):
        self.name = f"f-{uuid.uuid4()}"

    def tearDown(self):
        try:
            LAMBDA.delete_function(FunctionName=self.name)
        except LAMBDA.exceptions.ResourceNotFoundException:
            pass

    def test_a_function_is_created_read_and_deleted(self):
        code = archive({"echo.wasm": ECHO})
        made = create(
            self.name, {"ZipFile": code}, Description="d", Timeout=7, MemorySize=256,
            Environment={"Variables": {"A": "b"}}, Tags={"team": "shop"},
            EphemeralStorage={"Size": 1024}, TracingConfig={"Mode": "Active"},
        )
        self.assertEqual(made["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assertEqual(made["FunctionArn"], arn(self.name))
        self.assertEqual(made["CodeSha256"], base64.b64encode(hashlib.sha256(code).digest()).decode())
        self.assertEqual((made["CodeSize"], made["Version"]), (len(code), "$LATEST"))
        self.assertEqual((made["Timeout"], made["MemorySize"]), (7, 256))
        self.assertEqual((made["Role"], made["Handler"]), (ROLE, "echo.handler"))
        self.assertEqual(made["Environment"]["Variables"], {"A": "b"})
        self.assertEqual(made["EphemeralStorage"]["Size"], 1024)
        LAMBDA.get_waiter("function_active_v2").wait(FunctionName=self.name)
        for named in [self.name, arn(self.name), f"{ACCOUNT}:function:{self.name}"]:
            read = LAMBDA.get_function(FunctionName=named)
            self.assertEqual(read["Configuration"]["RevisionId"], made["RevisionId"])
            self.assertEqual(read["Configuration"]["TracingConfig"], {"Mode": "Active"})
            self.assertEqual(read["Tags"], {"team": "shop"})
            # Whoever has the URL gets the code, without a key; and nothing else.
            self.assertEqual(download(read["Code"]["Location"]), (200, ECHO))
            self.assertEqual(download(read["Code"]["Location"].replace("X-Amz-Expires=600", "X-Amz-Expires=6000"))[0], 403)
            self.assertEqual(download(read["Code"]["Location"].split("?")[0])[0], 403)
        read = LAMBDA.get_function_configuration(FunctionName=self.name)
        self.assertEqual(read["LogGroup"] if "LogGroup" in read else read["LoggingConfig"]["LogGroup"],
                         f"/aws/lambda/{self.name}")
        with refused(self, "ResourceConflictException", 409, "already exist"):
            create(self.name)
        LAMBDA.delete_function(FunctionName=self.name)
        for call in [LAMBDA.get_function, LAMBDA.delete_function, LAMBDA.get_function_configuration]:
            with refused(self, "ResourceNotFoundException", 404, arn(self.name)):
                call(FunctionName=self.name)

    def test_code_comes_raw_in_a_zip_and_by_the_name_of_a_file(self):
        create(self.name, {"ZipFile": ECHO})
        self.assertEqual(json.loads(invoke(self.name, {"n": 1})[1])["data"], {"n": 1})
        LAMBDA.delete_function(FunctionName=self.name)
        two = archive({"one.wasm": ECHO, "two.wasm": component("nightly_report")})
        with refused(self, "InvalidParameterValueException", 400, "more than one component"):
            create(self.name, {"ZipFile": two})
        create(self.name, {"ZipFile": two}, Handler="one.wasm")
        self.assertEqual(json.loads(invoke(self.name, {"n": 2})[1])["data"], {"n": 2})

    def test_code_that_is_none_is_refused_with_what_is_wrong(self):
        for code, says in [
            (b"neither", "Could not unzip uploaded file"),
            (archive({"a.txt": b"x"}), "holds no WebAssembly"),
            (archive({"../a.wasm": ECHO}), "../a.wasm"),
            (archive({"a.wasm": ECHO[:1000]}), ""),
        ]:
            with refused(self, "InvalidParameterValueException", 400, says):
                create(self.name, {"ZipFile": code})
        with refused(self, "InvalidParameterValueException", 400, "NoSuchBucket"):
            create(self.name, {"S3Bucket": "there-is-none", "S3Key": "k"})
        with refused(self, "InvalidParameterValueException", 400, "Runtime"):
            create(self.name, {"ImageUri": "example.com/image:1"}, PackageType="Image")
        with refused(self, "InvalidParameterValueException", 400, "cobol"):
            create(self.name, {"ZipFile": archive({"a.cob": b"x"})}, Runtime="cobol")
        with self.assertRaises(LAMBDA.exceptions.ResourceNotFoundException):
            LAMBDA.get_function(FunctionName=self.name)

    def test_what_is_out_of_bounds_is_named(self):
        for member, value in [("Timeout", 901), ("MemorySize", 10241)]:
            name = member[0].lower() + member[1:]
            with refused(self, "ValidationException", 400, f"Value '{value}' at '{name}' failed"):
                create(self.name, **{member: value})
        with refused(self, "ValidationException", 400, "2 validation errors detected"):
            create(self.name, Timeout=901, MemorySize=10241)
        with refused(self, "ValidationException", 400, "functionName"):
            LAMBDA.get_function(FunctionName="no name!")
        with refused(self, "InvalidParameterValueException", 400, "4096"):
            create(self.name, Environment={"Variables": {"A": "x" * 4096}})

    def test_configuration_is_changed_if_nobody_was_first(self):
        made = create(self.name, Environment={"Variables": {"A": "b"}})
        changed = LAMBDA.update_function_configuration(
            FunctionName=self.name, Timeout=9, RevisionId=made["RevisionId"], Role=ROLE + "2",
        )
        self.assertEqual((changed["Timeout"], changed["Role"]), (9, ROLE + "2"))
        self.assertEqual(changed["Environment"]["Variables"], {"A": "b"})
        self.assertEqual(changed["CodeSha256"], made["CodeSha256"])
        with refused(self, "PreconditionFailedException", 412, "Revision Id"):
            LAMBDA.update_function_configuration(
                FunctionName=self.name, Timeout=10, RevisionId=made["RevisionId"])
        LAMBDA.get_waiter("function_updated_v2").wait(FunctionName=self.name)
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.update_function_configuration(FunctionName="there-is-none", Timeout=9)

    def test_code_is_changed_and_published(self):
        create(self.name)
        other = archive({"echo.wasm": ECHO, "NOTES": b"another"})
        dry = LAMBDA.update_function_code(FunctionName=self.name, ZipFile=other, DryRun=True)
        published = LAMBDA.update_function_code(FunctionName=self.name, ZipFile=other, Publish=True)
        self.assertEqual(published["Version"], "1")
        self.assertNotEqual(dry["CodeSha256"], published["CodeSha256"])
        # What has not changed since is the same version.
        self.assertEqual(LAMBDA.publish_version(FunctionName=self.name)["Version"], "1")
        with refused(self, "InvalidParameterValueException", 400, "CodeSHA256"):
            LAMBDA.publish_version(FunctionName=self.name, CodeSha256="other")
        LAMBDA.update_function_configuration(FunctionName=self.name, Description="two")
        self.assertEqual(LAMBDA.publish_version(FunctionName=self.name)["Version"], "2")
        self.assertEqual(invoke(f"{self.name}:1", {})[0]["ExecutedVersion"], "1")
        self.assertEqual(invoke(self.name, {}, Qualifier="2")[0]["ExecutedVersion"], "2")
        with refused(self, "InvalidParameterValueException", 400, "does not match"):
            invoke(f"{self.name}:1", {}, Qualifier="2")
        with refused(self, "ResourceNotFoundException", 404, f"{arn(self.name)}:3"):
            invoke(self.name, {}, Qualifier="3")
        pages = LAMBDA.get_paginator("list_versions_by_function").paginate(
            FunctionName=self.name, PaginationConfig={"PageSize": 2})
        pages = [[one["Version"] for one in page["Versions"]] for page in pages]
        self.assertEqual(pages, [["$LATEST", "1"], ["2"]])
        LAMBDA.delete_function(FunctionName=self.name, Qualifier="1")
        with refused(self, "ResourceNotFoundException", 404):
            invoke(f"{self.name}:1", {})
        with refused(self, "InvalidParameterValueException", 400, "$LATEST"):
            LAMBDA.delete_function(FunctionName=self.name, Qualifier="$LATEST")

    def test_an_alias_that_is_released_is_not_changed(self):
        create(self.name)
        for number in ["1", "2"]:
            LAMBDA.update_function_configuration(FunctionName=self.name, Description=number)
            LAMBDA.publish_version(FunctionName=self.name)
        LAMBDA.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        release = f"/v1/functions/{self.name}/releases/live"
        step = {"weight": 0.25, "duration_ms": 3_600_000}
        self.assertEqual(native("PUT", release, {"version": 2, "steps": [step]})["state"], "running")
        read = LAMBDA.get_alias(FunctionName=self.name, Name="live")
        self.assertEqual(read["RoutingConfig"], {"AdditionalVersionWeights": {"2": 0.25}})
        with refused(self, "ResourceConflictException", 409, "lambent release rollback"):
            LAMBDA.update_alias(FunctionName=self.name, Name="live", FunctionVersion="2")
        with refused(self, "ResourceConflictException", 409, "lambent release rollback"):
            LAMBDA.delete_alias(FunctionName=self.name, Name="live")
        self.assertEqual(native("PATCH", release, {"state": "rolled-back"})["state"], "rolled-back")
        read = LAMBDA.update_alias(FunctionName=self.name, Name="live", Description="x")
        self.assertEqual((read["FunctionVersion"], "RoutingConfig" in read), ("1", False))

    def test_aliases_lead_to_versions_and_share_between_two(self):
        create(self.name)
        for number in ["1", "2"]:
            LAMBDA.update_function_configuration(FunctionName=self.name, Description=number)
            self.assertEqual(LAMBDA.publish_version(FunctionName=self.name)["Version"], number)
        made = LAMBDA.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        self.assertEqual(made["AliasArn"], f"{arn(self.name)}:live")
        self.assertEqual(invoke(f"{self.name}:live", {})[0]["ExecutedVersion"], "1")
        with refused(self, "ResourceConflictException", 409, "already exists"):
            LAMBDA.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.create_alias(FunctionName=self.name, Name="other", FunctionVersion="9")
        for weights, says in [({"2": 1.5}, "weight 1.5"), ({"2": 0.5, "3": 0.5}, "greater than 1"),
                              ({"1": 0.5}, "both versions")]:
            with refused(self, "InvalidParameterValueException", 400, says):
                LAMBDA.update_alias(FunctionName=self.name, Name="live",
                                    RoutingConfig={"AdditionalVersionWeights": weights})
        split = LAMBDA.update_alias(FunctionName=self.name, Name="live", RevisionId=made["RevisionId"],
                                    RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
        self.assertEqual(split["RoutingConfig"], {"AdditionalVersionWeights": {"2": 0.5}})
        ran = [invoke(self.name, {}, Qualifier="live")[0]["ExecutedVersion"] for _ in range(60)]
        # All of one version has a chance of one in 2**59.
        self.assertEqual(set(ran), {"1", "2"})
        with refused(self, "PreconditionFailedException", 412):
            LAMBDA.update_alias(FunctionName=self.name, Name="live", Description="x",
                                RevisionId=made["RevisionId"])
        with refused(self, "ResourceConflictException", 409, "live"):
            LAMBDA.delete_function(FunctionName=self.name, Qualifier="2")
        LAMBDA.update_alias(FunctionName=self.name, Name="live",
                            RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
        self.assertEqual({invoke(f"{self.name}:live", {})[0]["ExecutedVersion"] for _ in range(5)}, {"2"})
        LAMBDA.update_alias(FunctionName=self.name, Name="live", FunctionVersion="2",
                            RoutingConfig={"AdditionalVersionWeights": {}})
        self.assertEqual({invoke(f"{self.name}:live", {})[0]["ExecutedVersion"] for _ in range(5)}, {"2"})
        LAMBDA.create_alias(FunctionName=self.name, Name="dev", FunctionVersion="$LATEST")
        pages = LAMBDA.get_paginator("list_aliases").paginate(
            FunctionName=self.name, PaginationConfig={"PageSize": 1})
        self.assertEqual([one["Name"] for page in pages for one in page["Aliases"]], ["dev", "live"])
        [found] = LAMBDA.list_aliases(FunctionName=self.name, FunctionVersion="2")["Aliases"]
        self.assertEqual(found["Name"], "live")
        read = LAMBDA.get_function(FunctionName=self.name, Qualifier="live")["Configuration"]
        self.assertEqual((read["Version"], read["Description"]), ("2", "2"))
        LAMBDA.delete_alias(FunctionName=self.name, Name="live")
        with refused(self, "ResourceNotFoundException", 404, "Cannot find alias"):
            LAMBDA.get_alias(FunctionName=self.name, Name="live")
        with refused(self, "ResourceNotFoundException", 404):
            invoke(f"{self.name}:live", {})

    def test_lists_come_in_pages(self):
        names = sorted(f"page-{index}-{self.name}"[:60] for index in range(5))
        for name in names:
            create(name)
        pages = list(LAMBDA.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
        self.assertTrue(all(len(page["Functions"]) <= 2 for page in pages))
        found = [one["FunctionName"] for page in pages for one in page["Functions"]]
        self.assertEqual([name for name in found if name.startswith("page-")], names)
        for name in names:
            LAMBDA.delete_function(FunctionName=name)
        with refused(self, "ValidationException", 400, "maxItems"):
            list_none()

    def test_concurrency_is_reserved_and_provisioned(self):
        create(self.name)
        self.assertNotIn("ReservedConcurrentExecutions", LAMBDA.get_function_concurrency(FunctionName=self.name))
        LAMBDA.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=0)
        with refused(self, "TooManyRequestsException", 429) as told:
            invoke(self.name, {})
        self.assertEqual(told.response["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded")
        with refused(self, "InvalidParameterValueException", 400):
            LAMBDA.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=901)
        LAMBDA.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=5)
        read = LAMBDA.get_function_concurrency(FunctionName=self.name)
        self.assertEqual(read["ReservedConcurrentExecutions"], 5)
        LAMBDA.delete_function_concurrency(FunctionName=self.name)
        self.assertEqual(invoke(self.name, {})[0]["StatusCode"], 200)
        with refused(self, "InvalidParameterValueException", 400, "$LATEST"):
            LAMBDA.put_provisioned_concurrency_config(
                FunctionName=self.name, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
        LAMBDA.publish_version(FunctionName=self.name)
        with refused(self, "ProvisionedConcurrencyConfigNotFoundException", 404):
            LAMBDA.get_provisioned_concurrency_config(FunctionName=self.name, Qualifier="1")
        asked = LAMBDA.put_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier="1", ProvisionedConcurrentExecutions=2)
        self.assertEqual(asked["RequestedProvisionedConcurrentExecutions"], 2)
        for _ in range(100):
            read = LAMBDA.get_provisioned_concurrency_config(FunctionName=self.name, Qualifier="1")
            if read["Status"] != "IN_PROGRESS":
                break
            time.sleep(0.1)
        self.assertEqual((read["Status"], read["AllocatedProvisionedConcurrentExecutions"]), ("READY", 2))
        [listed] = LAMBDA.list_provisioned_concurrency_configs(
            FunctionName=self.name)["ProvisionedConcurrencyConfigs"]
        self.assertEqual(listed["FunctionArn"], f"{arn(self.name)}:1")
        LAMBDA.delete_provisioned_concurrency_config(FunctionName=self.name, Qualifier="1")
        with refused(self, "ProvisionedConcurrencyConfigNotFoundException", 404):
            LAMBDA.get_provisioned_concurrency_config(FunctionName=self.name, Qualifier="1")

    def test_tags(self):
        create(self.name, Tags={"a": "1"})
        LAMBDA.tag_resource(Resource=arn(self.name), Tags={"b": "2", "c": "3"})
        LAMBDA.untag_resource(Resource=arn(self.name), TagKeys=["a", "c"])
        self.assertEqual(LAMBDA.list_tags(Resource=arn(self.name))["Tags"], {"b": "2"})
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.list_tags(Resource=arn("there-is-none"))

    def test_policies_are_kept(self):
        create(self.name)
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.get_policy(FunctionName=self.name)
        statement = {"StatementId": "s3", "Action": "lambda:InvokeFunction",
                     "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::photos"}
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.add_permission(FunctionName=self.name, Qualifier="7", **statement)
        LAMBDA.add_permission(FunctionName=self.name, **statement)
        with refused(self, "ResourceConflictException", 409, "s3"):
            LAMBDA.add_permission(FunctionName=self.name, **statement)
        policy = json.loads(LAMBDA.get_policy(FunctionName=self.name)["Policy"])
        [kept] = policy["Statement"]
        self.assertEqual((kept["Sid"], kept["Resource"]), ("s3", arn(self.name)))
        self.assertEqual(kept["Condition"]["ArnLike"]["AWS:SourceArn"], "arn:aws:s3:::photos")
        LAMBDA.remove_permission(FunctionName=self.name, StatementId="s3")
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.remove_permission(FunctionName=self.name, StatementId="s3")

    def test_how_events_are_tried(self):
        create(self.name)
        with refused(self, "ResourceNotFoundException", 404, "EventInvokeConfig"):
            LAMBDA.get_function_event_invoke_config(FunctionName=self.name)
        to = {"OnFailure": {"Destination": arn(self.name)}}
        LAMBDA.put_function_event_invoke_config(
            FunctionName=self.name, MaximumRetryAttempts=1, DestinationConfig=to)
        LAMBDA.update_function_event_invoke_config(
            FunctionName=self.name, MaximumEventAgeInSeconds=120)
        read = LAMBDA.get_function_event_invoke_config(FunctionName=self.name)
        self.assertEqual((read["MaximumRetryAttempts"], read["MaximumEventAgeInSeconds"]), (1, 120))
        self.assertEqual(read["DestinationConfig"]["OnFailure"], to["OnFailure"])
        [listed] = LAMBDA.list_function_event_invoke_configs(
            FunctionName=self.name)["FunctionEventInvokeConfigs"]
        self.assertEqual(listed["MaximumRetryAttempts"], 1)
        with refused(self, "InvalidParameterValueException", 400, "destination"):
            LAMBDA.put_function_event_invoke_config(
                FunctionName=self.name,
                DestinationConfig={"OnFailure": {"Destination": "arn:aws:sns:eu-west-1:0:topic"}})
        LAMBDA.delete_function_event_invoke_config(FunctionName=self.name)
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.delete_function_event_invoke_config(FunctionName=self.name)
        # To say what is so anyway is to configure it, too.
        LAMBDA.put_function_event_invoke_config(FunctionName=self.name, MaximumRetryAttempts=2)
        LAMBDA.update_function_configuration(FunctionName=self.name, Description="other")
        read = LAMBDA.get_function_event_invoke_config(FunctionName=self.name)
        self.assertEqual(read["MaximumRetryAttempts"], 2)

    def test_urls(self):
        create(self.name, {"ZipFile": component("hello_http")})
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.get_function_url_config(FunctionName=self.name)
        made = LAMBDA.create_function_url_config(FunctionName=self.name, AuthType="NONE")
        self.assertIn("ello", get(made["FunctionUrl"])[1])
        with refused(self, "ResourceConflictException", 409):
            LAMBDA.create_function_url_config(FunctionName=self.name, AuthType="NONE")
        LAMBDA.update_function_url_config(
            FunctionName=self.name, AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM")
        read = LAMBDA.get_function_url_config(FunctionName=self.name)
        self.assertEqual((read["AuthType"], read["InvokeMode"]), ("AWS_IAM", "RESPONSE_STREAM"))
        url = made["FunctionUrl"]
        self.assertEqual(get(url)[0], 401)
        self.assertIn("ello", get(url, signed=(KEY, SECRET))[1])
        self.assertIn("ello", get(url + "a/b?c=d%20e", body=b"\x00{}", signed=(KEY, SECRET))[1])
        other_body = {"body": b"one", "signed": (KEY, SECRET), "sent": b"two"}
        for odd in [{"signed": (KEY, "x" + SECRET)}, {"signed": ("AKIANOBODY", SECRET)}, other_body,
                    {"signed": (KEY, SECRET), "service": "sqs"}]:
            self.assertEqual(get(url, **odd)[0], 401, odd)
        with refused(self, "InvalidParameterValueException", 400, "no origin"):
            LAMBDA.update_function_url_config(
                FunctionName=self.name, Cors={"AllowOrigins": ["example.com/path"]})
        cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["PUT"], "AllowHeaders": ["x-trace"],
                "ExposeHeaders": ["x-total"], "AllowCredentials": True, "MaxAge": 60}
        LAMBDA.update_function_url_config(FunctionName=self.name, Cors=cors)
        read = LAMBDA.get_function_url_config(FunctionName=self.name)
        self.assertEqual((read["AuthType"], read["Cors"]), ("AWS_IAM", cors))
        asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT"}
        status, _, headers = get(url, method="OPTIONS", headers=asks)
        self.assertEqual((status, headers["access-control-allow-methods"]), (204, "PUT"))
        # A page sees that it may not call the function.
        status, _, headers = get(url, headers={"Origin": "https://shop.example"})
        self.assertEqual((status, headers["access-control-allow-origin"]), (401, "https://shop.example"))
        self.assertNotIn("access-control-allow-origin", get(url, headers={"Origin": "https://evil.example"})[2])
        self.assertEqual(len(LAMBDA.list_function_url_configs(FunctionName=self.name)["FunctionUrlConfigs"]), 1)
        LAMBDA.delete_function_url_config(FunctionName=self.name)
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.delete_function_url_config(FunctionName=self.name)

    def test_an_account_has_limits(self):
        limits = LAMBDA.get_account_settings()["AccountLimit"]
        self.assertEqual((limits["CodeSizeZipped"], limits["ConcurrentExecutions"]), (52428800, 1000))

    def test_what_is_not_served_says_so(self):
        with refused(self, "NotImplemented", 501, "CreateCapacityProvider of Lambda"):
            LAMBDA.create_capacity_provider(
                CapacityProviderName="c", VpcConfig={"SubnetIds": ["s"], "SecurityGroupIds": ["g"]},
                PermissionsConfig={"CapacityProviderOperatorRoleArn": ROLE})


def get(url, body=None, signed=None, service="lambda", sent=None, method=None, headers=None):
    """Sends a request to a function's URL, signed with a key if one is given."""
    method = method or ("GET" if body is None else "POST")
    request = AWSRequest(method, url, headers or {}, body)
    if signed:
        SigV4Auth(Credentials(*signed), service, REGION).add_auth(request)
    prepared = request.prepare()
    prepared.body = prepared.body if sent is None else sent
    reply = URLLib3Session().send(prepared)
    return reply.status_code, reply.text, reply.headers


def download(url):
    """What a URL gives to who has nothing but it."""
    reply = URLLib3Session().send(AWSRequest("GET", url).prepare())
    return reply.status_code, reply.content


def list_none():
    """Asks for a page of no functions, which boto3 itself would refuse."""
    def ask(request, **_):
        request.url += "?MaxItems=0"
    event = "before-sign.lambda.ListFunctions"
    LAMBDA.meta.events.register_first(event, ask, unique_id="none")
    try:
        LAMBDA.list_functions()
    finally:
        LAMBDA.meta.events.unregister(event, unique_id="none")


class Layers(unittest.TestCase):
    def test_layers_have_versions(self):
        name = f"l-{uuid.uuid4()}"
        for text in ["one", "two"]:
            made = LAMBDA.publish_layer_version(
                LayerName=name, Description=text, CompatibleRuntimes=["python3.13"],
                Content={"ZipFile": archive({"python/x.py": text})})
        self.assertEqual((made["Version"], made["Description"]), (2, "two"))
        read = LAMBDA.get_layer_version(LayerName=name, VersionNumber=1)
        self.assertEqual((read["Description"], read["CompatibleRuntimes"]), ("one", ["python3.13"]))
        by_arn = LAMBDA.get_layer_version_by_arn(Arn=made["LayerVersionArn"])
        self.assertEqual(by_arn["Content"]["CodeSha256"], made["Content"]["CodeSha256"])
        # Whoever has the URL gets the files, without a key.
        status, files = download(by_arn["Content"]["Location"])
        self.assertEqual((status, zipfile.ZipFile(io.BytesIO(files)).namelist()), (200, ["python/x.py"]))
        self.assertEqual(download(by_arn["Content"]["Location"].replace("versions/2", "versions/1"))[0], 403)
        pages = LAMBDA.get_paginator("list_layer_versions").paginate(
            LayerName=name, PaginationConfig={"PageSize": 1})
        numbers = [one["Version"] for page in pages for one in page["LayerVersions"]]
        self.assertEqual(numbers, [2, 1])
        listed = {one["LayerName"]: one for one in LAMBDA.list_layers()["Layers"]}
        self.assertEqual(listed[name]["LatestMatchingVersion"]["Version"], 2)
        for number in [1, 1, 2]:
            LAMBDA.delete_layer_version(LayerName=name, VersionNumber=number)
        with refused(self, "ResourceNotFoundException", 404):
            LAMBDA.get_layer_version(LayerName=name, VersionNumber=1)


class Invocations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.name = f"f-{uuid.uuid4()}"
        create(cls.name)

    @classmethod
    def tearDownClass(cls):
        LAMBDA.delete_function(FunctionName=cls.name)

    def test_what_comes_back(self):
        reply, payload = invoke(self.name, {"a": "é"}, LogType="Tail")
        self.assertEqual((reply["StatusCode"], reply["ExecutedVersion"]), (200, "$LATEST"))
        self.assertNotIn("FunctionError", reply)
        self.assertEqual(json.loads(payload)["data"], {"a": "é"})
        log = base64.b64decode(reply["LogResult"]).decode()
        request = reply["ResponseMetadata"]["RequestId"]
        for line in [f"START RequestId: {request} Version: $LATEST", f"END RequestId: {request}",
                     f"REPORT RequestId: {request}\tDuration: "]:
            self.assertIn(line, log)
        self.assertRegex(log, r"Billed Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB")
        self.assertEqual(json.loads(invoke(self.name)[1])["data"], {})

    def test_nobody_waits_for_an_event(self):
        reply, payload = invoke(self.name, {}, InvocationType="Event")
        self.assertEqual((reply["StatusCode"], payload), (202, b""))
        reply, payload = invoke(self.name, {}, InvocationType="DryRun")
        self.assertEqual((reply["StatusCode"], payload), (204, b""))
        self.assertEqual(LAMBDA.invoke_async(FunctionName=self.name, InvokeArgs=b"{}")["Status"], 202)

    def test_payloads_have_to_be_json_and_not_too_large(self):
        with refused(self, "InvalidRequestContentException", 400, "Could not parse request body"):
            invoke(self.name, b"{")
        with refused(self, "RequestEntityTooLargeException", 413, "6.0 MiB"):
            invoke(self.name, "x" * (6 << 20))
        with refused(self, "RequestTooLargeException", 413, "Event invocation type"):
            invoke(self.name, "x" * (1 << 20), InvocationType="Event")
        with refused(self, "ResourceNotFoundException", 404, arn("there-is-none")):
            invoke("there-is-none", {})
        with refused(self, "AccessDeniedException", 403, "another account"):
            invoke("arn:aws:lambda:eu-west-1:123456789012:function:f", {})

    def test_failures_look_as_they_do_on_aws(self):
        name = f"h-{uuid.uuid4()}"
        create(name, {"ZipFile": component("guest_hostile_event")}, Timeout=1)
        for deed, kind, message in FAILURES:
            reply, payload = invoke(name, deed)
            self.assertEqual((reply["StatusCode"], reply["FunctionError"]), (200, "Unhandled"), payload)
            request, told = reply["ResponseMetadata"]["RequestId"], json.loads(payload)
            self.assertEqual(told["errorType"], kind, told)
            self.assertIn(message.format(request=request), told["errorMessage"])
        LAMBDA.delete_function(FunctionName=name)

    def test_a_stream_of_frames(self):
        reply = LAMBDA.invoke_with_response_stream(
            FunctionName=self.name, Payload=b'{"n": 3}', LogType="Tail")
        events = list(reply["EventStream"])
        payload = b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event)
        self.assertEqual(json.loads(payload)["data"], {"n": 3})
        end = events[-1]["InvokeComplete"]
        self.assertNotIn("ErrorCode", end)
        self.assertIn(b"REPORT RequestId", base64.b64decode(end["LogResult"]))

    def test_a_function_that_speaks_http_answers_a_request_that_a_payload_describes(self):
        name = f"w-{uuid.uuid4()}"
        create(name, {"ZipFile": component("hello_http")})
        payload = {"version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {},
                   "requestContext": {"http": {"method": "GET", "path": "/"}}}
        answer = json.loads(invoke(name, payload)[1])
        self.assertEqual((answer["statusCode"], answer["isBase64Encoded"]), (200, False), answer)
        self.assertIn("ello", answer["body"])
        LAMBDA.delete_function(FunctionName=name)


# What the guest is told to do, and what Lambda says of that.
FAILURES = [
    ({"do": "spin"}, "Sandbox.Timedout", "RequestId: {request} Error: Task timed out after 1.00 seconds"),
    ({"do": "trap"}, "Runtime.ExitError", "RequestId: {request} Error: Runtime exited without providing a reason"),
    ({"do": "exit", "code": 1}, "Runtime.ExitError", "RequestId: {request} Error: Runtime exited with error: exit status 1"),
    ({"do": "memory"}, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
    ({"do": "fail", "kind": "OrderNotFound", "message": "no order 7"}, "OrderNotFound", "no order 7"),
    ({"do": "big-output", "bytes": (6 << 20) + 1}, "Function.ResponseSizeTooLarge", "exceeded maximum allowed"),
]

if __name__ == "__main__":
    unittest.main()
