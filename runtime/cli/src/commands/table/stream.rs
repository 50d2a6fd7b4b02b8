use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use lambent_api::client::{self, Answer, Client};
use lambent_api::tables::{ItemChange, StreamSequence};
use lambent_api::{ReadStream, StreamRecordView, StreamRecords};
use lambent_types::TableName;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::{Output, warn};
use crate::printable;

/// How long one request for more records stays open.
const WAIT: Duration = Duration::from_secs(20);
/// The pause before asking a server again that did not wait or answer.
const RETRY: Duration = Duration::from_secs(1);
/// How often a broken connection is tried again while following.
const RETRIES_MAX: u32 = 30;
/// Records that are asked for at once.
const PAGE: usize = 1000;

#[derive(Debug, Args)]
pub(super) struct StreamArgs {
    /// The table's name
    table: TableName,

    /// Keep running and show what comes
    #[arg(long, short)]
    follow: bool,

    /// Begin with the change of this sequence number [default: the oldest there is]
    #[arg(long, value_name = "SEQUENCE")]
    from: Option<StreamSequence>,
}

/// Prints changes, one a line: with `--json` as the API has them.
pub(super) fn run(args: &StreamArgs, global: &Global) -> Result<Exit, CliError> {
    let (client, output) = (global.client()?, global.output());
    let mut read = ReadStream { from: args.from, limit: Some(PAGE), ..ReadStream::default() };
    loop {
        let answer = ask(&client, &args.table, &read, output)?;
        let page = answer.value()?;
        show(&answer, &page, output)?;
        // Another stream of the table would have other changes at the same numbers.
        read = ReadStream { label: Some(page.label), from: Some(page.next), ..read };
        if page.closed {
            if args.follow {
                warn(output.json, "the stream was turned off, or its table deleted");
            }
            return Ok(Exit::Ok);
        }
        if page.records.is_empty() {
            if !args.follow {
                return Ok(Exit::Ok);
            }
            read.wait = Some(WAIT);
        }
    }
}

/// Reads a page; of a server that does not answer for a while, again.
fn ask(
    client: &Client,
    table: &TableName,
    read: &ReadStream,
    output: Output,
) -> Result<Answer<StreamRecords>, CliError> {
    let mut failures = 0;
    loop {
        let clock = Instant::now();
        match client.stream_records(table, read) {
            Ok(page) => {
                // A server that stops answers at once that there is nothing.
                let nothing = read.wait.is_some() && page.value()?.records.is_empty();
                if nothing && clock.elapsed() < RETRY {
                    thread::sleep(RETRY);
                }
                return Ok(page);
            }
            Err(error @ client::Error::NoAnswer(_))
                if read.wait.is_some() && failures < RETRIES_MAX =>
            {
                if failures == 0 {
                    warn(output.json, &format!("{error}; trying again"));
                }
                failures += 1;
                thread::sleep(RETRY);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn show(
    answer: &Answer<StreamRecords>,
    page: &StreamRecords,
    output: Output,
) -> Result<(), CliError> {
    if output.json {
        let json = answer.json()?;
        for record in json["records"].as_array().map(Vec::as_slice).unwrap_or_default() {
            // Each record is one line, even on a terminal, since this is a stream.
            output.painted(&printable::json(&record.to_string()))?;
        }
        return Ok(());
    }
    for record in &page.records {
        output.painted(&printable::printable(&line(record)))?;
    }
    Ok(())
}

/// A change as people read it.
fn line(record: &StreamRecordView) -> String {
    let time = record.at.strftime("%Y-%m-%d %H:%M:%S%.3f");
    let change = match (record.change, record.expired) {
        (ItemChange::Insert, _) => "insert",
        (ItemChange::Modify, _) => "modify",
        (ItemChange::Remove, false) => "remove",
        (ItemChange::Remove, true) => "expire",
    };
    let text = |item| serde_json::to_string(item).unwrap_or_default();
    let mut line = format!("{time} {} {change} {}", record.sequence, text(&record.key));
    for (name, item) in [("old", &record.old), ("new", &record.new)] {
        if let Some(item) = item {
            line.push_str(&format!(" {name} {}", text(item)));
        }
    }
    line
}
