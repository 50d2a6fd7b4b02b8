//! Taking in a body: bounded in size, and in how long it may take.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyDataStream, BodyExt as _};
use lambent_engine::Hold;
use lambent_service::ByteStream;
use lambent_types::{Error, ErrorCode, format_bytes};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep};

use crate::body::BodyError;
use crate::problem::Refusal;

/// Most bytes of a JSON body.
pub(crate) const JSON_BYTES_MAX: u64 = 64 << 10;
/// Most bytes set aside on a client's word that they will come.
const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// Why a body did not come in whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitedBodyError {
    #[error("the body is larger than {}", format_bytes(*.0))]
    TooLarge(u64),
    #[error("the body stopped coming in")]
    Stalled,
    #[error("the body comes in too slowly; send it faster, or in parts")]
    Slow,
    #[error("the body broke off")]
    Broken,
    #[error("the node has not the memory for the body now; try again later")]
    NoMemory,
}

impl LimitedBodyError {
    /// What has become of the body, by its error.
    fn of(error: &axum::Error) -> Self {
        let mut cause = Some(error as &(dyn std::error::Error + 'static));
        while let Some(error) = cause {
            if matches!(error.downcast_ref(), Some(BodyError::Slow)) {
                return Self::Slow;
            }
            cause = error.source();
        }
        Self::Broken
    }
}

impl From<LimitedBodyError> for Refusal {
    fn from(error: LimitedBodyError) -> Self {
        Error::from(error).into()
    }
}

impl From<LimitedBodyError> for Error {
    fn from(error: LimitedBodyError) -> Self {
        let code = match error {
            LimitedBodyError::TooLarge(_) => ErrorCode::PayloadTooLarge,
            LimitedBodyError::Stalled | LimitedBodyError::Slow | LimitedBodyError::Broken => {
                ErrorCode::InvalidRequest
            }
            LimitedBodyError::NoMemory => ErrorCode::MemoryExhausted,
        };
        Self::new(code, error.to_string())
    }
}

/// A body of at most `limit` bytes, whose next bytes take at most `stall`.
pub(crate) struct LimitedBody {
    body: axum::body::Body,
    limit: u64,
    left: u64,
    stall: Duration,
    patience: Pin<Box<Sleep>>,
    /// Whether more was asked for and has not come: time counts only then.
    waiting: bool,
    /// What its bytes are charged to, if they are kept.
    hold: Option<Arc<Hold>>,
}

impl LimitedBody {
    /// Takes in the body of `request`. Refused at once if it says that it is
    /// too large, so that a client waiting for `100 Continue` never sends it.
    pub(crate) fn new(
        headers: &HeaderMap,
        body: axum::body::Body,
        limit: u64,
        stall: Duration,
    ) -> Result<Self, LimitedBodyError> {
        let announced =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|bytes: u64| bytes > limit) {
            return Err(LimitedBodyError::TooLarge(limit));
        }
        let patience = Box::pin(tokio::time::sleep(stall));
        Ok(Self { body, limit, left: limit, stall, patience, waiting: false, hold: None })
    }

    /// Charges its bytes to `hold` as they come. It is for who keeps them to keep it
    /// as long, by [`held`]. Refused at once if it says that it is more than there
    /// is room for.
    pub(crate) fn charged(mut self, hold: &Arc<Hold>) -> Result<Self, LimitedBodyError> {
        if !hold.has_room(self.body.size_hint().lower()) {
            return Err(LimitedBodyError::NoMemory);
        }
        self.hold = Some(hold.clone());
        Ok(self)
    }

    /// It as a stream of bytes, for a store; the [`Error`] that the client reads is
    /// the cause of the stream's.
    pub(crate) fn stream(self) -> ByteStream {
        let bytes = BodyDataStream::new(self);
        bytes.map(|bytes| bytes.map_err(|error| std::io::Error::other(Error::from(error)))).boxed()
    }

    /// Reads all of it into memory.
    pub(crate) async fn whole(mut self) -> Result<Bytes, LimitedBodyError> {
        let hold = self.hold.clone();
        let whole = self.gather().await?;
        Ok(match hold {
            Some(hold) => held(whole, hold),
            None => whole,
        })
    }

    async fn gather(&mut self) -> Result<Bytes, LimitedBodyError> {
        let reserve = self.body.size_hint().lower().min(RESERVE_BYTES_MAX);
        let mut whole = BytesMut::with_capacity(reserve as usize);
        while let Some(frame) = self.frame().await {
            if let Ok(data) = frame?.into_data() {
                if whole.is_empty() && self.is_end_stream() {
                    return Ok(data);
                }
                whole.extend_from_slice(&data);
            }
        }
        Ok(whole.freeze())
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = LimitedBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, LimitedBodyError>>> {
        let this = &mut *self;
        let frame = match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                if !this.waiting {
                    this.waiting = true;
                    this.patience.as_mut().reset(Instant::now() + this.stall);
                }
                let stalled = this.patience.as_mut().poll(cx).is_ready();
                return if stalled {
                    Poll::Ready(Some(Err(LimitedBodyError::Stalled)))
                } else {
                    Poll::Pending
                };
            }
        };
        this.waiting = false;
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(|error| LimitedBodyError::of(&error))?;
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            this.left =
                this.left.checked_sub(bytes).ok_or(LimitedBodyError::TooLarge(this.limit))?;
            if let Some(hold) = &this.hold {
                hold.grow(bytes).map_err(|_| LimitedBodyError::NoMemory)?;
            }
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes that are charged to `hold` for as long as anybody has them.
pub(crate) fn held(bytes: Bytes, hold: Arc<Hold>) -> Bytes {
    struct Held {
        bytes: Bytes,
        _hold: Arc<Hold>,
    }
    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    if bytes.is_empty() { bytes } else { Bytes::from_owner(Held { bytes, _hold: hold }) }
}

/// The media type of a body, without parameters, lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    Some(essence.to_ascii_lowercase()).filter(|essence| !essence.is_empty())
}

/// The refusal of a body that is not of `wanted`.
pub(crate) fn unsupported(headers: &HeaderMap, wanted: &str) -> Refusal {
    let given = match media_type(headers) {
        Some(given) => format!("the body is {given:?}"),
        None => "the body's Content-Type is not given".into(),
    };
    Refusal::new(ErrorCode::UnsupportedMediaType, format!("{given}; send {wanted}"))
}

/// Reads a body of JSON.
pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(
    request: Request<axum::body::Body>,
    accepted: &[&str],
    what: &str,
    stall: Duration,
) -> Result<T, Refusal> {
    large_json(request, accepted, JSON_BYTES_MAX, what, stall).await
}

/// Reads a body of JSON of at most `limit` bytes.
pub(crate) async fn large_json<T: DeserializeOwned + Send + 'static>(
    request: Request<axum::body::Body>,
    accepted: &[&str],
    limit: u64,
    what: &str,
    stall: Duration,
) -> Result<T, Refusal> {
    read_large_json(json_bytes(request, accepted, limit, stall).await?, what).await
}

/// Most bytes of the attributes of a queue and of what a namespace is given: far more
/// than all members that there are take.
const SMALL_JSON_BYTES_MAX: u64 = 16 << 10;

/// Reads a small JSON body, whose absence is the default.
pub(crate) async fn optional_json<T: DeserializeOwned + Default>(
    request: Request<axum::body::Body>,
    what: &str,
    stall: Duration,
) -> Result<T, Refusal> {
    const JSON: &str = "application/json";
    let (parts, body) = request.into_parts();
    let body = LimitedBody::new(&parts.headers, body, SMALL_JSON_BYTES_MAX, stall)?;
    let bytes = body.whole().await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    if media_type(&parts.headers).as_deref() != Some(JSON) {
        return Err(unsupported(&parts.headers, JSON));
    }
    read_json(&bytes, what)
}

/// Reads JSON that may be large, which takes up to some tens of milliseconds: not
/// on a thread that serves others.
pub(crate) async fn read_large_json<T: DeserializeOwned + Send + 'static>(
    bytes: Bytes,
    what: &str,
) -> Result<T, Refusal> {
    if bytes.len() as u64 <= JSON_BYTES_MAX {
        return read_json(&bytes, what);
    }
    let what = what.to_owned();
    let read = tokio::task::spawn_blocking(move || read_json(&bytes, &what));
    read.await.map_err(|_| Refusal::new(ErrorCode::Internal, "the body could not be read"))?
}

/// Takes in a body that says it is JSON.
pub(crate) async fn json_bytes(
    request: Request<axum::body::Body>,
    accepted: &[&str],
    limit: u64,
    stall: Duration,
) -> Result<Bytes, Refusal> {
    let (parts, body) = request.into_parts();
    if !media_type(&parts.headers).is_some_and(|given| accepted.contains(&given.as_str())) {
        return Err(unsupported(&parts.headers, &accepted.join(" or ")));
    }
    Ok(LimitedBody::new(&parts.headers, body, limit, stall)?.whole().await?)
}

/// Reads JSON; the error says where in it the fault is.
pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Refusal> {
    // Serde would take an array for the members in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Refusal::invalid(format!("the {what} is an array, and should be an object")));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Refusal::invalid(format!("the {what} is not what it should be: {error}")))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn intake(
        body: Body,
        length: Option<&str>,
        limit: u64,
    ) -> Result<LimitedBody, LimitedBodyError> {
        let mut headers = HeaderMap::new();
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, length.parse().unwrap());
        }
        LimitedBody::new(&headers, body, limit, Duration::from_millis(50))
    }

    #[tokio::test]
    async fn the_limit_holds_whether_or_not_it_is_announced() {
        assert_eq!(intake("abc".into(), None, 3).unwrap().whole().await.unwrap(), "abc");
        let error = intake("abcd".into(), None, 3).unwrap().whole().await.unwrap_err();
        assert_eq!(error, LimitedBodyError::TooLarge(3));
        assert!(intake(Body::empty(), Some("4"), 3).is_err());
    }

    #[tokio::test]
    async fn its_bytes_are_charged_for_as_long_as_they_are_kept() {
        let budget = lambent_engine::Budget::new(1 << 20);
        let hold = || Arc::new(budget.hold(None, None));
        let whole = intake("abc".into(), None, 3).unwrap().charged(&hold()).unwrap();
        let whole = whole.whole().await.unwrap();
        let part = whole.slice(1..2);
        drop(whole);
        assert!(budget.usage().used > 0);
        drop(part);
        assert_eq!(budget.usage().used, 0);
        let large = vec![0; 2 << 20];
        let announced = intake(Body::from(large.clone()), None, 4 << 20).unwrap().charged(&hold());
        assert_eq!(announced.err(), Some(LimitedBodyError::NoMemory));
        let pieces = large.chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
        let pieces = futures::stream::iter(pieces.collect::<Vec<_>>());
        let unannounced = intake(Body::from_stream(pieces), None, 4 << 20).unwrap();
        let whole = unannounced.charged(&hold()).unwrap().whole().await;
        assert_eq!(whole.unwrap_err(), LimitedBodyError::NoMemory);
        assert_eq!(budget.usage().used, 0);
    }

    #[tokio::test]
    async fn a_body_that_stops_is_given_up() {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let error = intake(body, None, 3).unwrap().whole().await.unwrap_err();
        assert_eq!(error, LimitedBodyError::Stalled);
    }

    #[tokio::test]
    async fn a_reader_that_takes_its_time_is_no_stalled_client() {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let body = futures::stream::unfold(receiver, |mut receiver| async {
            let next: Bytes = receiver.recv().await?;
            Some((Ok::<_, std::io::Error>(next), receiver))
        });
        let mut stream = intake(Body::from_stream(body), None, 9).unwrap().stream();
        sender.send("one".into()).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "one");
        // Longer than the client may take, while nobody asks it for more.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let (next, sent) = tokio::join!(stream.next(), async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            sender.send("two".into()).await
        });
        sent.unwrap();
        assert_eq!(next.unwrap().unwrap(), "two");
        let stalled = stream.next().await.unwrap().unwrap_err();
        let cause = stalled.get_ref().unwrap().downcast_ref::<Error>();
        assert_eq!(cause, Some(&LimitedBodyError::Stalled.into()));
    }

    #[test]
    fn media_types_are_compared_without_parameters() {
        let mut headers = HeaderMap::new();
        assert_eq!(media_type(&headers), None);
        headers.insert(CONTENT_TYPE, "Application/JSON ; charset=utf-8".parse().unwrap());
        assert_eq!(media_type(&headers).as_deref(), Some("application/json"));
    }

    #[test]
    fn json_errors_say_where() {
        let refusal = read_json::<lambent_types::ConfigurationPatch>(
            b"{\n  \"memroy_bytes\": 1}",
            "configuration",
        )
        .unwrap_err();
        assert!(refusal.detail().contains("line 2 column"), "{}", refusal.detail());
        let refusal =
            read_json::<lambent_types::ConfigurationPatch>(b" [1]", "configuration").unwrap_err();
        assert!(refusal.detail().contains("should be an object"), "{}", refusal.detail());
    }
}
