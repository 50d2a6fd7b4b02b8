"""Finds the function that `_HANDLER` names."""

from awslambdaric.bootstrap import _get_handler
from awslambdaric.lambda_runtime_exception import FaultException

from lambent_runtime import native


def load(handler):
    """The function; the errors are Lambda's own."""
    try:
        return _get_handler(handler)
    except FaultException as fault:
        if fault.exception_type == FaultException.IMPORT_MODULE_ERROR:
            fault.msg += native.explanation(fault.__context__)
        raise
