"""The context object that handlers get."""

import base64
import json
import os
import time

from awslambdaric.lambda_context import LambdaContext
from awslambdaric.lambda_runtime_exception import FaultException


_is_complete = False  # Whether the environment has everything that a context is made of.


def create(raw):
    """Lambda's context of an invocation."""
    if not _is_complete:
        _complete_environment(raw)
    return LambdaContext(
        raw.invocation_id(),
        _json(raw.attribute("aws.client-context"), "Client Context"),
        _json(raw.attribute("aws.cognito-identity"), "Cognito Identity"),
        raw.deadline() // 1_000_000,
        raw.attribute("aws.invoked-function-arn") or _arn(raw),
        raw.attribute("aws.tenant-id"),
    )


def _complete_environment(raw):
    """Sets what the node did not: it is the same for all invocations of an instance."""
    global _is_complete
    name, version = raw.function(), raw.version()
    os.environ.setdefault("AWS_LAMBDA_FUNCTION_NAME", name)
    os.environ.setdefault("AWS_LAMBDA_FUNCTION_VERSION", version)
    os.environ.setdefault("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(raw.memory_limit() >> 20))
    os.environ.setdefault("AWS_LAMBDA_LOG_GROUP_NAME", f"/aws/lambda/{name}")
    os.environ.setdefault("AWS_LAMBDA_LOG_STREAM_NAME", f"[{version}]")
    _is_complete = True


def _arn(raw):
    name = raw.function()
    region = os.environ.get("AWS_REGION", "us-east-1")
    qualifier = raw.alias() or raw.version()
    arn = f"arn:aws:lambda:{region}:000000000000:function:{name}"
    return arn if qualifier == "$LATEST" else f"{arn}:{qualifier}"


def _json(text, name):
    """What a header of an invocation says: JSON, as itself or in base64."""
    if not text:
        return None
    try:
        return json.loads(text if text.lstrip().startswith("{") else base64.b64decode(text))
    except Exception as error:
        kind = FaultException.LAMBDA_CONTEXT_UNMARSHAL_ERROR
        raise FaultException(kind, f"Unable to parse {name} JSON: {error}") from None


def set_trace(raw):
    """Puts the trace that the invocation belongs to where X-Ray's libraries look for it."""
    parent = raw.trace_parent()
    parts = parent.split("-") if parent else []
    if len(parts) == 4 and len(parts[1]) == 32:
        _, trace, span, flags = parts
        sampled = flags[-1:] in "13579bdf"
        header = f"Root=1-{trace[:8]}-{trace[8:]};Parent={span};Sampled={int(sampled)}"
    else:
        # One of its own, which nobody records.
        own = raw.invocation_id().replace("-", "")
        header = f"Root=1-{int(time.time()):08x}-{own[8:]};Parent={own[16:]};Sampled=0"
    os.environ["_X_AMZN_TRACE_ID"] = header
