//! Cron expressions: Vixie cron's, with seconds where there are six fields, and
//! EventBridge's, with a year.

mod days;
mod field;
mod search;
mod times;

use super::invalid;
use crate::error::Error;
use days::Days;
use field::{Field, Form, Kind, Reader, Steps};

/// The expressions that the `@` names stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The rule for times that a jump of the zone's clock skips or repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jumps {
    /// Vixie cron's rule for a job whose second, minute or hour begins with `*`: it
    /// fires whenever the clock shows the time, twice if the clock shows it twice.
    AsShown,
    /// Vixie cron's rule for any other job: a time that a jump of less than three
    /// hours skips is made up for right after the jump, and a time that such a jump
    /// repeats does not fire again.
    OnceEach,
    /// EventBridge's rule: a time that is skipped is left out, and a time that is
    /// repeated does not fire again.
    FirstOnly,
}

/// A cron expression.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    /// A bit for each second, minute and hour that fits.
    seconds: u64,
    minutes: u64,
    hours: u64,
    /// A bit for each month from 1.
    months: u64,
    days: Days,
    /// The years that fit; all if empty.
    years: Vec<Steps>,
    jumps: Jumps,
}

impl Cron {
    /// Reads `0 9 * * MON-FRI`, `30 0 9 * * MON-FRI`, or `@daily`.
    ///
    /// # Errors
    /// `InvalidConfiguration`: which field is wrong, which value of it, and what it may be.
    pub(super) fn vixie(text: &str) -> Result<Self, Error> {
        if text.starts_with('@') {
            let found = NICKNAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
            let (_, meaning) = found.ok_or_else(|| {
                let names: Vec<_> = NICKNAMES.iter().map(|(name, _)| *name).collect();
                invalid(format!(
                    "the schedule expression {text:?} is not known; there are {}",
                    names.join(", ")
                ))
            })?;
            return Self::vixie(meaning);
        }
        let fields: Vec<_> = text.split_whitespace().collect();
        let (second, [minute, hour, day, month, weekday]) = match fields[..] {
            [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday]),
            [second, minute, hour, day, month, weekday] => {
                (second, [minute, hour, day, month, weekday])
            }
            _ => {
                return Err(invalid(format!(
                    "the schedule expression {text:?} has {} fields; a cron expression has 5 \
                     (minute hour day-of-month month day-of-week), or 6 with seconds first; or \
                     give a name such as @daily, rate(5 minutes), at(2026-12-24T18:00:00), or \
                     EventBridge's form with a year, cron(0 9 ? * MON-FRI *)",
                    fields.len()
                )));
            }
        };
        let hint = if fields.len() == 6 {
            "; six fields begin with seconds: for a year at the end, write cron(…)"
        } else {
            ""
        };
        let read = |kind, given| read(text, Reader(Form::Vixie, kind), given, hint);
        let second = read(Kind::Second, second)?;
        let minute = read(Kind::Minute, minute)?;
        let hour = read(Kind::Hour, hour)?;
        let (day, month) = (read(Kind::Day, day)?, read(Kind::Month, month)?);
        let weekday = read(Kind::Weekday, weekday)?;
        let shown = second.star || minute.star || hour.star;
        let jumps = if shown { Jumps::AsShown } else { Jumps::OnceEach };
        Ok(Self::of([second, minute, hour, month], Days::vixie(day, weekday), Vec::new(), jumps))
    }

    /// Reads the text between the parentheses of `cron(0 9 ? * MON-FRI *)`.
    ///
    /// # Errors
    /// `InvalidConfiguration`, as [`Self::vixie`].
    pub(super) fn event_bridge(text: &str, inner: &str) -> Result<Self, Error> {
        let fields: Vec<_> = inner.split_whitespace().collect();
        let [minute, hour, day, month, weekday, year] = fields[..] else {
            return Err(invalid(format!(
                "the schedule expression {text:?} has {} fields; cron(…) has 6 (minute hour \
                 day-of-month month day-of-week year), as in cron(0 9 ? * MON-FRI *); an \
                 expression of 5 fields is written without cron(…)",
                fields.len()
            )));
        };
        if (day == "?") == (weekday == "?") {
            return Err(invalid(format!(
                "the schedule expression {text:?} has to have \"?\" for either the day of month or \
                 the day of week, as in cron(0 9 ? * MON-FRI *); here they are {day:?} and {weekday:?}"
            )));
        }
        let read = |kind, given| read(text, Reader(Form::EventBridge, kind), given, "");
        let minute = read(Kind::Minute, minute)?;
        let (hour, day) = (read(Kind::Hour, hour)?, read(Kind::Day, day)?);
        let month = read(Kind::Month, month)?;
        let days = Days::vixie(day, read(Kind::Weekday, weekday)?);
        let years = read(Kind::Year, year)?.steps;
        let second = Field { bits: 1, ..Field::default() };
        Ok(Self::of([second, minute, hour, month], days, years, Jumps::FirstOnly))
    }

    fn of(fields: [Field; 4], days: Days, years: Vec<Steps>, jumps: Jumps) -> Self {
        let [seconds, minutes, hours, months] = fields.map(|field| field.bits);
        Self { seconds, minutes, hours, months, days, years, jumps }
    }
}

fn read(text: &str, reader: Reader, given: &str, hint: &str) -> Result<Field, Error> {
    reader.read(given).map_err(|why| {
        let (name, allowed) = (reader.name(), reader.allowed());
        invalid(format!(
            "the {name} field of the cron expression {text:?} is {given:?}: {why}; a {name} is \
             {allowed}{hint}"
        ))
    })
}
