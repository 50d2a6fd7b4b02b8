use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use lambent_api::RedriveMessages;
use lambent_api::client::Client;
use lambent_types::{QueueName, bounds};

use super::count;
use crate::error::{CliError, Exit};
use crate::global::Global;

/// The most messages that the server moves at a time.
const BATCH: u64 = bounds::BATCH_MAX as u64;

/// Move the messages of a dead-letter queue back to where they came from
///
/// Messages go back to their queue, as if they had never been received, and events are
/// delivered again. What came from a queue that is gone stays, and so does what a client has
/// received; what was sent there by hand has nowhere to go back to.
#[derive(Debug, Args)]
pub(super) struct RedriveArgs {
    /// The dead-letter queue's name
    queue: QueueName,

    /// At most so many [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Move them to this queue, events too, also what was sent there by hand
    #[arg(long, value_name = "QUEUE")]
    to: Option<QueueName>,

    /// Only those with this attribute, as queue peek shows them: errortype, cause, from, …
    #[arg(long, value_name = "NAME=VALUE", value_parser = filter)]
    filter: Option<(String, String)>,

    /// At most so many a second [default: as fast as it goes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=BATCH))]
    rate: Option<u64>,

    /// Say how many would be moved, and move none
    #[arg(long)]
    dry_run: bool,
}

impl RedriveArgs {
    /// Which messages are meant, and where they go.
    fn meant(&self) -> RedriveMessages {
        let (to, filter) = (self.to.clone(), self.filter.clone());
        RedriveMessages { to, filter, ..RedriveMessages::default() }
    }
}

fn filter(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or("not of the form NAME=VALUE, as in errortype=InvalidInput")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn run(args: &RedriveArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    if args.dry_run {
        let would = would_move(&client, args)?;
        return count(would, if global.json { "would_move" } else { "would move" }, global);
    }
    count(redrive(&client, args, thread::sleep)?, "moved", global)
}

/// How many dead letters there are to move, at most as many as asked for.
fn would_move(client: &Client, args: &RedriveArgs) -> Result<u64, CliError> {
    // Without a limit all are counted, and the server has a bound for those that are given.
    let limit = args.limit.filter(|limit| *limit <= BATCH);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let what = RedriveMessages { limit, dry_run: Some(true), ..args.meant() };
    let would = client.redrive(&args.queue, &what)?.value()?.moved;
    Ok(args.limit.map_or(would, |limit| limit.min(would)))
}

/// Moves as many dead letters as asked for, as many at a time as the server will, or as the
/// rate allows in a second. Those that come back meanwhile are not moved again, or there might be
/// no end.
fn redrive(
    client: &Client,
    args: &RedriveArgs,
    mut pause: impl FnMut(Duration),
) -> Result<u64, CliError> {
    let batch = args.rate.unwrap_or(BATCH);
    let most = would_move(client, args)?;
    let mut moved = 0;
    while moved < most {
        let begun = Instant::now();
        let left = (most - moved).min(batch);
        let what = RedriveMessages { limit: usize::try_from(left).ok(), ..args.meant() };
        let count = client.redrive(&args.queue, &what)?.value()?.moved;
        moved += count;
        // Fewer may be all that was moved before the node failed: what is asked next says so.
        if count == 0 {
            break;
        }
        if args.rate.is_some() && moved < most {
            pause(Duration::from_secs(1).saturating_sub(begun.elapsed()));
        }
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use lambent_test_support::canned::{Canned, answer};

    use super::*;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: RedriveArgs,
    }

    fn args(line: &[&str]) -> RedriveArgs {
        let line = ["probe", "dead"].iter().chain(line);
        Probe::try_parse_from(line).ok().unwrap().args
    }

    #[test]
    fn all_are_moved_a_batch_at_a_time_and_no_faster_than_the_rate() {
        let moved = |count| answer("200 OK", &format!(r#"{{"moved":{count}}}"#));
        let server = Canned::start(vec![moved(5), moved(2), moved(2), moved(1)]);
        let client = Client::new(server.endpoint());
        let (args, mut pauses) = (args(&["--rate=2", "--filter=errortype=A=B"]), 0);
        assert_eq!(redrive(&client, &args, |_| pauses += 1).unwrap(), 5);
        assert_eq!(pauses, 2);
        let requests = server.requests();
        let line = |query| format!("POST /v1/queues/dead/redrive?{query} ");
        let lines = [
            line("filter=errortype%3DA%3DB&dry_run=true"),
            line("limit=2&filter=errortype%3DA%3DB"),
            line("limit=2&filter=errortype%3DA%3DB"),
            line("limit=1&filter=errortype%3DA%3DB"),
        ];
        for (request, line) in requests.iter().zip(&lines) {
            assert!(request.starts_with(line), "{requests:?}");
        }
    }

    #[test]
    fn what_comes_straight_back_is_not_moved_again() {
        let moved = |count| answer("200 OK", &format!(r#"{{"moved":{count}}}"#));
        // As many as the rate allows could be moved for ever.
        let server = Canned::start(vec![moved(3), moved(2), moved(1)]);
        let client = Client::new(server.endpoint());
        assert_eq!(redrive(&client, &args(&["--rate=2"]), |_| {}).unwrap(), 3);
        assert!(server.requests()[2].contains("limit=1 "));
    }

    #[test]
    fn a_node_that_fails_half_way_is_told() {
        let problem = r#"{"type":"about:blank","title":"t","status":507,"code":"quota-exceeded",
            "detail":"no room","retryable":false}"#;
        let moved = |count| answer("200 OK", &format!(r#"{{"moved":{count}}}"#));
        let server = Canned::start(vec![moved(5), moved(2), answer("507 No", problem)]);
        let client = Client::new(server.endpoint());
        let error = redrive(&client, &args(&[]), |_| {}).unwrap_err().to_string();
        assert!(error.contains("no room"), "{error}");
    }

    #[test]
    fn a_limit_is_kept() {
        let server = Canned::start(vec![
            answer("200 OK", r#"{"moved":7}"#),
            answer("200 OK", r#"{"moved":7}"#),
        ]);
        let client = Client::new(server.endpoint());
        let moved = redrive(&client, &args(&["--limit=7"]), |_| panic!("there is no rate"));
        assert_eq!(moved.unwrap(), 7);
        let requests = server.requests();
        assert!(requests[0].contains("limit=7&dry_run=true "), "{requests:?}");
        assert!(requests[1].contains("limit=7 "));
    }

    #[test]
    fn a_filter_is_a_name_and_a_value() {
        assert_eq!(filter("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(filter("a").is_err());
    }
}
