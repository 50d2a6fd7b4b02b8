"""The node in memory does what `sdk/conformance/cases.json` says, as a node does."""

import base64
import importlib.util
import json
import unittest
from pathlib import Path

from lambent.testing import memory

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"


def _interpreter():
    spec = importlib.util.spec_from_file_location("conformance", CONFORMANCE / "lambda_function.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Conformance(unittest.TestCase):
    def test_cases(self):
        cases = json.loads((CONFORMANCE / "cases.json").read_text())
        with memory(*cases["grants"], function="conformance") as node:
            node.create(*cases["exist"])
            node.delete(*cases["gone"])
            answer = _interpreter().lambda_handler(cases, None)
            self.assertEqual(answer, {"cases": len(cases["cases"]), "wrong": []})
            for queue, expected in cases["sent"].items():
                self.assertEqual([_described(message, one) for message, one in zip(node.sent(queue), expected)], expected)
                self.assertEqual(len(node.sent(queue)), len(expected))


def _described(message, expected):
    """A message in the words of what is expected of it."""
    try:
        body = message.text
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(message.body).decode()}
    all = {"body": body, "size": len(message.body), "contentType": message.content_type}
    if "json" in expected:
        all["json"] = message.json
    if message.attributes:
        all["attributes"] = dict(message.attributes)
    if message.group is not None:
        all["group"] = message.group
    kept = {"attributes", "group", *expected}
    return {name: value for name, value in all.items() if name in kept}


if __name__ == "__main__":
    unittest.main()
