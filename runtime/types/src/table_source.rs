//! How a trigger takes the changes of a table's items: Lambda's event source mapping of a stream of
//! DynamoDB's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::delivery::DeliveryPolicy;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::name::TableName;

/// Most changes of one batch; Lambda's.
pub const CHANGES_MAX: u32 = 10_000;
/// How many changes a function is given at a time where a trigger does not say: Lambda's default.
pub const CHANGES_DEFAULT: u32 = 100;
/// Most batches of one trigger at once; Lambda's parallelization factor.
pub const CHANGES_CONCURRENCY_MAX: u32 = 10;
/// Most attempts of a batch that may be asked for: the first, and Lambda's most retries.
pub const CHANGES_ATTEMPTS_MAX: u32 = 10_001;
/// The least and the most milliseconds after which a change may be given up: a minute and a week.
pub const CHANGES_AGE_MS: std::ops::RangeInclusive<u64> = 60_000..=604_800_000;
/// Most milliseconds to wait for a batch to fill.
const WINDOW_MS_MAX: u64 = 300_000;

/// Where in a stream a new trigger begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StreamStart {
    /// With the changes that are made after the trigger is.
    #[default]
    Latest,
    /// With the oldest change that the stream still has.
    TrimHorizon,
}

/// The changes of a table's items, and how they are handed over.
///
/// A batch that fails comes again, and what follows it waits: of all changes if one batch runs at a
/// time, else of those of the items that share its place. It comes until it is handled, unless a
/// limit is given here, or until the stream has its changes no more, which is after a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSource {
    /// The table. It has to have a stream.
    #[schema(value_type = String)]
    pub table: TableName,
    /// Where a new trigger begins. It means nothing to one that has begun.
    #[serde(default)]
    pub from: StreamStart,
    /// Most changes in one batch: 1 to 10,000. Only a function of a runtime or with a batch
    /// handler gets more than one at a time. A batch also ends before its changes have 6 MiB.
    #[serde(default = "default_batch_size")]
    pub batch_size: u32,
    /// Milliseconds to wait for a batch to fill: 0 to 300,000.
    #[serde(default)]
    pub batch_window_ms: u64,
    /// Most batches at once: 1 to 10. The changes of one item are never in two of them.
    #[serde(default = "default_concurrency")]
    pub concurrency_max: u32,
    /// Whether a batch that fails comes again as two halves, until what fails is alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bisect: bool,
    /// Attempts after which a batch is given up: 1 to 10,001. None if it is not absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u32>,
    /// Milliseconds after which a change is given up: 60,000 to 604,800,000 (a week).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_max_ms: Option<u64>,
    /// Whether a batch goes on with the first change that the answer of a function of a runtime
    /// names in `batchItemFailures`: Lambda's `ReportBatchItemFailures`.
    #[serde(default = "taken", skip_serializing_if = "Clone::clone")]
    pub item_failures: bool,
}

const fn default_batch_size() -> u32 {
    CHANGES_DEFAULT
}

const fn default_concurrency() -> u32 {
    1
}

const fn taken() -> bool {
    true
}

impl TableSource {
    /// All changes of a table from now on, by Lambda's defaults.
    #[must_use]
    pub const fn new(table: TableName) -> Self {
        Self {
            table,
            from: StreamStart::Latest,
            batch_size: CHANGES_DEFAULT,
            batch_window_ms: 0,
            concurrency_max: 1,
            bisect: false,
            attempts_max: None,
            age_max_ms: None,
            item_failures: true,
        }
    }

    /// Checks every value against its bounds, and the policy of the trigger against what is taken
    /// of it.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member, its value and the bounds.
    pub(crate) fn validate(&self, policy: Option<&DeliveryPolicy>) -> Result<(), Error> {
        let within = |name: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            let detail = format!("{name} is {value}; it must be {least} to {most}");
            Err(Error::new(ErrorCode::InvalidConfiguration, detail))
        };
        within("batch_size", self.batch_size.into(), 1, CHANGES_MAX.into())?;
        within("batch_window_ms", self.batch_window_ms, 0, WINDOW_MS_MAX)?;
        within("concurrency_max", self.concurrency_max.into(), 1, CHANGES_CONCURRENCY_MAX.into())?;
        let attempts = self.attempts_max.unwrap_or(1);
        within("attempts_max", attempts.into(), 1, CHANGES_ATTEMPTS_MAX.into())?;
        let (least, most) = (*CHANGES_AGE_MS.start(), *CHANGES_AGE_MS.end());
        within("age_max_ms", self.age_max_ms.unwrap_or(least), least, most)?;
        let Some(policy) = policy else { return Ok(()) };
        let only_failure =
            DeliveryPolicy { on_failure: policy.on_failure.clone(), ..DeliveryPolicy::default() };
        if *policy == only_failure {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::InvalidConfiguration,
            "of the delivery of a table's changes only on_failure can be given; how often they are \
             tried is said by attempts_max and age_max_ms of the source",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_bounds_are_named() {
        let good = TableSource::new("orders".parse().unwrap());
        good.validate(None).unwrap();
        let odd = |change: fn(&mut TableSource)| {
            let mut source = good.clone();
            change(&mut source);
            source.validate(None).unwrap_err().detail().to_owned()
        };
        for (detail, name) in [
            (odd(|source| source.batch_size = 0), "batch_size is 0"),
            (odd(|source| source.batch_size = 10_001), "1 to 10000"),
            (odd(|source| source.batch_window_ms = 300_001), "batch_window_ms"),
            (odd(|source| source.concurrency_max = 11), "concurrency_max is 11"),
            (odd(|source| source.attempts_max = Some(0)), "attempts_max is 0"),
            (odd(|source| source.age_max_ms = Some(59_999)), "60000 to 604800000"),
        ] {
            assert!(detail.contains(name), "{detail}");
        }
        let to = Some("queue:failed".parse().unwrap());
        let policy = DeliveryPolicy { on_failure: to.clone(), ..DeliveryPolicy::default() };
        good.validate(Some(&policy)).unwrap();
        let policy = DeliveryPolicy { dead_letter: to, ..DeliveryPolicy::default() };
        assert!(good.validate(Some(&policy)).unwrap_err().detail().contains("only on_failure"));
    }

    #[test]
    fn what_is_not_said_is_lambdas_default() {
        let read: TableSource = serde_json::from_str(r#"{"table":"orders"}"#).unwrap();
        assert_eq!(read, TableSource::new("orders".parse().unwrap()));
        assert!(serde_json::from_str::<TableSource>(r#"{"table":"orders","begin":1}"#).is_err());
    }
}
