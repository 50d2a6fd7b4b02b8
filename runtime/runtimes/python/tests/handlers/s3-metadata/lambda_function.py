"""Says of each new object what a thumbnailer would need to know."""

import json
import logging
import mimetypes
import os
import urllib.parse

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def lambda_handler(event, context):
    found = []
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"], encoding="utf-8")
        kind, _ = mimetypes.guess_type(key)
        logger.info("object %s in %s", key, bucket)
        stem, extension = os.path.splitext(os.path.basename(key))
        found.append(
            {
                "bucket": bucket,
                "key": key,
                "type": kind,
                "thumbnail": f"thumbnails/{stem}-128{extension.lower()}",
                "size": record["s3"]["object"]["size"],
            }
        )
    return {"processed": len(found), "objects": found}
