use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use lambent_api::{ReadUsage, UsageView};
use lambent_types::{Holding, UsageRecord, format_bytes, format_count};

use super::named::or_dash;
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::duration;

const EXAMPLES: &str = "\
Examples:
  lambent usage
  lambent usage --since 7d
  lambent usage --since 2026-07-01T00:00:00Z --until 2026-08-01T00:00:00Z --json";

/// Show what functions used, by the hour, and how full each quota is
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UsageArgs {
    /// From this hour on: a time, or so long ago
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = instant)]
    since: Timestamp,

    /// Up to this hour: a time, or so long ago [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Timestamp>,
}

/// Reads an RFC 3339 time, or a duration before now.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let ago: Duration = duration::parse(text)
        .map_err(|_| "neither a time such as 2026-07-01T00:00:00Z nor a duration such as 7d")?;
    Timestamp::now().checked_sub(ago).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &UsageArgs, global: &Global) -> Result<Exit, CliError> {
    if args.until.is_some_and(|until| until <= args.since) {
        return Err(CliError::usage("--until is not after --since, so there is nothing between"));
    }
    // Usage is kept by the hour: the one that is meant began before.
    let since = args.since.as_second().div_euclid(3600) * 3600;
    let since = Timestamp::from_second(since).unwrap_or(args.since);
    let range = ReadUsage { since: Some(since), until: args.until };
    let usage = global.client()?.usage(&range)?;
    let output = global.output();
    if output.json {
        output.answer(&usage)?;
        return Ok(Exit::Ok);
    }
    let UsageView { usage: records, quotas } = usage.value()?;
    if records.is_empty() {
        eprintln!("nothing was used in that time");
    } else {
        let header = [
            "hour",
            "function",
            "version",
            "alias",
            "invocations",
            "failed",
            "fuel",
            "time",
            "GB-s",
            "in",
            "out",
        ];
        output.table(&header, records.iter().map(row).collect())?;
        output.line("")?;
    }
    output.table(&["quota", "used", "limit"], quotas.iter().map(held_row).collect())?;
    Ok(Exit::Ok)
}

/// The cells of one quota: its name, what is held and the limit.
pub(super) fn held_row(holding: &Holding) -> Vec<String> {
    let amount = |amount| match holding.quota.is_bytes() {
        true => format_bytes(amount),
        false => format_count(amount),
    };
    let limit = holding.limit.map_or_else(|| "unlimited".into(), amount);
    vec![holding.quota.name().into(), amount(holding.used), limit]
}

fn row(record: &UsageRecord) -> Vec<String> {
    let used = &record.used;
    // Lambda's unit: 1,024 MiB for 1,000 ms.
    let gb_seconds = used.mib_ms as f64 / 1024.0 / 1000.0;
    vec![
        record.hour.strftime("%Y-%m-%d %H:%M").to_string(),
        record.function.to_string(),
        or_dash(record.version),
        or_dash(record.alias.as_ref()),
        format_count(used.invocations),
        format_count(used.failures),
        format_count(used.fuel),
        duration(Duration::from_micros(used.duration_us)),
        format!("{gb_seconds:.3}"),
        format_bytes(used.bytes_in),
        format_bytes(used.bytes_out),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_ago() {
        assert!(instant("2026-07-01T00:00:00Z").is_ok());
        assert!(instant("7d").unwrap() < Timestamp::now());
        assert!(instant("soon").is_err());
    }

    #[test]
    fn quotas_of_bytes_are_shown_as_such() {
        let row = |text| held_row(&serde_json::from_str(text).unwrap());
        let bytes = row(r#"{"quota":"object-bytes","used":2048,"limit":4096}"#);
        assert_eq!(bytes, ["object-bytes", "2.0 KiB", "4.0 KiB"]);
        assert_eq!(row(r#"{"quota":"keys","used":1200}"#), ["keys", "1,200", "unlimited"]);
    }

    #[test]
    fn a_row_has_lambdas_unit() {
        let record: UsageRecord = serde_json::from_str(
            r#"{"function":"f","version":"3","hour":"2026-07-01T12:00:00Z","invocations":1200,"failures":1,
                "fuel":5,"duration_us":1000000,"mib_ms":128000,"bytes_in":1,"bytes_out":2048}"#,
        )
        .unwrap();
        let expected = [
            "2026-07-01 12:00",
            "f",
            "3",
            "-",
            "1,200",
            "1",
            "5",
            "1.00 s",
            "0.125",
            "1 B",
            "2.0 KiB",
        ];
        assert_eq!(row(&record), expected);
    }
}
