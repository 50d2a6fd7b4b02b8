"""Keyspaces, buckets and queues of a Lambent node, for functions in Python.

    from lambent import bucket, keyspace, queue

    def lambda_handler(event, context):
        visits = keyspace("visits").increment("total")
        photo = bucket("photos").get("cat.jpg")
        queue("jobs").send({"visits": visits, "bytes": len(photo)})

A function reaches what it was granted. In a test, on one's own machine, `lambent.testing` has a
node in memory that the same clients reach.
"""

from lambent._bucket import Bucket, ObjectInfo, bucket
from lambent._errors import Conflict, Error, NotFound, NotGranted, TooLarge
from lambent._keyspace import Keyspace, keyspace
from lambent._queue import Queue, queue

__all__ = [
    "Bucket", "Conflict", "Error", "Keyspace", "NotFound", "NotGranted", "ObjectInfo", "Queue",
    "TooLarge", "bucket", "keyspace", "queue",
]
