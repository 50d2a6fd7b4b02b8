use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::Invalid;

/// Most significant digits.
pub(crate) const DIGITS_MAX: u32 = 38;
/// The powers of ten of the first digit.
pub(crate) const MAGNITUDE: std::ops::RangeInclusive<i32> = -130..=125;

const COEFFICIENT_MAX: u128 = 10_u128.pow(DIGITS_MAX) - 1;

/// A number as DynamoDB has it: up to 38 significant decimal digits, exactly, from 1e-130 to
/// 9.9999999999999999999999999999999999999e125 and the same below zero.
///
/// Two that are equal by value are equal, have the same hash and the same text: `1`, `1.0` and `1e0` are one number.
/// Written it is without an exponent and without a zero that means nothing, as DynamoDB answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Below 10^38, and no multiple of ten but for zero itself.
    coefficient: u128,
    /// The power of ten that the coefficient is multiplied with; 0 for zero.
    exponent: i16,
}

/// Why a text or the result of a sum is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNumber {
    /// There is no text.
    #[error("The parameter cannot be converted to a numeric value")]
    Empty,
    /// The text is none of a decimal number.
    #[error("The parameter cannot be converted to a numeric value: {0}")]
    Text(String),
    /// It is too far from zero; or a sum that has more digits than there may be, which DynamoDB says the same of.
    #[error(
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    )]
    Overflow,
    /// It is too close to zero and not zero.
    #[error(
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    )]
    Underflow,
    /// It has more than 38 significant digits.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    Digits,
}

impl From<InvalidNumber> for Invalid {
    fn from(error: InvalidNumber) -> Self {
        Self::new(error.to_string())
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, coefficient: 0, exponent: 0 };

    /// Makes one of its parts, with or without zeros at the end of the coefficient.
    pub(crate) fn of(
        negative: bool,
        mut coefficient: u128,
        mut exponent: i32,
    ) -> Result<Self, InvalidNumber> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent = exponent.saturating_add(1);
        }
        let magnitude = exponent.saturating_add(coefficient.ilog10().cast_signed());
        if magnitude > *MAGNITUDE.end() {
            return Err(InvalidNumber::Overflow);
        }
        if magnitude < *MAGNITUDE.start() {
            return Err(InvalidNumber::Underflow);
        }
        if coefficient > COEFFICIENT_MAX {
            return Err(InvalidNumber::Digits);
        }
        let exponent = i16::try_from(exponent).map_err(|_| InvalidNumber::Overflow)?;
        Ok(Self { negative, coefficient, exponent })
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.coefficient == 0
    }

    /// The significant digits, without zeros at either end but for zero itself.
    pub(crate) fn digits(&self) -> String {
        self.coefficient.to_string()
    }

    /// The power of ten of the first digit.
    pub(crate) fn magnitude(&self) -> i32 {
        let digits = self.coefficient.checked_ilog10().unwrap_or_default();
        i32::from(self.exponent) + digits.cast_signed()
    }

    /// The bytes that it counts for in the size of an item: one, one for each two significant digits, and one for a sign.
    #[must_use]
    pub fn size(&self) -> usize {
        let digits = self.coefficient.checked_ilog10().map_or(0, |power| power as usize + 1);
        1 + digits.div_ceil(2) + usize::from(self.negative)
    }

    /// The sum, exactly.
    ///
    /// # Errors
    /// `Overflow`, if the sum is too large or has more than 38 significant digits, and `Underflow`.
    pub fn plus(self, other: Self) -> Result<Self, InvalidNumber> {
        let (high, low) =
            if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if low.is_zero() || high.is_zero() {
            return Ok(if low.is_zero() { high } else { low });
        }
        // What does not fit here ends with a digit of `low` that is not zero, and has 39 digits or more.
        let shift = u32::from((high.exponent - low.exponent).unsigned_abs());
        let scaled = 10_u128
            .checked_pow(shift)
            .and_then(|power| high.coefficient.checked_mul(power))
            .ok_or(InvalidNumber::Overflow)?;
        let (negative, coefficient) = if high.negative == low.negative {
            let sum = scaled.checked_add(low.coefficient).ok_or(InvalidNumber::Overflow)?;
            (high.negative, sum)
        } else if scaled >= low.coefficient {
            (high.negative, scaled - low.coefficient)
        } else {
            (low.negative, low.coefficient - scaled)
        };
        Self::of(negative, coefficient, low.exponent.into()).map_err(|error| match error {
            InvalidNumber::Digits => InvalidNumber::Overflow,
            other => other,
        })
    }

    /// The difference, exactly.
    ///
    /// # Errors
    /// As of [`Number::plus`].
    pub fn minus(self, other: Self) -> Result<Self, InvalidNumber> {
        self.plus(Self { negative: !other.negative && !other.is_zero(), ..other })
    }

    /// Compares what is left of two numbers without their signs.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        if self.is_zero() || other.is_zero() {
            return self.coefficient.cmp(&other.coefficient);
        }
        // Both fractions with 38 digits, of which the first is not zero.
        let aligned = |number: &Self| {
            let digits = number.coefficient.ilog10() + 1;
            number.coefficient * 10_u128.pow(DIGITS_MAX - digits)
        };
        let magnitudes = self.magnitude().cmp(&other.magnitude());
        magnitudes.then_with(|| aligned(self).cmp(&aligned(other)))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        // Twenty digits at most: none of the errors can be.
        Self::of(false, value.into(), 0).unwrap_or(Self::ZERO)
    }
}

impl FromStr for Number {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        if text.is_empty() {
            return Err(InvalidNumber::Empty);
        }
        let parts = Parts::of(text)
            .ok_or_else(|| InvalidNumber::Text(text.chars().take(100).collect::<String>()))?;
        let exponent =
            parts.exponent.saturating_sub(parts.fraction.len().try_into().unwrap_or(i32::MAX));
        let digits = || parts.whole.bytes().chain(parts.fraction.bytes());
        let zeros_before = digits().take_while(|digit| *digit == b'0').count();
        let zeros_after = digits().rev().take_while(|digit| *digit == b'0').count();
        let all = parts.whole.len() + parts.fraction.len();
        if zeros_before == all {
            return Ok(Self::ZERO);
        }
        let significant = all - zeros_before - zeros_after;
        let exponent = exponent.saturating_add(i32::try_from(zeros_after).unwrap_or(i32::MAX));
        let magnitude = exponent.saturating_add(i32::try_from(significant - 1).unwrap_or(i32::MAX));
        // In DynamoDB's order: how large it is, before how long.
        match magnitude {
            magnitude if magnitude > *MAGNITUDE.end() => return Err(InvalidNumber::Overflow),
            magnitude if magnitude < *MAGNITUDE.start() => return Err(InvalidNumber::Underflow),
            _ if significant > DIGITS_MAX as usize => return Err(InvalidNumber::Digits),
            _ => {}
        }
        let coefficient = digits()
            .skip(zeros_before)
            .take(significant)
            .fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
        Self::of(parts.negative, coefficient, exponent)
    }
}

/// The parts of the text of a number.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (negative, text) = sign(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Self::exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = numeric(whole) && numeric(fraction) && whole.len() + fraction.len() > 0;
        fits.then_some(Self { negative, whole, fraction, exponent })
    }

    /// Reads an exponent; one that no number has is as far off as it can be said.
    fn exponent(text: &str) -> Option<i32> {
        let (negative, digits) = sign(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent = digits.parse::<i32>().unwrap_or(i32::MAX);
        Some(if negative { -exponent } else { exponent })
    }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        let mut text = String::with_capacity(digits.len() + 2);
        if self.negative {
            text.push('-');
        }
        // How many digits are before the point.
        let whole = i64::from(self.exponent) + i64::try_from(digits.len()).unwrap_or_default();
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
        if self.exponent >= 0 {
            write!(text, "{digits}{}", zeros(self.exponent.into()))?;
        } else if let Some((before, after)) = usize::try_from(whole)
            .ok()
            .filter(|whole| *whole > 0)
            .and_then(|whole| digits.split_at_checked(whole))
        {
            write!(text, "{before}.{after}")?;
        } else {
            write!(text, "0.{}{digits}", zeros(-whole))?;
        }
        f.write_str(&text)
    }
}

/// As a text where people read it, and as its parts where it is stored.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.negative, self.coefficient, self.exponent).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let (negative, coefficient, exponent) = <(bool, u128, i16)>::deserialize(deserializer)?;
            Self::of(negative, coefficient, exponent.into()).map_err(de::Error::custom)
        }
    }
}
