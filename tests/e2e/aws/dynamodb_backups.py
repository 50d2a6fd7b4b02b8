"""Back-ups of DynamoDB's tables with boto3 as PyPI has it: while they are written, restored, listed, and every error.

Run as `dynamodb_backups.py URL ACCESS_KEY SECRET`.
"""

import datetime
import sys
import threading
import time

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET = sys.argv[1:4]
db = boto3.client(
    "dynamodb",
    endpoint_url=ENDPOINT,
    region_name="eu-west-1",
    aws_access_key_id=ACCESS_KEY,
    aws_secret_access_key=SECRET,
    config=Config(retries={"total_max_attempts": 1}),
)
KEYS = 600


def refused(code, call, text="", **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, (code, found)
        assert text in found["Message"], (text, found)
        return
    raise AssertionError(f"not refused: {arguments}")


def create(name, **more):
    db.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("id", "group")],
        GlobalSecondaryIndexes=[{
            "IndexName": "by-group",
            "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def item(key, version):
    return {"id": {"S": f"{key:04}"}, "group": {"S": "g"}, "version": {"N": str(version)}, "pad": {"S": "x" * 500}}


def versions(table, **index):
    found = {}
    for page in db.get_paginator("scan").paginate(TableName=table, **index):
        found.update({int(item["id"]["S"]): int(item["version"]["N"]) for item in page["Items"]})
    return found


def available(arn):
    for _ in range(600):
        found = db.describe_backup(BackupArn=arn)["BackupDescription"]
        if found["BackupDetails"]["BackupStatus"] == "AVAILABLE":
            return found
        assert found["BackupDetails"]["BackupStatus"] == "CREATING", found
        time.sleep(0.05)
    raise AssertionError("the back-up is never whole")


def active(table):
    db.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})


def moment():
    create(
        "ledger",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        Tags=[{"Key": "team", "Value": "books"}],
    )
    db.update_time_to_live(
        TableName="ledger", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"}
    )
    for key in range(KEYS):
        db.put_item(TableName="ledger", Item=item(key, 0))
    # One after another, so that of every moment it is known which items had which version.
    written, ends = [KEYS], threading.Event()

    def write():
        while not ends.is_set():
            version, key = divmod(written[0], KEYS)
            db.put_item(TableName="ledger", Item=item(key, version))
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.5)
    before = written[0]
    made = db.create_backup(TableName="ledger", BackupName="nightly")["BackupDetails"]
    after = written[0] + 1
    assert made["BackupName"] == "nightly" and made["BackupType"] == "USER", made
    assert ":table/ledger/backup/" in made["BackupArn"], made
    time.sleep(0.5)
    found = available(made["BackupArn"])
    ends.set()
    writer.join()
    source = found["SourceTableDetails"]
    assert (source["TableName"], source["ItemCount"], source["BillingMode"]) == ("ledger", KEYS, "PAY_PER_REQUEST")
    assert source["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}], source
    features = found["SourceTableFeatureDetails"]
    assert features["GlobalSecondaryIndexes"][0]["IndexName"] == "by-group", features
    assert features["StreamDescription"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, features
    assert features["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "end"}, features
    assert found["BackupDetails"]["BackupSizeBytes"] == source["TableSizeBytes"] > 500 * KEYS, found

    # The table goes, and comes again as it was.
    db.delete_table(TableName="ledger")
    restored = db.restore_table_from_backup(TargetTableName="ledger", BackupArn=made["BackupArn"])["TableDescription"]
    assert restored["TableStatus"] in ("CREATING", "ACTIVE"), restored
    assert restored["RestoreSummary"]["SourceBackupArn"] == made["BackupArn"], restored
    active("ledger")
    state = versions("ledger")
    assert sorted(state) == list(range(KEYS)), len(state)
    position = sum(state.values()) + KEYS
    assert state == {key: (position - key - 1) // KEYS for key in range(KEYS)}, "of no one moment"
    assert before <= position <= after, (before, position, after)
    assert versions("ledger", IndexName="by-group") == state
    table = db.describe_table(TableName="ledger")["Table"]
    assert table["ItemCount"] == KEYS and "StreamSpecification" not in table, table
    described = db.describe_time_to_live(TableName="ledger")["TimeToLiveDescription"]
    assert described["TimeToLiveStatus"] == "DISABLED", described
    assert db.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == []

    # Without its index.
    db.restore_table_from_backup(
        TargetTableName="bare", BackupArn=made["BackupArn"], GlobalSecondaryIndexOverride=[],
        BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
    )
    active("bare")
    table = db.describe_table(TableName="bare")["Table"]
    assert "GlobalSecondaryIndexes" not in table and table["ProvisionedThroughput"]["ReadCapacityUnits"] == 3, table
    assert versions("bare") == state
    deleted = db.delete_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    assert deleted["BackupDetails"]["BackupStatus"] == "DELETED", deleted
    refused("BackupNotFoundException", db.describe_backup, made["BackupArn"], BackupArn=made["BackupArn"])
    for table in ("ledger", "bare"):
        db.delete_table(TableName=table)


def lists():
    create("one-table")
    create("two-table")
    arns = []
    for table in ["one-table", "two-table", "one-table", "one-table"]:
        arns.append(db.create_backup(TableName=table, BackupName="same")["BackupDetails"]["BackupArn"])
        available(arns[-1])
        time.sleep(0.005)
    listed = lambda **arguments: [one["BackupArn"] for one in db.list_backups(**arguments)["BackupSummaries"]]
    assert listed() == arns == listed(BackupType="ALL"), listed()
    assert listed(BackupType="SYSTEM") == listed(BackupType="AWS_BACKUP") == []
    assert listed(TableName="two-table") == [arns[1]]
    page = db.list_backups(Limit=3)
    assert page["LastEvaluatedBackupArn"] == arns[2], page
    page = db.list_backups(Limit=3, ExclusiveStartBackupArn=arns[2])
    assert [one["BackupArn"] for one in page["BackupSummaries"]] == arns[3:], page
    assert "LastEvaluatedBackupArn" not in page, page
    assert db.list_backups(Limit=3, TableName="one-table").get("LastEvaluatedBackupArn") is None
    summary = db.list_backups(TableName="two-table")["BackupSummaries"][0]
    assert (summary["TableName"], summary["BackupName"]) == ("two-table", "same"), summary
    hour = datetime.timedelta(hours=1)
    created = summary["BackupCreationDateTime"]
    assert listed(TimeRangeLowerBound=created - hour, TimeRangeUpperBound=created + hour) == arns
    assert listed(TimeRangeLowerBound=created + hour) == listed(TimeRangeUpperBound=created - hour) == []
    # They outlive their tables, and are found by their names.
    for table in ("one-table", "two-table"):
        db.delete_table(TableName=table)
    assert listed(TableName="one-table") == [arns[0], *arns[2:]]
    for arn in arns:
        db.delete_backup(BackupArn=arn)
    assert listed() == []


def errors():
    create("refusals")
    arn = db.create_backup(TableName="refusals", BackupName="first")["BackupDetails"]["BackupArn"]
    available(arn)
    missing = arn[:-8] + "00000000"
    refused("TableNotFoundException", db.create_backup, "Table not found: none", TableName="none", BackupName="first")
    refused("ValidationException", db.create_backup, "backupName", TableName="refusals", BackupName="a b c")
    for call in (db.describe_backup, db.delete_backup):
        refused("BackupNotFoundException", call, f"Backup not found: {missing}", BackupArn=missing)
        # The back-up of one table is not to be had by the name of another.
        other = arn.replace("/refusals/", "/others/")
        refused("BackupNotFoundException", call, BackupArn=other)
        refused("ValidationException", call, BackupArn="x" * 40)
    restore = db.restore_table_from_backup
    refused("BackupNotFoundException", restore, TargetTableName="new", BackupArn=missing)
    refused("TableAlreadyExistsException", restore, "refusals", TargetTableName="refusals", BackupArn=arn)
    index = {
        "IndexName": "another", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    refused(
        "ValidationException", restore, "another", TargetTableName="new", BackupArn=arn,
        GlobalSecondaryIndexOverride=[index],
    )
    refused("ResourceNotFoundException", db.describe_table, TableName="new")

    # There is no point-in-time recovery, and nobody is told that there is.
    off = db.describe_continuous_backups(TableName="refusals")["ContinuousBackupsDescription"]
    assert off["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED", off
    update = db.update_continuous_backups
    refused(
        "ContinuousBackupsUnavailableException", update, "lambent backup", TableName="refusals",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    update(TableName="refusals", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})
    refused("TableNotFoundException", db.describe_continuous_backups, TableName="none")
    refused(
        "PointInTimeRecoveryUnavailableException", db.restore_table_to_point_in_time, "CreateBackup",
        SourceTableName="refusals", TargetTableName="new", UseLatestRestorableTime=True,
    )
    db.delete_backup(BackupArn=arn)
    db.delete_table(TableName="refusals")


if __name__ == "__main__":
    for test in [moment, lists, errors]:
        test()
        print(f"{test.__name__} ok", flush=True)
    print(f"all of DynamoDB's back-ups with botocore {botocore.__version__}")
