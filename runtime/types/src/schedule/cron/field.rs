//! One field of a cron expression.

/// The unit that a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Year,
}

/// The dialect of the expression that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Weekdays count from Sunday, 0; a step follows a range or `*`.
    Vixie,
    /// Weekdays count from Sunday, 1; a step may follow one value, which then
    /// is the first of a range to the end.
    EventBridge,
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Every n-th value of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    first: u16,
    last: u16,
    step: u16,
}

impl Steps {
    pub(super) const fn contain(self, value: u16) -> bool {
        self.first <= value && value <= self.last && (value - self.first).is_multiple_of(self.step)
    }
}

/// The values of a field.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    /// The values, as they are written.
    pub(super) steps: Vec<Steps>,
    /// A bit for each value. Weekdays count from Sunday, 0. Years have no bits.
    pub(super) bits: u64,
    /// Whether the field begins with `*` or is `?`, which decides Vixie cron's rules.
    pub(super) star: bool,
    /// `+` before a day of week: both days have to fit.
    pub(super) both: bool,
    /// The last day of the month.
    pub(super) last_day: bool,
    /// The last day of the month from Monday to Friday.
    pub(super) last_working_day: bool,
    /// A bit for each day of the month whose nearest day from Monday to Friday fits.
    pub(super) nearest: u64,
    /// A bit for each weekday whose last of the month fits.
    pub(super) last_weekdays: u64,
    /// For the first to the fifth week, a bit for each weekday that fits.
    pub(super) nth_weekdays: [u64; 5],
}

/// One field of an expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader(pub(super) Form, pub(super) Kind);

impl Reader {
    pub(super) const fn name(self) -> &'static str {
        match self.1 {
            Kind::Second => "second",
            Kind::Minute => "minute",
            Kind::Hour => "hour",
            Kind::Day => "day of month",
            Kind::Month => "month",
            Kind::Weekday => "day of week",
            Kind::Year => "year",
        }
    }

    /// Returns what the field may be, for the message of an error.
    pub(super) fn allowed(self) -> String {
        let bridge = self.0 == Form::EventBridge;
        let (values, range, step, more) = match self.1 {
            Kind::Second => ("0 to 59", "10-20", "15", ""),
            Kind::Minute => ("0 to 59", "10-20", "15", ""),
            Kind::Hour => ("0 to 23", "9-17", "6", ""),
            Kind::Day => {
                let more = ", the last (L), the last or nearest working day (LW, 15W), ?";
                ("1 to 31", "1-7", "2", more)
            }
            Kind::Month => ("1 to 12 or JAN to DEC", "MAR-MAY", "3", ""),
            Kind::Weekday => {
                let more = ", the last of the month (FRIL), the second of it (FRI#2), ?";
                let vixie = "0 to 7 (0 and 7 are Sunday) or SUN to SAT";
                let values = if bridge { "1 to 7 (1 is Sunday) or SUN to SAT" } else { vixie };
                (values, "MON-FRI", "2", more)
            }
            Kind::Year => ("1970 to 2199", "2027-2030", "2", ""),
        };
        let (which, first) = if bridge { ("each", range) } else { ("either", "*") };
        let first = first.split('-').next().unwrap_or_default();
        format!(
            "{values}, a range such as {range}, *, {which} with a step such as {first}/{step}{more}, \
             or a list of these"
        )
    }

    const fn bounds(self) -> (u16, u16) {
        match self {
            Self(_, Kind::Second | Kind::Minute) => (0, 59),
            Self(_, Kind::Hour) => (0, 23),
            Self(_, Kind::Day) => (1, 31),
            Self(_, Kind::Month) => (1, 12),
            Self(Form::Vixie, Kind::Weekday) => (0, 7),
            Self(Form::EventBridge, Kind::Weekday) => (1, 7),
            Self(_, Kind::Year) => (1970, 2199),
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self.1 {
            Kind::Month => &MONTHS,
            Kind::Weekday => &WEEKDAYS,
            _ => &[],
        }
    }

    /// Returns the bit of a value.
    const fn bit(self, value: u16) -> u64 {
        let (min, _) = self.bounds();
        let bit = if matches!(self.1, Kind::Weekday) { (value - min) % 7 } else { value };
        1 << bit
    }

    /// Reads a field.
    ///
    /// # Errors
    /// Says which value of the field is wrong, and why.
    pub(super) fn read(self, text: &str) -> Result<Field, String> {
        let Self(form, kind) = self;
        let any = text == "?" && matches!(kind, Kind::Day | Kind::Weekday);
        let (both, list) = match text.strip_prefix('+') {
            Some(rest) if kind == Kind::Weekday && form == Form::Vixie => (true, rest),
            _ => (false, text),
        };
        let mut field = Field { both, star: any || list.starts_with('*'), ..Field::default() };
        for item in if any { "*" } else { list }.split(',') {
            if item.is_empty() {
                return Err("a value of the list is missing".into());
            }
            if !self.special(item, &mut field)? {
                let steps = self.steps(item)?;
                if kind != Kind::Year {
                    let values = (steps.first..=steps.last).filter(|value| steps.contain(*value));
                    field.bits |= values.fold(0, |bits, value| bits | self.bit(value));
                }
                field.steps.push(steps);
            }
        }
        Ok(field)
    }

    /// Reads an item that counts from the end of a month or by its weeks. Returns whether
    /// it was such an item.
    fn special(self, item: &str, field: &mut Field) -> Result<bool, String> {
        let upper = item.to_ascii_uppercase();
        match self.1 {
            Kind::Day => self.special_day(&upper, field),
            Kind::Weekday => self.special_weekday(&upper, field),
            _ => Ok(false),
        }
    }

    fn special_day(self, item: &str, field: &mut Field) -> Result<bool, String> {
        match item.strip_suffix('W') {
            Some("L") => field.last_working_day = true,
            Some(day) => field.nearest |= self.bit(self.value(day)?),
            None if item == "L" => field.last_day = true,
            None => return Ok(false),
        }
        Ok(true)
    }

    fn special_weekday(self, item: &str, field: &mut Field) -> Result<bool, String> {
        if let Some((day, nth)) = item.split_once('#') {
            let nth = match nth {
                "L" => return self.last(day, field),
                _ => nth.parse::<usize>().ok().filter(|nth| (1..=5).contains(nth)),
            };
            let Some(nth) = nth else {
                return Err(format!("{item:?} asks for a week that is not 1 to 5"));
            };
            field.nth_weekdays[nth - 1] |= self.bit(self.value(day)?);
            return Ok(true);
        }
        match item.strip_suffix('L') {
            // The last day of the week, a Saturday.
            Some("") if self.0 == Form::EventBridge => field.bits |= self.bit(7),
            Some("") => return Err("\"L\" is not of a day; for the last Friday, write FRIL".into()),
            Some(day) => return self.last(day, field),
            None => return Ok(false),
        }
        Ok(true)
    }

    fn last(self, day: &str, field: &mut Field) -> Result<bool, String> {
        field.last_weekdays |= self.bit(self.value(day)?);
        Ok(true)
    }

    /// Reads a value, a range, or either with a step.
    fn steps(self, item: &str) -> Result<Steps, String> {
        let (min, max) = self.bounds();
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => self.range(range, first, last)?,
            None if range == "*" => (min, max),
            None => {
                let value = self.value(range)?;
                if step.is_some() && self.0 == Form::Vixie {
                    let whole = format!("{range}-{max}/{}", step.unwrap_or_default());
                    return Err(format!(
                        "{item:?} has a step after one value; for a step from it to the end, write {whole:?}"
                    ));
                }
                (value, if step.is_some() { max } else { value })
            }
        };
        let most = max - min + 1;
        let step = match step {
            None => 1,
            Some(step) => {
                number(step).filter(|step| (1..=most).contains(step)).ok_or_else(|| {
                    format!("{item:?} has the step {step:?}, which is not 1 to {most}")
                })?
            }
        };
        Ok(Steps { first, last, step })
    }

    fn range(self, range: &str, first: &str, last: &str) -> Result<(u16, u16), String> {
        let (from, mut to) = (self.value(first)?, self.value(last)?);
        // A week that ends with its Sunday.
        if self.0 == Form::Vixie && to < from && last.eq_ignore_ascii_case("SUN") {
            to = 7;
        }
        if to < from {
            let (min, max) = self.bounds();
            return Err(format!(
                "the range {range:?} ends before it begins; for both ends, write \
                 \"{first}-{max},{min}-{last}\""
            ));
        }
        Ok((from, to))
    }

    /// Reads a number or a name.
    fn value(self, text: &str) -> Result<u16, String> {
        let (min, max) = self.bounds();
        if let Some(index) = self.names().iter().position(|name| text.eq_ignore_ascii_case(name)) {
            return Ok(min + index as u16);
        }
        let value = number(text).filter(|value| (min..=max).contains(value));
        value.ok_or_else(|| {
            let other = |names: &[&str]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
            let what = match () {
                () if other(&MONTHS) => " but a month",
                () if other(&WEEKDAYS) => " but a day of week",
                () => "",
            };
            format!("{text:?} is no {}{what}", self.name())
        })
    }
}

fn number(text: &str) -> Option<u16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}
