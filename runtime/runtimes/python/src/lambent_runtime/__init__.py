"""Lambda's contract for Python functions, over the interfaces of a component."""
