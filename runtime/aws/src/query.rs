//! Services of the query protocol whose operations are all named by `Action`, and whose lists have
//! items called `member`: IAM, SNS and STS.

use std::fmt;

use http::Response;
use lambent_dispatch::Body;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::fault::Fault;
use crate::operation::Operation;
use crate::protocol::{self, Node};

const MEMBER: &str = "member";
/// What the items of a map are called, each with a key and a value under one of these names.
const ENTRY: &str = "entry";
const KEYS: [&str; 2] = ["key", "Name"];
const VALUES: [&str; 2] = ["value", "Value"];

/// Declares an operation: it reads a request, and what its function returns is the answer.
macro_rules! operation {
    ($namespace:expr, $name:literal, $how:ident, $function:path) => {
        $crate::operation::Operation::named($name).$how(|call| {
            Box::pin(async move {
                let wanted = $crate::query::input(call)?;
                let result = $function(call, wanted).await?;
                Ok($crate::protocol::query_reply($namespace, $name, &result, call.id))
            })
        })
    };
}
pub(crate) use operation;

/// Does what a request asks of a service, by the action that its form or its query names.
pub(crate) async fn answer(
    call: &Call,
    service: &'static str,
    operations: &'static [Operation],
) -> Result<Response<Body>, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        action: Option<String>,
    }
    let action = input::<Named>(call)?.action.ok_or_else(|| {
        Fault::bad_request("MissingAction", "The request must contain the parameter Action")
    })?;
    let operation = crate::operation::named(operations, &action).ok_or_else(|| {
        let action: String = action.chars().take(64).collect();
        Fault::bad_request("InvalidAction", format!("Could not find operation {action}"))
    })?;
    operation.carry_out(service, call).await
}

/// What an operation is given. Members that are not known are left out.
pub(crate) fn input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    let read = || {
        let form = Node::of(protocol::parameters(&call.head, &call.body)?)?;
        serde_json::from_value(json(form)).map_err(|error| error.to_string())
    };
    read().map_err(|error| {
        Fault::bad_request("MalformedInput", format!("the request cannot be read: {error}"))
    })
}

/// What stands under a name, as JSON has it.
fn json(mut node: Node) -> Value {
    if let Some(list) = node.below.remove(MEMBER) {
        return list.numbered().into_iter().map(json).collect();
    }
    if let Some(entries) = node.below.remove(ENTRY) {
        return entries.numbered().into_iter().filter_map(entry).collect::<Map<_, _>>().into();
    }
    match node.value {
        Some(value) if node.below.is_empty() => Value::String(value),
        _ => {
            let below = node.below.into_iter().map(|(name, node)| (name, json(node)));
            Value::Object(Map::from_iter(below))
        }
    }
}

/// An entry of a map: its key and its value.
fn entry(mut node: Node) -> Option<(String, Value)> {
    let mut take = |names: [&str; 2]| names.into_iter().find_map(|name| node.below.remove(name));
    let (key, value) = (take(KEYS)?.value?, take(VALUES));
    Some((key, value.map_or_else(|| Value::String(String::new()), json)))
}

/// A list of a request. One without items stands under its own name, with an empty value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members<T>(pub(crate) Vec<T>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Listed<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Listed<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Members<T>, E> {
                match text {
                    "" => Ok(Members::default()),
                    text => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Members<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(Members)
            }
        }
        deserializer.deserialize_any(Listed(std::marker::PhantomData))
    }
}

/// A list of an answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct List<T> {
    member: Vec<T>,
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self { member: items.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Wanted {
        #[serde(default)]
        tags: Members<Value>,
        max_items: Option<protocol::Number>,
    }

    fn read(form: &str) -> Wanted {
        let form = Node::of(serde_urlencoded::from_str(form).unwrap()).unwrap();
        serde_json::from_value(super::json(form)).unwrap()
    }

    #[test]
    fn a_form_is_read_into_what_it_is_for() {
        let tags =
            "Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=x&MaxItems=7&Other=1";
        let wanted = read(tags);
        assert_eq!(wanted.tags.0, [json!({ "Key": "a", "Value": "x" }), json!({ "Key": "b" })]);
        assert_eq!(wanted.max_items, Some(protocol::Number(7)));
        assert_eq!(read("Tags="), Wanted { tags: Members::default(), max_items: None });
        assert_eq!(read("").tags.0, [] as [Value; 0]);
        let map = "A.entry.1.key=a&A.entry.1.value=b&A.entry.2.Name=c&A.entry.2.Value.X=d";
        let map = Node::of(serde_urlencoded::from_str(map).unwrap()).unwrap();
        assert_eq!(super::json(map), json!({ "A": { "a": "b", "c": { "X": "d" } } }));
    }
}
