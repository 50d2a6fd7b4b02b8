//! The `Date` of responses.
//!
//! hyper sets one too, and keeps it until a second later than it was made by
//! the machine's clock: of one that was set back, for as long as it was wrong.

use std::cell::RefCell;

use http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

thread_local! {
    /// The last second that was written, and its text.
    static LAST: RefCell<(i64, Option<HeaderValue>)> = const { RefCell::new((0, None)) };
}

/// The time of day, as RFC 9110 has it.
pub(crate) fn now() -> Option<HeaderValue> {
    at(Timestamp::now())
}

fn at(time: Timestamp) -> Option<HeaderValue> {
    LAST.with_borrow_mut(|(second, text)| {
        if *second != time.as_second() || text.is_none() {
            *second = time.as_second();
            let written = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok();
            *text = written.and_then(|text| HeaderValue::try_from(text).ok());
        }
        text.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_is_gone_by_at_once() {
        for (time, expected) in [
            ("2026-11-21T12:34:56.789Z", "Sat, 21 Nov 2026 12:34:56 GMT"),
            ("2026-11-21T14:34:56Z", "Sat, 21 Nov 2026 14:34:56 GMT"),
            ("2026-11-21T12:34:57Z", "Sat, 21 Nov 2026 12:34:57 GMT"),
            ("2026-11-21T12:34:57.5Z", "Sat, 21 Nov 2026 12:34:57 GMT"),
        ] {
            assert_eq!(at(time.parse().unwrap()).unwrap(), expected);
        }
    }
}
