use std::io;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use lambent_api::client::{self, Answer, Client};
use lambent_api::{Logs, ReadLogs, Since};
use lambent_types::{
    BatchItems, FunctionName, InvocationRecord, ItemFailure, LogStream, RequestId, format_bytes,
    format_count,
};

use crate::duration;
use crate::error::{CliError, Exit};
use crate::function_args::FunctionArgs;
use crate::global::Global;
use crate::output::{Colour, Output, colour, duration, paint, warn};
use crate::printable::{self, printable};

const EXAMPLES: &str = "\
Examples:
  lambent logs hello
  lambent logs hello -f
  lambent logs hello:live -f
  lambent logs hello --since 10m --limit 1000
  lambent logs hello --request 0198c2f0-7c5e-7000-8000-000000000000
  lambent logs hello --json | jq '.records[].outcome'";

/// How long one request for more records stays open.
const WAIT: Duration = Duration::from_secs(20);

/// The pause before asking a server again that did not wait or answer.
const RETRY: Duration = Duration::from_secs(1);

/// How often a broken connection is tried again while following.
const RETRIES_MAX: u32 = 30;

/// Show what a function wrote, and how its invocations ended
///
/// The newest last. With -f and --json, one record a line; with --json alone,
/// the API's page.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    function: FunctionArgs,

    /// Keep running and show what comes
    #[arg(long, short)]
    follow: bool,

    /// Show invocations of this last while (10m, 2h, 7d), or since an instant
    /// (2026-07-01T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,

    /// Show this invocation only
    #[arg(long, value_name = "ID", value_parser = request)]
    request: Option<RequestId>,

    /// Show at most so many invocations, 1 to 1000 [default: 100, or all with
    /// --since]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: Option<u64>,
}

/// Reads an instant, or how long ago.
fn since(text: &str) -> Result<Since, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Since::At(instant));
    }
    let ago = duration::parse(text).map_err(
        |_| "neither a duration such as 10m nor an instant such as 2026-07-01T12:00:00Z",
    )?;
    Ok(Since::Ago(ago))
}

/// Reads the id of an invocation.
fn request(text: &str) -> Result<RequestId, String> {
    text.parse().map_err(|_| "not the id of an invocation".to_owned())
}

pub(crate) fn run(args: &LogsArgs, global: &Global) -> Result<Exit, CliError> {
    let (name, qualifier) = args.function.given()?;
    let client = global.client()?;
    let output = global.output();
    let filter = ReadLogs {
        qualifier: qualifier.cloned(),
        since: args.since,
        request: args.request,
        limit: args.limit.and_then(|limit| usize::try_from(limit).ok()),
        ..ReadLogs::default()
    };
    let page = if args.since.is_some() && args.limit.is_none() && !args.follow {
        client.all_logs(name, &filter)?
    } else {
        client.logs(name, &filter)?
    };
    if args.follow {
        return follow(&client, name, filter, page, output);
    }
    if output.json {
        output.answer(&page)?;
        return Ok(Exit::Ok);
    }
    if show(&page, output)? == 0 {
        eprintln!("no invocations{}", if args.since.is_some() { " in that time" } else { " yet" });
    }
    Ok(Exit::Ok)
}

fn follow(
    client: &Client,
    name: &FunctionName,
    filter: ReadLogs,
    mut page: Answer<Logs>,
    output: Output,
) -> Result<Exit, CliError> {
    let mut filter = ReadLogs { since: None, limit: None, wait: Some(WAIT), ..filter };
    let mut failures = 0;
    loop {
        show(&page, output)?;
        filter.after = Some(page.value()?.next);
        page = loop {
            let clock = Instant::now();
            match client.logs(name, &filter) {
                Ok(page) => {
                    // A server that stops answers at once that there is nothing.
                    let nothing = page.value()?.records.is_empty();
                    if nothing && clock.elapsed() < RETRY {
                        thread::sleep(RETRY);
                    }
                    break page;
                }
                Err(error @ client::Error::NoAnswer(_)) if failures < RETRIES_MAX => {
                    if failures == 0 {
                        warn(output.json, &format!("{error}; trying again"));
                    }
                    failures += 1;
                    thread::sleep(RETRY);
                }
                Err(error) => return Err(error.into()),
            }
        };
        failures = 0;
    }
}

/// Prints a page; returns how many records it held.
fn show(page: &Answer<Logs>, output: Output) -> Result<usize, CliError> {
    if output.json {
        let page = page.json()?;
        let records = page["records"].as_array().map(Vec::as_slice).unwrap_or_default();
        for record in records {
            // Each record is one line, even on a terminal, since this is a stream.
            output.painted(&printable::json(&record.to_string()))?;
        }
        return Ok(records.len());
    }
    let on = colour(&io::stdout());
    let records = page.value()?.records;
    for entry in &records {
        for line in lines(&entry.record, on) {
            output.painted(&line)?;
        }
    }
    Ok(records.len())
}

/// A record as people read it: what happened, then what was written.
fn lines(record: &InvocationRecord, on: bool) -> Vec<String> {
    let meter = &record.meter;
    let time = record.started.strftime("%Y-%m-%d %H:%M:%S%.3f");
    let outcome_colour = if record.outcome.is_ok() { Colour::Green } else { Colour::Red };
    let outcome = paint(on, outcome_colour, record.outcome.kind());
    let used = format!(
        "{}, {} fuel, {}, version {}{}",
        duration(meter.duration),
        format_count(meter.fuel),
        format_bytes(meter.memory_bytes),
        record.version,
        record.alias.as_ref().map(|alias| format!(" by {alias}")).unwrap_or_default(),
    );
    let id = paint(on, Colour::Dim, &format!("request {}", record.id));
    let mut lines = vec![format!("{time} {outcome} {used}, {id}")];
    for line in &record.logs.lines {
        let text = printable(&line.text);
        lines.push(match line.stream {
            LogStream::Stdout => format!("  out  {text}"),
            LogStream::Stderr => format!("  {}  {text}", paint(on, Colour::Yellow, "err")),
        });
    }
    if record.logs.dropped_bytes > 0 {
        let dropped = format_bytes(record.logs.dropped_bytes);
        lines.push(format!("  ...  {dropped} more were written and not kept"));
    }
    if let Some(items) = &record.items {
        lines.extend(item_lines(items, on));
    }
    if !record.outcome.is_ok() {
        lines.push(format!("  {}", paint(on, Colour::Red, &printable(&record.outcome.message()))));
        let frames = record.outcome.backtrace().iter();
        lines.extend(frames.map(|frame| format!("    at {}", printable(frame))));
    }
    lines
}

/// The items of a batch that failed though the batch did not.
fn item_lines(items: &BatchItems, on: bool) -> impl Iterator<Item = String> {
    let summary = format!("{} of {} items failed", items.failed, items.count);
    let summary = format!("  {}", paint(on, Colour::Red, &summary));
    let failures = items.failures.iter().map(|ItemFailure { id, kind, message }| {
        format!("    {}  {}: {}", printable(id), printable(kind), printable(message))
    });
    let untold = (items.failed as usize).saturating_sub(items.failures.len());
    let rest = (untold > 0).then(|| format!("    … and {untold} more"));
    std::iter::once(summary).chain(failures).chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_test_support::canned::{Canned, answer};

    const RECORD: &str = r#"{"cursor":5,"id":"0198c2f0-7c5e-7000-8000-000000000000",
        "namespace":"default","function":"hello","version":"2",
        "handler":"wasi:http/incoming-handler@0.2","started":"2026-07-01T12:00:00.123456Z",
        "outcome":{"kind":"trapped","message":"unreachable","backtrace":["f0"]},
        "meter":{"fuel":1000,"duration_us":1234,"memory_bytes":1048576,"bytes_in":1,
            "bytes_out":2,"start":"loaded"},
        "logs":{"lines":[{"stream":"stdout","text":"hi\u001b[2J"},
            {"stream":"stderr","text":"oh"}],"dropped_bytes":2048}}"#;

    #[test]
    fn a_record_is_a_line_and_what_was_written() {
        let record: InvocationRecord = serde_json::from_str(RECORD).unwrap();
        let expected = [
            "2026-07-01 12:00:00.123 trapped 1.23 ms, 1,000 fuel, 1.0 MiB, version 2, \
             request 0198c2f0-7c5e-7000-8000-000000000000",
            "  out  hi\\u{1b}[2J",
            "  err  oh",
            "  ...  2.0 KiB more were written and not kept",
            "  trapped: unreachable",
            "    at f0",
        ];
        assert_eq!(lines(&record, false), expected);
        assert!(lines(&record, true)[0].contains("\u{1b}[31mtrapped\u{1b}[0m"));
    }

    #[test]
    fn items_that_failed_are_told_though_the_batch_did_not() {
        let mut record: InvocationRecord = serde_json::from_str(RECORD).unwrap();
        record.outcome = lambent_types::Outcome::Ok;
        let failure = |id: &str| ItemFailure {
            id: id.into(),
            kind: "InvalidInput".into(),
            message: "no JSON\u{1b}[2J".into(),
        };
        let failures = vec![failure("m1"), failure("m2")];
        record.items = Some(BatchItems { count: 5, failed: 3, failures });
        let told = lines(&record, false);
        let expected = [
            "  3 of 5 items failed",
            "    m1  InvalidInput: no JSON\\u{1b}[2J",
            "    m2  InvalidInput: no JSON\\u{1b}[2J",
            "    … and 1 more",
        ];
        assert_eq!(told[told.len() - 4..], expected);
    }

    #[test]
    fn times_are_durations_or_instants() {
        assert_eq!(since("10m").unwrap(), Since::Ago(Duration::from_secs(600)));
        assert_eq!(since("7d").unwrap(), Since::Ago(Duration::from_secs(604_800)));
        let instant = Since::At("2026-07-01T10:00:00Z".parse().unwrap());
        assert_eq!(since("2026-07-01T12:00:00+02:00").unwrap(), instant);
        assert!(since("yesterday").is_err());
        assert!(request("7").is_err());
    }

    #[test]
    fn following_asks_from_where_it_stopped() {
        let gone = r#"{"type":"about:blank","title":"t","status":404,
            "code":"function-not-found","detail":"gone","retryable":false}"#;
        let server = Canned::start(vec![
            answer("200 OK", r#"{"records":[],"next":7}"#),
            answer("200 OK", r#"{"records":[],"next":9}"#),
            answer("404 Not Found", gone),
        ]);
        let client = Client::new(server.endpoint());
        let name = "hello".parse().unwrap();
        let filter = ReadLogs { since: Some(since("10m").unwrap()), ..ReadLogs::default() };
        let page = client.logs(&name, &filter).unwrap();
        let output = Output { json: false, terminal: false };
        let error = follow(&client, &name, filter, page, output).unwrap_err();
        assert!(error.to_string().starts_with("gone"), "{error}");
        let requests = server.requests();
        assert!(requests[1].contains("/logs?after=7&wait=20000ms "), "{}", requests[1]);
        assert!(requests[2].contains("/logs?after=9&wait=20000ms "), "{}", requests[2]);
    }
}
