"""Statements of PartiQL over tables, with boto3 as PyPI has it.

Run as `partiql.py URL ACCESS_KEY SECRET`.
"""

import sys

import boto3
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


def refused(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], (code, text, error.response)
        return error.response
    raise AssertionError(f"not refused: {arguments}")


def do(statement, *parameters, **more):
    if parameters:
        more["Parameters"] = list(parameters)
    return db.execute_statement(Statement=statement, **more)


def items(statement, *parameters, **more):
    return do(statement, *parameters, **more)["Items"]


def text(value):
    return {"S": value}


def number(value):
    return {"N": str(value)}


def made():
    db.create_table(
        TableName="Music", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Year", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Year", "AttributeType": "N"},
            {"AttributeName": "Label", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[{
            "IndexName": "by-label", "KeySchema": [{"AttributeName": "Label", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }],
    )
    db.get_waiter("table_exists").wait(TableName="Music", WaiterConfig={"Delay": 1})
    for artist in ("a", "b", "c"):
        for year in range(1, 5):
            label = "x" if year % 2 else "y"
            put = f"INSERT INTO \"Music\" VALUE {{'Artist': '{artist}', 'Year': ?, 'Label': '{label}', 'in': {{'l': [?]}}}}"
            assert items(put, number(year), number(year * 10)) == []
    refused(
        "DuplicateItemException", "Duplicate primary key exists in table", do,
        statement="INSERT INTO Music VALUE {'Artist': 'a', 'Year': 1}",
    )


def selects():
    years = lambda found: [(item["Artist"]["S"], int(item["Year"]["N"])) for item in found]
    of_a = items("SELECT * FROM Music WHERE Artist = ?", text("a"))
    assert years(of_a) == [("a", n) for n in (1, 2, 3, 4)], of_a
    assert of_a[0]["in"] == {"M": {"l": {"L": [number(10)]}}}, of_a
    found = items('SELECT Artist, "Year" FROM "Music" WHERE Artist IN (\'b\', \'a\') AND "Year" > 2')
    assert years(found) == [("b", 3), ("b", 4), ("a", 3), ("a", 4)], found
    found = items("SELECT * FROM Music WHERE Artist IN ['b', 'a'] ORDER BY Artist DESC, \"Year\" DESC", Limit=3)
    assert years(found) == [("b", 4), ("b", 3), ("b", 2)], found
    found = items("SELECT \"Year\", \"in\".l[0] FROM \"Music\".\"by-label\" WHERE Label = 'x' AND \"in\".l[0] >= 30")
    assert found == [{"Year": number(3), "l[0]": number(30)}] * 3, found
    assert len(items("SELECT * FROM Music")) == 12
    assert len(items("SELECT * FROM Music WHERE contains(Label, 'x') OR Label IS MISSING")) == 6
    assert items("SELECT * FROM Music WHERE Artist = 'nobody'") == []
    used = do("SELECT * FROM Music WHERE Artist = 'a'", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    assert used["ConsumedCapacity"] == {"TableName": "Music", "CapacityUnits": 1.0}, used


def pages():
    for statement, count in [
        ("SELECT * FROM Music", 12), ("SELECT * FROM Music WHERE Artist = 'b'", 4),
        ("SELECT * FROM Music WHERE Artist IN ('a', 'c')", 8), ("SELECT * FROM \"Music\".\"by-label\" WHERE Label = 'y'", 6),
        ("SELECT * FROM \"Music\".\"by-label\"", 12),
    ]:
        seen, more = [], {}
        for _ in range(count + 1):
            page = do(statement, Limit=3, **more)
            assert len(page["Items"]) <= 3, page
            seen += [(item["Artist"]["S"], item["Year"]["N"]) for item in page["Items"]]
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
        assert len(seen) == len(set(seen)) == count, (statement, seen)
    token = do("SELECT * FROM Music WHERE Artist = 'a'", Limit=1)["NextToken"]
    refused(
        "ValidationException", "NextToken does not match request", db.execute_statement,
        Statement="SELECT * FROM Music WHERE Artist = 'b'", NextToken=token,
    )
    refused("ValidationException", "NextToken", db.execute_statement, Statement="SELECT * FROM Music", NextToken="?")


def writes():
    changed = items(
        "UPDATE Music SET plays = ? SET \"in\".l = list_append(\"in\".l, [1]) REMOVE Label "
        "WHERE Artist = 'a' AND \"Year\" = 1 AND Label = 'x' RETURNING MODIFIED NEW *", number(7),
    )
    assert changed == [{"plays": number(7), "in": {"M": {"l": {"L": [number(10), number(1)]}}}}], changed
    changed = items("UPDATE Music SET plays = plays + 1 WHERE Artist = 'a' AND \"Year\" = 1 RETURNING ALL OLD *")
    assert changed[0]["plays"] == number(7) and changed[0]["Artist"] == text("a"), changed
    failed = refused(
        "ConditionalCheckFailedException", "conditional request failed", db.execute_statement,
        Statement="UPDATE Music SET plays = 1 WHERE Artist = 'a' AND \"Year\" = 1 AND plays < 5",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert failed["Item"]["plays"] == number(8), failed
    refused(
        "ConditionalCheckFailedException", "", do,
        statement="UPDATE Music SET plays = 1 WHERE Artist = 'nobody' AND \"Year\" = 1",
    )
    for wrong in ("Artist = 'a'", "\"Year\" = 1", "Artist = 'a' AND \"Year\" > 0"):
        refused(
            "ValidationException", "mandatory equality on all key attributes", do,
            statement=f"DELETE FROM Music WHERE {wrong}",
        )
    assert items("DELETE FROM Music WHERE Artist = 'nobody' AND \"Year\" = 1") == []
    refused(
        "ConditionalCheckFailedException", "", do,
        statement="DELETE FROM Music WHERE Artist = 'c' AND \"Year\" = 4 AND Label = 'no'",
    )
    gone = items("DELETE FROM Music WHERE Artist = 'c' AND \"Year\" = 4 RETURNING ALL OLD *")
    assert gone[0]["Label"] == text("y"), gone


def wrong():
    for statement in ("", "SELECT", "SELECT * FROM Music WHERE a LIKE 'x'", "DROP TABLE Music", "SELECT * FROM Music " + "x" * 8192):
        refused("ValidationException", "", lambda **a: db.execute_statement(**a), Statement=statement or " ")
    refused(
        "ValidationException", "Statement wasn't well formed, can't be processed", do,
        statement="SELECT * FROM Music WHERE",
    )
    refused("ValidationException", "Number of parameters", do, statement="SELECT * FROM Music WHERE Artist = ?")
    refused("ResourceNotFoundException", "", do, statement="SELECT * FROM nothing")
    refused("ValidationException", "does not have the specified index", do, statement="SELECT * FROM \"Music\".\"nope\"")
    refused("ValidationException", "part of the key", do, statement="UPDATE Music SET \"Year\" = 2 WHERE Artist = 'a' AND \"Year\" = 1")


def batches():
    statement = lambda text, **more: {"Statement": text, **more}
    read = db.batch_execute_statement(
        Statements=[
            statement("SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 2"),
            statement("SELECT Label FROM Music WHERE Artist = ? AND \"Year\" = ?", Parameters=[text("b"), number(3)]),
            statement("SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 99"),
            statement("SELECT * FROM Music WHERE Artist = 'b'"),
            statement("SELECT * FROM nothing WHERE id = 'b'"),
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    got = read["Responses"]
    assert got[0]["Item"]["Label"] == text("y") and got[0]["TableName"] == "Music", got
    assert got[1]["Item"] == {"Label": text("x")} and "Item" not in got[2], got
    assert got[3]["Error"]["Code"] == "ValidationError", got
    assert got[4]["Error"]["Code"] == "ResourceNotFound", got
    assert read["ConsumedCapacity"][0]["TableName"] == "Music", read
    wrote = db.batch_execute_statement(Statements=[
        statement("INSERT INTO Music VALUE {'Artist': 'd', 'Year': 1}"),
        statement("INSERT INTO Music VALUE {'Artist': 'd', 'Year': 1}"),
        statement("UPDATE Music SET n = 1 WHERE Artist = 'nobody' AND \"Year\" = 1"),
        statement("not a statement"),
    ])["Responses"]
    codes = [response.get("Error", {}).get("Code") for response in wrote]
    assert codes == [None, "DuplicateItem", "ConditionalCheckFailed", "ValidationError"], wrote
    refused(
        "ValidationException", "", db.batch_execute_statement,
        Statements=[statement("SELECT * FROM Music WHERE Artist = 'b'"), statement("INSERT INTO Music VALUE {'Artist': 'd'}")],
    )
    refused("ValidationException", "", db.batch_execute_statement, Statements=[statement("SELECT * FROM Music")] * 26)


def transactions():
    statement = lambda text, **more: {"Statement": text, **more}
    reads = db.execute_transaction(TransactStatements=[
        statement("SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 1"),
        statement("SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 99"),
    ])["Responses"]
    assert reads[0]["Item"]["Label"] == text("x") and "Item" not in reads[1], reads
    writes = [
        statement("EXISTS(SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 1 AND Label = 'x')"),
        statement("UPDATE Music SET plays = 1 WHERE Artist = 'b' AND \"Year\" = 2"),
        statement("INSERT INTO Music VALUE {'Artist': 'e', 'Year': 1}"),
    ]
    for _ in range(2):
        db.execute_transaction(TransactStatements=writes, ClientRequestToken="one")
    refused("IdempotentParameterMismatchException", "", db.execute_transaction, TransactStatements=writes[:2], ClientRequestToken="one")
    failed = refused(
        "TransactionCanceledException", "[None, None, DuplicateItem]", db.execute_transaction, TransactStatements=writes,
    )
    assert [reason["Code"] for reason in failed["CancellationReasons"]] == ["None", "None", "DuplicateItem"], failed
    refused(
        "TransactionCanceledException", "[ConditionalCheckFailed, None]", db.execute_transaction,
        TransactStatements=[
            statement("EXISTS(SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 1 AND Label = 'no')"),
            statement("DELETE FROM Music WHERE Artist = 'e' AND \"Year\" = 1"),
        ],
    )
    assert len(items("SELECT * FROM Music WHERE Artist = 'e'")) == 1
    refused(
        "ValidationException", "mixing", db.execute_transaction,
        TransactStatements=[writes[2], statement("SELECT * FROM Music WHERE Artist = 'b' AND \"Year\" = 1")],
    )


for test in (made, selects, pages, writes, wrong, batches, transactions):
    test()
db.delete_table(TableName="Music")
print("all of PartiQL")
