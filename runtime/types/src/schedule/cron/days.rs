//! Finds the days of a month that a cron expression fits.

use jiff::civil::Date;

use super::field::Field;

/// The two fields for days: of the month, and of the week.
#[derive(Debug, Clone)]
pub(super) struct Days {
    day: Field,
    weekday: Field,
    both: bool,
}

/// Every seventh day from the first.
const WEEKLY: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;

impl Days {
    /// Combines the fields as Vixie cron does: either fits, unless one begins with `*`.
    pub(super) fn vixie(day: Field, weekday: Field) -> Self {
        let both = day.star || weekday.star || weekday.both;
        Self { day, weekday, both }
    }

    /// Returns a bit for each day that fits, in the month whose first day is `first`.
    pub(super) fn of_month(&self, first: Date) -> u64 {
        let length = i64::from(first.days_in_month());
        // Sunday is 0.
        let begins = i64::from(first.weekday().to_sunday_zero_offset());
        let day = self.days(length, begins);
        let weekday = self.weekdays(length, begins);
        let all = (1 << (length + 1)) - 2;
        all & if self.both { day & weekday } else { day | weekday }
    }

    fn days(&self, length: i64, begins: i64) -> u64 {
        let working = |day: i64| match (begins + day - 1) % 7 {
            // The working day is in the same month, even if one of another month is nearer.
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == length => day - 2,
            0 => day + 1,
            _ => day,
        };
        // The last Saturday or Sunday has its working day before it.
        let last = match (begins + length - 1) % 7 {
            6 => length - 1,
            0 => length - 2,
            _ => length,
        };
        let near = (1..=length).filter(|day| self.day.nearest >> day & 1 == 1);
        let mut days = near.fold(self.day.bits, |days, day| days | 1 << working(day));
        if self.day.last_day {
            days |= 1 << length;
        }
        if self.day.last_working_day {
            days |= 1 << last;
        }
        days
    }

    fn weekdays(&self, length: i64, begins: i64) -> u64 {
        let mut days = 0;
        for weekday in 0..7 {
            let first = (weekday - begins).rem_euclid(7) + 1;
            if self.weekday.bits >> weekday & 1 == 1 {
                days |= WEEKLY << first;
            }
            if self.weekday.last_weekdays >> weekday & 1 == 1 {
                days |= 1 << (first + (length - first) / 7 * 7);
            }
            for (nth, weekdays) in (0..).zip(self.weekday.nth_weekdays) {
                days |= (weekdays >> weekday & 1) << (first + nth * 7);
            }
        }
        days
    }
}
