"""Changes of tables that run functions: DynamoDB's streams as event sources of Lambda."""

import json
import time
import unittest
import uuid

from support import HAS_PYTHON, archive, client, refused

# Writes what it is given into a log, and fails for what it is told to.
SOURCE = b"""import json

def lambda_handler(event, context):
    failed = []
    for record in event['Records']:
        print('RECORD ' + json.dumps(record, sort_keys=True))
        image = record['dynamodb'].get('NewImage', {})
        if 'poison' in image:
            failed.append({'itemIdentifier': record['dynamodb']['SequenceNumber']})
            raise_for = image['poison'].get('S')
            if raise_for == 'raise':
                raise ValueError('poison')
    return {'batchItemFailures': failed}
"""


@unittest.skipUnless(HAS_PYTHON, "the node has no runtime for Python")
class StreamMappings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.functions, cls.tables, cls.queues = client("lambda"), client("dynamodb"), client("sqs")
        cls.logs = client("logs")

    def setUp(self):
        self.name = f"changes-{uuid.uuid4()}"
        self.functions.create_function(
            FunctionName=self.name, Runtime="python3.13", Handler="lambda_function.lambda_handler",
            Role="arn:aws:iam::000000000000:role/r",
            Code={"ZipFile": archive({"lambda_function.py": SOURCE})})
        made = self.tables.create_table(
            TableName=self.name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        self.stream = made["TableDescription"]["LatestStreamArn"]

    def tearDown(self):
        for mapping in self.functions.list_event_source_mappings(FunctionName=self.name)["EventSourceMappings"]:
            self.functions.delete_event_source_mapping(UUID=mapping["UUID"])
        self.functions.delete_function(FunctionName=self.name)
        self.tables.delete_table(TableName=self.name)

    def put(self, key, **rest):
        item = {"id": {"S": key}, **{name: {"S": value} for name, value in rest.items()}}
        self.tables.put_item(TableName=self.name, Item=item)

    def records(self, enough):
        """What the function was given, once that is enough."""
        for _ in range(200):
            found = self.logs.filter_log_events(
                logGroupName=f"/aws/lambda/{self.name}", filterPattern="RECORD").get("events", [])
            found = [json.loads(event["message"].split("RECORD ", 1)[1]) for event in found]
            if enough(found):
                return found
            time.sleep(0.1)
        self.fail(f"the function was given only {found}")

    def test_the_day_of_a_stream(self):
        self.put("before")
        made = self.functions.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=self.stream, StartingPosition="TRIM_HORIZON",
            BatchSize=10)
        self.assertEqual(made["EventSourceArn"], self.stream)
        told = {name: made[name] for name in [
            "BatchSize", "ParallelizationFactor", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds",
            "BisectBatchOnFunctionError", "StartingPosition", "FunctionResponseTypes"]}
        self.assertEqual(told, {
            "BatchSize": 10, "ParallelizationFactor": 1, "MaximumRetryAttempts": -1,
            "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": False,
            "StartingPosition": "TRIM_HORIZON", "FunctionResponseTypes": []})
        self.put("a", n="1")
        self.put("a", n="2")
        self.tables.delete_item(TableName=self.name, Key={"id": {"S": "a"}})
        records = self.records(lambda found: len(found) >= 4)
        self.assertEqual([record["eventName"] for record in records], ["INSERT", "INSERT", "MODIFY", "REMOVE"])
        change = records[2]
        self.assertEqual(set(change), {
            "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN"})
        self.assertEqual((change["eventSource"], change["eventVersion"]), ("aws:dynamodb", "1.1"))
        data = change["dynamodb"]
        self.assertEqual(data["Keys"], {"id": {"S": "a"}})
        self.assertEqual((data["OldImage"]["n"], data["NewImage"]["n"]), ({"S": "1"}, {"S": "2"}))
        self.assertEqual(data["StreamViewType"], "NEW_AND_OLD_IMAGES")
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertLess(abs(data["ApproximateCreationDateTime"] - time.time()), 600)
        listed = self.functions.list_event_source_mappings(EventSourceArn=self.stream)["EventSourceMappings"]
        self.assertEqual([one["UUID"] for one in listed], [made["UUID"]])

    def test_halves_and_a_destination_for_what_fails(self):
        queue = self.queues.create_queue(QueueName=self.name)["QueueUrl"]
        arn = self.queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        made = self.functions.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=self.stream, StartingPosition="LATEST", Enabled=False,
            BisectBatchOnFunctionError=True, MaximumRetryAttempts=1,
            DestinationConfig={"OnFailure": {"Destination": arn}})
        self.assertEqual(made["DestinationConfig"], {"OnFailure": {"Destination": arn}})
        for n in range(6):
            self.put(f"k{n}", **({"poison": "raise"} if n == 3 else {}))
        self.functions.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
        received = []
        for _ in range(20):
            received = self.queues.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", [])
            if received:
                break
        told = json.loads(received[0]["Body"])
        self.assertEqual(told["requestContext"]["condition"], "RetryAttemptsExhausted")
        info = told["DDBStreamBatchInfo"]
        self.assertEqual(info["batchSize"], 1)
        # Events name the region that AWS's tools take where none is configured.
        self.assertEqual(info["streamArn"].split(":")[4:], self.stream.split(":")[4:])
        self.records(lambda found: any(one["dynamodb"]["Keys"]["id"]["S"] == "k5" for one in found))
        streams = client("dynamodbstreams")
        described = streams.describe_stream(StreamArn=self.stream)["StreamDescription"]
        self.assertEqual(info["shardId"], described["Shards"][0]["ShardId"])
        iterator = streams.get_shard_iterator(
            StreamArn=self.stream, ShardId=info["shardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=info["startSequenceNumber"])["ShardIterator"]
        lost = streams.get_records(ShardIterator=iterator, Limit=1)["Records"][0]
        self.assertEqual(lost["dynamodb"]["Keys"], {"id": {"S": "k3"}})

    def test_filters_and_what_an_answer_names(self):
        made = self.functions.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=self.stream, StartingPosition="LATEST",
            FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=2,
            FilterCriteria={"Filters": [{"Pattern": json.dumps(
                {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["wanted"]}}}})}]})
        self.assertEqual(json.loads(made["FilterCriteria"]["Filters"][0]["Pattern"])["eventName"], ["INSERT"])
        self.put("no", kind="other")
        self.put("one", kind="wanted")
        self.put("one", kind="wanted", more="modified")
        self.put("bad", kind="wanted", poison="named")
        self.put("two", kind="wanted")

        def keys(found):
            return [one["dynamodb"]["Keys"]["id"]["S"] for one in found]

        found = keys(self.records(lambda found: keys(found).count("bad") == 3 and keys(found)[-1] == "two"))
        self.assertEqual((found.count("one"), found.count("no")), (1, 0), found)

    def test_what_cannot_be_is_refused(self):
        create = self.functions.create_event_source_mapping
        common = {"FunctionName": self.name, "EventSourceArn": self.stream}
        with refused(self, "ValidationException", 400, "startingPosition"):
            create(**common)
        with refused(self, "InvalidParameterValueException", 400, "Unsupported starting position"):
            create(**common, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=0)
        for odd in [{"BatchSize": 10_001}, {"ParallelizationFactor": 11}, {"MaximumRetryAttempts": 10_001}]:
            with refused(self, "ValidationException", 400):
                create(**common, StartingPosition="LATEST", **odd)
        with refused(self, "InvalidParameterValueException", 400, "tumbling"):
            create(**common, StartingPosition="LATEST", TumblingWindowInSeconds=30)
        with refused(self, "InvalidParameterValueException", 400, "Stream not found"):
            create(FunctionName=self.name, EventSourceArn=self.stream + "1", StartingPosition="LATEST")
        create(**common, StartingPosition="LATEST")
        with refused(self, "ResourceConflictException", 409, "already exists"):
            create(**common, StartingPosition="LATEST")


if __name__ == "__main__":
    unittest.main()
