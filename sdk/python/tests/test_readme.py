"""The README's code runs as it is written."""

import re
import unittest
from pathlib import Path

from lambent.testing import memory

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
GRANTS = (
    "keyspace:todo=read-write", "keyspace:sizes=write", "bucket:photos=read-write", "queue:jobs=write",
    "queue:orders.fifo=write", "queue:resized=write",
)


class Readme(unittest.TestCase):
    def test_code(self):
        blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        self.assertGreaterEqual(len(blocks), 5)
        for block in blocks:
            names = {"__name__": "readme"}
            with memory(*GRANTS):
                exec(compile(block, "README.md", "exec"), names)
                self._handle(names)
            self._test(names)

    def _handle(self, names):
        """The handler at the top gets an event of an object."""
        from lambent import bucket
        from lambent.testing import events

        if "lambda_handler" in names and "bucket" in names:
            bucket("photos").put("cat.jpg", b"three")
            names["lambda_handler"](events.object_created("photos", "cat.jpg", 5), None)

    def _test(self, names):
        if "Test" in names:
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(names["Test"]).run(result)
            self.assertEqual((result.testsRun, result.errors, result.failures), (2, [], []))


if __name__ == "__main__":
    unittest.main()
