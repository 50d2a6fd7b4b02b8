//! Times, between the node's and those of `s3s`.

use jiff::Timestamp;
use s3s::dto::{self, TimestampFormat};

pub(super) fn out(time: Timestamp) -> dto::Timestamp {
    std::time::SystemTime::from(time).into()
}

/// None if it is one that the node's clock cannot say.
pub(super) fn read(time: &dto::Timestamp) -> Option<Timestamp> {
    text(time, TimestampFormat::DateTime)?.parse().ok()
}

/// As header fields have it.
pub(super) fn http_date(time: &dto::Timestamp) -> Option<String> {
    text(time, TimestampFormat::HttpDate)
}

/// A header field's date.
pub(super) fn of_http_date(text: &str) -> Option<dto::Timestamp> {
    dto::Timestamp::parse(TimestampFormat::HttpDate, text).ok()
}

fn text(time: &dto::Timestamp, format: TimestampFormat) -> Option<String> {
    let mut text = Vec::new();
    time.format(format, &mut text).ok()?;
    String::from_utf8(text).ok()
}
