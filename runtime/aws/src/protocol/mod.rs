//! How AWS's services write what they answer, which differs by service:
//! <https://smithy.io/2.0/aws/protocols/index.html>.

mod form;
mod number;
mod xml;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use lambent_dispatch::Body;
use lambent_types::RequestId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::fault::Fault;

pub(crate) use form::{Node, parameters};
pub(crate) use number::Number;
pub(crate) use xml::query_reply;

/// The header that names the operation, in the JSON protocols.
pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A protocol of AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The operation is in `X-Amz-Target`, all else in a JSON body. The text is the media type.
    Json(&'static str),
    /// The operation is in the path, and members are in path, query, headers and a JSON body.
    RestJson,
    /// The same with XML.
    RestXml,
    /// The operation and its members are a form; the answer is XML.
    Query,
    /// As EC2 has it: the same, with other errors.
    Ec2,
}

/// The members of a request in JSON; none if it is empty. They are read into what they are for at
/// once: as values of any form they could take much more memory than they are long.
pub(crate) fn members<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.is_empty() { b"{}" } else { body };
    // Serde would take an array for the members in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("the request is not a JSON object".into());
    }
    serde_json::from_slice(body).map_err(|error| format!("the request cannot be read: {error}"))
}

/// A body that is there already.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, content: &impl Serialize) -> Response<Body> {
    of(status, "application/json", serde_json::to_vec(content).unwrap_or_default())
}

/// An answer of JSON that is written already.
pub(crate) fn json_bytes(bytes: Bytes) -> Response<Body> {
    of(StatusCode::OK, "application/json", bytes)
}

/// An answer of some media type.
pub(crate) fn of(
    status: StatusCode,
    media_type: &'static str,
    bytes: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(whole(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Notes the id of the request, as every service of AWS's does.
pub(crate) fn identified(mut response: Response<Body>, id: RequestId) -> Response<Body> {
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

impl Protocol {
    /// Writes why a request was not served.
    pub(crate) fn refusal(self, fault: &Fault, id: RequestId) -> Response<Body> {
        let mut response = match self {
            Self::Json(media_type) => json_refusal(fault, media_type),
            Self::RestJson => rest_refusal(fault),
            Self::Query | Self::RestXml => of(fault.status, "text/xml", xml::error(fault, id)),
            Self::Ec2 => of(fault.status, "text/xml", xml::ec2_error(fault, id)),
        };
        if fault.status == StatusCode::SERVICE_UNAVAILABLE {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(http::header::RETRY_AFTER, second);
        }
        identified(response, id)
    }
}

fn json_refusal(fault: &Fault, media_type: &'static str) -> Response<Body> {
    let mut body =
        Map::from_iter(fault.members.iter().map(|(name, value)| ((*name).into(), value.clone())));
    body.insert("__type".into(), fault.code.clone().into_owned().into());
    body.insert("message".into(), fault.message.clone().into_owned().into());
    let mut response = of(fault.status, media_type, Value::Object(body).to_string());
    if let Some(code) = fault.query_code {
        let blame = if fault.is_of_client() { "Sender" } else { "Receiver" };
        if let Ok(value) = HeaderValue::try_from(format!("{code};{blame}")) {
            response.headers_mut().insert(QUERY_ERROR, value);
        }
    }
    response
}

fn rest_refusal(fault: &Fault) -> Response<Body> {
    let mut body =
        Map::from_iter(fault.members.iter().map(|(name, value)| ((*name).into(), value.clone())));
    let blame = if fault.is_of_client() { "User" } else { "Service" };
    body.insert("Type".into(), blame.into());
    // Both spellings are in use, and each client reads one.
    let member = if fault.code == "ResourceNotFoundException" { "Message" } else { "message" };
    body.insert(member.into(), fault.message.clone().into_owned().into());
    let mut response = of(fault.status, "application/json", Value::Object(body).to_string());
    if let Ok(code) = HeaderValue::try_from(&*fault.code) {
        response.headers_mut().insert(ERROR_TYPE, code);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_an_object() {
        let read = |text: &str| members::<std::collections::BTreeMap<String, u8>>(text.as_bytes());
        assert_eq!(read("").unwrap().len(), 0);
        assert_eq!(read(" {\"a\": 1}").unwrap()["a"], 1);
        for text in ["[]", "[[\"a\", 1]]", "null", " ", "{", "{\"a\": 300}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
