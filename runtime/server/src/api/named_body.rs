//! Resources whose names are in the path and may be in the body too.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::limited_body::{JSON_BYTES_MAX, json_bytes, read_json};
use crate::problem::Refusal;

/// The name that a body gives.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Name {
    /// Null is a name too, and a wrong one.
    #[serde(default, deserialize_with = "given")]
    name: Option<Value>,
}

fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Reads a resource from the body of a request; its member `name` is that of the path.
pub(super) async fn named<T: DeserializeOwned>(
    request: Request<Body>,
    name: &str,
    what: &str,
    stall: Duration,
) -> Result<T, Refusal> {
    let given = json_bytes(request, &["application/json"], JSON_BYTES_MAX, stall).await?;
    read(&given, name, what)
}

fn read<T: DeserializeOwned>(body: &[u8], name: &str, what: &str) -> Result<T, Refusal> {
    match read_json::<Name>(body, what)?.name {
        None => read_json(&with_name(body, name), what),
        Some(Value::String(given)) if given.eq_ignore_ascii_case(name) => read_json(body, what),
        Some(given) => Err(Refusal::invalid(format!(
            "the {what} is named {given} in the body and {name:?} in the path"
        ))),
    }
}

/// The object `body` with the member `name` at its end, so that what is wrong
/// with the others is still where the client has it.
fn with_name(body: &[u8], name: &str) -> Vec<u8> {
    let members = body.trim_ascii_end().strip_suffix(b"}").unwrap_or(body);
    let is_empty = members.trim_ascii() == b"{";
    let member = format!("{}\"name\":{}}}", if is_empty { "" } else { "," }, Value::from(name));
    [members, member.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        #[serde(default)]
        size: u8,
    }

    fn given(body: &str) -> Result<(String, u8), String> {
        let thing = read::<Thing>(body.as_bytes(), "it", "thing");
        thing.map(|thing| (thing.name, thing.size)).map_err(|error| error.detail().to_owned())
    }

    #[test]
    fn the_name_may_be_left_out() {
        for (body, name, size) in [
            ("{}", "it", 0),
            (" {\n} \n", "it", 0),
            ("{\"size\":7}", "it", 7),
            ("{\"size\":7,\"name\":\"It\"}", "It", 7),
        ] {
            assert_eq!(given(body), Ok((name.to_owned(), size)), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_is_where_it_was_sent() {
        for (body, problem) in [
            ("null", "invalid type: null, expected an object at line 1 column 4"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{}}", "trailing characters at line 1 column 3"),
            ("{\n \"size\":-1}", "line 2 column"),
            ("{\"size\":1,\"size\":2}", "duplicate field `size` at line 1 column 16"),
            ("{\"sise\":1}", "unknown field `sise`, expected `name` or `size` at line 1 column 7"),
            ("{\"name\":\"other\"}", "named \"other\" in the body and \"it\" in the path"),
            ("{\"name\":null}", "named null in the body"),
            ("{\"name\":7}", "named 7 in the body"),
        ] {
            let error = given(body).unwrap_err();
            assert!(error.contains(problem), "{body}: {error}");
        }
    }
}
