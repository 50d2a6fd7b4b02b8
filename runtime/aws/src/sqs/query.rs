//! The query protocol: requests are forms whose members have dotted names, and answers are XML. The
//! names in both are those of botocore's model of before SQS had its JSON protocol.

use std::fmt::Write as _;

use lambent_types::RequestId;
use serde_json::{Map, Value};

use super::error::serialization;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::{self, Node};

const XML_NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";
/// Lists: the member, and what each of its items is called. `*` is the operation.
const LISTS: [(&str, &str); 13] = [
    ("AWSAccountIds", "AWSAccountId"),
    ("Actions", "ActionName"),
    ("AttributeNames", "AttributeName"),
    ("Entries", "*RequestEntry"),
    ("Failed", "BatchResultErrorEntry"),
    ("MessageAttributeNames", "MessageAttributeName"),
    ("MessageSystemAttributeNames", "MessageSystemAttributeName"),
    ("Messages", "Message"),
    ("QueueUrls", "QueueUrl"),
    ("Results", "ListMessageMoveTasksResultEntry"),
    ("Successful", "*ResultEntry"),
    ("TagKeys", "TagKey"),
    ("queueUrls", "QueueUrl"),
];
/// Maps: the member, what each of its items is called, and its key.
const MAPS: [(&str, &str, &str); 4] = [
    ("Attributes", "Attribute", "Name"),
    ("MessageAttributes", "MessageAttribute", "Name"),
    ("MessageSystemAttributes", "MessageSystemAttribute", "Name"),
    ("Tags", "Tag", "Key"),
];

/// The parameters of a request.
pub(super) fn parameters(call: &Call) -> Result<Vec<(String, String)>, Fault> {
    protocol::parameters(&call.head, &call.body).map_err(serialization)
}

/// The members of a form, as the JSON protocol has them.
pub(super) fn read(parameters: Vec<(String, String)>, operation: &str) -> Result<Value, Fault> {
    Ok(members(Node::of(parameters).map_err(serialization)?, operation))
}

/// What stands under a name, as JSON has it.
fn json(node: Node, operation: &str) -> Value {
    match node.value {
        Some(value) if node.below.is_empty() => Value::String(value),
        _ => members(node, operation),
    }
}

fn members(node: Node, operation: &str) -> Value {
    let mut members = Map::new();
    for (name, node) in node.below {
        let list = LISTS.into_iter().find(|(_, item)| called(item, operation) == name);
        let map = MAPS.into_iter().find(|(_, item, _)| *item == name);
        match (list, map) {
            // A list or a map without items stands under its own name, with an empty value.
            _ if LISTS.iter().any(|(member, _)| *member == name) => {
                members.insert(name, Value::Array(Vec::new()));
            }
            _ if MAPS.iter().any(|(member, ..)| *member == name) => {
                members.insert(name, Value::Object(Map::new()));
            }
            _ if node.below.is_empty() => {
                members.insert(name, json(node, operation));
            }
            (Some((member, _)), _) => {
                let items = node.numbered().into_iter().map(|node| json(node, operation));
                members.insert(member.to_owned(), items.collect());
            }
            (None, Some((member, _, key))) => {
                let items = node.numbered().into_iter().filter_map(|mut node| {
                    let key = node.below.remove(key)?.value?;
                    let value = node.below.remove("Value").unwrap_or_default();
                    Some((key, json(value, operation)))
                });
                members.insert(member.to_owned(), Value::Object(items.collect()));
            }
            (None, None) => {
                members.insert(name, json(node, operation));
            }
        }
    }
    Value::Object(members)
}

fn called(item: &str, operation: &str) -> String {
    item.replace('*', operation)
}

/// The answer of an operation.
pub(super) fn write(result: &Value, operation: &str, id: RequestId) -> String {
    let mut text =
        format!("<?xml version=\"1.0\"?><{operation}Response xmlns=\"{XML_NAMESPACE}\">");
    // Old clients of an operation that has something to say look for this also if it says nothing.
    element(&mut text, &format!("{operation}Result"), result, operation);
    // Writing to text does not fail.
    let _ = write!(
        text,
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    text
}

fn element(text: &mut String, name: &str, value: &Value, operation: &str) {
    let _ = write!(text, "<{name}>");
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| member(text, name, value, operation));
        }
        Value::String(value) => escape(text, value),
        other => {
            let _ = write!(text, "{other}");
        }
    }
    let _ = write!(text, "</{name}>");
}

fn member(text: &mut String, name: &str, value: &Value, operation: &str) {
    let list = LISTS.into_iter().find(|(member, _)| *member == name);
    let map = MAPS.into_iter().find(|(member, ..)| *member == name);
    match (value, list, map) {
        (Value::Array(items), Some((_, item)), _) => {
            let item = called(item, operation);
            items.iter().for_each(|value| element(text, &item, value, operation));
        }
        (Value::Object(items), _, Some((_, item, key))) => {
            for (name, value) in items {
                let _ = write!(text, "<{item}><{key}>");
                escape(text, name);
                let _ = write!(text, "</{key}>");
                element(text, "Value", value, operation);
                let _ = write!(text, "</{item}>");
            }
        }
        (Value::Null, ..) => {}
        _ => element(text, name, value, operation),
    }
}

/// Text that is read from XML as it was, line ends included; what XML has no form for becomes U+FFFD.
fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#xD;"),
            c if super::message::is_of_xml(c) => text.push(c),
            _ => text.push('\u{FFFD}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(text: &str, operation: &str) -> Value {
        read(serde_urlencoded::from_str(text).unwrap(), operation).unwrap()
    }

    #[test]
    fn a_form_is_read_as_the_same_request_in_json() {
        let text = "Action=SendMessageBatch&Version=2012-11-05&QueueUrl=http%3A%2F%2Fh%2F1%2Fq\
            &SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x\
            &SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.10.Id=c\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=7\
            &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Number";
        let read = form(text, "SendMessageBatch");
        assert_eq!(
            read["Entries"],
            json!([
                {
                    "Id": "a", "MessageBody": "x",
                    "MessageAttributes": { "n": { "StringValue": "7", "DataType": "Number" } },
                },
                { "Id": "b" },
                { "Id": "c" },
            ])
        );
        let text = "Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v\
                    &AttributeName.1=All&AttributeName.2=Policy";
        let expected = json!({
            "Attributes": { "DelaySeconds": "5" }, "Tags": { "k": "v" },
            "AttributeNames": ["All", "Policy"],
        });
        assert_eq!(form(text, "CreateQueue"), expected);
        let none = form("MessageAttributeNames=&Tags=&MaxNumberOfMessages=3", "ReceiveMessage");
        let expected =
            json!({ "MessageAttributeNames": [], "Tags": {}, "MaxNumberOfMessages": "3" });
        assert_eq!(none, expected);
    }

    #[test]
    fn an_answer_is_written_as_old_clients_read_it() {
        let result = json!({ "Messages": [{
            "Body": "a\r\n<&>\u{1}",
            "Attributes": { "SenderId": "x" },
            "MessageAttributes": { "n": { "StringValue": "7", "DataType": "Number" } },
        }] });
        let text = write(&result, "ReceiveMessage", RequestId::new());
        for part in [
            "<ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ReceiveMessageResult><Message>",
            "<Body>a&#xD;\n&lt;&amp;&gt;\u{FFFD}</Body>",
            "<Attribute><Name>SenderId</Name><Value>x</Value></Attribute>",
            "<MessageAttribute><Name>n</Name><Value><DataType>Number</DataType><StringValue>7</StringValue></Value></MessageAttribute>",
            "</ReceiveMessageResult><ResponseMetadata><RequestId>",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let empty = write(&json!({}), "ListQueues", RequestId::new());
        assert!(empty.contains("<ListQueuesResult></ListQueuesResult>"), "{empty}");
        let batch = json!({ "Successful": [{ "Id": "a" }], "Failed": [{ "Id": "b", "SenderFault": true }] });
        let text = write(&batch, "DeleteMessageBatch", RequestId::new());
        assert!(text.contains("<DeleteMessageBatchResultEntry><Id>a</Id>"), "{text}");
        assert!(text.contains("<SenderFault>true</SenderFault></BatchResultErrorEntry>"), "{text}");
    }
}
