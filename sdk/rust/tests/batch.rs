//! Each event of a batch fails alone, and in the order its group needs.

use lambent_sdk::{Batch, Event, Failure, ItemFailure, QueueMessage};

fn message(group: Option<&str>, body: &str) -> Event {
    Event {
        id: body.into(),
        source: "/queues/numbers".into(),
        kind: "lambent.queue.message.v1".into(),
        subject: group.map(str::to_owned),
        time: None,
        content_type: None,
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: body.into(),
    }
}

/// Handles numbers below ten; returns what was handled and what was not, and why.
fn handle(events: Vec<Event>) -> (Vec<u32>, Vec<(u32, String)>) {
    let (batch, mut failed) = Batch::<QueueMessage<u32>>::from_events(events);
    let mut handled = Vec::new();
    failed.extend(batch.each(|message| {
        if message.body > 9 {
            return Err(Failure::new("TooMuch", "more than nine"));
        }
        handled.push(message.body);
        Ok(())
    }));
    failed.sort_by_key(ItemFailure::index);
    (handled, failed.into_iter().map(|item| (item.index(), item.failure.kind)).collect())
}

#[test]
fn what_does_not_fit_and_what_is_refused_fail_alone() {
    let events = ["1", "{", "30", "4"].map(|body| message(None, body));
    let (handled, failed) = handle(events.into());
    assert_eq!(handled, [1, 4]);
    assert_eq!(failed, [(1, "InvalidInput".into()), (2, "TooMuch".into())]);
}

#[test]
fn nothing_overtakes_a_failed_message_of_its_group() {
    let events = [
        message(Some("a"), "10"),
        message(Some("b"), "{"),
        message(Some("a"), "2"),
        message(Some("b"), "3"),
        message(Some("c"), "4"),
    ];
    let (handled, failed) = handle(events.into());
    assert_eq!(handled, [4]);
    let kinds = ["TooMuch", "InvalidInput", "OutOfOrder", "OutOfOrder"];
    assert_eq!(failed, (0..).zip(kinds.map(Into::into)).collect::<Vec<_>>());
}

#[test]
fn a_batch_can_be_gone_through_by_hand() {
    let events = ["1", "2"].map(|body| message(None, body));
    let (batch, _) = Batch::<QueueMessage<u32>>::from_events(events);
    assert_eq!(batch.len(), 2);
    let sum: u32 = batch.iter().map(|item| item.value.body).sum();
    assert_eq!(sum, 3);
    let failed: Vec<_> =
        batch.into_iter().skip(1).map(|item| item.failed(Failure::new("No", "no"))).collect();
    assert_eq!(failed[0].index(), 1);
}
