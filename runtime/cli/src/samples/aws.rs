//! Samples of what AWS's services send to functions, in the shapes that AWS documents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::Value;

use super::{Make, Parameter, Sample, Values};

/// Declares the samples: the name, which that of the file is too, what it is, and what can be
/// set. In the file `${name}` stands for a value, and `${base64:name}` for one in another form.
macro_rules! samples {
    ($($name:literal, $summary:literal, [$($parameter:literal = $default:literal $what:literal),*];)*) => {
        pub(super) fn samples() -> Vec<Sample> {
            vec![$(Sample {
                name: concat!("aws:", $name).into(),
                summary: $summary,
                parameters: vec![$(Parameter {
                    name: $parameter,
                    default: $default,
                    summary: $what,
                }),*],
                short: |_| Ok(Vec::new()),
                make: Make::Aws(include_str!(concat!("aws/", $name, ".json"))),
            }),*]
        }
    };
}

samples! {
    "s3", "an object was written to, or deleted from, a bucket of S3",
        ["bucket" = "photos" "the bucket", "key" = "cat.jpg" "the object's key",
         "event" = "ObjectCreated:Put" "what happened, such as ObjectRemoved:Delete"];
    "sqs", "a message of SQS, in a batch of one",
        ["body" = "{\"n\":1}" "the message", "queue" = "orders" "the queue"];
    "sns", "a notification of SNS",
        ["message" = "{\"n\":1}" "the message", "subject" = "A subject" "its subject",
         "topic" = "orders" "the topic"];
    "apigw2", "a request to an HTTP API of API Gateway, payload format 2.0",
        ["method" = "GET" "the method", "path" = "/" "the path", "query" = "" "the query",
         "body" = "" "the body"];
    "apigw1", "a request to a REST API of API Gateway, payload format 1.0",
        ["method" = "GET" "the method", "path" = "/" "the path", "body" = "" "the body"];
    "authorizer", "a request to an authorizer of tokens of API Gateway",
        ["token" = "allow" "the token"];
    "authorizer2", "a request to an authorizer of API Gateway, payload format 2.0",
        ["token" = "allow" "the token", "path" = "/" "the path", "method" = "GET" "the method"];
    "alb", "a request to a target group of an Application Load Balancer",
        ["method" = "GET" "the method", "path" = "/" "the path", "body" = "" "the body"];
    "dynamodb", "a change of an item, from a stream of DynamoDB",
        ["table" = "orders" "the table", "id" = "order-7" "the item's key",
         "event" = "MODIFY" "INSERT, MODIFY or REMOVE"];
    "kinesis", "a record of a stream of Kinesis",
        ["data" = "{\"n\":1}" "the data", "stream" = "clicks" "the stream"];
    "firehose", "a record that Data Firehose has transformed",
        ["data" = "{\"n\":1}" "the data", "stream" = "clicks" "the stream"];
    "eventbridge", "an event of EventBridge",
        ["detail-type" = "Order created" "its type", "source" = "shop.orders" "its source"];
    "schedule", "a rule of EventBridge fired at its time",
        ["rule" = "nightly" "the rule"];
    "cognito-pre-sign-up", "somebody signs up with a user pool of Cognito",
        ["user" = "ada" "the user", "email" = "ada@example.com" "the user's address"];
    "cognito-post-confirmation", "a user of a user pool of Cognito was confirmed",
        ["user" = "ada" "the user", "email" = "ada@example.com" "the user's address"];
    "cognito-pre-token-generation", "a user pool of Cognito is about to issue a token",
        ["user" = "ada" "the user", "email" = "ada@example.com" "the user's address"];
    "ses", "a mail that SES received",
        ["from" = "ada@example.com" "who sent it", "to" = "inbox@example.com" "whom to",
         "subject" = "Hello" "its subject"];
}

/// The payload of a template.
///
/// # Errors
/// The template is none, which a test of all excludes.
pub(super) fn fill(template: &str, values: &Values) -> Result<Value, String> {
    let mut payload = serde_json::from_str(template).map_err(|error| error.to_string())?;
    fill_value(&mut payload, values);
    shape(&mut payload, values);
    Ok(payload)
}

fn fill_value(value: &mut Value, values: &Values) {
    match value {
        Value::String(text) => *text = fill_text(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| fill_value(item, values)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| fill_value(member, values));
        }
        _ => {}
    }
}

fn fill_text(text: &str, values: &Values) -> String {
    let mut pieces = text.split("${");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
        filled.push_str(&match name.split_once(':') {
            Some(("base64", name)) => STANDARD.encode(values.get(name)),
            Some(("md5", name)) => hex(&Md5::digest(values.get(name))),
            Some(("urlencode", name)) => {
                let encoded: String =
                    url::form_urlencoded::byte_serialize(values.get(name).as_bytes()).collect();
                // S3 leaves slashes as they are.
                encoded.replace("%2F", "/")
            }
            _ => values.get(name).to_owned(),
        });
        filled.push_str(rest);
    }
    filled
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a service leaves out, or adds, for some values.
fn shape(payload: &mut Value, values: &Values) {
    if let Value::Object(members) = payload {
        if members.get("body").is_some_and(|body| body == "") {
            members.remove("body");
        }
        let query = values.get("query");
        if !query.is_empty() {
            let parameters = url::form_urlencoded::parse(query.as_bytes());
            let parameters = parameters.map(|(name, value)| (name.into_owned(), value.into()));
            let parameters: serde_json::Map<_, _> = parameters.collect();
            members.insert("queryStringParameters".into(), parameters.into());
        }
    }
    let event = values.get("event");
    let record = payload.pointer_mut("/Records/0").and_then(Value::as_object_mut);
    let Some(record) = record else { return };
    let mut drop_member = |place: &str, member: &str| {
        if let Some(Value::Object(members)) = record.get_mut(place) {
            members.remove(member);
        }
    };
    match event {
        "INSERT" => drop_member("dynamodb", "OldImage"),
        "REMOVE" => drop_member("dynamodb", "NewImage"),
        _ => {}
    }
    if event.starts_with("ObjectRemoved")
        && let Some(Value::Object(object)) =
            record.get_mut("s3").and_then(|s3| s3.get_mut("object"))
    {
        object.remove("size");
        object.remove("eTag");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Assignment, Made, find};
    use super::*;

    fn payload(name: &str, set: &[(&str, &str)]) -> Value {
        let (sample, _) = find(name).unwrap();
        let set: Vec<_> = set.iter().map(|(name, value)| Assignment::new(name, *value)).collect();
        match sample.make(&set).unwrap() {
            Made::Payload(payload) => payload,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_have_the_form_of_their_place() {
        let s3 = payload("aws:s3", &[("bucket", "b"), ("key", "a b/é.jpg")]);
        let s3 = &s3["Records"][0]["s3"];
        assert_eq!(
            (&s3["bucket"]["name"], &s3["bucket"]["arn"]),
            (&json!("b"), &json!("arn:aws:s3:::b"))
        );
        assert_eq!(s3["object"]["key"], "a+b/%C3%A9.jpg");
        let gone = payload("aws:s3", &[("event", "ObjectRemoved:Delete")]);
        assert_eq!(gone["Records"][0]["s3"]["object"].get("size"), None);
        let sqs = payload("aws:sqs", &[("body", "hello \"x\"")]);
        assert_eq!(sqs["Records"][0]["body"], "hello \"x\"");
        assert_eq!(sqs["Records"][0]["md5OfBody"], "7188ac08651da5618aacf24f25b6cc58");
        let record = payload("aws:kinesis", &[("data", "hi")]);
        assert_eq!(record["Records"][0]["kinesis"]["data"], "aGk=");
    }

    #[test]
    fn what_a_service_leaves_out_is_left_out() {
        let change =
            |event| payload("aws:dynamodb", &[("event", event)])["Records"][0]["dynamodb"].clone();
        let (inserted, removed) = (change("INSERT"), change("REMOVE"));
        assert!(inserted.get("OldImage").is_none() && inserted.get("NewImage").is_some());
        assert!(removed.get("NewImage").is_none() && removed.get("OldImage").is_some());
        assert_eq!(payload("aws:apigw2", &[]).get("body"), None);
        let request = payload("aws:apigw2", &[("query", "a=1&b=x%20y"), ("body", "{}")]);
        assert_eq!(request["queryStringParameters"], json!({ "a": "1", "b": "x y" }));
        assert_eq!(
            (&request["rawQueryString"], &request["body"]),
            (&json!("a=1&b=x%20y"), &json!("{}"))
        );
        let event = payload("aws:eventbridge", &[("detail.id", "9")]);
        assert_eq!(event["detail"]["id"], 9);
    }

    #[test]
    fn nothing_is_left_to_fill_and_what_is_set_is_known() {
        for sample in samples() {
            let text = payload(&sample.name, &[]).to_string();
            assert!(!text.contains("${"), "{text}");
            for Parameter { name, .. } in &sample.parameters {
                let changed = payload(&sample.name, &[(name, "INSERT")]).to_string();
                assert_ne!(changed, text, "{} of {} does nothing", name, sample.name);
            }
        }
        let (sample, _) = find("aws:s3").unwrap();
        let error = sample.make(&[Assignment::new("buckets", "b")]).unwrap_err();
        assert_eq!(error, "--set buckets: no such parameter; there are: bucket, key, event");
    }
}
