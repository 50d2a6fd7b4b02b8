//! Samples of the events of the node's own resources, and of requests.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::ObjectChange;
use lambent_types::occurrence::{
    self, KeyData, KeyValueData, MessageFacts, ObjectData, QueueFacts,
};
use uuid::Uuid;

use super::{Assignment, Made, Make, Parameter, Request, Sample, Values};

type Short = fn(&str) -> Result<Vec<Assignment>, String>;

fn sample(
    name: &str,
    summary: &'static str,
    parameters: &[(&'static str, &'static str, &'static str)],
    short: Short,
    make: fn(&Values) -> Result<Made, String>,
) -> Sample {
    let parameter = |(name, default, summary): &(&'static str, &'static str, &'static str)| {
        Parameter { name, default, summary }
    };
    Sample {
        name: name.into(),
        summary,
        parameters: parameters.iter().map(parameter).collect(),
        short,
        make: Make::Node(make),
    }
}

pub(super) fn samples() -> Vec<Sample> {
    vec![
        sample(
            "object",
            "an object was written or deleted, as in object:photos/cat.jpg",
            &[
                ("bucket", "photos", "the bucket"),
                ("key", "cat.jpg", "the object's key"),
                ("change", "created", "created or deleted"),
                ("size", "1024", "its size in bytes"),
                ("etag", "0123456789abcdef0123456789abcdef", "its etag"),
                ("content-type", "", "its media type"),
            ],
            |rest| within(rest, "bucket"),
            object,
        ),
        sample(
            "queue",
            "a message of a queue, as in queue:'{\"n\":1}'",
            &[
                ("body", "{}", "the message"),
                ("queue", "orders", "the queue"),
                ("group", "", "its group, of a FIFO queue"),
                ("content-type", "", "its media type; by default what it is, JSON or text"),
                ("receives", "1", "how often it was received"),
            ],
            |rest| Ok(vec![Assignment::new("body", rest)]),
            message,
        ),
        sample(
            "key",
            "a key was set or deleted, as in key:users/7",
            &[
                ("keyspace", "users", "the keyspace"),
                ("key", "7", "the key"),
                ("change", "set", "set or deleted"),
                ("new", "new", "the value after it"),
                ("old", "", "the value before it; none if empty"),
            ],
            |rest| within(rest, "keyspace"),
            key,
        ),
        sample(
            "schedule",
            "a schedule fired, as in schedule:nightly",
            &[
                ("schedule", "nightly", "the schedule"),
                ("input", "", "its input as JSON; none if empty"),
                ("time", "", "the time that it fired for; now if empty"),
            ],
            |rest| Ok(vec![Assignment::new("schedule", rest)]),
            schedule,
        ),
        sample(
            "http",
            "a request, as in http:'GET /orders?limit=3'",
            &[
                ("method", "GET", "the method"),
                ("path", "/", "the path and the query"),
                ("body", "", "the body"),
                ("content-type", "", "its media type; by default what it is, JSON or text"),
            ],
            request_line,
            request,
        ),
    ]
}

/// Sets the name of a resource, and the key in it.
fn within(rest: &str, resource: &str) -> Result<Vec<Assignment>, String> {
    let (name, key) = rest.split_once('/').unwrap_or((rest, ""));
    if name.is_empty() || key.is_empty() {
        return Err(format!("{rest:?} names no {resource} and key; write {resource}/key"));
    }
    Ok(vec![Assignment::new(resource, name), Assignment::new("key", key)])
}

fn request_line(rest: &str) -> Result<Vec<Assignment>, String> {
    let (method, path) = match rest.trim().split_once(' ') {
        Some((method, path)) => (method, path.trim()),
        None => ("GET", rest.trim()),
    };
    if !path.starts_with('/') {
        return Err(format!("{rest:?} is no request; write one as in http:'GET /orders'"));
    }
    Ok(vec![Assignment::new("method", method), Assignment::new("path", path)])
}

fn object(values: &Values) -> Result<Made, String> {
    let change = match values.get("change") {
        "created" => ObjectChange::Created,
        "deleted" => ObjectChange::Deleted,
        other => return Err(format!("--set change={other}: it is created or deleted")),
    };
    let size = values.get("size");
    let content_type = values.get("content-type");
    let data = ObjectData {
        bucket: values.get("bucket").into(),
        key: values.get("key").into(),
        size: size.parse().map_err(|_| format!("--set size={size}: it is a number of bytes"))?,
        etag: values.get("etag").into(),
        content_type: (!content_type.is_empty()).then(|| content_type.into()),
        metadata: BTreeMap::new(),
        sequence: 1,
        version: None,
        cause: None,
    };
    Ok(Made::Event(occurrence::object(change, &data, Timestamp::now())))
}

/// The media type that is set, or what the data is: JSON, or other text.
fn content_type(values: &Values, data: &str) -> String {
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok();
    match values.get("content-type") {
        "" if is_json() => "application/json".into(),
        "" => "text/plain; charset=utf-8".into(),
        given => given.into(),
    }
}

fn message(values: &Values) -> Result<Made, String> {
    let (queue, body, group) = (values.get("queue"), values.get("body"), values.get("group"));
    let queue = queue.parse().map_err(|error| format!("--set queue={queue}: {error}"))?;
    let receives = values.get("receives");
    let facts = MessageFacts {
        id: Uuid::now_v7().to_string(),
        body: Bytes::from(body.to_owned()),
        content_type: Some(content_type(values, body)),
        attributes: BTreeMap::new(),
        attribute_types: BTreeMap::new(),
        receipt: "0-0".into(),
        facts: QueueFacts::default(),
        group: (!group.is_empty()).then(|| group.into()),
        sequence: 1,
        sent: Timestamp::now(),
        receives: receives
            .parse()
            .map_err(|_| format!("--set receives={receives}: it is a number"))?,
    };
    Ok(Made::Event(occurrence::message(&queue, facts)))
}

fn key(values: &Values) -> Result<Made, String> {
    let value = |name: &str| KeyValueData::new(values.get(name).as_bytes());
    let old = (!values.get("old").is_empty()).then(|| value("old"));
    let (old, new) = match values.get("change") {
        "set" => (old, Some(value("new"))),
        // There was one to delete.
        "deleted" => (Some(value("old")), None),
        other => return Err(format!("--set change={other}: it is set or deleted")),
    };
    let data = KeyData {
        keyspace: values.get("keyspace").into(),
        key: values.get("key").into(),
        revision: 1,
        old,
        new,
        expired: false,
    };
    Ok(Made::Event(occurrence::key(&data, Timestamp::now())))
}

fn schedule(values: &Values) -> Result<Made, String> {
    let (name, input, time) = (values.get("schedule"), values.get("input"), values.get("time"));
    let name = name.parse().map_err(|error| format!("--set schedule={name}: {error}"))?;
    let time = match time {
        "" => Timestamp::now(),
        time => time
            .parse()
            .map_err(|_| format!("--set time={time}: it is a time such as 2026-01-31T12:00:00Z"))?,
    };
    let input = match input {
        "" => None,
        text => Some(
            serde_json::from_str(text).map_err(|error| format!("--set input: no JSON: {error}"))?,
        ),
    };
    Ok(Made::Event(occurrence::schedule(&name, input.as_ref(), time)))
}

fn request(values: &Values) -> Result<Made, String> {
    let (method, body) = (values.get("method"), values.get("body"));
    let method = method.to_ascii_uppercase();
    Ok(Made::Request(Request {
        method: method.parse().map_err(|_| format!("--set method={method}: no such method"))?,
        path: values.get("path").to_owned(),
        content_type: (!body.is_empty()).then(|| content_type(values, body)),
        body: body.as_bytes().to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use lambent_types::Event;
    use lambent_types::occurrence::ScheduleData;
    use serde_json::json;

    use super::super::find;
    use super::*;

    fn made(text: &str, set: &[(&str, &str)]) -> Result<Made, String> {
        let (sample, mut all) = find(text)?;
        all.extend(set.iter().map(|(name, value)| Assignment::new(name, *value)));
        sample.make(&all)
    }

    fn event(text: &str, set: &[(&str, &str)]) -> Event {
        match made(text, set).unwrap() {
            Made::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn events_are_those_that_the_node_makes() {
        let object = event("object:photos/a/cat.jpg", &[("content-type", "image/jpeg")]);
        assert_eq!(
            (&*object.kind, &*object.source),
            (occurrence::OBJECT_CREATED, "/buckets/photos")
        );
        let data: ObjectData = serde_json::from_slice(&object.data).unwrap();
        assert_eq!((&*data.key, data.content_type.as_deref()), ("a/cat.jpg", Some("image/jpeg")));
        assert_eq!(event("object", &[("change", "deleted")]).kind, occurrence::OBJECT_DELETED);

        let message = event("queue:{\"n\":1}", &[("queue", "jobs.fifo"), ("group", "g")]);
        assert_eq!(
            (&*message.source, message.subject.as_deref()),
            ("/queues/jobs.fifo", Some("g"))
        );
        assert_eq!(
            (&message.data[..], message.content_type.as_deref()),
            (&b"{\"n\":1}"[..], Some("application/json"))
        );
        assert_eq!(event("queue:a: b", &[]).data, "a: b");

        let key = event("key:users/7", &[("old", "a")]);
        let data: KeyData = serde_json::from_slice(&key.data).unwrap();
        assert_eq!(
            (&*key.kind, data.old.is_some(), data.new.is_some()),
            (occurrence::KEY_SET, true, true)
        );
        assert_eq!(event("key:users/7", &[("change", "deleted")]).kind, occurrence::KEY_DELETED);

        let fired = event("schedule:nightly", &[("time", "2026-01-31T12:00:00Z")]);
        let data: ScheduleData = serde_json::from_slice(&fired.data).unwrap();
        assert_eq!((&*data.schedule, &*data.time), ("nightly", "2026-01-31T12:00:00Z"));
        let fired = event("schedule:nightly", &[("input", "{\"full\":true}")]);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&fired.data).unwrap(),
            json!({ "full": true })
        );
    }

    #[test]
    fn requests_have_a_line() {
        let Made::Request(request) = made("http:post /orders?a=1", &[("body", "{}")]).unwrap()
        else {
            panic!("it is a request");
        };
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/orders?a=1"));
        assert_eq!(
            (&request.body[..], request.content_type.as_deref()),
            (&b"{}"[..], Some("application/json"))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, set, told) in [
            ("object:photos", ("size", "1"), "write bucket/key"),
            ("object:photos/a", ("size", "x"), "a number of bytes"),
            ("object:photos/a", ("change", "moved"), "created or deleted"),
            ("queue:a", ("queue", "a b"), "queue name"),
            ("key:/7", ("new", "1"), "write keyspace/key"),
            ("schedule:nightly", ("input", "{"), "no JSON"),
            ("http:GET orders", ("body", ""), "http:'GET /orders'"),
            ("http:G@T /", ("body", ""), "no such method"),
            ("queue:a", ("body.x", "1"), "only the samples of AWS have places"),
        ] {
            let error = made(text, &[set]).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
