"""A day with the AWS CLI: a function is packaged, created, invoked, updated, published, deleted."""

import json
import os
import tempfile
import unittest
import uuid

from support import HAS_PYTHON, archive, aws, component


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


if __name__ == "__main__":
    unittest.main()
