"""Runs tests of the package `test`, and answers what came of each.

An event names a module, and the tests of it that are run; without them the tests are listed.
"""

import importlib
import io
import os
import sys
import unittest


def lambda_handler(event, context):
    os.environ["HOME"] = "/tmp"
    os.chdir("/tmp")
    _allow()
    try:
        tests = {test.id(): test for test in _flat(_load("test." + event["module"]))}
    except unittest.SkipTest as skip:
        return {"tests": [], "skip": str(skip) or "it says so itself"}
    if "only" not in event:
        return {"tests": list(tests)}
    suite = unittest.TestSuite(tests[name] for name in event["only"])
    result = _Result(sys.stdout)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    try:
        suite.run(result)
    finally:
        sys.stdout, sys.stderr = streams
    return {"run": result.testsRun, "failed": result.failed, "skipped": result.skips}


def _allow():
    """Has tests run that need threads and loops of asyncio, which CPython itself does not have here."""
    from test import support
    from test.support import socket_helper, threading_helper

    support.has_socket_support = True
    socket_helper.has_gethostname = True
    threading_helper.can_start_thread = True


def _load(name):
    module = importlib.import_module(name)
    loader = unittest.defaultTestLoader
    if not hasattr(module, "__path__"):
        return loader.loadTestsFromModule(module)
    # A folder of tests: each module of it. The packages' own way looks for files by a start directory.
    suite = unittest.TestSuite()
    for path in module.__path__:
        for file in sorted(os.listdir(path)):
            if file.startswith("test_") and (file.endswith(".py") or os.path.isdir(os.path.join(path, file))):
                try:
                    suite.addTests(_load(f"{name}.{file.removesuffix('.py')}"))
                except unittest.SkipTest:
                    pass
    if not suite.countTestCases():
        return loader.loadTestsFromModule(module)
    return suite


def _flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test


class _Result(unittest.TestResult):
    """Counts a test once, also one with several failures in parts of it."""

    def __init__(self, log):
        super().__init__()
        self._log = log
        self.failed, self.skips, self._seen = [], [], set()

    def startTest(self, test):
        super().startTest(test)
        # Where the instance ends, this is what is left.
        print(test.id(), file=self._log, flush=True)

    def _fail(self, test, error):
        # A part of a test is the test; what fails for a whole class or module is a line of its own.
        name = getattr(test, "test_case", test).id()
        if name in self._seen:
            return
        self._seen.add(name)
        kind, value, _ = error
        line = (str(value).strip().splitlines() or [""])[0]
        self.failed.append([name, f"{kind.__name__}: {line}"[:200]])

    def addError(self, test, error):
        if issubclass(error[0], unittest.SkipTest):
            return self.addSkip(test, str(error[1]))
        self._fail(test, error)

    addFailure = addError

    def addSubTest(self, test, part, error):
        if error is not None:
            self._fail(test, error)

    def addSkip(self, test, reason):
        name = getattr(test, "test_case", test).id()
        if name not in self._seen:
            self._seen.add(name)
            self.skips.append([name, reason])

    def addUnexpectedSuccess(self, test):
        self.failed.append([test.id(), "it was expected to fail"])
