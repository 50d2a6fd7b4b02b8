//! The events of the node's own resources, as those of the AWS services that are like them:
//! S3 for objects, SQS for messages, EventBridge for schedules, DynamoDB streams for keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lambent_types::occurrence::{
    ATTRIBUTE_TYPES, ITEM_CHANGED, KEY_DELETED, KEY_SET, KeyData, KeyValueData, OBJECT_CREATED,
    OBJECT_DELETED, ObjectCause, ObjectData, QUEUE_FACTS, QUEUE_MESSAGE, QueueFacts, RECEIPT,
    SCHEDULE_FIRED, ScheduleData,
};
use lambent_types::{Event, Failure, Namespace, Output, Retry, VersionId, account_number};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::arn::{REGION, arn};
use crate::message_digest::{DigestedAttribute, md5_of_attributes, md5_of_body};
use crate::receipt_handle::receipt_handle;

/// What S3 leaves as it is in the keys of its events.
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// The event as the AWS service that is like its source would send it to a function of the
/// namespace. One of nobody's making but the client's stays as it is.
pub(crate) fn event_for(namespace: &Namespace, event: Event) -> Event {
    let account = || account_number(namespace);
    let payload = match &*event.kind {
        OBJECT_CREATED | OBJECT_DELETED => object(&account(), &event, None),
        KEY_SET | KEY_DELETED => key(&account(), &event),
        QUEUE_MESSAGE => Some(records(vec![message(&account(), &event)])),
        ITEM_CHANGED => data(&event).map(|record| records(vec![record])),
        SCHEDULE_FIRED => schedule(&account(), &event),
        _ => None,
    };
    match payload {
        Some(payload) => with_payload(event, &payload),
        None => event,
    }
}

/// The notification that S3 sends of the change of an object, by the configuration of this id; `None`
/// for any other event.
pub(crate) fn s3_notification(
    namespace: &Namespace,
    event: &Event,
    configuration: &str,
) -> Option<String> {
    match &*event.kind {
        OBJECT_CREATED | OBJECT_DELETED => {
            let told = object(&account_number(namespace), event, Some(configuration))?;
            Some(told.to_string())
        }
        _ => None,
    }
}

/// All events of a batch in one.
pub(crate) fn event_of_batch(namespace: &Namespace, events: &[Event]) -> Option<Event> {
    let (first, account) = (events.first()?.clone(), account_number(namespace));
    let record = |event: &Event| match &*event.kind {
        ITEM_CHANGED => data(event),
        _ => Some(message(&account, event)),
    };
    let all: Option<Vec<Value>> = events.iter().map(record).collect();
    Some(with_payload(first, &records(all?)))
}

/// What a handler names an event of a batch by: a message by its id, a change by its place.
fn identifier(event: &Event) -> &str {
    match &*event.kind {
        ITEM_CHANGED => event.subject.as_deref().unwrap_or_default(),
        _ => &event.id,
    }
}

/// What of a batch failed, by the handler's answer: its `batchItemFailures`, if it gives any.
///
/// # Errors
/// The answer names something that is not of the batch, so that all of it counts as failed, as
/// Lambda has it.
pub(crate) fn failed_of_batch(
    output: &Output,
    events: &[Event],
) -> Result<Vec<(u32, Failure)>, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "batchItemFailures")]
        failures: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(rename = "itemIdentifier")]
        id: String,
    }
    // An answer of any other form says that all were handled.
    let Ok(answer) = serde_json::from_slice::<Answer>(&output.data) else { return Ok(Vec::new()) };
    let place = |Item { id }: Item| {
        let place = events.iter().position(|event| identifier(event) == id);
        let place = place.and_then(|place| u32::try_from(place).ok());
        place.map(|place| (place, failure("is one of batchItemFailures".into()))).ok_or_else(|| {
            failure(format!("batchItemFailures names {id:?}, which is nothing of the batch"))
        })
    };
    answer.failures.into_iter().map(place).collect()
}

fn failure(message: String) -> Failure {
    let kind = "Lambent.BatchItemFailure".into();
    Failure { kind, message, trace: Vec::new(), retry: Retry::Policy }
}

fn with_payload(event: Event, payload: &Value) -> Event {
    let content_type = Some("application/json".into());
    Event { content_type, data: payload.to_string().into(), ..event }
}

fn records(records: Vec<Value>) -> Value {
    json!({ "Records": records })
}

fn data<T: DeserializeOwned>(event: &Event) -> Option<T> {
    serde_json::from_slice(&event.data).ok()
}

fn time(event: &Event) -> Timestamp {
    let time = event.time_ns.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
    time.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The last name of the event's source, such as the queue of `/queues/orders`.
fn resource(event: &Event) -> &str {
    event.source.rsplit('/').next().unwrap_or_default()
}

fn object(account: &str, event: &Event, configuration: Option<&str>) -> Option<Value> {
    let object: ObjectData = data(event)?;
    let created = event.kind == OBJECT_CREATED;
    let untold = if created { ObjectCause::Put } else { ObjectCause::Delete };
    let cause = object.cause.unwrap_or(untold);
    let key = utf8_percent_encode(&object.key, KEY).to_string().replace("%20", "+");
    let mut described = json!({ "key": key, "sequencer": format!("{:016X}", object.sequence) });
    if created && let Value::Object(members) = &mut described {
        members.insert("size".into(), object.size.into());
        members.insert("eTag".into(), object.etag.trim_matches('"').into());
    }
    // S3 names the versions of a bucket that makes some.
    if let (Some(version @ VersionId::Made { .. }), Value::Object(members)) =
        (object.version, &mut described)
    {
        members.insert("versionId".into(), version.to_string().into());
    }
    Some(records(vec![json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": time(event).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "eventName": cause.s3_name(),
        "userIdentity": { "principalId": account },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": event.id, "x-amz-id-2": event.id },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration.unwrap_or(&object.bucket),
            "bucket": {
                "name": object.bucket,
                "ownerIdentity": { "principalId": account },
                "arn": format!("arn:aws:s3:::{}", object.bucket),
            },
            "object": described,
        },
    })]))
}

fn message(account: &str, event: &Event) -> Value {
    let body = match std::str::from_utf8(&event.data) {
        Ok(text) => text.to_owned(),
        Err(_) => STANDARD.encode(&event.data),
    };
    let extension = |name: &str| {
        event.extensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let facts = extension(QUEUE_FACTS).and_then(|text| serde_json::from_str(text).ok());
    let facts: QueueFacts = facts.unwrap_or_default();
    let sent = time(event).as_millisecond();
    let mut attributes = json!({
        "ApproximateReceiveCount": event.attempt.to_string(),
        "SentTimestamp": sent.to_string(),
        "SenderId": account,
        "ApproximateFirstReceiveTimestamp": facts.first_received.unwrap_or(sent).to_string(),
    });
    if let Value::Object(members) = &mut attributes {
        let source = facts.dead_letter_of.map(|queue| arn(account, "sqs", &queue));
        let said = [
            ("AWSTraceHeader", facts.trace_header),
            ("DeadLetterQueueSourceArn", source),
            ("MessageDeduplicationId", facts.deduplication),
            ("MessageGroupId", facts.group),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into())));
        members.extend(said);
    }
    if let (Some(group), Value::Object(members)) = (&event.subject, &mut attributes) {
        members.insert("MessageGroupId".into(), group.as_str().into());
        // Twenty digits, as SQS has them: who compares them as text gets their order.
        let sequence = extension("sequence").map(|sequence| format!("{sequence:0>20}"));
        members.insert("SequenceNumber".into(), sequence.into());
    }
    let own = extension("attributes").and_then(|text| serde_json::from_str(text).ok());
    let own: BTreeMap<String, String> = own.unwrap_or_default();
    let types = extension(ATTRIBUTE_TYPES).and_then(|text| serde_json::from_str(text).ok());
    let types: BTreeMap<String, String> = types.unwrap_or_default();
    let own: Vec<_> = own.iter().map(|(name, value)| digested(name, value, &types)).collect();
    let md5_of_attributes = (!own.is_empty()).then(|| md5_of_attributes(own.iter().copied()));
    let own = own.into_iter().map(|one| (one.name.to_owned(), attribute(one)));
    let queue = resource(event).parse().ok();
    let handle =
        queue.zip(extension(RECEIPT)).map(|(queue, receipt)| receipt_handle(&queue, receipt));
    let mut record = json!({
        "messageId": event.id,
        "receiptHandle": handle,
        "md5OfBody": md5_of_body(&body),
        "body": body,
        "attributes": attributes,
        "messageAttributes": own.collect::<serde_json::Map<_, _>>(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn(account, "sqs", resource(event)),
        "awsRegion": REGION,
    });
    if let (Some(md5), Value::Object(members)) = (md5_of_attributes, &mut record) {
        members.insert("md5OfMessageAttributes".into(), md5.into());
    }
    record
}

fn digested<'a>(
    name: &'a str,
    value: &'a str,
    types: &'a BTreeMap<String, String>,
) -> DigestedAttribute<'a> {
    let data_type = types.get(name).map_or("String", String::as_str);
    DigestedAttribute { name, data_type, value }
}

fn attribute(attribute: DigestedAttribute<'_>) -> Value {
    let empty: [&str; 0] = [];
    let member = if attribute.is_binary() { "binaryValue" } else { "stringValue" };
    json!({
        member: attribute.value, "stringListValues": empty, "binaryListValues": empty,
        "dataType": attribute.data_type,
    })
}

/// A schedule with an input of its own sends that.
fn schedule(account: &str, event: &Event) -> Option<Value> {
    let ScheduleData { schedule, time } = data(event)?;
    if schedule != resource(event) {
        return None;
    }
    Some(json!({
        "version": "0",
        "id": event.id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": time,
        "region": REGION,
        "resources": [arn(account, "events", &format!("rule/{schedule}"))],
        "detail": {},
    }))
}

fn key(account: &str, event: &Event) -> Option<Value> {
    let key: KeyData = data(event)?;
    let image = |value: &KeyValueData| {
        let value = match value {
            KeyValueData::Text(text) => json!({ "S": text }),
            KeyValueData::Base64(text) => json!({ "B": text }),
        };
        json!({ "key": { "S": key.key }, "value": value })
    };
    let name = match (&key.old, &key.new) {
        (None, Some(_)) => "INSERT",
        (_, Some(_)) => "MODIFY",
        (_, None) => "REMOVE",
    };
    let mut change = json!({
        "ApproximateCreationDateTime": time(event).as_second(),
        "Keys": { "key": { "S": key.key } },
        "SequenceNumber": key.revision.to_string(),
        "SizeBytes": event.data.len(),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    if let Value::Object(members) = &mut change {
        members.extend(key.new.as_ref().map(|value| ("NewImage".to_owned(), image(value))));
        members.extend(key.old.as_ref().map(|value| ("OldImage".to_owned(), image(value))));
    }
    Some(records(vec![json!({
        "eventID": event.id,
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": arn(account, "dynamodb", &format!("table/{}/stream/latest", key.keyspace)),
    })]))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use lambent_types::occurrence::{self, MessageFacts};

    use super::*;

    #[test]
    fn names_of_resources_are_those_that_clients_of_the_namespace_see() {
        let event = |namespace: &Namespace| {
            let facts = MessageFacts { body: Bytes::from_static(b"m"), ..facts() };
            let event = occurrence::message(&"q".parse().unwrap(), facts);
            let event = event_of_batch(namespace, &[event]).unwrap();
            let payload: Value = serde_json::from_slice(&event.data).unwrap();
            payload["Records"][0]["eventSourceARN"].as_str().unwrap().to_owned()
        };
        assert_eq!(event(&Namespace::default()), "arn:aws:sqs:us-east-1:000000000000:q");
        let team: Namespace = "team".parse().unwrap();
        let account = account_number(&team);
        assert_eq!(event(&team), format!("arn:aws:sqs:us-east-1:{account}:q"));
    }

    fn facts() -> MessageFacts {
        MessageFacts {
            id: "m".into(),
            body: Bytes::new(),
            content_type: None,
            attributes: [].into(),
            attribute_types: [].into(),
            receipt: "1-2".into(),
            facts: QueueFacts::default(),
            group: None,
            sequence: 7,
            sent: Timestamp::UNIX_EPOCH,
            receives: 1,
        }
    }

    #[test]
    fn attributes_of_a_message_come_with_the_types_that_its_sender_gave() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let bytes = STANDARD
            .encode("traceparent\u{1e}00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01");
        let facts = MessageFacts {
            body: Bytes::from_static(b"msg"),
            attributes: [pair("attr1", &bytes)].into(),
            attribute_types: [pair("attr1", "Binary")].into(),
            facts: QueueFacts {
                deduplication: Some("d".into()),
                first_received: Some(5),
                trace_header: Some("Root=1".into()),
                dead_letter_of: Some("before.fifo".into()),
                ..QueueFacts::default()
            },
            group: Some("g".into()),
            ..facts()
        };
        let event = occurrence::message(&"q.fifo".parse().unwrap(), facts);
        let account = "123456789012";
        let record = message(account, &event);
        let empty: [&str; 0] = [];
        let attribute = json!({
            "binaryValue": bytes, "dataType": "Binary",
            "stringListValues": empty, "binaryListValues": empty,
        });
        assert_eq!(record["messageAttributes"], json!({ "attr1": attribute }));
        // As SQS answered it, by LocalStack's records.
        assert_eq!(record["md5OfMessageAttributes"], "8cbe4db156db8a94db8b801b7addb984");
        assert_eq!(record["md5OfBody"], "6e2baaf3b97dbeef01c0043275f9a0e7");
        assert_eq!(record["receiptHandle"], receipt_handle(&"q.fifo".parse().unwrap(), "1-2"));
        let said = &record["attributes"];
        assert_eq!(said["MessageDeduplicationId"], "d");
        assert_eq!(said["ApproximateFirstReceiveTimestamp"], "5");
        assert_eq!(said["AWSTraceHeader"], "Root=1");
        assert_eq!(said["DeadLetterQueueSourceArn"], arn(account, "sqs", "before.fifo"));
        assert_eq!(said["MessageGroupId"], "g");
        assert_eq!(record["attributes"]["SequenceNumber"], "00000000000000000007");
    }
}
