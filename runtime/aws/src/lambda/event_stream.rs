//! The frames of a response that is streamed:
//! <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::Value;

use crate::fault::Fault;

/// The media type of frames.
pub(super) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";
/// Most bytes of a frame's payload: far less than the most that clients take.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// What a function returned, and then how it ended.
pub(super) fn frames(data: Bytes, end: &Value) -> Result<Vec<u8>, Fault> {
    let mut frames = chunks(data)?;
    write("InvokeComplete", "application/json", end.to_string().into(), &mut frames)?;
    Ok(frames)
}

/// A part of what a function returned.
pub(super) fn chunks(mut data: Bytes) -> Result<Vec<u8>, Fault> {
    let mut frames = Vec::with_capacity(data.len() + 1024);
    while !data.is_empty() {
        let chunk = data.split_to(data.len().min(CHUNK_BYTES_MAX));
        write("PayloadChunk", "application/octet-stream", chunk, &mut frames)?;
    }
    Ok(frames)
}

fn write(
    kind: &'static str,
    media_type: &'static str,
    payload: Bytes,
    frames: &mut Vec<u8>,
) -> Result<(), Fault> {
    let header = |name: &'static str, value: &'static str| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    let message = Message::new(payload)
        .add_header(header(":event-type", kind))
        .add_header(header(":content-type", media_type))
        .add_header(header(":message-type", "event"));
    write_message_to(&message, frames).map_err(|error| {
        tracing::error!(%error, "a frame cannot be written");
        Fault::new(
            http::StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceException",
            "the response cannot be written",
        )
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::read_message_from;

    use super::*;

    #[test]
    fn what_was_returned_comes_before_the_end() {
        let data = Bytes::from(vec![7; CHUNK_BYTES_MAX + 1]);
        let mut frames =
            Bytes::from(frames(data, &serde_json::json!({ "ErrorCode": "x" })).unwrap());
        let mut kinds = Vec::new();
        while !frames.is_empty() {
            let message = read_message_from(&mut frames).unwrap();
            let kind = message.headers()[0].value().as_string().unwrap().as_str().to_owned();
            kinds.push((kind, message.payload().len()));
        }
        let chunks =
            [("PayloadChunk", CHUNK_BYTES_MAX), ("PayloadChunk", 1), ("InvokeComplete", 17)];
        assert_eq!(kinds, chunks.map(|(kind, bytes)| (kind.to_owned(), bytes)));
    }
}
