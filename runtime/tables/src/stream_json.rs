//! Records of streams as AWS writes them in JSON.

use lambent_types::Digest;
use serde_json::{Value as Json, json};

use crate::item::Item;
use crate::stream::{ItemChange, StreamRecord};
use crate::table::StreamView;

/// Hexadecimal digits of the id of an event.
const ID_DIGITS: usize = 32;
/// Who deletes items whose time to live is over, as AWS calls it.
const EXPIRER: &str = "dynamodb.amazonaws.com";

/// What holds of all records of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFacts<'a> {
    /// The ARN of the stream.
    pub arn: &'a str,
    /// The region that it is in.
    pub region: &'a str,
    /// What it keeps of each change.
    pub view: StreamView,
}

impl StreamView {
    /// As AWS calls it.
    #[must_use]
    pub const fn aws_name(self) -> &'static str {
        match self {
            Self::KeysOnly => "KEYS_ONLY",
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }
}

/// A record as `GetRecords` of DynamoDB Streams answers it.
#[must_use]
pub fn stream_record(record: &StreamRecord, facts: &StreamFacts<'_>) -> Json {
    let identity = json!({ "PrincipalId": EXPIRER, "Type": "Service" });
    with_identity(common(record, facts), record, identity)
}

/// A record as it is in the events that Lambda gives to functions.
#[must_use]
pub fn lambda_record(record: &StreamRecord, facts: &StreamFacts<'_>) -> Json {
    let identity = json!({ "principalId": EXPIRER, "type": "Service" });
    let mut event = with_identity(common(record, facts), record, identity);
    event["eventSourceARN"] = facts.arn.into();
    event
}

fn with_identity(mut event: Json, record: &StreamRecord, identity: Json) -> Json {
    if record.expired {
        event["userIdentity"] = identity;
    }
    event
}

fn common(record: &StreamRecord, facts: &StreamFacts<'_>) -> Json {
    let sequence = record.sequence.to_string();
    let mut id = Digest::of(format!("{}/{sequence}", facts.arn).as_bytes()).to_string();
    id.truncate(ID_DIGITS);
    // Rounded down to seconds, as DynamoDB has it.
    let mut change = json!({
        "ApproximateCreationDateTime": record.at.as_second() as f64,
        "Keys": image(&record.keys),
        "SequenceNumber": sequence,
        "SizeBytes": record.size,
        "StreamViewType": facts.view.aws_name(),
    });
    for (name, item) in [("NewImage", &record.new), ("OldImage", &record.old)] {
        if let Some(item) = item {
            change[name] = image(item);
        }
    }
    let name = match record.change {
        ItemChange::Insert => "INSERT",
        ItemChange::Modify => "MODIFY",
        ItemChange::Remove => "REMOVE",
    };
    json!({
        "eventID": id,
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": facts.region,
        "dynamodb": change,
    })
}

fn image(item: &Item) -> Json {
    // Of serde_json's errors none can be: names are texts, and no number is written as one.
    serde_json::to_value(item).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::key_schema::{KeyAttribute, KeySchema, KeyType};
    use crate::stream::StreamSequence;

    const FACTS: StreamFacts<'_> = StreamFacts {
        arn: "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2015-05-11T21:21:33.291",
        region: "us-east-1",
        view: StreamView::NewAndOldImages,
    };

    fn item(text: &str) -> Item {
        Item::from_json(&json!({ "Id": { "N": "101" }, "Message": { "S": text } })).unwrap()
    }

    fn record(old: Option<&Item>, new: Option<&Item>, expired: bool) -> Option<StreamRecord> {
        let key =
            KeySchema { hash: KeyAttribute { name: "Id".into(), kind: KeyType::N }, range: None };
        let at = Timestamp::from_millisecond(1_479_499_740_999).unwrap();
        StreamRecord::of((FACTS.view, &key), (old, new), (StreamSequence(7), at), expired)
    }

    #[test]
    fn records_are_those_of_the_documentation() {
        let (first, second) = (item("New item!"), item("This item has changed"));
        let inserted = record(None, Some(&first), false).unwrap();
        let event = lambda_record(&inserted, &FACTS);
        let expected = json!({
            "eventID": event["eventID"],
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "eventSourceARN": FACTS.arn,
            "dynamodb": {
                "ApproximateCreationDateTime": 1_479_499_740.0,
                "Keys": { "Id": { "N": "101" } },
                "NewImage": { "Id": { "N": "101" }, "Message": { "S": "New item!" } },
                "SequenceNumber": "100000000000000000007",
                "SizeBytes": 26,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        });
        assert_eq!(event, expected);
        assert_eq!(event["eventID"].as_str().unwrap().len(), 32);
        let modified = record(Some(&first), Some(&second), false).unwrap();
        let event = stream_record(&modified, &FACTS);
        assert_eq!(event["eventName"], "MODIFY");
        assert_eq!(event["dynamodb"]["SizeBytes"], 59);
        assert_eq!(event["dynamodb"]["OldImage"]["Message"]["S"], "New item!");
        assert!(event.get("eventSourceARN").is_none() && event.get("userIdentity").is_none());
        let removed = record(Some(&second), None, true).unwrap();
        let event = stream_record(&removed, &FACTS);
        assert_eq!(event["userIdentity"]["PrincipalId"], "dynamodb.amazonaws.com");
        let event = lambda_record(&removed, &FACTS);
        assert_eq!(event["userIdentity"]["principalId"], "dynamodb.amazonaws.com");
        assert!(event["dynamodb"].get("NewImage").is_none());
        assert_eq!(record(Some(&first), Some(&first), false), None);
    }
}
