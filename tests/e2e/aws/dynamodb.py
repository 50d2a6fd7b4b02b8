"""DynamoDB with boto3 as PyPI has it, by its client and its resource: what succeeds, and the errors that are documented.

Run as `dynamodb.py URL ACCESS_KEY SECRET`.
"""

import base64
import decimal
import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib

import boto3
import botocore
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET = sys.argv[1:4]
SETTINGS = {
    "endpoint_url": ENDPOINT,
    "region_name": "eu-west-1",
    "aws_access_key_id": ACCESS_KEY,
    "aws_secret_access_key": SECRET,
    "config": Config(retries={"total_max_attempts": 1}),
}
db = boto3.client("dynamodb", **SETTINGS)
resource = boto3.resource("dynamodb", **SETTINGS)


def refused(code, call, text="", status=400, **arguments):
    """The error of this code, and of no other, with this in its text."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, (code, found)
        assert text in found["Message"], (text, found)
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return error.response
    raise AssertionError(f"not refused: {arguments}")


def invalid(call, text, **arguments):
    return refused("ValidationException", call, text, **arguments)


def text(value):
    return {"S": value}


def number(value):
    return {"N": str(value)}


def create(name, hash_key="id", range_key=None, **more):
    """A table whose keys are texts, but for a range key that begins with n."""
    keys = [(hash_key, "HASH")] + ([(range_key, "RANGE")] if range_key else [])
    kind = lambda name: "N" if name.startswith("n") and name != "name" else "S"
    defined = {key: kind(key) for key, _ in keys}
    for index in more.get("LocalSecondaryIndexes", []) + more.get("GlobalSecondaryIndexes", []):
        for element in index["KeySchema"]:
            defined[element["AttributeName"]] = kind(element["AttributeName"])
    more.setdefault("BillingMode", "PAY_PER_REQUEST")
    created = db.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": which} for key, which in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": of} for key, of in defined.items()],
        **more,
    )
    db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return created["TableDescription"]


def index(name, hash_key, range_key=None, projection="ALL", **more):
    keys = [(hash_key, "HASH")] + ([(range_key, "RANGE")] if range_key else [])
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": which} for key, which in keys],
        "Projection": {"ProjectionType": projection, **more},
    }


def tables():
    made = create("orders", "id", "n", Tags=[{"Key": "team", "Value": "shop"}])
    assert made["TableName"] == "orders" and made["TableArn"].endswith(":table/orders"), made
    found = db.describe_table(TableName="orders")["Table"]
    assert found["TableStatus"] == "ACTIVE" and found["ItemCount"] == 0, found
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST", found
    assert found["KeySchema"] == [
        {"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"},
    ], found
    assert {"AttributeName": "n", "AttributeType": "N"} in found["AttributeDefinitions"], found
    assert db.describe_table(TableName=made["TableArn"])["Table"]["TableId"] == found["TableId"]
    refused("ResourceInUseException", create, "Table already exists: orders", name="orders")
    refused("ResourceNotFoundException", db.describe_table, "Table: nothing not found", TableName="nothing")
    refused("ResourceNotFoundException", db.delete_table, TableName="nothing")
    invalid(db.describe_table, "at least 3 characters long", TableName="ab")
    invalid(
        db.create_table, "Some index key attributes are not defined", TableName="wrong", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "b", "AttributeType": "S"}],
    )
    invalid(
        db.create_table, "must both be specified when BillingMode is PROVISIONED", TableName="wrong",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
    )

    arn = made["TableArn"]
    assert db.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    db.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert db.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]
    invalid(db.tag_resource, "Invalid TableArn", ResourceArn="orders", Tags=[])
    refused("ResourceNotFoundException", db.list_tags_of_resource, ResourceArn=arn + "-not")

    assert db.describe_time_to_live(TableName="orders")["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    specification = {"Enabled": True, "AttributeName": "expires"}
    db.update_time_to_live(TableName="orders", TimeToLiveSpecification=specification)
    found = db.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert found == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}, found
    invalid(
        db.update_time_to_live, "TimeToLive is already enabled", TableName="orders", TimeToLiveSpecification=specification
    )
    other = {"Enabled": False, "AttributeName": "other"}
    invalid(db.update_time_to_live, "different AttributeName", TableName="orders", TimeToLiveSpecification=other)

    db.update_table(TableName="orders", DeletionProtectionEnabled=True)
    invalid(db.delete_table, "protected against deletion", TableName="orders")
    db.update_table(TableName="orders", DeletionProtectionEnabled=False)
    changed = db.update_table(
        TableName="orders", BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}, TableClass="STANDARD_INFREQUENT_ACCESS",
    )["TableDescription"]
    assert changed["ProvisionedThroughput"]["WriteCapacityUnits"] == 4, changed
    found = db.describe_table(TableName="orders")["Table"]
    assert found["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS", found
    invalid(db.update_table, "At least one of", TableName="orders")

    for name in ["page-1", "page-2", "page-3"]:
        create(name)
    pages = db.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})
    names = [name for page in pages for name in page["TableNames"]]
    assert names == sorted(names) and {"orders", "page-1", "page-2", "page-3"} <= set(names), names
    page = db.list_tables(ExclusiveStartTableName="page-1", Limit=1)
    assert page["TableNames"] == ["page-2"] and page["LastEvaluatedTableName"] == "page-2", page
    for name in ["orders", "page-1", "page-2", "page-3"]:
        assert db.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
        db.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})

    assert db.describe_limits()["TableMaxReadCapacityUnits"] > 0
    assert db.describe_endpoints()["Endpoints"][0]["Address"] in ENDPOINT
    create("backed-up")
    found = db.describe_continuous_backups(TableName="backed-up")["ContinuousBackupsDescription"]
    assert found["ContinuousBackupsStatus"] == "DISABLED", found
    refused("NotImplemented", db.list_exports, status=501)
    db.delete_table(TableName="backed-up")


def items():
    create("things", "id", "n")
    every = {
        "id": text("a"), "n": number("1.50"), "text": text("héllo"), "bytes": {"B": b"\x00\xff"}, "yes": {"BOOL": True},
        "null": {"NULL": True}, "list": {"L": [number(1), {"M": {"deep": text("x")}}]}, "map": {"M": {}},
        "texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1", "2"]}, "blobs": {"BS": [b"1", b"2"]}, "empty": text(""),
    }
    assert "Attributes" not in db.put_item(TableName="things", Item=every)
    key = {"id": text("a"), "n": number("1.5")}
    expected = {**every, "n": number("1.5")}
    found = db.get_item(TableName="things", Key=key, ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    assert found["Item"] == expected, found["Item"]
    assert found["ConsumedCapacity"] == {"TableName": "things", "CapacityUnits": 1.0}, found
    part = db.get_item(
        TableName="things", Key=key, ProjectionExpression="#l[1].deep, yes", ExpressionAttributeNames={"#l": "list"}
    )["Item"]
    assert part == {"list": {"L": [{"M": {"deep": text("x")}}]}, "yes": {"BOOL": True}}, part
    assert db.get_item(TableName="things", Key=key, AttributesToGet=["text", "not"])["Item"] == {"text": text("héllo")}
    assert "Item" not in db.get_item(TableName="things", Key={"id": text("b"), "n": number(1)})
    old = db.put_item(TableName="things", Item={**key, "v": number(2)}, ReturnValues="ALL_OLD")["Attributes"]
    assert old == expected, old
    deleted = db.delete_item(TableName="things", Key=key, ReturnValues="ALL_OLD")["Attributes"]
    assert deleted == {**key, "v": number(2)}, deleted
    assert "Attributes" not in db.delete_item(TableName="things", Key=key, ReturnValues="ALL_OLD")

    put = lambda item, **more: db.put_item(TableName="things", Item=item, **more)
    wrong = lambda message, item, **more: invalid(put, message, item=item, **more)
    wrong("Missing the key n in the item", {"id": text("a")})
    wrong("Type mismatch for key n expected: N actual: S", {"id": text("a"), "n": text("1")})
    wrong("cannot contain an empty string value. Key: id", {"id": text(""), "n": number(1)})
    wrong("Size of hashkey has exceeded", {"id": text("x" * 2049), "n": number(1)})
    wrong("Item size has exceeded the maximum allowed size", {**key, "big": text("x" * 409_600)})
    wrong("The parameter cannot be converted to a numeric value: x", {**key, "v": number("x")})
    wrong("more than 38 significant digits", {**key, "v": number("1" * 39)})
    wrong("Number overflow", {**key, "v": number("1e126")})
    wrong("An string set  may not be empty", {**key, "v": {"SS": []}})
    wrong("Input collection [a, a] contains duplicates", {**key, "v": {"SS": ["a", "a"]}})
    wrong("ReturnValues can only be ALL_OLD or NONE", key, ReturnValues="ALL_NEW")
    wrong("Member must satisfy enum value set: [INDEXES, TOTAL, NONE]", key, ReturnConsumedCapacity="SOME")
    get = lambda key, **more: db.get_item(TableName="things", Key=key, **more)
    invalid(get, "The provided key element does not match the schema", key={"id": text("a")})
    invalid(get, "overlap with each other", key=key, ProjectionExpression="a, a.b")
    invalid(get, "reserved keyword: name", key=key, ProjectionExpression="name")
    invalid(
        get, "unused in expressions: keys: {#b}", key=key, ProjectionExpression="#a",
        ExpressionAttributeNames={"#a": "a", "#b": "b"},
    )
    refused("ResourceNotFoundException", db.get_item, "Requested resource not found", TableName="nothing", Key=key)


def conditions():
    key = {"id": text("c"), "n": number(1)}
    put = lambda **more: db.put_item(TableName="things", Item={**key, "v": number(1)}, **more)
    put(ConditionExpression="attribute_not_exists(id)")
    failed = lambda call, **more: refused(
        "ConditionalCheckFailedException", call, "The conditional request failed", **more
    )
    failed(put, ConditionExpression="attribute_not_exists(id)")
    shown = failed(put, ConditionExpression="v > :v", ExpressionAttributeValues={":v": number(1)},
                   ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert shown["Item"] == {**key, "v": number(1)}, shown
    holding = [
        "v = :v", "v <> :two", "v BETWEEN :v AND :two", "v IN (:two, :v)", "NOT v > :v", "size(id) = :v",
        "attribute_type(v, :type)", "begins_with(id, :c)", "contains(id, :c) OR v = :two", "(v < :two) AND id = :c",
    ]
    values = {":v": number(1), ":two": number(2), ":type": text("N"), ":c": text("c")}
    for condition in holding:
        used = re.findall(":\\w+", condition)
        put(ConditionExpression=condition, ExpressionAttributeValues={name: values[name] for name in used})
    put(Expected={"v": {"Value": number(1)}, "w": {"Exists": False}})
    failed(put, Expected={"v": {"ComparisonOperator": "GT", "AttributeValueList": [number(1)]}})
    put(Expected={"v": {"Value": number(5)}, "w": {"Exists": False}}, ConditionalOperator="OR")
    invalid(put, "Syntax error; token: \"<EOF>\"", ConditionExpression="v >")
    invalid(put, "is not defined; attribute value: :x", ConditionExpression="v = :x")
    invalid(put, "can only be specified when using expressions", ExpressionAttributeNames={"#a": "a"})
    invalid(
        put, "Can not use both expression and non-expression parameters", ConditionExpression="attribute_exists(v)",
        Expected={"v": {"Exists": False}},
    )
    delete = lambda **more: db.delete_item(TableName="things", Key=key, **more)
    failed(delete, ConditionExpression="attribute_exists(w)")
    delete(ConditionExpression="attribute_exists(v)")

    # Of writers at the same time one finds that nothing is there.
    winners = []

    def write():
        try:
            boto3.client("dynamodb", **SETTINGS).put_item(
                TableName="things", Item=key, ConditionExpression="attribute_not_exists(id)"
            )
            winners.append(1)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException", error

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert winners == [1], winners


def updates():
    key = {"id": text("u"), "n": number(1)}

    def update(expression, returned="ALL_NEW", **values):
        values = {f":{name}": value for name, value in values.items()}
        more = {"ExpressionAttributeValues": values} if values else {}
        return db.update_item(
            TableName="things", Key=key, UpdateExpression=expression, ReturnValues=returned, **more
        ).get("Attributes")

    assert update("SET a = :a", a=number(1)) == {**key, "a": number(1)}
    assert update("SET a = a + :one, b = if_not_exists(b, :one)", one=number(1))["a"] == number(2)
    assert update("SET a = a - :more", "UPDATED_NEW", more=number("0.5")) == {"a": number("1.5")}
    assert update("ADD a :more", "UPDATED_OLD", more=number("1")) == {"a": number("1.5")}
    assert update("SET l = list_append(if_not_exists(l, :none), :l)", none={"L": []}, l={"L": [text("x")]})["l"] == {"L": [text("x")]}
    assert update("SET l[9] = :x", x=text("y"))["l"] == {"L": [text("x"), text("y")]}
    assert update("REMOVE l[0]")["l"] == {"L": [text("y")]}
    assert update("ADD s :s", s={"SS": ["a", "b"]})["s"] == {"SS": ["a", "b"]}
    assert update("DELETE s :s", s={"SS": ["a"]})["s"] == {"SS": ["b"]}
    assert "s" not in update("DELETE s :s", s={"SS": ["b"]})
    assert update("SET m = :m", m={"M": {"x": {"M": {}}}})["m"] == {"M": {"x": {"M": {}}}}
    assert update("SET m.x.y = :y REMOVE a, b", "UPDATED_NEW", y=number(7)) == {"m": {"M": {"x": {"M": {"y": number(7)}}}}}
    old = update("SET a = :a", "ALL_OLD", a=number(0))
    assert "a" not in old and old["m"]["M"]["x"], old
    assert update("SET a = :a", "NONE", a=number(0)) is None
    refuse = lambda message, expression, **values: invalid(update, message, expression=expression, **values)
    refuse("Cannot update attribute id. This attribute is part of the key", "SET id = :a", a=text("x"))
    refuse("invalid for update", "SET missing1.x = :a", a=text("x"))
    refuse("does not exist in the item", "SET a = missing1")
    refuse("incorrect data type", "SET a = a + l")
    refuse("overlap with each other", "SET a = :a REMOVE a", a=text("x"))
    refuse("section can only be used once", "SET a = :a SET b = :a", a=text("x"))
    refuse("Item size to update has exceeded", "SET c = :a, d = :a", a=text("x" * 250_000))
    db.update_item(
        TableName="things", Key=key,
        AttributeUpdates={"a": {"Action": "ADD", "Value": number(5)}, "l": {"Action": "DELETE"}, "z": {"Value": text("z")}},
    )
    found = db.get_item(TableName="things", Key=key)["Item"]
    assert found["a"] == number(5) and "l" not in found and found["z"] == text("z"), found
    # A key alone makes an item of itself.
    other = {"id": text("u"), "n": number(2)}
    db.update_item(TableName="things", Key=other)
    assert db.get_item(TableName="things", Key=other)["Item"] == other

    # No addition is lost.
    def add():
        mine = boto3.client("dynamodb", **SETTINGS)
        for _ in range(10):
            mine.update_item(
                TableName="things", Key=key, UpdateExpression="ADD hits :one", ExpressionAttributeValues={":one": number(1)}
            )

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.get_item(TableName="things", Key=key)["Item"]["hits"] == number(40)
    db.delete_table(TableName="things")


def queries():
    create(
        "logs", "user", "n", LocalSecondaryIndexes=[index("by-kind", "user", "kind", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index("kinds", "kind", "n", "INCLUDE", NonKeyAttributes=["size"])],
    )
    table = resource.Table("logs")
    with table.batch_writer() as batch:
        for n in range(40):
            batch.put_item(Item={"user": "ann", "n": n - 20, "kind": f"k{n % 3}", "size": n, "filler": "x" * 10})
        batch.put_item(Item={"user": "bob", "n": decimal.Decimal("0.5"), "kind": "k0"})
    told = {"ItemCollectionKey": {"user": "bob"}, "SizeEstimateRangeGB": [0.0, 1.0]}
    sized, key = {"ReturnItemCollectionMetrics": "SIZE"}, {"user": "bob", "n": 2}
    assert table.put_item(Item=key, **sized)["ItemCollectionMetrics"] == told
    assert table.update_item(Key=key, **sized)["ItemCollectionMetrics"] == told
    assert resource.batch_write_item(
        RequestItems={"logs": [{"DeleteRequest": {"Key": key}}]}, **sized
    )["ItemCollectionMetrics"] == {"logs": [told]}
    ns = lambda found: [int(item["n"]) for item in found["Items"]]
    ann = Key("user").eq("ann")
    assert ns(table.query(KeyConditionExpression=ann)) == list(range(-20, 20))
    assert ns(table.query(KeyConditionExpression=ann, ScanIndexForward=False, Limit=3)) == [19, 18, 17]
    assert ns(table.query(KeyConditionExpression=ann & Key("n").between(-2, 2))) == [-2, -1, 0, 1, 2]
    assert ns(table.query(KeyConditionExpression=ann & Key("n").lt(-17))) == [-20, -19, -18]
    assert ns(table.query(KeyConditionExpression=ann & Key("n").gte(18))) == [18, 19]
    filtered = table.query(KeyConditionExpression=ann, FilterExpression=Attr("size").lt(5) | Attr("size").eq(30))
    assert (filtered["Count"], filtered["ScannedCount"]) == (6, 40), filtered
    assert table.query(KeyConditionExpression=ann, Select="COUNT")["Count"] == 40
    part = table.query(
        KeyConditionExpression=ann, ProjectionExpression="#s", ExpressionAttributeNames={"#s": "size"}, Limit=1
    )
    assert part["Items"] == [{"size": 0}] and part["LastEvaluatedKey"] == {"user": "ann", "n": -20}, part

    for forward in [True, False]:
        pages = db.get_paginator("query").paginate(
            TableName="logs", KeyConditionExpression="#u = :u", ExpressionAttributeNames={"#u": "user"},
            ExpressionAttributeValues={":u": text("ann")}, ScanIndexForward=forward, PaginationConfig={"PageSize": 7},
        )
        seen = [int(item["n"]["N"]) for page in pages for item in page["Items"]]
        assert seen == sorted(range(-20, 20), reverse=not forward), seen

    of_kind = table.query(IndexName="by-kind", KeyConditionExpression=ann & Key("kind").eq("k1"), ConsistentRead=True)
    assert of_kind["Count"] == 13 and set(of_kind["Items"][0]) == {"user", "n", "kind"}, of_kind
    whole = table.query(IndexName="by-kind", KeyConditionExpression=ann & Key("kind").begins_with("k1"), Select="ALL_ATTRIBUTES")
    assert whole["Items"][0]["filler"] == "x" * 10, whole
    kinds = table.query(IndexName="kinds", KeyConditionExpression=Key("kind").eq("k0") & Key("n").gt(-2))
    assert [float(item["n"]) for item in kinds["Items"]] == [0.5, 1, 4, 7, 10, 13, 16, 19], kinds
    assert set(kinds["Items"][1]) == {"user", "n", "kind", "size"}, kinds
    pages = db.get_paginator("query").paginate(
        TableName="logs", IndexName="kinds", KeyConditionExpression="kind = :k", ExpressionAttributeValues={":k": text("k0")},
        PaginationConfig={"PageSize": 4},
    )
    assert len([item for page in pages for item in page["Items"]]) == 15
    # An item leaves an index with its attribute.
    table.update_item(Key={"user": "bob", "n": decimal.Decimal("0.5")}, UpdateExpression="REMOVE kind")
    assert table.query(IndexName="kinds", KeyConditionExpression=Key("kind").eq("k0"))["Count"] == 14

    old = db.query(
        TableName="logs", KeyConditions={
            "user": {"ComparisonOperator": "EQ", "AttributeValueList": [text("ann")]},
            "n": {"ComparisonOperator": "GE", "AttributeValueList": [number(10)]},
        }, QueryFilter={"size": {"ComparisonOperator": "LT", "AttributeValueList": [number(32)]}},
    )
    assert old["Count"] == 2, old

    query = lambda **more: table.query(**{"KeyConditionExpression": ann, **more})
    invalid(query, "The table does not have the specified index: none", IndexName="none")
    invalid(query, "Query key condition not supported", KeyConditionExpression=Key("user").gt("ann"))
    invalid(query, "Query condition missed key schema element: user", KeyConditionExpression=Key("n").eq(1))
    invalid(query, "does not match schema type", KeyConditionExpression=Key("user").eq(1))
    invalid(query, "non-primary key attributes: Primary key attribute: n", FilterExpression=Attr("n").eq(1))
    invalid(query, "The provided starting key is invalid", ExclusiveStartKey={"user": "ann"})
    invalid(query, "outside query boundaries", ExclusiveStartKey={"user": "bob", "n": 1})
    kind = {"KeyConditionExpression": Key("kind").eq("k0"), "IndexName": "kinds"}
    invalid(query, "Consistent reads are not supported on global", ConsistentRead=True, **kind)
    invalid(query, "because its projection type is not ALL", Select="ALL_ATTRIBUTES", **kind)
    invalid(query, "does not project [filler]", ProjectionExpression="filler", **kind)
    invalid(db.query, "must be specified in the request", TableName="logs")


def scans():
    table = resource.Table("logs")
    assert table.scan()["Count"] == 41
    assert table.scan(FilterExpression=Attr("size").exists() & Attr("size").gte(35))["Count"] == 5
    segments = []
    for segment in range(4):
        pages = db.get_paginator("scan").paginate(
            TableName="logs", Segment=segment, TotalSegments=4, PaginationConfig={"PageSize": 3}
        )
        segments += [(item["user"]["S"], item["n"]["N"]) for page in pages for item in page["Items"]]
    assert len(segments) == len(set(segments)) == 41, segments
    assert table.scan(IndexName="kinds")["Count"] == 40
    assert table.scan(ScanFilter={"kind": {"ComparisonOperator": "NULL"}})["Count"] == 1
    scan = lambda **more: db.scan(TableName="logs", **more)
    invalid(scan, "TotalSegments parameter is required", Segment=0)
    invalid(scan, "zero-based and must be less than", Segment=2, TotalSegments=2)
    invalid(scan, "The provided starting key is invalid", ExclusiveStartKey={"user": text("ann")})
    # A page ends after a megabyte.
    create("large")
    for one in range(6):
        db.put_item(TableName="large", Item={"id": text(str(one)), "pad": text("x" * 300_000)})
    page = db.scan(TableName="large", ReturnConsumedCapacity="TOTAL")
    assert page["Count"] == 4 and page["LastEvaluatedKey"] and page["ConsumedCapacity"]["CapacityUnits"] > 100, page["Count"]
    rest = db.scan(TableName="large", ExclusiveStartKey=page["LastEvaluatedKey"], Select="COUNT")
    assert rest["Count"] == 2 and "Items" not in rest and "LastEvaluatedKey" not in rest, rest


def indexes():
    definitions = [{"AttributeName": "size", "AttributeType": "N"}]
    create_index = lambda **more: db.update_table(
        TableName="logs", AttributeDefinitions=definitions,
        GlobalSecondaryIndexUpdates=[{"Create": index("sizes", "size", None, "KEYS_ONLY")}], **more
    )
    create_index()
    while True:
        (found,) = [one for one in db.describe_table(TableName="logs")["Table"]["GlobalSecondaryIndexes"] if one["IndexName"] == "sizes"]
        if found["IndexStatus"] == "ACTIVE":
            break
        time.sleep(0.1)
    table = resource.Table("logs")
    assert table.query(IndexName="sizes", KeyConditionExpression=Key("size").eq(7))["Items"] == [
        {"user": "ann", "n": -13, "size": 7}
    ]
    invalid(create_index, "already exists")
    item = {"user": text("ann"), "n": number(99), "size": text("large")}
    invalid(db.put_item, "Type mismatch for Index Key size Expected: N Actual: S", TableName="logs", Item=item)
    db.update_table(TableName="logs", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "sizes"}}])
    db.put_item(TableName="logs", Item=item)
    drop = lambda: db.update_table(TableName="logs", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "sizes"}}])
    refused("ResourceNotFoundException", drop)


def batches():
    create("first")
    create("second")
    key = lambda name: {"id": text(name)}
    put = lambda name, **more: {"PutRequest": {"Item": {**key(name), **more}}}
    written = db.batch_write_item(
        RequestItems={"first": [put(str(n), v=number(n)) for n in range(10)], "second": [put("x")]},
        ReturnConsumedCapacity="TOTAL",
    )
    assert written["UnprocessedItems"] == {}, written
    assert {one["TableName"]: one["CapacityUnits"] for one in written["ConsumedCapacity"]} == {"first": 10, "second": 1}
    found = db.batch_get_item(RequestItems={
        "first": {"Keys": [key("3"), key("none"), key("4")], "ProjectionExpression": "v"}, "second": {"Keys": [key("x")]},
    })
    assert found["Responses"] == {"first": [{"v": number(3)}, {"v": number(4)}], "second": [key("x")]}, found
    assert found["UnprocessedKeys"] == {}, found
    db.batch_write_item(RequestItems={"first": [{"DeleteRequest": {"Key": key("3")}}, put("new")]})
    assert db.scan(TableName="first")["Count"] == 10
    write = lambda requests: db.batch_write_item(RequestItems={"first": requests})
    invalid(write, "Provided list of item keys contains duplicates", requests=[put("a"), put("a")])
    invalid(write, "Too many items requested for the BatchWriteItem call", requests=[put(str(n)) for n in range(26)])
    invalid(write, "does not match the schema", requests=[put("ok"), {"PutRequest": {"Item": {"no": text("key")}}}])
    assert "Item" not in db.get_item(TableName="first", Key=key("ok"))
    get = lambda keys: db.batch_get_item(RequestItems={"first": {"Keys": keys}})
    invalid(get, "contains duplicates", keys=[key("1"), key("1")])
    invalid(get, "Too many items requested for the BatchGetItem call", keys=[key(str(n)) for n in range(101)])
    refused("ResourceNotFoundException", db.batch_get_item, RequestItems={"nothing": {"Keys": [key("1")]}})
    # More than is written in one go, and than is read in one.
    write([put(f"large-{n}", pad=text("x" * 390_000)) for n in range(25)])
    write([put(f"large-{n}", pad=text("x" * 390_000)) for n in range(25, 50)])
    wanted, seen = {"first": {"Keys": [key(f"large-{n}") for n in range(50)]}}, set()
    while wanted:
        found = db.batch_get_item(RequestItems=wanted)
        seen |= {item["id"]["S"] for item in found["Responses"].get("first", [])}
        wanted = found["UnprocessedKeys"]
    assert len(seen) == 50, seen


def transactions():
    key = lambda name: {"id": text(name)}
    write = lambda *items, **more: db.transact_write_items(TransactItems=list(items), **more)
    put = lambda name, **more: {"Put": {"TableName": "first", "Item": key(name), **more}}
    write(put("t1"), {"Put": {"TableName": "second", "Item": key("t2")}})
    add = {"Update": {
        "TableName": "first", "Key": key("t1"), "UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": number(1)},
    }}
    check = lambda name, condition, **more: {
        "ConditionCheck": {"TableName": "second", "Key": key(name), "ConditionExpression": condition, **more}
    }
    write(add, check("t2", "attribute_exists(id)"), {"Delete": {"TableName": "first", "Key": key("none")}})
    got = db.transact_get_items(TransactItems=[
        {"Get": {"TableName": "first", "Key": key("t1")}}, {"Get": {"TableName": "first", "Key": key("none")}},
        {"Get": {"TableName": "first", "Key": key("t1x"), "ProjectionExpression": "v"}},
    ], ReturnConsumedCapacity="TOTAL")
    assert got["Responses"] == [{"Item": {**key("t1"), "v": number(1)}}, {}, {}], got
    assert got["ConsumedCapacity"][0]["CapacityUnits"] == 6, got

    canceled = refused(
        "TransactionCanceledException", db.transact_write_items, "[None, ConditionalCheckFailed]",
        TransactItems=[add, check("t2", "attribute_not_exists(id)", ReturnValuesOnConditionCheckFailure="ALL_OLD")],
    )
    assert canceled["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": key("t2")},
    ], canceled
    v = lambda: db.get_item(TableName="first", Key=key("t1"))["Item"]["v"]["N"]
    assert v() == "1"
    for _ in range(3):
        write(add, ClientRequestToken="once")
    assert v() == "2"
    refused(
        "IdempotentParameterMismatchException", db.transact_write_items, TransactItems=[put("other")],
        ClientRequestToken="once",
    )
    invalid(lambda: write(put("a"), put("a")), "cannot include multiple operations on one item")
    invalid(lambda: write({}), "can only contain one of Check, Put, Update or Delete")
    invalid(lambda: write(*[put(str(n)) for n in range(101)]), "less than or equal to 100")
    refused("ResourceNotFoundException", lambda: write({"Put": {"TableName": "nothing", "Item": key("a")}}))
    write(*[put(f"many-{n}") for n in range(100)])
    # Money moves and is never more or less.
    for name in ["a", "b"]:
        db.put_item(TableName="second", Item={**key(name), "v": number(100)})

    def move(source, target, n):
        mine = boto3.client("dynamodb", **SETTINGS)
        change = lambda name, by: {"Update": {
            "TableName": "second", "Key": key(name), "UpdateExpression": "SET v = v + :by",
            "ConditionExpression": "v >= :least",
            "ExpressionAttributeValues": {":by": number(by), ":least": number(max(0, -by))},
        }}
        for _ in range(10):
            try:
                mine.transact_write_items(TransactItems=[change(source, -n), change(target, n)])
            except ClientError as error:
                assert error.response["Error"]["Code"] == "TransactionCanceledException", error

    threads = [threading.Thread(target=move, args=pair) for pair in [("a", "b", 30), ("b", "a", 20), ("a", "b", 7)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = [int(db.get_item(TableName="second", Key=key(name))["Item"]["v"]["N"]) for name in ["a", "b"]]
    assert sum(left) == 200 and min(left) >= 0, left


def streams():
    """Each change of an item has a record, as the stream's view has it."""
    client = boto3.client("dynamodbstreams", **SETTINGS)
    enabled = lambda view: {"StreamEnabled": True, "StreamViewType": view}
    expires = lambda seconds: number(int(time.time()) + seconds)
    made = create("streamed", "id", "n", StreamSpecification=enabled("NEW_AND_OLD_IMAGES"))
    arn, label = made["LatestStreamArn"], made["LatestStreamLabel"]
    assert arn == f"{made['TableArn']}/stream/{label}" and re.fullmatch(r"[-\d]{10}T[:\d]{8}\.\d{3}", label), made
    found = db.describe_table(TableName="streamed")["Table"]
    assert (found["LatestStreamArn"], found["StreamSpecification"]) == (arn, enabled("NEW_AND_OLD_IMAGES")), found

    stream = client.describe_stream(StreamArn=arn)["StreamDescription"]
    assert (stream["StreamStatus"], stream["StreamViewType"]) == ("ENABLED", "NEW_AND_OLD_IMAGES"), stream
    assert stream["TableName"] == "streamed" and stream["KeySchema"] == made["KeySchema"], stream
    assert abs(stream["CreationRequestDateTime"].timestamp() - time.time()) < 60, stream
    [shard] = stream["Shards"]
    first = shard["SequenceNumberRange"]
    assert len(first["StartingSequenceNumber"]) == 21 and "EndingSequenceNumber" not in first, first
    shard = shard["ShardId"]
    assert re.fullmatch(r"shardId-\d{20}-[0-9a-f]{8}", shard), shard
    assert client.describe_stream(StreamArn=arn, ExclusiveStartShardId=shard)["StreamDescription"]["Shards"] == []

    def iterator(kind, sequence=None, of=arn, shard=shard):
        more = {"SequenceNumber": sequence} if sequence else {}
        got = client.get_shard_iterator(StreamArn=of, ShardId=shard, ShardIteratorType=kind, **more)
        return got["ShardIterator"]

    def read(at, count=None, limit=2):
        """All records from there on, in pages."""
        found = []
        for _ in range(1000):
            page = client.get_records(ShardIterator=at, Limit=limit)
            found += page["Records"]
            at = page.get("NextShardIterator")
            if at is None or (count is None and not page["Records"]) or (count and len(found) >= count):
                return found, at
        raise AssertionError(f"{len(found)} records of {count}")

    # A stream without a record is read from where its shard begins.
    for kind in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]:
        assert read(iterator(kind, first["StartingSequenceNumber"]))[0] == []

    before = iterator("LATEST")
    key = {"id": text("a"), "n": number(1)}
    db.put_item(TableName="streamed", Item={**key, "v": number(101)})
    db.put_item(TableName="streamed", Item={**key, "v": number(101)})
    db.update_item(TableName="streamed", Key=key, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": text("b")})
    db.delete_item(TableName="streamed", Key=key)
    db.delete_item(TableName="streamed", Key=key)
    late = iterator("LATEST")
    both = [{"Put": {"TableName": "streamed", "Item": {**key, "id": text(name)}}} for name in ["z", "y"]]
    db.transact_write_items(TransactItems=both)

    records, after = read(iterator("TRIM_HORIZON"))
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE", "INSERT", "INSERT"], records
    assert read(before)[0] == records and read(late)[0] == records[3:]
    record = records[1]
    assert set(record) == {"eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb"}, record
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("1.1", "aws:dynamodb", "eu-west-1")
    change = record["dynamodb"]
    assert change["Keys"] == key and change["StreamViewType"] == "NEW_AND_OLD_IMAGES", change
    assert change["OldImage"] == {**key, "v": number(101)} and change["NewImage"] == {**key, "v": text("b")}, change
    assert change["SizeBytes"] == 3 * 6 + (1 + 3) + (1 + 1), change
    assert abs(change["ApproximateCreationDateTime"].timestamp() - time.time()) < 60, change
    assert "OldImage" not in records[0]["dynamodb"] and "NewImage" not in records[2]["dynamodb"], records
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records[3:]] == ["z", "y"], records
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    assert numbers == sorted(set(numbers)) and len({record["eventID"] for record in records}) == 5, numbers
    assert read(iterator("AT_SEQUENCE_NUMBER", numbers[3]))[0] == records[3:]
    assert read(iterator("AFTER_SEQUENCE_NUMBER", numbers[3]))[0] == records[4:]

    # Deleted because its time was over.
    db.update_time_to_live(TableName="streamed", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    db.put_item(TableName="streamed", Item={**key, "end": expires(-1)})
    for _ in range(100):
        records, _ = read(after)
        if len(records) == 2:
            break
        time.sleep(0.1)
    assert [record["eventName"] for record in records] == ["INSERT", "REMOVE"], records
    assert records[1]["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}, records
    assert "userIdentity" not in records[0], records

    again = {"TableName": "streamed", "StreamSpecification": enabled("KEYS_ONLY")}
    invalid(db.update_table, "Table already has an enabled stream: TableName: streamed", **again)
    off = {"TableName": "streamed", "StreamSpecification": {"StreamEnabled": False}}
    changed = db.update_table(**off)["TableDescription"]
    assert "StreamSpecification" not in changed and changed["LatestStreamArn"] == arn, changed
    invalid(db.update_table, "Table has no stream to disable: TableName: streamed", **off)
    stream = client.describe_stream(StreamArn=arn)["StreamDescription"]
    assert stream["StreamStatus"] == "DISABLED", stream
    assert stream["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"] == records[1]["dynamodb"]["SequenceNumber"]
    records, end = read(iterator("TRIM_HORIZON"), 7)
    assert len(records) == 7 and end is None, end

    shown = {"KEYS_ONLY": set(), "NEW_IMAGE": {"NewImage"}, "OLD_IMAGE": {"OldImage"}}
    for view, images in shown.items():
        changed = db.update_table(TableName="streamed", StreamSpecification=enabled(view))["TableDescription"]
        of = changed["LatestStreamArn"]
        assert of != arn, changed
        at = client.describe_stream(StreamArn=of)["StreamDescription"]["Shards"][0]["ShardId"]
        for value in [1, 2]:
            db.put_item(TableName="streamed", Item={**key, "v": number(value), "view": text(view)})
        last = read(iterator("TRIM_HORIZON", of=of, shard=at))[0][-1]
        assert last["eventName"] == "MODIFY" and last["dynamodb"]["Keys"] == key, last
        assert {name for name in last["dynamodb"] if name.endswith("Image")} == images, last
        db.update_table(**off)

    create("unstreamed")
    listed = client.list_streams(TableName="streamed")["Streams"]
    assert [stream["StreamArn"] for stream in listed][0] == arn and len(listed) == 4, listed
    assert listed[0] == {"StreamArn": arn, "TableName": "streamed", "StreamLabel": label}, listed
    assert client.list_streams(TableName="unstreamed")["Streams"] == []
    page = client.list_streams(Limit=1)
    assert page["Streams"] == listed[:1] and page["LastEvaluatedStreamArn"] == arn, page
    assert client.list_streams(ExclusiveStartStreamArn=arn)["Streams"] == listed[1:]

    nothing = arn[:-1] + ("1" if arn[-1] == "0" else "0")
    refused("ResourceNotFoundException", client.describe_stream, f"Stream: {nothing} not found", StreamArn=nothing)
    refused("ResourceNotFoundException", iterator, "Stream", kind="LATEST", of=nothing)
    refused("ResourceNotFoundException", iterator, "Shard", kind="LATEST", shard="shardId-00000000000000000000-00000000")
    refused("ResourceNotFoundException", client.get_records, ShardIterator=end_of(iterator("LATEST"), nothing, arn))
    invalid(client.describe_stream, "Invalid StreamArn", StreamArn="arn:aws:dynamodb:eu-west-1:0:table/streamed")
    invalid(client.get_records, "Invalid ShardIterator", ShardIterator="nothing")
    invalid(client.get_records, "Invalid ShardIterator", ShardIterator=f"{arn}|1|AAAA")
    invalid(client.get_records, "less than or equal to 1000", ShardIterator=iterator("LATEST"), Limit=1001)
    invalid(iterator, "SequenceNumber is required", kind="AT_SEQUENCE_NUMBER")
    invalid(iterator, "Invalid SequenceNumber", kind="AT_SEQUENCE_NUMBER", sequence="1" + "9" * 19 + "0")
    invalid(iterator, "shardIteratorType", kind="OLDEST")
    old = base64.urlsafe_b64encode(f"{int(time.time() * 1000) - 15 * 60_000 - 1} {numbers[0]}".encode()).decode()
    refused("ExpiredIteratorException", client.get_records, "15 minutes", ShardIterator=f"{arn}|1|{old.rstrip('=')}")
    trimmed = base64.urlsafe_b64encode(f"{int(time.time() * 1000)} {'1' + '0' * 20}".encode()).decode()
    refused("TrimmedDataAccessException", client.get_records, ShardIterator=f"{arn}|1|{trimmed.rstrip('=')}")

    # The streams of a table that is gone are read on.
    db.delete_table(TableName="streamed")
    db.delete_table(TableName="unstreamed")
    assert len(client.list_streams(TableName="streamed")["Streams"]) == 4
    assert len(read(iterator("TRIM_HORIZON"), 7)[0]) == 7


def end_of(iterator, other, arn):
    """The same iterator of another stream."""
    return iterator.replace(arn, other)


def wire():
    """What clients compare and programs match on."""
    seen = {}
    keep = lambda response_dict, **_: seen.update(response_dict)
    db.meta.events.register("before-parse.dynamodb", keep)
    db.list_tables()
    db.meta.events.unregister("before-parse.dynamodb", keep)
    assert seen["headers"]["content-type"] == "application/x-amz-json-1.0", seen
    assert int(seen["headers"]["x-amz-crc32"]) == zlib.crc32(seen["body"]), seen
    if ACCESS_KEY == "test":
        request = urllib.request.Request(
            ENDPOINT, b"{\"TableName\": 7}", method="POST",
            headers={"X-Amz-Target": "DynamoDB_20120810.DescribeTable", "Content-Type": "application/x-amz-json-1.0"},
        )
        try:
            urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            assert json.load(error)["__type"].endswith("#SerializationException")
        else:
            raise AssertionError("a number is no name")


if __name__ == "__main__":
    for test in [tables, items, conditions, updates, queries, scans, indexes, batches, transactions, streams, wire]:
        test()
        print(f"{test.__name__} ok", flush=True)
    print(f"all of DynamoDB with botocore {botocore.__version__}")
