"""Powertools for AWS Lambda, unmodified, in handlers of Python and TypeScript: what they log and measure, which
messages of a batch failed, what events say, what they keep and read at home, and that tracing does not stand in the
way."""

import base64
import json
import os
import unittest
import uuid

from support import (
    HAS_JAVASCRIPT, HAS_PYTHON, LIBRARIES_PYTHON, POWERTOOLS_JAVASCRIPT, POWERTOOLS_PYTHON, archive, client, native)

ROLE = "arn:aws:iam::000000000000:role/r"
TRACE = "^1-[0-9a-f]{8}-[0-9a-f]{24}$"
QUEUE = "arn:aws:sqs:eu-west-1:000000000000:orders"
# What is in packages for compilers, debuggers and readers alone.
UNUSED = (".d.ts", ".map", ".md")

PYTHON = '''
import json

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor, EventType, SqsFifoPartialProcessor, process_partial_response)
from aws_lambda_powertools.utilities.data_classes import (
    DynamoDBStreamEvent, KinesisStreamEvent, S3Event, SQSEvent, event_source)

logger = Logger(service="shop")
metrics = Metrics(namespace="Shop", service="shop")
batches = BatchProcessor(event_type=EventType.SQS)
app = APIGatewayHttpResolver()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def logs(event, context):
    logger.append_keys(order="o1")
    logger.info("received", extra={"total": 350})
    logger.info({"nested": ["message"]})
    logger.debug("not told")
    try:
        {}["missing"]
    except KeyError:
        logger.exception("refused")
    return logger.get_correlation_id()


@metrics.log_metrics(capture_cold_start_metric=True, default_dimensions={"stage": "test"})
def measures(event, context):
    metrics.add_dimension(name="region", value="here")
    metrics.add_metric(name="Orders", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="Orders", unit=MetricUnit.Count, value=2)
    metrics.add_metric(name="Wait", unit=MetricUnit.Milliseconds, value=7.5, resolution=1)
    metrics.add_metadata(key="order", value="o1")
    if event.get("fails"):
        raise ValueError("after measuring")


def one(record):
    order = record.json_body
    if order["total"] < 0:
        raise ValueError(order["id"])
    return order["id"]


def batch(event, context):
    return process_partial_response(event=event, record_handler=one, processor=batches, context=context)


def fifo(event, context):
    return process_partial_response(
        event=event, record_handler=one, processor=SqsFifoPartialProcessor(), context=context)


@event_source(data_class=S3Event)
def s3(event, context):
    return [event.bucket_name, event.object_key]


@event_source(data_class=SQSEvent)
def sqs(event, context):
    return [[r.message_id, r.json_body, r.attributes.approximate_receive_count] for r in event.records]


@event_source(data_class=KinesisStreamEvent)
def kinesis(event, context):
    return [r.kinesis.data_as_json() for r in event.records]


@event_source(data_class=DynamoDBStreamEvent)
def dynamodb(event, context):
    return [[r.event_name.name, str(r.dynamodb.new_image["Total"]), sorted(r.dynamodb.new_image["Tags"])]
            for r in event.records]


@app.get("/orders/<order>")
def get_order(order):
    return {"order": order, "by": app.current_event.query_string_parameters["by"]}


def http(event, context):
    return app.resolve(event, context)
'''

HOME = '''
import os

from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer, IdempotencyConfig, idempotent, idempotent_function)

store = DynamoDBPersistenceLayer(table_name=os.environ["TABLE"])
config = IdempotencyConfig(event_key_jmespath="id", payload_validation_jmespath="total")
done = []


@idempotent(persistence_store=store, config=config)
def pays(event, context):
    config.register_lambda_context(context)
    if event.get("fails"):
        raise ValueError("before it was paid")
    done.append(event["id"])
    return {"id": event["id"], "payment": len(done)}


def changed(event, context):
    try:
        return pays(event, context)
    except Exception as error:
        return type(error).__name__


def reads(event, context):
    prefix = os.environ["PREFIX"]
    table = parameters.DynamoDBProvider(table_name=os.environ["SETTINGS"])
    return {
        "plain": parameters.get_parameter(f"/{prefix}/plain"),
        "sealed": parameters.get_parameter(f"/{prefix}/sealed", decrypt=True),
        "json": parameters.get_parameter(f"/{prefix}/json", transform="json"),
        "all": parameters.get_parameters(f"/{prefix}/"),
        "named": parameters.get_parameters_by_name({f"/{prefix}/plain": {}, f"/{prefix}/json": {"transform": "json"}}),
        "secret": parameters.get_secret(f"{prefix}/db", transform="json"),
        "item": table.get("greeting"),
    }


def sets(event, context):
    prefix = os.environ["PREFIX"]
    parameters.set_parameter(name=f"/{prefix}/plain", value=event["value"], overwrite=True)
    parameters.set_secret(name=f"{prefix}/db", value={"user": event["value"]})
    return parameters.get_parameter(f"/{prefix}/plain", force_fetch=True)
'''

TYPESCRIPT = '''
import { BatchProcessor, EventType, SqsFifoPartialProcessor, processPartialResponse, processPartialResponseSync }
  from '@aws-lambda-powertools/batch';
import { Router } from '@aws-lambda-powertools/event-handler/http';
import { extractDataFromEnvelope, SQS } from '@aws-lambda-powertools/jmespath/envelopes';
import { Logger } from '@aws-lambda-powertools/logger';
import { correlationPaths, search } from '@aws-lambda-powertools/logger/correlationId';
import { Metrics, MetricResolution, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { APIGatewayProxyEventV2, Context, S3Event, SQSEvent, SQSRecord } from 'aws-lambda';

interface Order { id: string; total: number }

const logger = new Logger({ serviceName: 'shop', correlationIdSearchFn: search });
const metrics = new Metrics({ namespace: 'Shop', serviceName: 'shop', defaultDimensions: { stage: 'test' } });
const tracer = new Tracer({ serviceName: 'shop' });
const batches = new BatchProcessor(EventType.SQS);
const app = new Router();

class Logs {
  @logger.injectLambdaContext({ correlationIdPath: correlationPaths.API_GATEWAY_HTTP, resetKeys: true })
  async handler(event: APIGatewayProxyEventV2, context: Context) {
    logger.appendKeys({ order: 'o1' });
    logger.info('received', { total: 350 });
    logger.debug('not told');
    try {
      throw new RangeError('missing');
    } catch (error) {
      logger.error('refused', error as Error);
    }
    return logger.getCorrelationId();
  }
}
const own = new Logs();
export const logs = own.handler.bind(own);

class Measures {
  @metrics.logMetrics({ captureColdStartMetric: true })
  async handler(event: { fails?: boolean }, context: Context) {
    metrics.addDimension('region', 'here');
    metrics.addMetric('Orders', MetricUnit.Count, 1);
    metrics.addMetric('Orders', MetricUnit.Count, 2);
    metrics.addMetric('Wait', MetricUnit.Milliseconds, 7.5, MetricResolution.High);
    metrics.addMetadata('order', 'o1');
    if (event.fails) throw new Error('after measuring');
  }
}
const meter = new Measures();
export const measures = meter.handler.bind(meter);

class Traces {
  @tracer.captureLambdaHandler()
  async handler(orders: Order[], context: Context) {
    tracer.putAnnotation('orders', orders.length);
    const totals = await Promise.all(orders.map((order) => this.total(order)));
    return { totals, trace: tracer.getRootXrayTraceId() };
  }
  @tracer.captureMethod()
  async total(order: Order) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return order.total;
  }
}
const traced = new Traces();
export const traces = traced.handler.bind(traced);

export const disposed = async () => {
  // What compilers make of `using`.
  const once = new Metrics({ namespace: 'Shop', serviceName: 'shop' });
  once.addMetric('Orders', MetricUnit.Count, 1);
  once[Symbol.dispose]();
};

const one = (record: SQSRecord) => {
  const order: Order = JSON.parse(record.body);
  if (order.total < 0) throw new Error(order.id);
  return order.id;
};
export const batch = async (event: SQSEvent, context: Context) =>
  processPartialResponse(event, async (record: SQSRecord) => one(record), batches, { context });
export const fifo = async (event: SQSEvent, context: Context) =>
  processPartialResponseSync(event, one, new SqsFifoPartialProcessor(), { context });

export const s3 = async (event: S3Event) => [event.Records[0].s3.bucket.name, event.Records[0].s3.object.key];
export const sqs = async (event: SQSEvent) => extractDataFromEnvelope<Order[]>(event, SQS);

app.get('/orders/:order', async ({ params, req }) =>
  ({ order: params.order, by: new URL(req.url).searchParams.get('by') }));
export const http = async (event: unknown, context: Context) => app.resolve(event, context);
'''


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


def messages(*orders, group=None):
    """The event of SQS for these orders."""
    attributes = {"ApproximateReceiveCount": "1"} | ({"MessageGroupId": group} if group else {})
    return {"Records": [
        {"messageId": order["id"], "receiptHandle": "h", "body": json.dumps(order), "attributes": attributes,
         "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": QUEUE,
         "awsRegion": "eu-west-1"}
        for order in orders]}


def failed(*names):
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def request(path, query):
    """The event of API Gateway for a request."""
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "isBase64Encoded": False,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in query.items()),
        "queryStringParameters": query, "headers": {"host": "shop.example"},
        "requestContext": {
            "requestId": "r-1", "stage": "$default", "routeKey": "$default", "domainName": "shop.example",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t"}}}


GOOD, BAD, LATE = {"id": "m1", "total": 1}, {"id": "m2", "total": -1}, {"id": "m3", "total": 3}
S3 = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "shop"}, "object": {"key": "a/b.txt"}}}]}
KINESIS = {"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": encoded(GOOD), "partitionKey": "k"}}]}
DYNAMODB = {"Records": [{
    "eventSource": "aws:dynamodb", "eventName": "INSERT",
    "dynamodb": {"NewImage": {"Total": {"N": "3.5"}, "Tags": {"SS": ["b", "a"]}}}}]}


class Powertools:
    """What handlers of both languages do alike."""

    @classmethod
    def setUpClass(cls):
        cls.lambdas = client("lambda", read_timeout=120)
        cls.name = f"powertools-{uuid.uuid4()}"
        layer = cls.lambdas.publish_layer_version(
            LayerName=cls.name, Content={"ZipFile": archive(cls.packages())})
        cls.lambdas.create_function(
            FunctionName=cls.name, Runtime=cls.runtime, Role=ROLE, Handler=f"{cls.module}.logs", Timeout=30,
            Code={"ZipFile": archive(cls.files)}, Layers=[layer["LayerVersionArn"]])

    @classmethod
    def tearDownClass(cls):
        cls.lambdas.delete_function(FunctionName=cls.name)

    def invoke(self, handler, event):
        """What a handler answers, and the lines of JSON in its log."""
        known = self.lambdas.get_function_configuration(FunctionName=self.name)["Handler"]
        if known != (wanted := f"{self.module}.{handler}"):
            self.lambdas.update_function_configuration(FunctionName=self.name, Handler=wanted)
        told = self.lambdas.invoke(FunctionName=self.name, Payload=json.dumps(event), LogType="Tail")
        self.request_id = told["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        log = base64.b64decode(told["LogResult"]).decode()
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        return json.load(told["Payload"]), lines

    def test_the_logger(self):
        for cold in (True, False):
            answer, lines = self.invoke("logs", request("/", {}))
            self.assertEqual(answer, "r-1")
            told, error = lines[0], lines[-1]
            expected = {
                "level": "INFO", "message": "received", "service": "shop", "order": "o1", "total": 350,
                "correlation_id": "r-1", "cold_start": cold, "function_name": self.name,
                "function_request_id": self.request_id}
            self.assertEqual(told | expected, told)
            self.assertRegex(told["xray_trace_id"], TRACE)
            self.assertEqual({line["level"] for line in lines}, {"INFO", "ERROR"})
            self.assertNotIn("total", error)
            self.refused(error)

    def test_metrics(self):
        _, lines = self.invoke("measures", {})
        [cold] = [line for line in lines if "ColdStart" in line]
        self.assertEqual(cold["function_name"], self.name)
        for event in ({}, {"fails": True}):
            answer, lines = self.invoke("measures", event)
            [told] = [line for line in lines if "_aws" in line]
            self.assertEqual((answer or {}).get("errorMessage"), "after measuring" if event else None)
            self.assertEqual((told["Orders"], told["order"], told["stage"]), ([1, 2], "o1", "test"))
            [directive] = told["_aws"]["CloudWatchMetrics"]
            self.assertEqual(directive["Namespace"], "Shop")
            dimensions = {name for names in directive["Dimensions"] for name in names}
            self.assertEqual(dimensions, {"service", "stage", "region"})
            self.assertEqual(directive["Metrics"], [
                {"Name": "Orders", "Unit": "Count"},
                {"Name": "Wait", "Unit": "Milliseconds", "StorageResolution": 1}])

    def test_batches(self):
        self.assertEqual(self.invoke("batch", messages(GOOD, BAD, LATE))[0], failed("m2"))
        self.assertEqual(self.invoke("batch", messages(GOOD, LATE))[0], failed())
        answer, _ = self.invoke("batch", messages(BAD))
        self.assertEqual(answer["errorType"], self.all_failed)
        # In order: what comes after one that failed is not tried.
        self.assertEqual(self.invoke("fifo", messages(GOOD, BAD, LATE, group="g"))[0], failed("m2", "m3"))

    def test_events(self):
        self.assertEqual(self.invoke("s3", S3)[0], ["shop", "a/b.txt"])
        answer, _ = self.invoke("http", request("/orders/o7", {"by": "ann"}))
        self.assertEqual((answer["statusCode"], json.loads(answer["body"])), (200, {"order": "o7", "by": "ann"}))
        self.assertEqual(self.invoke("http", request("/none", {}))[0]["statusCode"], 404)


@unittest.skipUnless(HAS_PYTHON and POWERTOOLS_PYTHON, "no runtime for Python, or no Powertools")
class Python(Powertools, unittest.TestCase):
    runtime, module, files = "python3.13", "shop", {"shop.py": PYTHON}
    all_failed = "BatchProcessingError"

    @staticmethod
    def packages():
        return folder(POWERTOOLS_PYTHON, "python")

    def refused(self, error):
        self.assertEqual((error["message"], error["exception_name"]), ("refused", "KeyError"))
        self.assertIn("in logs", error["exception"])

    def test_records(self):
        self.assertEqual(self.invoke("sqs", messages(GOOD))[0], [["m1", GOOD, "1"]])
        self.assertEqual(self.invoke("kinesis", KINESIS)[0], [GOOD])
        self.assertEqual(self.invoke("dynamodb", DYNAMODB)[0], [["INSERT", "3.5", ["a", "b"]]])


@unittest.skipUnless(HAS_PYTHON and POWERTOOLS_PYTHON and LIBRARIES_PYTHON, "no runtime for Python, or no libraries")
class AtHome(unittest.TestCase):
    """What keeps its state in tables, and reads parameters and secrets, with nothing configured."""

    invoke = Powertools.invoke
    module = "home"

    @classmethod
    def setUpClass(cls):
        cls.lambdas = client("lambda", read_timeout=120)
        cls.name = f"powertools-{uuid.uuid4()}"
        cls.layers = [cls.layer("tools", folder(POWERTOOLS_PYTHON, "python")), cls.layer("boto3", boto3())]
        cls.tables = client("dynamodb")
        for table in (cls.name, f"{cls.name}-settings"):
            cls.tables.create_table(
                TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        cls.tables.put_item(TableName=f"{cls.name}-settings", Item={"id": {"S": "greeting"}, "value": {"S": "hello"}})
        parameters = client("ssm")
        for name, value, kind in (("plain", "one", "String"), ("sealed", "two", "SecureString"),
                                  ("json", '{"three": 3}', "String")):
            parameters.put_parameter(Name=f"/{cls.name}/{name}", Value=value, Type=kind)
        client("secretsmanager").create_secret(Name=f"{cls.name}/db", SecretString='{"user": "shop"}')
        cls.lambdas.create_function(
            FunctionName=cls.name, Runtime="python3.13", Role=ROLE, Handler="home.pays", Timeout=60, MemorySize=512,
            Code={"ZipFile": archive({"home.py": HOME})}, Layers=cls.layers,
            Environment={"Variables": {"TABLE": cls.name, "SETTINGS": f"{cls.name}-settings", "PREFIX": cls.name}})
        native("PATCH", f"/v1/functions/{cls.name}", {"fuel": 1_000_000_000_000, "grants": {
            "tables": {cls.name: "read-write", f"{cls.name}-settings": "read"},
            "parameters": {f"/{cls.name}/*": "read-write"}, "secrets": {f"{cls.name}/*": "read-write"}}})

    @classmethod
    def layer(cls, name, files):
        published = cls.lambdas.publish_layer_version(
            LayerName=f"{cls.name}-{name}", Content={"ZipFile": archive(files)})
        return published["LayerVersionArn"]

    @classmethod
    def tearDownClass(cls):
        cls.lambdas.delete_function(FunctionName=cls.name)

    def test_a_payment_is_made_once(self):
        order = {"id": "o1", "total": 5}
        failed, _ = self.invoke("pays", order | {"fails": True})
        self.assertEqual(failed["errorMessage"], "before it was paid")
        paid, _ = self.invoke("pays", order)
        self.assertEqual(paid["id"], "o1")
        again, _ = self.invoke("pays", order)
        self.assertEqual(again, paid)
        kept = self.tables.scan(TableName=self.name)["Items"]
        self.assertEqual([item["status"]["S"] for item in kept], ["COMPLETED"])
        self.assertEqual(self.invoke("changed", order | {"total": 6})[0], "IdempotencyValidationError")

    def test_parameters_are_read_and_set(self):
        read, _ = self.invoke("reads", {})
        three = {"three": 3}
        self.assertEqual(read, {
            "plain": "one", "sealed": "two", "json": three,
            "all": {"plain": "one", "json": '{"three": 3}', "sealed": read["all"]["sealed"]},
            "named": {f"/{self.name}/plain": "one", f"/{self.name}/json": three},
            "secret": {"user": "shop"}, "item": "hello"})
        self.assertEqual(self.invoke("sets", {"value": "four"})[0], "four")
        secret = client("secretsmanager").get_secret_value(SecretId=f"{self.name}/db")["SecretString"]
        self.assertEqual(json.loads(secret), {"user": "four"})


@unittest.skipUnless(HAS_JAVASCRIPT and POWERTOOLS_JAVASCRIPT, "no runtime for JavaScript, or no Powertools")
class TypeScript(Powertools, unittest.TestCase):
    runtime, module, files = "nodejs22.x", "shop", {"shop.ts": TYPESCRIPT}
    all_failed = "FullBatchFailureError"

    @staticmethod
    def packages():
        return folder(os.path.join(POWERTOOLS_JAVASCRIPT, "node_modules"), "nodejs/node_modules")

    def refused(self, error):
        self.assertEqual((error["message"], error["error"]["name"]), ("refused", "RangeError"))
        self.assertIn("shop.ts", json.dumps(error["error"]))

    def test_traces(self):
        answer, lines = self.invoke("traces", [GOOD, LATE])
        self.assertEqual((answer["totals"], lines), ([1, 3], []))
        self.assertRegex(answer["trace"], TRACE)

    def test_what_ends_with_its_block(self):
        _, [told] = self.invoke("disposed", {})
        self.assertEqual(told["Orders"], 1)

    def test_records(self):
        self.assertEqual(self.invoke("sqs", messages(GOOD))[0], [GOOD])


def folder(path, prefix):
    """The files below a path, as a layer has them."""
    files = {}
    for base, _, names in os.walk(path):
        for name in names:
            if not name.endswith(UNUSED):
                whole = os.path.join(base, name)
                with open(whole, "rb") as file:
                    files[f"{prefix}/{os.path.relpath(whole, path)}"] = file.read()
    return files


def boto3():
    """boto3 and what it needs, with the descriptions of the services that are called."""
    services = ("dynamodb", "ssm", "secretsmanager")

    def is_needed(path):
        parts = path.split("/botocore/data/")
        return len(parts) == 1 or "/" not in parts[1] or parts[1].split("/")[0] in services

    return {path: content for path, content in folder(LIBRARIES_PYTHON, "python").items() if is_needed(path)}


if __name__ == "__main__":
    unittest.main()
