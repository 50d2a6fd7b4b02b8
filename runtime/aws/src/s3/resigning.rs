//! In development a key that is none of the node's is let in, though nobody knows its secret. What it
//! signed is signed again with a secret that is known, so that there is one way in for all.

use aws_sigv4::http_request::SignableBody;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, Uri};
use s3s::{S3Error, S3Result};

use super::error;
use crate::credential::Credential;
use crate::keys::TEST_KEY;
use crate::signature;

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The signatures of chunks follow from the first, and cannot be made again.
const SIGNED_CHUNKS: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

/// Gives a request the signature that it would have with the secret that is known.
pub(super) fn sign_again(head: &mut Parts, credential: &Credential) -> S3Result<()> {
    let payload = head.headers.get(CONTENT_SHA256).and_then(|value| value.to_str().ok());
    let payload = payload.unwrap_or(UNSIGNED).to_owned();
    if payload.starts_with(SIGNED_CHUNKS) {
        return Err(unreadable());
    }
    let time = signature::time_of(credential).map_err(|fault| error::of_fault(&fault))?;
    let body = match credential.expires {
        Some(_) => SignableBody::UnsignedPayload,
        None => SignableBody::Precomputed(payload),
    };
    let signature = signature::compute(credential, TEST_KEY, head, body, time);
    let signature = signature.map_err(|error| {
        tracing::debug!(%error, "a request cannot be signed again");
        error::unknown_key()
    })?;
    replace(head, &credential.signature, &signature).ok_or_else(error::unknown_key)
}

fn unreadable() -> S3Error {
    S3Error::with_message(
        s3s::S3ErrorCode::InvalidAccessKeyId,
        "there is no such access key, and what it signs in chunks cannot be read without its \
         secret; in development sign with the key \"test\" and the secret \"test\"",
    )
}

fn replace(head: &mut Parts, old: &str, new: &str) -> Option<()> {
    if let Some(value) = head.headers.get(AUTHORIZATION) {
        let text = value.to_str().ok()?.replace(old, new);
        head.headers.insert(AUTHORIZATION, HeaderValue::try_from(text).ok()?);
        return Some(());
    }
    let uri: Uri = head.uri.to_string().replace(old, new).parse().ok()?;
    head.uri = uri;
    Some(())
}
