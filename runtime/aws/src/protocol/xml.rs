//! Answers of AWS's query protocol, which are XML.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_types::RequestId;
use quick_xml::se::Serializer;
use serde::Serialize;

use super::of;
use crate::fault::Fault;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    r#type: &'static str,
    code: &'a str,
    message: &'a str,
}

impl<'a> Written<'a> {
    fn of(fault: &'a Fault) -> Self {
        let r#type = if fault.is_of_client() { "Sender" } else { "Receiver" };
        Self { r#type, code: fault.query_code.unwrap_or(&fault.code), message: &fault.message }
    }
}

fn xml(root: &str, content: &impl Serialize) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let written =
        Serializer::with_root(&mut text, Some(root)).and_then(|out| content.serialize(out));
    if let Err(error) = written {
        tracing::error!(%error, root, "an answer cannot be written as XML");
    }
    text
}

/// An error of the query protocol.
pub(super) fn error(fault: &Fault, id: RequestId) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Root<'a> {
        error: Written<'a>,
        request_id: String,
    }
    xml("ErrorResponse", &Root { error: Written::of(fault), request_id: id.to_string() })
}

/// An error as EC2 writes it.
pub(super) fn ec2_error(fault: &Fault, id: RequestId) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Errors<'a> {
        error: Written<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Root<'a> {
        errors: Errors<'a>,
        #[serde(rename = "RequestID")]
        request_id: String,
    }
    let errors = Errors { error: Written::of(fault) };
    xml("Response", &Root { errors, request_id: id.to_string() })
}

/// The answer of `operation`: its result, in the elements around it that every operation has.
pub(crate) fn query_reply(
    namespace: &str,
    operation: &str,
    result: &impl Serialize,
    id: RequestId,
) -> Response<Body> {
    let mut text = String::new();
    let root = format!("{operation}Result");
    let written =
        Serializer::with_root(&mut text, Some(&root)).and_then(|out| result.serialize(out));
    if let Err(error) = written {
        tracing::error!(%error, operation, "an answer cannot be written as XML");
    }
    let text = format!(
        "<{operation}Response xmlns=\"{namespace}\">{text}<ResponseMetadata><RequestId>{id}\
         </RequestId></ResponseMetadata></{operation}Response>"
    );
    of(StatusCode::OK, "text/xml", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sent_is_text_and_no_markup() {
        let fault = Fault::bad_request("Bad", "no <b> & \"c\" \u{1F980}");
        let text = error(&fault, RequestId::new());
        assert!(text.contains("<Message>no &lt;b&gt; &amp;"), "{text}");
        assert!(
            text.contains("<ErrorResponse><Error><Type>Sender</Type><Code>Bad</Code>"),
            "{text}"
        );
        assert!(ec2_error(&fault, RequestId::new()).contains("<Response><Errors><Error>"));
    }
}
