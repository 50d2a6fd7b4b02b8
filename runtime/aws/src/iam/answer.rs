//! What answers have in common.

use lambent_types::PolicyDocument;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// What documents are written with in answers; the rest is escaped, as by RFC 3986.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Nothing to say.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// A document, as answers have it.
pub(super) fn written(document: &PolicyDocument) -> String {
    utf8_percent_encode(document.as_str(), PLAIN).to_string()
}
