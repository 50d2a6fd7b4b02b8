use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

/// The most bytes of a body: Lambda's.
pub(crate) const BODY_BYTES_MAX: u64 = 6_291_556;

/// What was read of a body.
pub(super) enum Body {
    Whole {
        data: Bytes,
        trailers: Option<HeaderMap>,
    },
    /// It has more than [`BODY_BYTES_MAX`].
    TooLarge,
    /// It broke off.
    Broken,
}

/// Reads a body to its end. Of one that is too large nothing is kept.
pub(super) async fn read(mut body: Incoming) -> Body {
    // What it says that it has is made at once, as far as it may have it.
    let said = body.size_hint().exact().filter(|bytes| *bytes <= BODY_BYTES_MAX);
    let mut data = BytesMut::with_capacity(usize::try_from(said.unwrap_or(0)).unwrap_or(0));
    let (mut bytes, mut trailers) = (0_u64, None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Body::Broken };
        match frame.into_data() {
            Ok(piece) => {
                bytes = bytes.saturating_add(piece.len() as u64);
                if bytes > BODY_BYTES_MAX {
                    data = BytesMut::new();
                } else {
                    data.extend_from_slice(&piece);
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    if bytes > BODY_BYTES_MAX {
        return Body::TooLarge;
    }
    Body::Whole { data: data.freeze(), trailers }
}
