"""Events and answers as JSON, exactly as Lambda reads and writes them."""

import json
import marshal

from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import Encoder

_fast = json.JSONEncoder(ensure_ascii=False).encode
_exact = None  # Lambda's own encoder, which depends on the environment.


def read(data):
    """The event of a request."""
    if not data:
        return {}
    try:
        return json.loads(data)
    except Exception as error:
        kind = FaultException.UNMARSHAL_ERROR
        raise FaultException(kind, f"Unable to unmarshal input: {error}") from None


def write(answer):
    """The bytes of an answer and their content type."""
    if isinstance(answer, bytes):
        return answer, "application/unknown"
    try:
        # marshal knows just the types that both encoders write alike, besides bytes and sets,
        # which the fast one refuses.
        marshal.dumps(answer)
        text = _fast(answer)
    except Exception:
        text = _encode_exactly(answer)
    return text.encode("utf-8", "surrogatepass"), "application/json"


def _encode_exactly(answer):
    global _exact
    try:
        if _exact is None:
            _exact = Encoder()
        return _exact.encode(answer)
    except Exception as error:
        kind = FaultException.MARSHAL_ERROR
        raise FaultException(kind, f"Unable to marshal response: {error}") from None
