//! Finds the times of a cron expression in a time zone whose clock jumps.
//!
//! Between two jumps a zone's clock differs from UTC by one offset, and the
//! times that fit are found in the calendar alone ([`super::search`]). This module
//! adds the rules for times that a jump skips or repeats.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::{Cron, Jumps};

/// Vixie cron takes a jump of three hours or more for a correction of the clock, and
/// makes up for nothing then.
const JUMP_SECONDS_MAX: i64 = 3 * 3600;
/// No zone's clock is further from UTC, nor jumps further, than this.
const MARGIN_SECONDS: i64 = 2 * 24 * 3600;
/// The search ends when the calendar begins to repeat itself.
const SECONDS_MAX: i64 = 400 * 366 * 24 * 3600;

/// A time in which a zone's clock does not jump.
struct Span {
    /// When the span begins, and the offset before it.
    begin: Option<(Timestamp, Offset)>,
    offset: Offset,
    end: Option<Timestamp>,
}

impl Span {
    fn of(zone: &TimeZone, time: Timestamp) -> Self {
        // The jump at `time` itself begins the span.
        let jump = time.checked_add(jiff::SignedDuration::from_nanos(1)).ok();
        let jump = jump.and_then(|after| zone.preceding(after).next());
        let begin = jump.and_then(|jump| {
            let at = jump.timestamp();
            let before = at.checked_sub(jiff::SignedDuration::from_secs(1)).ok()?;
            Some((at, zone.to_offset(before)))
        });
        let end = zone.following(time).next().map(|jump| jump.timestamp());
        Self { begin, offset: zone.to_offset(time), end }
    }

    /// Returns when the span begins, and by how many seconds the clock went forward
    /// then, if that is little enough to be made up for.
    fn jump(&self) -> Option<(Timestamp, Offset, i64)> {
        let (at, before) = self.begin?;
        let seconds = i64::from(self.offset.seconds() - before.seconds());
        (seconds.abs() < JUMP_SECONDS_MAX).then_some((at, before, seconds))
    }
}

impl Cron {
    /// Returns the first time after `time`; `None` if there is none in 400 years.
    pub(in crate::schedule) fn next_after(
        &self,
        time: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let first = time.as_nanosecond().div_euclid(1_000_000_000) + 1;
        let first = i64::try_from(first).ok()?;
        let mut from = Timestamp::from_second(first).ok()?;
        while from.as_second() - first < SECONDS_MAX {
            let span = Span::of(zone, from);
            if let Some(made_up) = self.made_up(&span, from) {
                return Some(made_up);
            }
            let next = self.at_or_after(span.offset.to_datetime(self.begin(&span, from)?))?;
            let Some(end) = span.end else { return span.offset.to_timestamp(next).ok() };
            match span.offset.to_timestamp(next) {
                Ok(at) if at < end => return Some(at),
                _ => {
                    // A jump back shows times once more that were before `from`.
                    let shown = zone.to_offset(end).to_datetime(end);
                    let next = match shown < span.offset.to_datetime(end) {
                        true => self.at_or_after(shown)?,
                        false => next,
                    };
                    // Nothing fits before that, whatever the clock does in between.
                    let near = span.offset.to_timestamp(next).ok()?.as_second() - MARGIN_SECONDS;
                    from = end.max(Timestamp::from_second(near).ok()?);
                }
            }
        }
        None
    }

    /// Returns where a span begins for this expression: after the times that it repeats.
    fn begin(&self, span: &Span, from: Timestamp) -> Option<Timestamp> {
        match span.jump() {
            Some((at, _, seconds)) if seconds < 0 && self.jumps != Jumps::AsShown => {
                let repeated = Timestamp::from_second(at.as_second() - seconds).ok()?;
                Some(from.max(repeated))
            }
            _ => Some(from),
        }
    }

    /// Returns the beginning of a span, if it is `from` and a time that its jump skipped
    /// is made up for there.
    fn made_up(&self, span: &Span, from: Timestamp) -> Option<Timestamp> {
        let (at, before, seconds) = span.jump()?;
        if seconds <= 0 || at != from || self.jumps != Jumps::OnceEach {
            return None;
        }
        let skipped: DateTime = before.to_datetime(at);
        let shown = span.offset.to_datetime(at);
        self.at_or_after(skipped).filter(|next| *next < shown).map(|_| at)
    }
}
