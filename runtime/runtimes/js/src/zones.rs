//! Time zones, for the library's `Intl`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The offset from UTC in seconds and the short name of a time zone at a time, as text; nothing
/// if there is no such zone.
pub(crate) fn offset(zone: String, milliseconds: f64) -> Option<Vec<String>> {
    let zone =
        if zone.eq_ignore_ascii_case("utc") { TimeZone::UTC } else { TimeZone::get(&zone).ok()? };
    let time = Timestamp::from_millisecond(milliseconds as i64).ok()?;
    let found = zone.to_offset_info(time);
    Some(vec![found.offset().seconds().to_string(), found.abbreviation().to_owned()])
}
