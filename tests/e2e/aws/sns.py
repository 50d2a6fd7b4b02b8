"""Every operation of SNS that is served, with boto3 as PyPI has it: what succeeds, and errors that are documented.

Run as `sns.py URL ACCESS_KEY SECRET FUNCTION`. The function answers with the event that it is invoked with.
"""

import base64
import http.server
import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, FUNCTION = sys.argv[1:5]
ACCOUNT = "000000000000"
REGION = "eu-west-1"


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET,
        config=Config(read_timeout=40, retries={"total_max_attempts": 1}),
    )


sns, sqs, functions = client("sns"), client("sqs"), client("lambda")


def refused(code, call, text="", status=400, **arguments):
    """The error of this code, and of no other, with this in its text."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, (code, found)
        assert text in found["Message"], (text, found)
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return
    raise AssertionError(f"not refused: {call} {arguments}")


def invalid(call, text="", **arguments):
    refused("InvalidParameter", call, text, **arguments)


def missing(call, text="Topic does not exist", **arguments):
    refused("NotFound", call, text, status=404, **arguments)


def eventually(what, probe, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not seen: {what}")


def queue(name, **attributes):
    """A queue: its URL and its ARN."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def receive(url, count=1, seconds=30):
    """So many messages of a queue, in their order."""
    found, until = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        batch = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        for message in batch.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message)
    assert len(found) >= count, (url, found)
    return found


def is_empty(url):
    return "Messages" not in sqs.receive_message(QueueUrl=url)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted. A path may be told to fail, or not to answer."""

    posts = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.posts.append((self.path, headers, body))
        if self.path.startswith("/silent"):
            time.sleep(60)
        self.send_response(500 if self.path.startswith("/fails") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
RECEIVER = f"http://127.0.0.1:{server.server_address[1]}"


def posted(path, kind="Notification"):
    """What was posted to a path, of one kind."""
    return [
        (headers, body)
        for at, headers, body in list(Receiver.posts)
        if at == path and headers["x-amz-sns-message-type"] == kind
    ]


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def public_key(certificate):
    """The modulus of the RSA key of a certificate in PEM."""
    der = base64.b64decode("".join(certificate.split("-----")[2].split()))
    found = re.search(rb"\x02\x82\x01\x01\x00(.{256})\x02\x03\x01\x00\x01", der, re.DOTALL)
    return int.from_bytes(found.group(1), "big")


def check_signature(message):
    """As the developer guide has it, by SHA-256."""
    import hashlib

    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if message["Type"] == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    assert message["SignatureVersion"] == "2", message
    assert message["SigningCertURL"].startswith(ENDPOINT + "/SimpleNotificationService-"), message
    signature = int.from_bytes(base64.b64decode(message["Signature"]), "big")
    opened = pow(signature, 65537, public_key(get(message["SigningCertURL"]))).to_bytes(256, "big")
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text.encode()).digest()
    assert opened == b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest, message


def native(method, path, body):
    """Asks the native API, for what SNS has no word for."""
    request = urllib.request.Request(
        ENDPOINT + path, json.dumps(body).encode(), method=method,
        headers={"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def topic(name, **attributes):
    return sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]


def subscribe(arn, protocol, endpoint, **attributes):
    return sns.subscribe(
        TopicArn=arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]


def topics():
    arn = topic("orders", DisplayName="Orders")
    assert arn == f"arn:aws:sns:{REGION}:{ACCOUNT}:orders", arn
    assert topic("orders") == arn and topic("orders", DisplayName="Orders") == arn
    invalid(sns.create_topic, "different attributes", Name="orders", Attributes={"DisplayName": "x"})
    invalid(sns.create_topic, "Topic Name", Name="no good")
    invalid(sns.create_topic, "Topic Name", Name="a.fifo")
    invalid(sns.create_topic, "must end with .fifo", Name="a", Attributes={"FifoTopic": "true"})
    invalid(sns.create_topic, "AttributeName", Name="b", Attributes={"Colour": "red"})
    assert arn in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["TopicArn"] == arn and found["Owner"] == ACCOUNT and found["DisplayName"] == "Orders", found
    assert json.loads(found["Policy"])["Statement"] and json.loads(found["EffectiveDeliveryPolicy"])
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="All orders")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns")
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (found["DisplayName"], found["KmsMasterKeyId"]) == ("All orders", "alias/aws/sns"), found
    invalid(sns.set_topic_attributes, "AttributeName", TopicArn=arn, AttributeName="Colour", AttributeValue="x")
    missing(sns.get_topic_attributes, TopicArn=arn + "-no")
    missing(sns.set_topic_attributes, TopicArn=arn + "-no", AttributeName="DisplayName", AttributeValue="x")
    invalid(sns.get_topic_attributes, "at least 6 elements, not 1", TopicArn="orders")
    refused(
        "AuthorizationError", sns.get_topic_attributes, status=403, TopicArn=f"arn:aws:sns:{REGION}:123456789012:orders"
    )
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "shop"}, {"Key": "x", "Value": "y"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["x"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
    refused("ResourceNotFound", sns.list_tags_for_resource, status=404, ResourceArn=arn + "-no")
    sns.add_permission(TopicArn=arn, Label="other", AWSAccountId=["123456789012"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["__default_statement_ID", "other"], policy
    invalid(
        sns.add_permission, "already exists",
        TopicArn=arn, Label="other", AWSAccountId=["123456789012"], ActionName=["Publish"],
    )
    invalid(
        sns.add_permission, "out of service scope", TopicArn=arn, Label="l", AWSAccountId=["1"], ActionName=["Fly"]
    )
    sns.remove_permission(TopicArn=arn, Label="other")
    policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert len(policy["Statement"]) == 1, policy
    refused("NotImplemented", sns.get_data_protection_policy, status=501, ResourceArn=arn)
    refused("NotImplemented", sns.list_platform_applications, status=501)
    refused("NotImplemented", sns.get_sms_attributes, status=501)
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    missing(sns.publish, TopicArn=arn, Message="x")
    many = [topic(f"many-{number:03}") for number in range(103)]
    first = sns.list_topics()
    second = sns.list_topics(NextToken=first["NextToken"])
    assert len(first["Topics"]) == 100 and "NextToken" not in second
    assert {one["TopicArn"] for one in first["Topics"] + second["Topics"]} == set(many)
    for one in many:
        sns.delete_topic(TopicArn=one)


def fan_out():
    """To a queue, raw and not, and to a function; with attributes, a subject, and texts by protocol."""
    arn = topic("fan")
    (url, queue_arn), (raw, raw_arn), (results, results_arn) = queue("fan"), queue("fan-raw"), queue("fan-results")
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"
    functions.put_function_event_invoke_config(
        FunctionName=FUNCTION, DestinationConfig={"OnSuccess": {"Destination": results_arn}}
    )
    own = subscribe(arn, "sqs", queue_arn)
    assert re.fullmatch(re.escape(arn) + ":[0-9a-f-]{36}", own), own
    assert subscribe(arn, "sqs", queue_arn) == own
    invalid(subscribe, "different attributes", arn=arn, protocol="sqs", endpoint=queue_arn, RawMessageDelivery="true")
    subscribe(arn, "sqs", raw_arn, RawMessageDelivery="true")
    to_function = subscribe(arn, "lambda", function)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "paid"},
        "size": {"DataType": "Number", "StringValue": "7"},
        "list": {"DataType": "String.Array", "StringValue": '["a", 1]'},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    told = sns.publish(TopicArn=arn, Message="hé <&> \"text\"", Subject="new", MessageAttributes=attributes)
    message = json.loads(receive(url)[0]["Body"])
    check_signature(message)
    assert list(message) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ], message
    assert message["MessageId"] == told["MessageId"] and message["TopicArn"] == arn, message
    assert (message["Type"], message["Subject"], message["Message"]) == ("Notification", "new", "hé <&> \"text\"")
    assert message["MessageAttributes"]["size"] == {"Type": "Number", "Value": "7"}, message
    assert message["MessageAttributes"]["bytes"] == {"Type": "Binary", "Value": "AP8="}, message
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["Timestamp"]), message
    plain = receive(raw)[0]
    assert plain["Body"] == "hé <&> \"text\"", plain
    assert plain["MessageAttributes"]["size"] == {"StringValue": "7", "DataType": "Number"}, plain
    assert plain["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff", plain
    record = json.loads(receive(results)[0]["Body"])
    event = record["event"]["data"]["Records"][0]
    assert (event["EventSource"], event["EventVersion"]) == ("aws:sns", "1.0"), event
    assert event["EventSubscriptionArn"] == to_function, event
    assert set(event["Sns"]) == {
        "SignatureVersion", "Timestamp", "Signature", "SigningCertUrl", "MessageId", "Message", "MessageAttributes",
        "Type", "UnsubscribeUrl", "TopicArn", "Subject",
    }, event
    assert event["Sns"]["MessageId"] == told["MessageId"] and event["Sns"]["Message"] == message["Message"], event
    assert event["Sns"]["MessageAttributes"]["kind"] == {"Type": "String", "Value": "paid"}, event
    texts = {"default": "all", "sqs": "for queues", "lambda": "for functions", "email": "nobody"}
    sns.publish(TopicArn=arn, Message=json.dumps(texts), MessageStructure="json")
    assert json.loads(receive(url)[0]["Body"])["Message"] == "for queues"
    event = json.loads(receive(results)[0]["Body"])["event"]["data"]["Records"][0]
    assert event["Sns"]["Message"] == "for functions" and event["Sns"]["Subject"] is None, event
    assert sns.publish(TargetArn=arn, Message="x")["MessageId"]
    found = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert {(one["Protocol"], one["Endpoint"]) for one in found} == {
        ("sqs", queue_arn), ("sqs", raw_arn), ("lambda", function),
    }, found
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["SubscriptionsConfirmed"] == "3"
    receive(url)
    # By the URL that the message has, for which no key is needed.
    get(message["UnsubscribeURL"])
    try:
        get(message["UnsubscribeURL"][:-2] + "00")
        raise AssertionError("a token that was none")
    except urllib.error.HTTPError as error:
        assert error.code == 400, error
    missing(sns.get_subscription_attributes, "Subscription does not exist", SubscriptionArn=own)
    sns.unsubscribe(SubscriptionArn=to_function)
    assert len(sns.list_subscriptions()["Subscriptions"]) == 1
    sns.delete_topic(TopicArn=arn)
    assert sns.list_subscriptions()["Subscriptions"] == []


def publish_errors():
    arn = topic("wrong")
    publish = lambda **arguments: sns.publish(TopicArn=arn, **arguments)
    invalid(publish, "Message too long", Message="x" * 262_145)
    publish(Message="x" * 262_144)
    invalid(publish, "Subject", Message="x", Subject="a" * 101)
    invalid(publish, "Subject", Message="x", Subject="a\nb")
    invalid(publish, "No default entry", Message='{"sqs": "x"}', MessageStructure="json")
    invalid(publish, "failed to parse", Message="x", MessageStructure="json")
    invalid(publish, "MessageStructure", Message="x", MessageStructure="xml")
    wrong = lambda kind, value="v": {"a": {"DataType": kind, "StringValue": value}}
    invalid(publish, "invalid message attribute type", Message="x", MessageAttributes=wrong("Text"))
    invalid(publish, "Number", Message="x", MessageAttributes=wrong("Number"))
    invalid(publish, "Invalid attribute name", Message="x", MessageAttributes={"..": wrong("String")["a"]})
    invalid(publish, "MessageDeduplicationId", Message="x", MessageDeduplicationId="d")
    invalid(sns.publish, "PhoneNumber", PhoneNumber="+15550100", Message="x")
    entries = lambda *ids: [{"Id": one, "Message": "x"} for one in ids]
    batch = lambda entries: sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    refused("EmptyBatchRequest", batch, entries=[])
    refused("TooManyEntriesInBatchRequest", batch, entries=entries(*map(str, range(11))))
    refused("BatchEntryIdsNotDistinct", batch, entries=entries("a", "a"))
    refused("InvalidBatchEntryId", batch, entries=entries("a b"))
    refused("BatchRequestTooLong", batch, entries=[{"Id": str(n), "Message": "x" * 90_000} for n in range(3)])
    url, queue_arn = queue("batch")
    subscribe(arn, "sqs", queue_arn, RawMessageDelivery="true")
    told = batch([{"Id": "good", "Message": "1"}, {"Id": "bad", "Message": "2", "Subject": "\n"}])
    assert [one["Id"] for one in told["Successful"]] == ["good"] and told["Successful"][0]["MessageId"], told
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in told["Failed"]] == [
        ("bad", "InvalidParameter", True)
    ], told
    batch([{"Id": str(n), "Message": f"m{n}"} for n in range(10)])
    assert {one["Body"] for one in receive(url, 11)} == {"1"} | {f"m{n}" for n in range(10)}


def subscribe_errors():
    arn = topic("subscribing")
    _, queue_arn = queue("subscribing")
    missing(subscribe, arn=arn + "-no", protocol="sqs", endpoint=queue_arn)
    invalid(subscribe, "SQS endpoint ARN", arn=arn, protocol="sqs", endpoint="queue")
    invalid(subscribe, "Endpoint Reason", arn=arn, protocol="sqs", endpoint=queue_arn + "-no")
    invalid(subscribe, "Endpoint Reason", arn=arn, protocol="lambda", endpoint=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:no")
    invalid(subscribe, "email", arn=arn, protocol="email", endpoint="a@example.com")
    invalid(subscribe, "does not support this protocol", arn=arn, protocol="pigeon", endpoint="x")
    invalid(subscribe, "must match the specified protocol", arn=arn, protocol="https", endpoint="http://example.com")
    invalid(subscribe, "Endpoint", arn=arn, protocol="http", endpoint="http://user@example.com/")
    with_attributes = lambda **given: subscribe(arn, "sqs", queue_arn, **given)
    invalid(with_attributes, "failed to parse JSON", FilterPolicy="{")
    invalid(with_attributes, "more than 5 keys", FilterPolicy=json.dumps({c: ["x"] for c in "abcdef"}))
    invalid(with_attributes, "too complex", FilterPolicy=json.dumps({"a": list(range(13)), "b": list(range(12))}))
    invalid(with_attributes, "nested", FilterPolicy='{"a": {"b": ["x"]}}')
    invalid(with_attributes, "FilterPolicyScope", FilterPolicyScope="Everything")
    invalid(with_attributes, "true or false", RawMessageDelivery="maybe")
    invalid(with_attributes, "RedrivePolicy", RedrivePolicy='{"deadLetterTargetArn": "x"}')
    invalid(with_attributes, "AttributeName", Colour="red")
    invalid(sns.confirm_subscription, "Token", TopicArn=arn, Token="00")
    missing(sns.set_subscription_attributes, "Subscription does not exist",
            SubscriptionArn=arn + ":no", AttributeName="RawMessageDelivery", AttributeValue="true")
    own = with_attributes(FilterPolicy='{"kind":["a"]}')
    found = sns.get_subscription_attributes(SubscriptionArn=own)["Attributes"]
    assert (found["FilterPolicy"], found["FilterPolicyScope"]) == ('{"kind":["a"]}', "MessageAttributes"), found
    assert (found["PendingConfirmation"], found["RawMessageDelivery"]) == ("false", "false"), found
    change = lambda name, value: sns.set_subscription_attributes(
        SubscriptionArn=own, AttributeName=name, AttributeValue=value
    )
    change("FilterPolicyScope", "MessageBody")
    change("FilterPolicy", '{"a":{"b":[{"prefix":"x"}]}}')
    change("RedrivePolicy", json.dumps({"deadLetterTargetArn": queue_arn}))
    found = sns.get_subscription_attributes(SubscriptionArn=own)["Attributes"]
    assert json.loads(found["RedrivePolicy"]) == {"deadLetterTargetArn": queue_arn}, found
    assert (found["FilterPolicy"], found["FilterPolicyScope"]) == ('{"a":{"b":[{"prefix":"x"}]}}', "MessageBody"), found
    change("RedrivePolicy", "")
    assert "RedrivePolicy" not in sns.get_subscription_attributes(SubscriptionArn=own)["Attributes"]


def filters():
    arn = topic("filtered")
    (by_attributes, one), (by_body, other), (rest, all_arn) = queue("by-attributes"), queue("by-body"), queue("unfiltered")
    policy = {"kind": [{"anything-but": ["b"]}], "price": [{"numeric": [">", 10, "<=", 20]}]}
    subscribe(arn, "sqs", one, FilterPolicy=json.dumps(policy), RawMessageDelivery="true")
    policy = {"$or": [{"order": {"ip": [{"cidr": "10.0.0.0/24"}]}}, {"name": [{"equals-ignore-case": "X"}]}]}
    subscribe(arn, "sqs", other, FilterPolicyScope="MessageBody", FilterPolicy=json.dumps(policy), RawMessageDelivery="true")
    subscribe(arn, "sqs", all_arn, RawMessageDelivery="true")

    def publish(text, **attributes):
        kinds = {str: "String", int: "Number"}
        sns.publish(TopicArn=arn, Message=text, MessageAttributes={
            name: {"DataType": kinds[type(value)], "StringValue": str(value)} for name, value in attributes.items()
        })

    publish("no", kind="b", price=15)
    publish("yes", kind="a", price=15)
    publish("too much", kind="a", price=21)
    publish('{"order": {"ip": "10.0.0.7"}}')
    publish('{"order": {"ip": "10.0.1.7"}}')
    publish('{"name": "x"}', kind="a", price=20)
    assert {one["Body"] for one in receive(by_attributes, 2)} == {"yes", '{"name": "x"}'}
    assert {one["Body"] for one in receive(by_body, 2)} == {'{"order": {"ip": "10.0.0.7"}}', '{"name": "x"}'}
    receive(rest, 6)
    assert is_empty(by_attributes) and is_empty(by_body)


def fifo():
    arn = topic("events.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["FifoTopic"] == "true"
    (url, queue_arn), (plain, plain_arn) = queue("events.fifo", FifoQueue="true"), queue("events")
    subscribe(arn, "sqs", queue_arn, RawMessageDelivery="true")
    subscribe(arn, "sqs", plain_arn, RawMessageDelivery="true")
    invalid(subscribe, "go to queues alone", arn=arn, protocol="http", endpoint=RECEIVER)
    invalid(sns.publish, "MessageGroupId", TopicArn=arn, Message="x")
    numbers = []
    for number in range(20):
        told = sns.publish(TopicArn=arn, Message=f"m{number}", MessageGroupId=f"g{number % 2}")
        again = sns.publish(TopicArn=arn, Message=f"m{number}", MessageGroupId=f"g{number % 2}")
        assert (told["MessageId"], told["SequenceNumber"]) == (again["MessageId"], again["SequenceNumber"])
        numbers.append(told["SequenceNumber"])
    assert numbers == sorted(set(numbers)) and all(len(one) == 20 for one in numbers), numbers
    found = receive(url, 20)
    for group in ("g0", "g1"):
        own = [int(one["Body"][1:]) for one in found if one["Attributes"]["MessageGroupId"] == group]
        assert own == sorted(own) and len(own) == 10, own
    assert len(receive(plain, 20)) == 20 and is_empty(plain) and is_empty(url)
    strict = topic("strict.fifo", FifoTopic="true")
    invalid(sns.publish, "ContentBasedDeduplication", TopicArn=strict, Message="x", MessageGroupId="g")
    sns.publish(TopicArn=strict, Message="x", MessageGroupId="g", MessageDeduplicationId="d")


def confirmed(path):
    """Waits for the question that a path is asked, and says yes."""
    headers, body = eventually(path, lambda: posted(path, "SubscriptionConfirmation"))[0]
    question = json.loads(body)
    assert question["Type"] == "SubscriptionConfirmation" and headers["x-amz-sns-topic-arn"] == question["TopicArn"]
    check_signature(question)
    return question


def urls():
    arn = topic("web")
    dead, dead_arn = queue("web-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    own = subscribe(arn, "http", RECEIVER + "/hook?a=b")
    told = sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=RECEIVER + "/raw", Attributes={"RawMessageDelivery": "true"})
    assert told["SubscriptionArn"] == "pending confirmation", told
    # SNS has no word for how long an attempt may take, which is 15 s.
    silent = {"topic": "web", "subscriber": RECEIVER + "/silent", "dead_letter": "web-dead"}
    native("PUT", "/v1/subscriptions/silent", silent | {"delivery": {"retries": 0, "timeout_ms": 1500}})
    retried = {"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 2}}
    subscribe(arn, "http", RECEIVER + "/fails", DeliveryPolicy=json.dumps(retried), RedrivePolicy=redrive)
    # No address that the node may send to, whatever it is called.
    subscribe(arn, "http", "http://169.254.169.254/latest/meta-data")
    found = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert {one["SubscriptionArn"] for one in found} == {"PendingConfirmation"}, found
    assert sns.get_subscription_attributes(SubscriptionArn=own)["Attributes"]["PendingConfirmation"] == "true"
    sns.publish(TopicArn=arn, Message="too early")
    question = confirmed("/hook?a=b")
    assert own in get(question["SubscribeURL"])
    try:
        get(question["SubscribeURL"])
        raise AssertionError("a token was good twice")
    except urllib.error.HTTPError as error:
        assert error.code == 400 and "InvalidParameter" in error.read().decode()
    question = confirmed("/raw")
    raw = sns.confirm_subscription(TopicArn=arn, Token=question["Token"], AuthenticateOnUnsubscribe="true")
    raw = raw["SubscriptionArn"]
    # These are asked too, and do not answer well; their clients confirm for them.
    for path in ("/silent", "/fails"):
        sns.confirm_subscription(TopicArn=arn, Token=confirmed(path)["Token"])
    began = time.monotonic()
    sent = sns.publish(TopicArn=arn, Message="hello", Subject="s")["MessageId"]
    headers, body = eventually("the message", lambda: posted("/hook?a=b"))[0]
    assert time.monotonic() - began < 1.5, "the silent one held it up"
    message = json.loads(body)
    check_signature(message)
    assert (message["Message"], message["MessageId"], message["Subject"]) == ("hello", sent, "s"), message
    assert headers["x-amz-sns-message-id"] == sent and headers["x-amz-sns-subscription-arn"] == own, headers
    assert headers["content-type"] == "text/plain; charset=UTF-8", headers
    headers, body = eventually("the raw message", lambda: posted("/raw"))[0]
    assert body == "hello" and headers["x-amz-sns-rawdelivery"] == "true", (headers, body)
    assert headers["x-amz-sns-subscription-arn"] == raw, headers
    # One failed three times at once, the other did not answer.
    letters = receive(dead, 2)
    for letter in letters:
        assert json.loads(letter["Body"])["MessageId"] == sent, letter
        assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "DeliveryFailed", letter
    reasons = {letter["MessageAttributes"]["ErrorMessage"]["StringValue"] for letter in letters}
    assert reasons == {"the answer was 500", "there was no answer within 1.5s"}, reasons
    assert len(posted("/fails")) == 3 and len(posted("/silent")) == 1
    assert len(posted("/hook?a=b")) == 1 and len(posted("/raw")) == 1, "nothing comes before it is wanted"
    sns.unsubscribe(SubscriptionArn=own)
    sns.delete_topic(TopicArn=arn)


def dead_letters():
    """Of a queue and a function that are gone."""
    arn = topic("gone")
    dead, dead_arn = queue("gone-dead")
    url, queue_arn = queue("gone")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    subscribe(arn, "sqs", queue_arn, RedrivePolicy=redrive)
    sqs.delete_queue(QueueUrl=url)
    sent = sns.publish(TopicArn=arn, Message="x")["MessageId"]
    letter = receive(dead)[0]
    assert json.loads(letter["Body"])["MessageId"] == sent, letter
    code = letter["MessageAttributes"]["ErrorCode"]["StringValue"]
    assert code == "AWS.SimpleQueueService.NonExistentQueue", letter


def once_more():
    """A topic of the name of one that is gone delivers as soon as that one did."""
    url, queue_arn = queue("once-more")
    for _ in range(3):
        arn = topic("once-more")
        subscribe(arn, "sqs", queue_arn)
        sent = sns.publish(TopicArn=arn, Message="x")["MessageId"]
        [message] = receive(url, seconds=10)
        assert json.loads(message["Body"])["MessageId"] == sent, message
        sns.delete_topic(TopicArn=arn)


for test in (topics, fan_out, once_more, publish_errors, subscribe_errors, filters, fifo, dead_letters, urls):
    began = time.monotonic()
    test()
    print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
print("all of SNS")
