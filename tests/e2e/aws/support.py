"""What the tests of AWS's APIs share: clients of a node, code to upload, and what errors are."""

import contextlib
import io
import json
import os
import subprocess
import sys
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["ENDPOINT"]
KEY = os.environ["KEY"]
SECRET = os.environ["SECRET"]
# The components that are uploaded, by their names.
COMPONENTS = os.environ["COMPONENTS"]
# Whether the node has a runtime for Python.
HAS_PYTHON = os.environ.get("HAS_PYTHON") == "1"
# Whether it has one for JavaScript.
HAS_JAVASCRIPT = os.environ.get("HAS_JAVASCRIPT") == "1"
# Folders with Powertools for AWS Lambda; none where they cannot be installed.
POWERTOOLS_PYTHON = os.environ.get("POWERTOOLS_PYTHON")
POWERTOOLS_JAVASCRIPT = os.environ.get("POWERTOOLS_JAVASCRIPT")
# A folder with boto3 for functions of Python; none where it cannot be installed.
LIBRARIES_PYTHON = os.environ.get("LIBRARIES_PYTHON")
REGION = "eu-west-1"


def client(service, key=KEY, secret=SECRET, **config):
    """A client of boto3, as a program has it."""
    config.setdefault("retries", {"max_attempts": 0})
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(**config),
    )


def native(method, path, body):
    """Asks the native API, for what AWS has no word for."""
    request = urllib.request.Request(
        ENDPOINT + path, json.dumps(body).encode(), method=method,
        headers={"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def component(name):
    with open(os.path.join(COMPONENTS, f"{name}.wasm"), "rb") as file:
        return file.read()


def archive(files):
    """A zip with these files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return whole.getvalue()


class Told:
    """How something was refused."""

    response = None


@contextlib.contextmanager
def refused(test, code, status, says=""):
    """What is done within is refused with this code and this status."""
    with test.assertRaises(ClientError) as raised:
        yield (told := Told())
    told.response = error = raised.exception.response
    test.assertEqual(error["Error"]["Code"], code, error)
    test.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], status, error)
    test.assertIn(says, error["Error"]["Message"])


def aws(*arguments, expect=0):
    """Runs the AWS CLI. Returns what it says."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [sys.executable, "-m", "awscli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != expect:
        raise AssertionError(f"aws {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr
