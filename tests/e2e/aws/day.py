"""A day with the AWS CLI: a function is packaged, created, invoked, updated, published, deleted."""

import base64
import json
import os
import tempfile
import time
import unittest
import uuid

from support import HAS_PYTHON, archive, aws, client, component, refused


class Day(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.name = f"f-{uuid.uuid4()}"

    def tearDown(self):
        self.folder.cleanup()

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def invoke(self, *more):
        out = os.path.join(self.folder.name, "out.json")
        told = json.loads(aws("lambda", "invoke", "--function-name", self.name, *more, out))
        with open(out, "rb") as file:
            return told, json.load(file)

    def test_a_component(self):
        zip = self.file("f.zip", archive({"echo.wasm": component("echo_event")}))
        identity = json.loads(aws("sts", "get-caller-identity"))
        role = f"arn:aws:iam::{identity['Account']}:role/r"
        made = json.loads(aws(
            "lambda", "create-function", "--function-name", self.name, "--runtime", "provided.al2023",
            "--role", role, "--handler", "echo.handler", "--zip-file", f"fileb://{zip}"))
        self.assertEqual(made["State"], "Active")
        aws("lambda", "wait", "function-active-v2", "--function-name", self.name)
        told, answer = self.invoke("--payload", '{"a": 1}')
        self.assertEqual((told["StatusCode"], answer["data"]), (200, {"a": 1}))
        aws("lambda", "update-function-configuration", "--function-name", self.name, "--timeout", "9")
        self.assertEqual(json.loads(aws("lambda", "publish-version", "--function-name", self.name))["Version"], "1")
        told, _ = self.invoke("--qualifier", "1")
        self.assertEqual(told["ExecutedVersion"], "1")
        listed = json.loads(aws("lambda", "list-functions", "--max-items", "1"))
        self.assertEqual(len(listed["Functions"]), 1)
        aws("lambda", "delete-function", "--function-name", self.name)
        told = aws("lambda", "get-function", "--function-name", self.name, expect=255)
        self.assertIn("ResourceNotFoundException", told)

    @unittest.skipUnless(HAS_PYTHON, "the node has no runtime for Python")
    def test_the_python_function_of_every_first_text_on_lambda(self):
        source = b"""import json

def lambda_handler(event, context):
    length, width = event['length'], event['width']
    print(f'The area is {length * width}')
    return json.dumps({'area': length * width, 'by': context.function_name})
"""
        zip = self.file("my_deployment_package.zip", archive({"lambda_function.py": source}))
        aws("lambda", "create-function", "--function-name", self.name, "--runtime", "python3.13",
            "--handler", "lambda_function.lambda_handler", "--role", "arn:aws:iam::000000000000:role/r",
            "--zip-file", f"fileb://{zip}")
        told, answer = self.invoke("--payload", '{"length": 6, "width": 7}', "--log-type", "Tail")
        self.assertEqual(json.loads(answer), {"area": 42, "by": self.name})
        told, answer = self.invoke("--payload", '{"length": 6}')
        self.assertEqual((told["FunctionError"], answer["errorType"]), ("Unhandled", "KeyError"))
        self.assertIn("lambda_handler", answer["stackTrace"][-1])
        better = self.file("better.zip", archive(
            {"lambda_function.py": source.replace(b"length * width", b"length + width")}))
        aws("lambda", "update-function-code", "--function-name", self.name, "--zip-file", f"fileb://{better}")
        self.assertEqual(json.loads(self.invoke("--payload", '{"length": 6, "width": 7}')[1])["area"], 13)
        aws("lambda", "delete-function", "--function-name", self.name)

    @unittest.skipUnless(HAS_PYTHON, "the node has no runtime for Python")
    def test_messages_that_an_answer_names_count_as_failed_where_that_was_asked_for(self):
        source = b"""def lambda_handler(event, context):
    return {'batchItemFailures': [{'itemIdentifier': event['Records'][0]['messageId']}]}
"""
        functions, queues = client("lambda"), client("sqs")
        functions.create_function(
            FunctionName=self.name, Runtime="python3.13", Handler="lambda_function.lambda_handler",
            Role="arn:aws:iam::000000000000:role/r",
            Code={"ZipFile": archive({"lambda_function.py": source})})
        for asked in [[], ["ReportBatchItemFailures"]]:
            dead = queues.create_queue(QueueName=f"dead-{uuid.uuid4()}")["QueueUrl"]
            arn = queues.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
            jobs = queues.create_queue(
                QueueName=f"jobs-{uuid.uuid4()}", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "1"})["QueueUrl"]
            queues.send_message(QueueUrl=jobs, MessageBody="{}")
            arn = queues.get_queue_attributes(QueueUrl=jobs, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            made = functions.create_event_source_mapping(
                FunctionName=self.name, EventSourceArn=arn, FunctionResponseTypes=asked)
            self.assertEqual(made["FunctionResponseTypes"], asked)
            self.assertEqual(drained(queues, jobs), 0)
            received = queues.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages", [])
            self.assertEqual(len(received), len(asked), asked)
            functions.delete_event_source_mapping(UUID=made["UUID"])
        with refused(self, "ValidationException", 400, "ReportBatchItemFailures"):
            functions.create_event_source_mapping(
                FunctionName=self.name, EventSourceArn=arn, FunctionResponseTypes=["Other"])
        aws("lambda", "delete-function", "--function-name", self.name)

    @unittest.skipUnless(HAS_PYTHON, "the node has no runtime for Python")
    def test_what_the_client_says_of_itself_is_in_the_context(self):
        source = b"""def lambda_handler(event, context):
    client = context.client_context
    return client and [client.custom, client.client.app_title, client.env]
"""
        zip = self.file("client.zip", archive({"lambda_function.py": source}))
        aws("lambda", "create-function", "--function-name", self.name, "--runtime", "python3.13",
            "--handler", "lambda_function.lambda_handler", "--role", "arn:aws:iam::000000000000:role/r",
            "--zip-file", f"fileb://{zip}")
        said = {"custom": {"who": "Zo\u00eb \U0001f980"}, "client": {"app_title": "shop"}, "env": {"locale": "ko"}}
        encoded = base64.b64encode(json.dumps(said, ensure_ascii=False).encode()).decode()
        _, answer = self.invoke("--payload", "{}", "--client-context", encoded)
        self.assertEqual(answer, [said["custom"], "shop", said["env"]])
        self.assertIsNone(self.invoke("--payload", "{}")[1])
        long = base64.b64encode(json.dumps({"custom": {"a": "x" * 3000}}).encode()).decode()
        for odd, says in [("e30", "Base64"), (base64.b64encode(b"[]").decode(), "JSON object"), (long, "3583")]:
            told = aws("lambda", "invoke", "--function-name", self.name, "--client-context", odd,
                       os.devnull, expect=255)
            self.assertIn("InvalidRequestContentException", told)
            self.assertIn(says, told)
        aws("lambda", "delete-function", "--function-name", self.name)


def drained(queues, url):
    """Waits for a queue to have no messages, and returns how many there are in the end."""
    for _ in range(300):
        counts = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        left = sum(int(counts[f"ApproximateNumberOfMessages{kind}"]) for kind in ["", "NotVisible"])
        if left == 0:
            break
        time.sleep(0.1)
    return left


if __name__ == "__main__":
    unittest.main()
