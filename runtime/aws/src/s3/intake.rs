//! The bytes that a request brings, as a store takes them: verified while they pass.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::StreamExt as _;
use http::StatusCode;
use lambent_service::{ByteStream, Checksum, ChecksumAlgorithm, ChecksumKind, LateChecksum};
use lambent_types::Error;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, StdError, TrailingHeaders, s3_error};

use super::{checksum, error};

/// What a client says of the bytes that it sends.
#[derive(Default)]
pub(super) struct Expected {
    /// MD5 of all bytes, in base64.
    pub(super) md5: Option<String>,
    /// The checksum to keep, and what it has to be, if that is known already.
    pub(super) checksum: Option<(ChecksumAlgorithm, Option<String>)>,
    /// Where the checksum is once the bytes have come.
    pub(super) trailers: Option<TrailingHeaders>,
}

/// Why bytes were not taken, once that is known.
#[derive(Clone, Default)]
pub(super) struct Refused(Arc<OnceLock<S3Error>>);

impl Refused {
    fn set(&self, error: S3Error) -> io::Error {
        let told = io::Error::other(error.to_string());
        // The first is what went wrong.
        let _ = self.0.set(error);
        told
    }

    /// What the client is told of a write that failed.
    pub(super) fn or(self, failed: &Error) -> S3Error {
        let found = self.0.get().map(|error| {
            let message = error.message().unwrap_or_default().to_owned();
            let mut again = S3Error::with_message(error.code().clone(), message);
            again.set_status_code(error.status_code().unwrap_or(StatusCode::BAD_REQUEST));
            again
        });
        found.unwrap_or_else(|| error::of(failed))
    }
}

struct Verifying {
    body: StreamingBlob,
    md5: Option<(Md5, Vec<u8>)>,
    checksum: Option<(ChecksumHasher, Option<String>)>,
    algorithm: Option<ChecksumAlgorithm>,
    trailers: Option<TrailingHeaders>,
    kept: LateChecksum,
    refused: Refused,
}

/// The bytes of a body, and where it is said why they were not taken. Their checksum is told to `kept`.
pub(super) fn stream(
    body: Option<StreamingBlob>,
    expected: Expected,
    kept: LateChecksum,
) -> S3Result<(ByteStream, Refused)> {
    let refused = Refused::default();
    let Expected { md5, checksum, trailers } = expected;
    let algorithm = checksum.as_ref().map(|(algorithm, _)| *algorithm);
    let verifying = Verifying {
        body: body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty())),
        md5: md5.map(|text| digest(&text)).transpose()?.map(|digest| (Md5::new(), digest)),
        checksum: checksum.map(|(algorithm, value)| (checksum::hasher(algorithm), value)),
        algorithm,
        trailers,
        kept,
        refused: refused.clone(),
    };
    let stream = futures::stream::unfold(Some(verifying), |state| async {
        let mut verifying = state?;
        match verifying.body.next().await {
            Some(Ok(bytes)) => {
                verifying.pass(&bytes);
                Some((Ok(bytes), Some(verifying)))
            }
            Some(Err(error)) => Some((Err(verifying.broken(error)), None)),
            None => match verifying.end() {
                Ok(()) => None,
                Err(error) => Some((Err(error), None)),
            },
        }
    });
    Ok((stream.boxed(), refused))
}

/// The bytes of an object as a response has them.
pub(super) fn outgoing(bytes: ByteStream) -> StreamingBlob {
    let frames = bytes.map(|piece| piece.map(http_body::Frame::data));
    s3s::Body::http_body_unsync(http_body_util::StreamBody::new(frames)).into()
}

/// An MD5 in base64.
fn digest(text: &str) -> S3Result<Vec<u8>> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok();
    let bytes = bytes.filter(|bytes| bytes.len() == 16);
    bytes.ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."))
}

impl Verifying {
    fn pass(&mut self, bytes: &Bytes) {
        if let Some((hash, _)) = &mut self.md5 {
            hash.update(bytes);
        }
        if let Some((hasher, _)) = &mut self.checksum {
            hasher.update(bytes);
        }
    }

    fn end(self) -> io::Result<()> {
        let refused = self.refused;
        let bad =
            |message: String| refused.set(S3Error::with_message(S3ErrorCode::BadDigest, message));
        if let Some((hash, expected)) = self.md5
            && hash.finalize().as_ref() != expected.as_slice()
        {
            return Err(
                bad("The Content-MD5 you specified did not match what we received.".into()),
            );
        }
        let (Some((hasher, expected)), Some(algorithm)) = (self.checksum, self.algorithm) else {
            return Ok(());
        };
        let trailer = self.trailers.and_then(|trailers| {
            trailers.read(|headers| checksum::among(headers, algorithm)).flatten()
        });
        let found = checksum::only(hasher.finalize()).ok().flatten();
        let Some((_, value)) = found else { return Ok(()) };
        if let Some(expected) = expected.or(trailer)
            && expected != value
        {
            let name = checksum::name(algorithm);
            return Err(bad(format!(
                "The {name} you specified did not match the calculated checksum."
            )));
        }
        let kind = ChecksumKind { algorithm, composite: false };
        self.kept.set(Checksum { kind, value });
        Ok(())
    }

    /// What is told of a body that ended in an error. `s3s` has no public types for those of its own.
    fn broken(self, error: StdError) -> io::Error {
        if let Some(own) = error.downcast_ref::<Error>() {
            return io::Error::other(own.clone());
        }
        let text = error.to_string();
        let says = |what: &str| text.contains(what);
        let (code, message) = if says("Sha256Mismatch") {
            (
                error::custom("XAmzContentSHA256Mismatch"),
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
        } else if says("SignatureMismatch") {
            (
                S3ErrorCode::SignatureDoesNotMatch,
                "The signature of a chunk does not match what was computed.",
            )
        } else {
            (
                S3ErrorCode::IncompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP \
                     header.",
            )
        };
        tracing::debug!(%error, "the bytes of an object did not come");
        let mut refusal = S3Error::with_message(code, message);
        if refusal.status_code().is_none() {
            refusal.set_status_code(StatusCode::BAD_REQUEST);
        }
        self.refused.set(refusal)
    }
}
