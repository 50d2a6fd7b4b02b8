//! Finds the next date and time that fits, in a calendar without time zones.

use jiff::civil::{Date, DateTime, date};

use super::Cron;

/// After so many months the calendar repeats itself, weekdays included. An expression
/// that fits none of them never fits.
const MONTHS_MAX: usize = 400 * 12;

/// Returns the first bit that is set, from `from` on.
fn next_bit(bits: u64, from: i8) -> Option<i8> {
    let left = bits.checked_shr(u32::from(from.unsigned_abs()))?;
    // It is at most 63, since a bit is set.
    (left != 0).then(|| from + left.trailing_zeros() as i8)
}

impl Cron {
    /// Returns the first time from `from` on, itself included, of which every field fits.
    pub(super) fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let date = self.date_from(from.date())?;
        if date > from.date() {
            return self.time_from(date.at(0, 0, 0, 0));
        }
        self.time_from(from).or_else(|| {
            let next = self.date_from(date.tomorrow().ok()?)?;
            self.time_from(next.at(0, 0, 0, 0))
        })
    }

    /// Returns the first time of a day that fits, from `from` on.
    fn time_from(&self, from: DateTime) -> Option<DateTime> {
        let hour = next_bit(self.hours, from.hour())?;
        if hour == from.hour() {
            let minute = next_bit(self.minutes, from.minute());
            if minute == Some(from.minute())
                && let Some(second) = next_bit(self.seconds, from.second())
            {
                return Some(from.date().at(hour, from.minute(), second, 0));
            }
            if let Some(minute) = next_bit(self.minutes, from.minute() + 1) {
                return Some(from.date().at(hour, minute, next_bit(self.seconds, 0)?, 0));
            }
        }
        let hour = next_bit(self.hours, if hour == from.hour() { hour + 1 } else { hour })?;
        let (minute, second) = (next_bit(self.minutes, 0)?, next_bit(self.seconds, 0)?);
        Some(from.date().at(hour, minute, second, 0))
    }

    /// Returns the first day that fits, from `from` on.
    fn date_from(&self, from: Date) -> Option<Date> {
        let (mut year, mut month, mut day) = (from.year(), from.month(), from.day());
        for _ in 0..=MONTHS_MAX {
            if self.fits(year, month) {
                let found = next_bit(self.days.of_month(date(year, month, 1)), day);
                if let Some(day) = found {
                    return Some(date(year, month, day));
                }
            }
            day = 1;
            month += 1;
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
            if year > Date::MAX.year() {
                return None;
            }
        }
        None
    }

    fn fits(&self, year: i16, month: i8) -> bool {
        let in_year = || {
            let year = year.unsigned_abs();
            self.years.is_empty() || self.years.iter().any(|steps| steps.contain(year))
        };
        self.months >> month & 1 == 1 && in_year()
    }
}
