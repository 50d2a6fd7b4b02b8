"""For every photo that is uploaded: a thumbnail, what is known of it, and a message to whoever wants to know.

This is a function as AWS has it, with boto3 and nothing of the node's.
"""

import json
import os
from urllib.parse import unquote_plus

import boto3
from png import PNG

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
sns = boto3.client("sns")


def lambda_handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        photo = PNG.read(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        small = photo.scaled(int(os.environ["WIDTH"]))
        thumbnail = small.written()
        s3.put_object(Bucket=os.environ["THUMBNAILS"], Key=key, Body=thumbnail, ContentType="image/png")
        known = {"width": photo.width, "height": photo.height, "thumbnail": {"width": small.width, "height": small.height}}
        table.put_item(Item={"key": key, **known})
        sns.publish(TopicArn=os.environ["TOPIC"], Subject="A photo is ready", Message=json.dumps({"key": key, **known}))
