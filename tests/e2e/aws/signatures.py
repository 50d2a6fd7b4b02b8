"""Who is let in: Signature Version 4 as clients make it, and as whoever has no key would."""

import concurrent.futures
import datetime
import json
import unittest
import urllib.request
import urllib.error
import uuid
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support import ENDPOINT, KEY, REGION, SECRET, archive, client, component, refused

LAMBDA = client("lambda")
NAME = f"f-{uuid.uuid4()}"
INVOKE = f"/2015-03-31/functions/{NAME}/invocations"


def signed(path, body=b"", headers=None, service="lambda", key=KEY, secret=SECRET, at=None, query=False):
    """A request as botocore signs it, at a time of one's choice."""
    headers = {"Host": ENDPOINT.split("//")[1], **(headers or {})}
    request = AWSRequest("POST" if body else "GET", ENDPOINT + path, headers, body)
    kind = botocore.auth.SigV4QueryAuth if query else botocore.auth.SigV4Auth
    at = at or datetime.datetime.now(datetime.timezone.utc)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at.replace(tzinfo=None)):
        kind(Credentials(key, secret), service, REGION).add_auth(request)
    return request


def send(request, body=None, **headers):
    """Sends it, with other headers and another body, if they are given. Returns status and answer."""
    prepared = request.prepare()
    body = prepared.body if body is None else body
    sent = urllib.request.Request(
        prepared.url, data=body or None, headers={**prepared.headers, **headers}, method=prepared.method)
    try:
        with urllib.request.urlopen(sent, timeout=30) as reply:
            return reply.status, reply.read(), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        LAMBDA.create_function(
            FunctionName=NAME, Role="r", Runtime="provided.al2023", Handler="h",
            Code={"ZipFile": archive({"echo.wasm": component("echo_event")})})

    @classmethod
    def tearDownClass(cls):
        LAMBDA.delete_function(FunctionName=NAME)

    def refused(self, answer, code, status=403):
        found, body, headers = answer
        self.assertEqual((found, headers["x-amzn-errortype"]), (status, code), body)
        return json.loads(body)["message"]

    def test_a_request_that_is_signed_is_let_in(self):
        status, body, _ = send(signed(INVOKE, b'{"a": 1}'))
        self.assertEqual((status, json.loads(body)["data"]), (200, {"a": 1}))

    def test_whoever_has_no_key_or_another_secret_is_not(self):
        with refused(self, "InvalidSignatureException", 403, "does not match"):
            client("lambda", secret="guessed").list_functions()
        with refused(self, "UnrecognizedClientException", 403, "no such access key"):
            client("lambda", key="LKIAAAAAAAAAAAAAAAAA").list_functions()
        with refused(self, "UnrecognizedClientException", 403):
            client("lambda", key="test", secret="test").list_functions()
        with refused(self, "InvalidClientTokenId", 403):
            client("sts", key="test", secret="test").get_caller_identity()
        unsigned = AWSRequest("GET", ENDPOINT + "/2015-03-31/functions/")
        self.refused(send(unsigned), "MissingAuthenticationTokenException")

    def test_nothing_of_it_can_be_changed(self):
        body = b'{"a": 1}'
        changes = [
            (signed(INVOKE, body), {"body": b'{"a": 2}'}),
            (signed(INVOKE, body), {"X-Amz-Invocation-Type": "Event"}),
            (signed(INVOKE, body, {"X-Amz-Invocation-Type": "Event"}), {"X-amz-invocation-type": "DryRun"}),
            (signed(INVOKE, body), {"X-Amz-Date": "20300101T000000Z"}),
            (signed(INVOKE, body, {"X-Amz-Content-SHA256": "0" * 64}), {}),
        ]
        for request, change in changes:
            self.refused(send(request, **change), "InvalidSignatureException")
        moved = signed(INVOKE, body)
        moved.url = moved.url.replace("/invocations", "/invocations?Qualifier=1")
        self.refused(send(moved), "InvalidSignatureException")

    def test_clocks_may_be_a_quarter_of_an_hour_apart(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        minutes = lambda number: now + datetime.timedelta(minutes=number)
        for apart in [-14, 14]:
            self.assertEqual(send(signed("/2015-03-31/functions/", at=minutes(apart)))[0], 200)
        for apart, says in [(-20, "Signature expired"), (20, "not yet current")]:
            told = self.refused(
                send(signed("/2015-03-31/functions/", at=minutes(apart))), "InvalidSignatureException")
            self.assertIn(says, told)

    def test_a_url_that_is_signed_is_good_for_a_while(self):
        self.assertEqual(send(signed("/2015-03-31/functions/", query=True))[0], 200)
        hours = datetime.timedelta(hours=2)
        late = signed("/2015-03-31/functions/", query=True, at=datetime.datetime.now(datetime.timezone.utc) - hours)
        self.assertIn("expired", self.refused(send(late), "InvalidSignatureException"))
        longer = signed("/2015-03-31/functions/", query=True)
        longer.url = longer.url.replace("X-Amz-Expires=3600", "X-Amz-Expires=86400")
        self.refused(send(longer), "InvalidSignatureException")

    def test_what_is_no_signature_is_told_what_it_lacks(self):
        for authorization, says in [
            ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request", "'SignedHeaders'"),
            ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0", "slash-delimited"),
            ("AWS4-ECDSA-P256-SHA256 Credential=a", "AWS4-ECDSA-P256-SHA256"),
        ]:
            request = AWSRequest("GET", ENDPOINT + "/2015-03-31/functions/",
                                 {"Authorization": authorization, "X-Amz-Date": "20260101T000000Z"})
            self.assertIn(says, self.refused(send(request), "IncompleteSignatureException"))

    def test_attempts_of_one_invocation_run_once(self):
        attempt = {"amz-sdk-invocation-id": str(uuid.uuid4())}
        ask = lambda _: send(signed(INVOKE, b"{}", attempt))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(16)))
        ran = {json.loads(body)["id"] for status, body, _ in answers if status == 200}
        self.assertEqual([status for status, _, _ in answers], [200] * 16, answers)
        self.assertEqual(len(ran), 1, answers)
        other = json.loads(send(signed(INVOKE, b"{}", {"amz-sdk-invocation-id": "another"}))[1])["id"]
        self.assertNotIn(other, ran)
        status, body, headers = send(signed(INVOKE, b"[]", attempt))
        self.assertEqual((status, headers["x-amzn-errortype"]), (409, "ResourceConflictException"), body)


class Others(unittest.TestCase):
    def test_services_that_are_not_served_say_so_in_their_own_way(self):
        for service, ask in [
            ("cloudformation", lambda aws: aws.list_stacks()),
            ("ec2", lambda aws: aws.describe_instances()),
            ("apigateway", lambda aws: aws.get_rest_apis()),
            ("route53", lambda aws: aws.list_hosted_zones()),
            ("stepfunctions", lambda aws: aws.list_state_machines(), ),
            ("kinesis", lambda aws: aws.list_streams()),
        ]:
            with self.subTest(service):
                with refused(self, "NotImplemented", 501, "does not serve"):
                    ask(client(service))

    def test_who_asks(self):
        told = client("sts").get_caller_identity()
        self.assertEqual((told["UserId"], told["Arn"]), (KEY, f"arn:aws:iam::{told['Account']}:user/{KEY}"))
        self.assertRegex(told["Account"], r"^\d{12}$")
        self.assertEqual(client("sts").get_access_key_info(AccessKeyId=KEY)["Account"], told["Account"])
        with refused(self, "AccessDenied", 403, "sts:AssumeRole"):
            client("sts").assume_role(RoleArn="arn:aws:iam::0:role/abcdefgh", RoleSessionName="s1")
        with refused(self, "NotImplemented", 501, "GetFederationToken of STS"):
            client("sts").get_federation_token(Name="somebody")


if __name__ == "__main__":
    unittest.main()
