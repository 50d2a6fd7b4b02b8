use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;

/// Most retries; SNS's.
const RETRIES_MAX: u32 = 100;
/// Longest pause between two attempts, in milliseconds; SNS's.
const DELAY_MS_MAX: u64 = 3_600_000;
/// Longest that an attempt may take, in milliseconds; SNS's.
const TIMEOUT_MS_MAX: u64 = 15_000;

/// How the pauses grow between the shortest and the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Backoff {
    /// By the same step each time.
    #[default]
    Linear,
    /// By a step that grows by the same each time.
    Arithmetic,
    /// By the same factor each time.
    Geometric,
    /// By a factor that is larger at the end.
    Exponential,
}

/// How often and when a message is posted to a URL that fails: first at once, then after the
/// shortest pause, then after pauses that grow, and in the end after the longest. The defaults are
/// those of SNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpDelivery {
    /// Retries in all: 0 to 100.
    pub retries: u32,
    /// The shortest pause, in milliseconds: 1,000 to 3,600,000.
    pub min_delay_ms: u64,
    /// The longest pause, in milliseconds: 1,000 to 3,600,000.
    pub max_delay_ms: u64,
    /// How many of the retries come at once.
    pub immediate_retries: u32,
    /// How many of the retries come after the shortest pause, before pauses grow.
    pub min_delay_retries: u32,
    /// How many of the retries come after the longest pause, in the end.
    pub max_delay_retries: u32,
    /// How pauses grow between the two.
    pub backoff: Backoff,
    /// Milliseconds that an attempt may take until the answer is there: 100 to 15,000.
    #[schema(maximum = 15000)]
    pub timeout_ms: u64,
    /// The media type of what is posted; `text/plain; charset=UTF-8` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

impl Default for HttpDelivery {
    fn default() -> Self {
        Self {
            retries: 3,
            min_delay_ms: 20_000,
            max_delay_ms: 20_000,
            immediate_retries: 0,
            min_delay_retries: 0,
            max_delay_retries: 0,
            backoff: Backoff::default(),
            timeout_ms: TIMEOUT_MS_MAX,
            content_type: None,
        }
    }
}

impl HttpDelivery {
    /// Returns whether it is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member, its value and the bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        let within = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            invalid(format!("{name} is {value}; it must be between {least} and {most}"))
        };
        within("retries", self.retries.into(), 0, RETRIES_MAX.into())?;
        within("min_delay_ms", self.min_delay_ms, 1_000, DELAY_MS_MAX)?;
        within("max_delay_ms", self.max_delay_ms, self.min_delay_ms, DELAY_MS_MAX)?;
        within("timeout_ms", self.timeout_ms, 100, TIMEOUT_MS_MAX)?;
        let phases = u64::from(self.immediate_retries)
            + u64::from(self.min_delay_retries)
            + u64::from(self.max_delay_retries);
        if phases > self.retries.into() {
            return invalid(format!(
                "the retries of the phases are {phases}, more than the {} in all",
                self.retries
            ));
        }
        let of_a_type = |kind: &str| {
            (1..=128).contains(&kind.len()) && kind.bytes().all(|c| (b' '..=b'~').contains(&c))
        };
        if self.content_type.as_deref().is_some_and(|kind| !of_a_type(kind)) {
            return invalid("content_type is no media type of at most 128 characters".into());
        }
        Ok(())
    }

    /// How long to wait after attempt `attempt`, which is counted from 1, and failed; `None` if it was
    /// the last.
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Option<Duration> {
        // Retries are counted from 0.
        let retry = attempt.saturating_sub(1);
        if retry >= self.retries {
            return None;
        }
        let growing_from = self.immediate_retries + self.min_delay_retries;
        let growing_to = self.retries - self.max_delay_retries;
        let ms = if retry < self.immediate_retries {
            0
        } else if retry < growing_from {
            self.min_delay_ms
        } else if retry >= growing_to {
            self.max_delay_ms
        } else {
            self.grown(retry - growing_from, growing_to - growing_from)
        };
        Some(Duration::from_millis(ms))
    }

    /// The pause of one of the retries that grow, of which there are so many.
    fn grown(&self, retry: u32, of: u32) -> u64 {
        let part = if of < 2 { 1.0 } else { f64::from(retry) / f64::from(of - 1) };
        let (least, most) = (self.min_delay_ms as f64, self.max_delay_ms as f64);
        let ms = match self.backoff {
            Backoff::Linear => least + (most - least) * part,
            Backoff::Arithmetic => least + (most - least) * part * (part + 1.0) / 2.0,
            Backoff::Geometric => least * (most / least).powf(part),
            Backoff::Exponential => least * (most / least).powf(part * part),
        };
        ms.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(delivery: &HttpDelivery) -> Vec<u128> {
        let pauses = (1..=200).map_while(|attempt| delivery.pause(attempt));
        pauses.map(|pause| pause.as_millis()).collect()
    }

    #[test]
    fn pauses_are_those_of_the_phases() {
        assert_eq!(pauses(&HttpDelivery::default()), [20_000; 3]);
        let all = HttpDelivery {
            retries: 8,
            min_delay_ms: 1_000,
            max_delay_ms: 9_000,
            immediate_retries: 2,
            min_delay_retries: 1,
            max_delay_retries: 2,
            ..HttpDelivery::default()
        };
        assert!(all.validate().is_ok());
        assert_eq!(pauses(&all), [0, 0, 1_000, 1_000, 5_000, 9_000, 9_000, 9_000]);
        for backoff in [Backoff::Arithmetic, Backoff::Geometric, Backoff::Exponential] {
            let pauses = pauses(&HttpDelivery { backoff, ..all.clone() });
            assert!(pauses.is_sorted() && pauses[7] == 9_000 && pauses[3] == 1_000, "{pauses:?}");
        }
        assert_eq!(pauses(&HttpDelivery { retries: 0, ..HttpDelivery::default() }), []);
        for wrong in [
            HttpDelivery { retries: 101, ..all.clone() },
            HttpDelivery { max_delay_ms: 500, ..all.clone() },
            HttpDelivery { immediate_retries: 9, ..all.clone() },
            HttpDelivery { timeout_ms: 15_001, ..all },
        ] {
            assert!(wrong.validate().is_err());
        }
    }
}
