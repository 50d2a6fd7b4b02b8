//! Handlers are tested by `cargo test`, with the clients of this crate, as they run on a node.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

use lambent_sdk::bucket::Bucket;
use lambent_sdk::keyspace::{Keyspace, KeyspaceError};
use lambent_sdk::queue::{Message, Queue, QueueError};
use lambent_sdk::testing::{Access, Host, Invocation, events, limits};
use lambent_sdk::{Batch, Context, Failure, FromEvent, ItemFailure, QueueMessage};
use lambent_types::bounds;
use serde::Deserialize;

#[derive(Deserialize)]
struct Order {
    item: String,
    count: i64,
}

/// Takes from the stock what is ordered, and sends on what there is.
fn ship(orders: Batch<QueueMessage<Order>>, context: Context<'_>) -> Vec<ItemFailure> {
    orders.each(|order| {
        let left = Keyspace::open("stock")?.increment(&order.body.item, -order.body.count)?;
        if left < 0 {
            return Err(Failure::new("OutOfStock", order.body.item).retry_never());
        }
        let shipment = Message::from(order.body.item.as_str());
        Queue::open("shipments")?.send(shipment.attribute("by", context.function()))?;
        Ok(())
    })
}

#[test]
fn a_batch_handler_is_tested_with_what_it_reaches() {
    let host = Host::new().keyspace("stock", Access::ReadWrite).queue("shipments", Access::Write);
    host.set("stock", "lamp", "2");
    let invocation = Invocation::new().function("ship");
    let orders = [r#"{"item":"lamp","count":2}"#, "no order", r#"{"item":"lamp","count":1}"#];
    let failed = ship(events::batch("orders", orders), invocation.context());
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].index(), failed[0].failure.kind.as_str()), (2, "OutOfStock"));
    assert_eq!(host.get("stock", "lamp").as_deref(), Some(&b"-1"[..]));
    let [sent] = &host.sent("shipments")[..] else { panic!("one is sent") };
    assert_eq!((&sent.body[..], &*sent.attributes["by"]), (&b"lamp"[..], "ship"));
}

#[test]
fn what_was_not_granted_is_refused_as_on_a_node() {
    let refused = Keyspace::open("stock").unwrap_err().to_string();
    assert!(refused.contains("make a lambent_sdk::testing::Host first"), "{refused}");
    let host = Host::new()
        .keyspace("read", Access::Read)
        .keyspace("write", Access::Write)
        .bucket("photos", Access::Read)
        .queue("orders", Access::Read);
    let denied = |name: &str| KeyspaceError::Denied(name.into());
    assert_eq!(Keyspace::open("other").unwrap_err(), denied("other"));
    let (read, write) = (Keyspace::open("read").unwrap(), Keyspace::open("write").unwrap());
    assert_eq!((read.get("a"), write.set("a", "1")), (Ok(None), Ok(())));
    assert_eq!((read.set("a", "1"), write.get("a")), (Err(denied("read")), Err(denied("write"))));
    assert_eq!(read.increment("a", 1).unwrap_err(), denied("read"));
    assert_eq!(write.list().next().unwrap().unwrap_err(), denied("write"));
    assert!(Bucket::open("other").unwrap_err().to_string().contains("\"other\" was not granted"));
    let photos = Bucket::open("photos").unwrap();
    assert!(photos.put("a", "b").unwrap_err().to_string().contains("was not granted"));
    assert!(photos.delete("a").is_err());
    assert!(photos.get("a").unwrap_err().to_string().contains("there is no object"));
    let queue = Queue::open("orders").unwrap();
    assert!(matches!(queue.send("a").unwrap_err(), QueueError::Denied(_)));
    drop(host);
    assert!(Keyspace::open("read").is_err());
    // Another thread has a host of its own, or none.
    let _host = Host::new().keyspace("stock", Access::Read);
    thread::spawn(|| Keyspace::open("stock").unwrap_err()).join().unwrap();
    {
        let _inner = Host::new();
        Keyspace::open("stock").unwrap_err();
    }
    Keyspace::open("stock").unwrap();
}

#[test]
fn keys_are_listed_counted_and_compared() {
    let host = Host::new().keyspace("keys", Access::ReadWrite);
    let keys = Keyspace::open("keys").unwrap();
    let names: Vec<_> = (0..250).map(|number| format!("{number:03}")).collect();
    keys.set_many(names.iter().rev().map(|name| (name.as_str(), b"1".to_vec()))).unwrap();
    let listed: Result<Vec<_>, _> = keys.list().collect();
    assert_eq!(listed.unwrap(), names);
    let some = keys.get_many(["000", "none"]).unwrap();
    assert_eq!(some, [Some(b"1".to_vec()), None]);
    // Somebody else is faster once, and sets what was there before.
    let mut is_disturbed = false;
    let value = keys
        .update("000", |value| {
            if !is_disturbed {
                is_disturbed = true;
                host.set("keys", "000", "2");
                host.set("keys", "000", "1");
            }
            Ok::<_, KeyspaceError>([value.unwrap_or_default(), b"!".to_vec()].concat())
        })
        .unwrap();
    assert_eq!((&value[..], is_disturbed), (&b"1!"[..], true));
    assert!(keys.increment("000", 1).unwrap_err().to_string().contains("is no number"));
    assert_eq!(keys.increment("new", i64::MAX), Ok(i64::MAX));
    assert!(keys.increment("new", 1).unwrap_err().to_string().contains("beyond 64 bits"));
    keys.delete("new").unwrap();
    assert_eq!((keys.exists("new"), keys.exists("001")), (Ok(false), Ok(true)));
}

#[test]
fn objects_are_read_and_written_in_parts() {
    let host = Host::new().bucket("photos", Access::ReadWrite);
    let photos = Bucket::open("photos").unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let mut writer = photos.writer("large").unwrap();
    writer.write_all(&bytes).unwrap();
    assert_eq!(photos.exists("large"), Ok(false), "it is there when it is finished");
    writer.finish().unwrap();
    drop(photos.writer("dropped").unwrap());
    let mut read = Vec::new();
    photos.reader("large").unwrap().read_to_end(&mut read).unwrap();
    assert_eq!((read == bytes, photos.info("large").unwrap().size), (true, 300_000));
    assert_eq!(photos.get_range("large", 1..3), Ok(vec![1, 2]));
    assert_eq!(photos.get_range("large", 299_999..).unwrap().len(), 1);
    assert_eq!(photos.get_range("large", 5..5), Ok(vec![]));
    photos.put("a", "").unwrap();
    assert_eq!(photos.get("a"), Ok(vec![]));
    let keys: Result<Vec<_>, _> = photos.list().unwrap().collect();
    assert_eq!(keys.unwrap(), ["a", "large"]);
    photos.delete("a").unwrap();
    assert_eq!((host.object("photos", "a"), host.object("photos", "dropped")), (None, None));
}

#[test]
fn what_a_node_does_not_take_is_refused() {
    let (key, value) = (bounds::KEY_BYTES_MAX, bounds::VALUE_BYTES_MAX);
    assert_eq!([limits::KEY, limits::VALUE], [key, value]);
    let attributes = bounds::MESSAGE_ATTRIBUTES_BYTES_MAX;
    let object_key = bounds::OBJECT_KEY_BYTES_MAX;
    assert_eq!([limits::ATTRIBUTES, limits::OBJECT_KEY], [attributes, object_key]);

    let host = Host::new()
        .keyspace("keys", Access::ReadWrite)
        .bucket("photos", Access::Write)
        .queue("orders", Access::Write)
        .queue("orders.fifo", Access::Write);
    let keys = Keyspace::open("keys").unwrap();
    keys.set(&"k".repeat(key), vec![0; value]).unwrap();
    for (key, value) in [(key + 1, 0), (1, value + 1), (0, 0)] {
        keys.set(&"k".repeat(key), vec![0; value]).unwrap_err();
    }
    keys.set_many([("a", Vec::new()), ("", Vec::new())]).unwrap_err();
    assert_eq!(host.get("keys", "a"), None, "all or none");
    Bucket::open("photos").unwrap().put(&"k".repeat(object_key + 1), "").unwrap_err();
    let [plain, fifo] = ["orders", "orders.fifo"].map(|name| Queue::open(name).unwrap());
    plain.send(vec![0; value]).unwrap();
    plain.send(vec![0; value + 1]).unwrap_err();
    plain.send(Message::new("").attribute("a", "b".repeat(attributes))).unwrap_err();
    plain.send(Message::new("").group("g")).unwrap_err();
    fifo.send("").unwrap_err();
    fifo.send(Message::new("").group("g")).unwrap();
    assert_eq!((host.sent("orders").len(), host.sent("orders.fifo").len()), (1, 1));
}

#[test]
fn events_and_invocations_are_as_they_are_made() {
    let invocation = Invocation::new()
        .id("i")
        .version("7", Some("live"))
        .time_left(Duration::from_secs(60))
        .fuel_left(5)
        .principal("me")
        .attribute("aws.invoked-function-arn", "arn");
    let context = invocation.context();
    assert_eq!((&*context.invocation_id(), &*context.version()), ("i", "7"));
    assert_eq!((context.alias().as_deref(), context.fuel_left()), (Some("live"), 5));
    assert!(context.time_left() > Duration::from_secs(50));
    assert_eq!(context.attribute("aws.invoked-function-arn").as_deref(), Some("arn"));
    assert_eq!((context.principal().as_deref(), context.trace_parent()), (Some("me"), None));

    let set = events::key_set("keys", "a", None, "1");
    assert_eq!((set.old, set.new.as_deref()), (None, Some(&b"1"[..])));
    assert_eq!(events::key_expired("keys", "a", b"1").new, None);
    assert_eq!(events::scheduled("nightly", 3).input, 3);
    assert_eq!(events::message("orders", "a").receives, 1);
    let order = Order::from_event(events::invocation(r#"{"item":"a","count":1}"#)).unwrap();
    assert_eq!((&*order.item, order.count), ("a", 1));
}
