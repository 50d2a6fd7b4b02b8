"""Makes requests by the libraries that functions bring, each as its documentation shows it.

Each is imported where it is used: to import all of them is more than INIT has time for on a busy machine.
"""

import asyncio
import json
import os
import urllib.error
import urllib.request
from decimal import Decimal


def lambda_handler(event, context):
    try:
        return {"answer": globals()["by_" + event["by"]](event["url"])}
    except Exception as error:
        return {"error": type(error).__name__, "message": "; ".join(causes(error))}


def causes(error):
    """What an error says, and what those say that led to it: httpx says nothing itself of what anyio wraps."""
    while error is not None:
        yield str(error)
        error = error.__cause__ or error.__context__


def by_requests(url):
    import requests

    with requests.Session() as session:
        answers = [session.get(url, params={"name": name}, timeout=20) for name in ("A", "B")]
        return [[answer.status_code, answer.json()["message"]] for answer in answers]


def by_urllib(url):
    with urllib.request.urlopen(f"{url}?name=A", timeout=20) as answer:
        found = [answer.status, json.load(answer)["message"]]
    try:
        urllib.request.urlopen(f"{url}-is-not-there", timeout=20)
    except urllib.error.HTTPError as error:
        return [*found, error.code]


def by_urllib3(url):
    import urllib3

    http = urllib3.PoolManager(num_pools=1, retries=False)
    answer = http.request("POST", url, json={"a": 1}, timeout=20)
    return [answer.status, answer.json()["message"]]


def by_httpx(url):
    import httpx

    with httpx.Client(timeout=20) as client:
        return [client.get(url, params={"name": name}).json()["message"] for name in ("A", "B")]


def by_httpx_async(url):
    import httpx

    async def ask():
        async with httpx.AsyncClient(timeout=20) as client:
            answers = await asyncio.gather(*(client.get(url, params={"name": name}) for name in "ABC"))
            return [answer.json()["message"] for answer in answers]

    return asyncio.run(ask())


def by_boto3(url):
    import boto3
    from botocore.config import Config

    if url == "own":
        # As a function is on AWS: nothing is configured.
        return stored(boto3.client("s3"), boto3.client("sqs"))
    settings = {"endpoint_url": url, "region_name": "eu-west-1", "aws_access_key_id": "a",
                "aws_secret_access_key": "b", "config": Config(retries={"total_max_attempts": 1})}
    return stored(boto3.client("s3", **settings), boto3.client("sqs", **settings))


def by_own_services(_):
    """What functions on AWS keep things in, as they call it there."""
    import boto3
    from botocore.exceptions import ClientError

    table = boto3.resource("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    table.wait_until_exists()
    table.put_item(Item={"id": "7", "total": Decimal("30.5"), "tags": {"a", "b"}})
    total = table.get_item(Key={"id": "7"})["Item"]["total"]
    secrets = boto3.client("secretsmanager")
    made = secrets.create_secret(Name="prod/db", SecretString="correct horse")
    secrets.put_secret_value(SecretId=made["ARN"], SecretString="battery staple")
    parameters = boto3.client("ssm")
    parameters.put_parameter(Name="/app/key", Value="open", Type="SecureString")
    found = parameters.get_parameters_by_path(Path="/app", WithDecryption=True)["Parameters"]
    functions = boto3.client("lambda")
    event = json.dumps({"queryStringParameters": {"name": "A"}})
    greeting = json.load(functions.invoke(FunctionName="greets", Payload=event)["Payload"])
    refused = []
    for call in (lambda: secrets.get_secret_value(SecretId="test/db"),
                 lambda: parameters.get_parameters_by_path(Path="/", Recursive=True),
                 lambda: functions.get_function_configuration(FunctionName="greets"),
                 lambda: functions.invoke(FunctionName="libraries", Payload=b"{}")):
        try:
            refused.append(call())
        except ClientError as error:
            refused.append(error.response["Error"]["Code"])
    return {"total": str(total), "secret": secrets.get_secret_value(SecretId="prod/db")["SecretString"],
            "parameters": {one["Name"]: one["Value"] for one in found}, "greeting": greeting["message"],
            "refused": refused}


def by_extension(_):
    """What AWS's extension for parameters and secrets answers, asked as its documentation shows it."""
    port = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]

    def get(path, token=os.environ["AWS_SESSION_TOKEN"], host="localhost"):
        headers = {"X-Aws-Parameters-Secrets-Token": token}
        request = urllib.request.Request(f"http://{host}:{port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return [error.code, error.read().decode()]

    parameter = "/systemsmanager/parameters/get?name=%2Fapp%2Fkey"
    secret = get("/secretsmanager/get?secretId=prod/db")
    return {
        "sealed": get(parameter)["Parameter"]["Value"] != "open",
        "parameter": get(parameter + "&withDecryption=true&version=1", host="127.0.0.1")["Parameter"]["Value"],
        "secret": secret["SecretString"],
        "previous": get("/secretsmanager/get?secretId=prod/db&versionStage=AWSPREVIOUS")["SecretString"],
        "version": get("/secretsmanager/get?secretId=prod/db&versionId=" + secret["VersionId"])["SecretString"],
        "refused": [get(parameter, token="guessed"), get("/secretsmanager/get?secretId=test/db"),
                    get("/systemsmanager/parameters/get?name=%2Fapp%2Fnone")]}


def by_aws(_):
    """With a key of its own: what the configuration leaves at home, and what it sends to AWS."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    item = boto3.resource("dynamodb").Table("orders").get_item(Key={"id": "7"})["Item"]
    s3 = boto3.client("s3")
    s3.put_object(Bucket="photos", Key="own", Body=b"by its own key")
    body = s3.get_object(Bucket="photos", Key="own")["Body"].read().decode()
    # A service that AWS does not have either, so that no test asks AWS.
    elsewhere = boto3.client("dynamodb", endpoint_url="https://nowhere.us-east-1.amazonaws.com",
                             config=Config(retries={"total_max_attempts": 1}))
    try:
        elsewhere.list_tables()
    except BotoCoreError as error:
        return {"total": str(item["total"]), "body": body, "elsewhere": type(error).__name__}


def stored(s3, sqs):
    s3.create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="photos", Key="a/b c.txt", Body=b"hello", Metadata={"x": "y"})
    found = s3.get_object(Bucket="photos", Key="a/b c.txt")
    # More than a part, so that it goes up in several, by a pool of threads.
    with open("/tmp/large", "wb") as file:
        file.write(os.urandom(9 << 20))
    s3.upload_file("/tmp/large", "photos", "large")
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket="photos")
    sizes = {entry["Key"]: entry["Size"] for page in listed for entry in page["Contents"]}
    queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="order 1")
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"][0]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return {"body": found["Body"].read().decode(), "metadata": found["Metadata"], "sizes": sizes,
            "message": message["Body"]}
