//! Reading what a request brings.

use serde::de::DeserializeOwned;

use crate::arn::NamedFunction;
use crate::call::Call;
use crate::fault::Fault;

/// A body that is larger is not read on a thread that serves others.
const LARGE: usize = 256 << 10;

/// The JSON body of a request. Members that are not known are left out, as AWS does.
pub(super) fn json<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    read_json(&call.body)
}

fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    // Serde would take an array for the members in their order.
    let odd = |what: String| {
        Fault::bad_request(
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {what}"),
        )
    };
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(odd("it is an array, and should be an object".into()));
    }
    serde_json::from_slice(body).map_err(|error| odd(error.to_string()))
}

/// The same of a body that may be large, which takes a while: not on a thread that serves others.
pub(super) async fn large_json<T: DeserializeOwned + Send + 'static>(
    call: &Call,
) -> Result<T, Fault> {
    if call.body.len() <= LARGE {
        return json(call);
    }
    let body = call.body.clone();
    let read = tokio::task::spawn_blocking(move || read_json(&body)).await;
    read.map_err(|error| {
        tracing::error!(%error, "a body cannot be read");
        Fault::new(
            http::StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceException",
            "the request cannot be read",
        )
    })?
}

/// The function that the path names.
pub(super) fn function(call: &Call) -> Result<NamedFunction, Fault> {
    NamedFunction::read(call, call.parameter("FunctionName"))
}

/// The function that the path names, with the qualifier that the query gives.
pub(super) fn qualified(call: &Call) -> Result<NamedFunction, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let qualifier = query.into_iter().find(|(name, _)| name == "Qualifier").map(|(_, value)| value);
    function(call)?.qualified(qualifier.filter(|text| !text.is_empty()))
}

/// How many members a page has at the most, and what the last one ended with.
pub(super) struct Page {
    pub(super) limit: usize,
    pub(super) marker: Option<String>,
}

/// Reads `MaxItems` and `Marker` of a list that has `most` members in a page.
pub(super) fn page(call: &Call, most: usize) -> Result<Page, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let given =
        |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    let limit = match given("MaxItems") {
        None => most,
        Some(text) => {
            let number: usize = text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
                let text: String = text.chars().take(40).collect();
                Fault::bad_request(
                    "ValidationException",
                    format!(
                        "1 validation error detected: Value '{text}' at 'maxItems' failed to satisfy \
                         constraint: Member must have value greater than or equal to 1"
                    ),
                )
            })?;
            number.min(most)
        }
    };
    Ok(Page { limit, marker: given("Marker").filter(|marker| !marker.is_empty()) })
}
