//! Schedule expressions: their forms, and when each fires next.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::cron::Cron;
use super::invalid;
use crate::error::Error;

/// The longest expression. One that lists each minute, hour and day has 300 bytes.
const BYTES_MAX: usize = 1024;

/// A parsed expression.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// It fires every so many seconds, counted from the Unix epoch.
    Rate(u64),
    /// It fires once.
    At(DateTime),
    /// It fires by the calendar.
    Cron(Box<Cron>),
}

impl Expression {
    /// Reads an expression of any form.
    ///
    /// # Errors
    /// `InvalidConfiguration`: what is wrong, and the form to use.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() > BYTES_MAX {
            let bytes = text.len();
            return Err(invalid(format!(
                "the schedule expression has {bytes} bytes; the most is {BYTES_MAX}"
            )));
        }
        match text.split_once('(') {
            Some(("rate", rest)) => Ok(Self::Rate(rate(text, inner(text, rest)?)?)),
            Some(("at", rest)) => Ok(Self::At(at(text, inner(text, rest)?)?)),
            Some(("cron", rest)) => {
                Ok(Self::Cron(Box::new(Cron::event_bridge(text, inner(text, rest)?)?)))
            }
            Some((form, _))
                if !form.is_empty() && form.bytes().all(|b| b.is_ascii_alphabetic()) =>
            {
                Err(invalid(format!(
                    "the schedule expression {text:?} has the form {form:?}; there are \
                     rate(5 minutes), at(2026-12-24T18:00:00) and cron(0 9 ? * MON-FRI *), in lower \
                     case, and cron expressions such as \"0 9 * * MON-FRI\""
                )))
            }
            _ => Ok(Self::Cron(Box::new(Cron::vixie(text)?))),
        }
    }

    /// Returns the first time after `time`.
    pub(super) fn next_after(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Rate(seconds) => next_of_rate(*seconds, time),
            Self::At(moment) => zone.to_timestamp(*moment).ok().filter(|at| *at > time),
            Self::Cron(cron) => cron.next_after(time, zone),
        }
    }

    /// Returns why there is no such time.
    pub(super) fn why_never(&self, zone: &TimeZone) -> String {
        match self {
            Self::Rate(_) => "comes after the year 9999 first".into(),
            Self::At(moment) => match zone.to_timestamp(*moment) {
                Ok(at) => format!("is past: it was {at}"),
                Err(_) => "is no moment of its time zone that can be told".into(),
            },
            Self::Cron(_) => "fits no time of the 400 years to come, such as a 30th of February, \
                              a past year, or a time of day that its day skips"
                .into(),
        }
    }
}

fn inner<'a>(text: &str, rest: &'a str) -> Result<&'a str, Error> {
    rest.strip_suffix(')')
        .map(str::trim)
        .ok_or_else(|| invalid(format!("expression {text:?} has no closing parenthesis")))
}

/// Reads the seconds of `5 minutes`.
fn rate(text: &str, rest: &str) -> Result<u64, Error> {
    let wanted = "give a whole number of at least 1 and a unit, as in rate(5 minutes); the units \
                  are second, minute, hour and day";
    let mut words = rest.split_whitespace();
    let (Some(number), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return Err(invalid(format!("the rate {text:?} is malformed; {wanted}")));
    };
    let seconds = match unit {
        "second" | "seconds" => 1,
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 24 * 3600,
        _ => return Err(invalid(format!("the rate {text:?} has the unit {unit:?}; {wanted}"))),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse::<u32>() {
        Ok(number) if digits && number > 0 => Ok(seconds * u64::from(number)),
        _ => Err(invalid(format!("the rate {text:?} has the number {number:?}; {wanted}"))),
    }
}

/// Returns the next multiple of a pause since the Unix epoch.
fn next_of_rate(seconds: u64, time: Timestamp) -> Option<Timestamp> {
    let pause = i64::try_from(seconds).ok()?;
    // Also before the epoch, a second begins before the times that are in it.
    let since = time.as_nanosecond().div_euclid(1_000_000_000);
    let since = i64::try_from(since).ok()?;
    Timestamp::from_second((since.div_euclid(pause) + 1).checked_mul(pause)?).ok()
}

/// Reads `2026-12-24T18:00:00`.
fn at(text: &str, date: &str) -> Result<DateTime, Error> {
    let wanted = "give a date and a time of the schedule's time zone, to the second, as in \
                  at(2026-12-24T18:00:00)";
    let plain = |byte: u8| byte.is_ascii_digit() || b"-:Tt ".contains(&byte);
    let date_only = date.get(10..).unwrap_or_default();
    // After the date, a sign belongs to an offset.
    if !date.bytes().all(plain) || date_only.contains('-') {
        return Err(invalid(format!(
            "the moment {text:?} is malformed: it has more than a date and a time; an offset, a \
             zone or a fraction of a second is not taken; {wanted}, and the zone beside it"
        )));
    }
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    // The parser takes a leap second for the one before it.
    let leaps = digits.get(12..).is_some_and(|second| second == "60");
    match date.parse::<DateTime>() {
        Ok(moment) if !leaps => Ok(moment),
        _ => Err(invalid(format!("the moment {text:?} is malformed; {wanted}"))),
    }
}
