//! A response that a function of a runtime streams, as an HTTP response.

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::sync::mpsc;

use super::http_response::{Head, STREAMED};
use crate::runner::{Body, BoxError, Piece};

/// The most bytes before the body of a response, which say what its head is: more than all headers
/// that a server sends.
const HEAD_BYTES_MAX: usize = 256 << 10;

const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Why a stream is no response.
#[derive(Debug)]
pub(crate) enum NoResponse {
    /// What it begins with is no head.
    Odd(String),
    /// It broke off before there was a head.
    Broken,
}

/// Reads the head of a response; its body follows as it comes.
pub(crate) async fn response_of_stream(
    content_type: Option<String>,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<Response<Body>, NoResponse> {
    if content_type.as_deref() != Some(STREAMED) {
        let given = content_type.and_then(|given| HeaderValue::try_from(given).ok());
        let mut response = Response::new(body(Bytes::new(), pieces));
        response.headers_mut().insert(CONTENT_TYPE, given.unwrap_or(BYTES));
        return Ok(response);
    }
    let (mut read, mut searched) = (BytesMut::new(), 0);
    loop {
        let head = Head::of(&read, searched).map_err(NoResponse::Odd)?;
        searched = read.len();
        if let Some(Head { mut response, length }) = head {
            *response.body_mut() = body(read.freeze().split_off(length), pieces);
            return Ok(response);
        }
        if read.len() > HEAD_BYTES_MAX {
            let message = format!("the head of the response has more than {HEAD_BYTES_MAX} bytes");
            return Err(NoResponse::Odd(message));
        }
        match pieces.recv().await {
            Some(Ok(Some(piece))) => read.extend_from_slice(&piece),
            Some(Ok(None)) => return Err(NoResponse::Odd(Head::MISSING.to_owned())),
            Some(Err(_)) | None => return Err(NoResponse::Broken),
        }
    }
}

/// A body that begins with what was read already.
fn body(first: Bytes, pieces: mpsc::Receiver<Piece>) -> Body {
    let first = (!first.is_empty()).then_some(first);
    let frames = stream::unfold((first, Some(pieces)), |(first, pieces)| async move {
        if let Some(first) = first {
            return Some((Ok(Frame::data(first)), (None, pieces)));
        }
        let mut pieces = pieces?;
        let broken = match pieces.recv().await {
            Some(Ok(Some(piece))) => return Some((Ok(Frame::data(piece)), (None, Some(pieces)))),
            Some(Ok(None)) => return None,
            Some(Err(failure)) => {
                format!("the function failed: {}: {}", failure.kind, failure.message)
            }
            None => "the function ended before its response was complete".to_owned(),
        };
        // What comes before is sent first: the server drops what it has not sent when a body breaks.
        tokio::task::yield_now().await;
        Some((Err(BoxError::from(broken)), (None, None)))
    });
    StreamBody::new(frames).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use lambent_types::{Failure, Retry};

    use super::*;

    fn pieces(pieces: Vec<Piece>) -> mpsc::Receiver<Piece> {
        let (sender, receiver) = mpsc::channel(pieces.len().max(1));
        for piece in pieces {
            sender.try_send(piece).unwrap();
        }
        receiver
    }

    fn data(bytes: &'static [u8]) -> Piece {
        Ok(Some(Bytes::from_static(bytes)))
    }

    async fn read(body: Body) -> Result<Bytes, BoxError> {
        body.collect().await.map(http_body_util::Collected::to_bytes)
    }

    #[tokio::test]
    async fn the_head_may_come_in_pieces_and_the_body_follows() {
        let streamed = Some(STREAMED.to_owned());
        let parts = vec![
            data(b"{\"statusCode\":4"),
            data(b"18}\0\0\0"),
            data(b"\0\0\0\0\0\0a"),
            data(b"b"),
            Ok(None),
        ];
        let response = response_of_stream(streamed, pieces(parts)).await.unwrap();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(read(response.into_body()).await.unwrap(), "\0ab");
    }

    #[tokio::test]
    async fn what_says_nothing_of_a_head_is_a_body() {
        let response = response_of_stream(None, pieces(vec![data(b"a"), Ok(None)])).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], BYTES);
        assert_eq!(read(response.into_body()).await.unwrap(), "a");
        let text = Some("text/plain".to_owned());
        let response = response_of_stream(text, pieces(vec![Ok(None)])).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain");
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_no_whole_response() {
        let streamed = || Some(STREAMED.to_owned());
        let head = || data(b"{}\0\0\0\0\0\0\0\0a");
        let failure = Failure {
            kind: "K".into(),
            message: "m".into(),
            trace: Vec::new(),
            retry: Retry::Policy,
        };
        let failed = Err(failure);
        for end in [vec![head()], vec![head(), failed.clone()]] {
            let response = response_of_stream(streamed(), pieces(end)).await.unwrap();
            assert!(read(response.into_body()).await.is_err());
        }
        for early in [vec![], vec![data(b"{}"), failed]] {
            let none = response_of_stream(streamed(), pieces(early)).await.unwrap_err();
            assert!(matches!(none, NoResponse::Broken));
        }
        for (odd, told) in [(&b"{}"[..], "eight zeros"), (b"{\0\0\0\0\0\0\0\0", "no JSON")] {
            let none = response_of_stream(streamed(), pieces(vec![data(odd), Ok(None)])).await;
            let NoResponse::Odd(message) = none.unwrap_err() else { panic!("{told}") };
            assert!(message.contains(told), "{message}");
        }
    }

    #[tokio::test]
    async fn a_head_may_come_byte_by_byte() {
        let whole = b"{\"statusCode\":418}\0\0\0\0\0\0\0\0a";
        let mut parts: Vec<_> = whole.chunks(1).map(data).collect();
        parts.push(Ok(None));
        let response = response_of_stream(Some(STREAMED.to_owned()), pieces(parts)).await.unwrap();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(read(response.into_body()).await.unwrap(), "a");
    }

    #[tokio::test]
    async fn a_head_is_bounded() {
        let large = Ok(Some(Bytes::from(vec![b' '; HEAD_BYTES_MAX + 1])));
        let none = response_of_stream(Some(STREAMED.to_owned()), pieces(vec![large])).await;
        assert!(matches!(none.unwrap_err(), NoResponse::Odd(message) if message.contains("more")));
    }
}
