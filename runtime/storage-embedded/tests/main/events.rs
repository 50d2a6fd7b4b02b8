//! Messages and events over time: what a restart, damage and many at once do.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::contract::{self, samples};
use lambent_storage::{
    Channel, Depth, MoveBack, NewMessage, OwnQuotas, QueueAttributes, Quota, Redrive,
    ResourceError, Scheduled, Settlement, StorageError, Stores, Visibility,
};
use lambent_storage_embedded::{DataDir, Options, layout};
use lambent_types::{
    ManualClock, Namespace, Origin, QueueName, Schedule, ScheduleName, Source, Trigger,
    TriggerName, occurrence,
};
use rusqlite::Connection;

const NOW: Duration = Duration::ZERO;
const LEASE: Duration = Duration::from_secs(60);

fn open(path: &Path, clock: &Arc<ManualClock>) -> Stores {
    let data = DataDir::open(path).unwrap();
    lambent_storage_embedded::open(&data, Options::default(), clock.clone()).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()))
}

fn message(body: &str, group: Option<&str>) -> NewMessage {
    let body = body.to_owned().into();
    NewMessage { body, group: group.map(ToOwned::to_owned), ..NewMessage::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_kept() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let stores = open(home.path(), &clock);
    contract::check_tables_in_time(&stores, &clock).await;
    contract::check_queues_in_time(stores.queues.clone(), &clock).await;
    contract::check_triggers(&stores).await;
    contract::check_own_quotas(&stores).await;
    contract::check_changes(&stores).await;
    contract::check_resources(&stores).await;
    contract::check_schedules(&stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_goes_away_has_received_nothing() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let (ns, q) = (samples::namespace("ns"), "q.fifo".parse::<QueueName>().unwrap());
    let stores = open(home.path(), &clock);
    let queues = &stores.queues;
    queues.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
    let sent = ["a", "b"]
        .map(|body| NewMessage { deduplication: Some(body.into()), ..message(body, Some("g")) });
    queues.send(&ns, &q, sent.to_vec(), &Origin::default()).await.unwrap();
    let lease = Visibility::WhileAlive(LEASE);
    for step in 0..200 {
        // Goes away before, while and after it is answered.
        let patience = Duration::from_micros(step * 10);
        let got = tokio::time::timeout(patience, queues.receive(&ns, &q, 2, lease, NOW)).await;
        let taken = match got {
            Ok(taken) => taken.unwrap(),
            Err(_) => queues.receive(&ns, &q, 2, lease, LEASE).await.unwrap(),
        };
        let told: Vec<_> = taken.iter().map(|one| (&one.body[..], one.receives)).collect();
        assert_eq!(told, [(&b"a"[..], 1), (b"b", 1)], "step {step}");
        let receipts: Vec<_> = taken.into_iter().map(|one| (one.receipt, NOW)).collect();
        assert_eq!(queues.release(&ns, &q, &receipts).await.unwrap(), [true, true]);
    }
}

#[tokio::test]
async fn a_restart_ends_leases_of_the_process_and_not_of_clients() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let (ns, q) = (samples::namespace("ns"), "q".parse::<QueueName>().unwrap());
    let (space, t) = ("s".parse().unwrap(), "t".parse::<TriggerName>().unwrap());
    let (grouped, plain) =
        (Channel::Trigger(t.clone()), Channel::Function(samples::name("f").into()));
    {
        let stores = open(home.path(), &clock);
        stores.keyvalue.create_keyspace(&ns, &space).await.unwrap();
        let source = Source::KeyValue { keyspace: space.clone(), prefix: String::new() };
        let (function, patterns) = (samples::name("f"), Vec::new());
        let trigger = Trigger {
            name: t,
            function: Some(function.into()),
            send_to: None,
            source,
            patterns,
            delivery: None,
            enabled: true,
        };
        stores.resources.of().put(&ns, &trigger, None).await.unwrap();
        for _ in 0..3 {
            stores.keyvalue.increment(&ns, &space, "k", 1, &Origin::default()).await.unwrap();
        }
        let event = occurrence::schedule(&"x".parse().unwrap(), None, Timestamp::UNIX_EPOCH);
        stores.events.append(&ns, &plain, event, &Origin::default()).await.unwrap();
        stores.queues.put_queue(&ns, &q, QueueAttributes::default()).await.unwrap();
        let sent = vec![message("a", None), message("b", None)];
        stores.queues.send(&ns, &q, sent, &Origin::default()).await.unwrap();

        for visibility in [Visibility::Queue, Visibility::WhileAlive(LEASE * 10)] {
            let taken = stores.queues.receive(&ns, &q, 1, visibility, NOW).await.unwrap();
            assert_eq!(taken.len(), 1);
        }
        assert_eq!(stores.events.receive(&ns, &plain, 9, LEASE, NOW).await.unwrap().len(), 1);
        let taken = stores.events.receive(&ns, &grouped, 2, LEASE, NOW).await.unwrap();
        // The first comes again, while the second is still with somebody.
        let retry = vec![(taken[0].receipt.clone(), Settlement::Retry(Timestamp::UNIX_EPOCH))];
        stores.events.settle(&ns, &grouped, retry).await.unwrap();
    }
    let stores = open(home.path(), &clock);
    // A client has its message still; a function of this node has not.
    let taken = stores.queues.receive(&ns, &q, 2, Visibility::Queue, NOW).await.unwrap();
    let taken: Vec<_> = taken.iter().map(|one| (&one.body[..], one.receives)).collect();
    assert_eq!(taken, [(&b"b"[..], 2)]);
    assert_eq!(stores.events.backlog().await.unwrap().len(), 2);
    assert_eq!(stores.events.receive(&ns, &plain, 9, LEASE, NOW).await.unwrap().len(), 1);
    let again = stores.events.receive(&ns, &grouped, 9, LEASE, NOW).await.unwrap();
    let attempts: Vec<_> = again.iter().map(|one| one.event.attempt).collect();
    assert_eq!(attempts, [2, 2, 1]);
    clock.advance(Duration::from_secs(30));
    assert_eq!(
        stores.queues.receive(&ns, &q, 1, Visibility::Queue, NOW).await.unwrap()[0].receives,
        2
    );
}

/// Runs a statement on every database that has its table; it changes one row.
fn damage(home: &Path, sql: &str, of: &[u8]) {
    let mut damaged = 0;
    for file in std::fs::read_dir(home).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "db") {
            let database = Connection::open(path).unwrap();
            damaged += database.execute(sql, [of]).unwrap_or(0);
        }
    }
    assert_eq!(damaged, 1);
}

#[tokio::test]
async fn a_damaged_message_is_set_aside() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let stores = open(home.path(), &clock);
    let (ns, q, origin) = (samples::namespace("ns"), "q.fifo".parse().unwrap(), Origin::default());
    let attributes = QueueAttributes { content_deduplication: true, ..Default::default() };
    stores.queues.put_queue(&ns, &q, attributes).await.unwrap();
    let messages = ["one", "two", "three"].map(|body| message(body, Some("g")));
    stores.queues.send(&ns, &q, messages.to_vec(), &origin).await.unwrap();
    damage(home.path(), "UPDATE content SET body = x'00' WHERE body = ?1", b"one");
    let got = stores.queues.receive(&ns, &q, 10, Visibility::Queue, NOW).await.unwrap();
    let bodies: Vec<_> = got.iter().map(|one| &one.body[..]).collect();
    assert_eq!(bodies, [&b"two"[..], b"three"]);
    contract::depth_becomes(&*stores.queues, &ns, &q, |depth| depth.in_flight == 2).await;
    // It is there for whoever repairs it, until everything is deleted; once.
    assert_eq!(stores.queues.purge(&ns, &q).await.unwrap(), 3);
    assert_eq!(stores.queues.purge(&ns, &q).await.unwrap(), 0);
}

/// It concerns nobody else, and can be put again or deleted.
#[tokio::test]
async fn a_damaged_trigger_is_left_out() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let ns = samples::namespace("ns");
    let (space, origin) = ("s".parse().unwrap(), Origin::default());
    let trigger = |name: &str| Trigger {
        name: name.parse().unwrap(),
        function: Some(samples::name("f").into()),
        send_to: None,
        source: Source::KeyValue { keyspace: "s".parse().unwrap(), prefix: String::new() },
        patterns: Vec::new(),
        delivery: None,
        enabled: true,
    };
    let names = ["bad", "good", "worse"];
    {
        let stores = open(home.path(), &clock);
        stores.keyvalue.create_keyspace(&ns, &space).await.unwrap();
        for name in names {
            stores.resources.of().put(&ns, &trigger(name), None).await.unwrap();
        }
        stores.keyvalue.increment(&ns, &space, "k", 1, &origin).await.unwrap();
    }
    let sql = "UPDATE resource SET body = '{' WHERE key = CAST(?1 AS TEXT)";
    damage(home.path(), sql, b"bad");
    let sql = "UPDATE resource SET checksum = x'00' WHERE key = CAST(?1 AS TEXT)";
    damage(home.path(), sql, b"worse");

    let stores = open(home.path(), &clock);
    stores.keyvalue.increment(&ns, &space, "k", 1, &origin).await.unwrap();
    let [bad, good, worse] = names.map(|name| name.parse::<TriggerName>().unwrap());
    let waiting = async |name: &TriggerName| {
        stores.events.depth(&ns, &Channel::Trigger(name.clone())).await.unwrap().ready
    };
    assert_eq!((waiting(&good).await, waiting(&bad).await), (2, 1));
    let triggers = stores.resources.of::<Trigger>();
    let all = triggers.list(&ns).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|one| one.specification).collect();
    assert_eq!(all, [trigger("good")]);
    let found = triggers.get(&ns, &bad).await;
    assert!(matches!(found, Err(StorageError::Corrupt { .. })), "{found:?}");

    stores.resources.of().put(&ns, &trigger("bad"), None).await.unwrap();
    triggers.delete(&ns, &worse).await.unwrap();
    stores.keyvalue.increment(&ns, &space, "k", 1, &origin).await.unwrap();
    assert_eq!((waiting(&good).await, waiting(&bad).await, waiting(&worse).await), (3, 2, 0));
    assert_eq!(triggers.get(&ns, &worse).await.unwrap(), None);
    assert_eq!(triggers.list(&ns).await.unwrap().len(), 2);
}

/// Whoever puts one trigger after the other into a namespace that is full adds nothing to its
/// database.
#[tokio::test]
async fn a_refused_trigger_leaves_nothing() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let (stores, ns) = (open(home.path(), &clock), samples::namespace("ns"));
    stores.quotas.set(&ns, OwnQuotas([(Quota::Triggers, Some(1))].into()));
    stores.keyvalue.create_keyspace(&ns, &"s".parse().unwrap()).await.unwrap();
    let trigger = |name: &str| Trigger {
        name: name.parse().unwrap(),
        function: Some(samples::name("f").into()),
        send_to: None,
        source: Source::KeyValue { keyspace: "s".parse().unwrap(), prefix: String::new() },
        patterns: Vec::new(),
        delivery: None,
        enabled: true,
    };
    let triggers = stores.resources.of();
    triggers.put(&ns, &trigger("first"), None).await.unwrap();
    for number in 0..3 {
        let full = triggers.put(&ns, &trigger(&format!("n{number}")), None).await;
        assert!(matches!(full, Err(ResourceError::Quota(_))), "{full:?}");
    }
    drop(stores);
    let files = layout::SHARD_DBS.map(|file| home.path().join(file));
    let channels = files.iter().filter(|file| file.exists()).map(|file| {
        let database = Connection::open(file).unwrap();
        database.query_row("SELECT count(*) FROM line", [], |row| row.get::<_, i64>(0)).unwrap()
    });
    assert_eq!(channels.sum::<i64>(), 1);
}

/// One damaged schedule keeps no other from firing, however many of them are read at once.
#[tokio::test]
async fn a_damaged_schedule_is_left_out() {
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let ns = samples::namespace("ns");
    let schedule = samples::schedule;
    let [at, later] = [1, 2].map(|second| Timestamp::from_second(second).unwrap());
    {
        let stores = open(home.path(), &clock);
        for (name, next) in [("bad", at), ("good", later), ("worse", at)] {
            stores.resources.of().put(&ns, &schedule(name), Some(next)).await.unwrap();
        }
    }
    let sql = "UPDATE resource SET body = '{' WHERE key = CAST(?1 AS TEXT)";
    damage(home.path(), sql, b"bad");
    let sql = "UPDATE resource SET checksum = x'00' WHERE key = CAST(?1 AS TEXT)";
    damage(home.path(), sql, b"worse");

    let stores = open(home.path(), &clock);
    let (times, schedules) = (&stores.schedules, stores.resources.of::<Schedule>());
    let names = |found: Vec<(Namespace, Scheduled)>| {
        found.into_iter().map(|(_, one)| one.specification.name.to_string()).collect::<Vec<_>>()
    };
    let (due, next) = times.due(later, 1).await.unwrap();
    assert_eq!((names(due), next), (vec!["good".to_owned()], None));
    assert_eq!(names(schedules.page(None, 1).await.unwrap().0), ["good"]);
    assert_eq!(schedules.list(&ns).await.unwrap().len(), 1);
    let [bad, worse] = ["bad", "worse"].map(|name| name.parse::<ScheduleName>().unwrap());
    let found = schedules.get(&ns, &bad).await;
    assert!(matches!(found, Err(StorageError::Corrupt { .. })), "{found:?}");

    schedules.put(&ns, &schedule("bad"), Some(at)).await.unwrap();
    schedules.delete(&ns, &worse).await.unwrap();
    assert_eq!(names(times.due(later, 9).await.unwrap().0), ["bad", "good"]);
}

/// More than one transaction deletes or moves.
#[tokio::test]
async fn many_messages_are_moved_and_purged() {
    const MANY: usize = 2300;
    let (home, clock) = (tempfile::tempdir().unwrap(), clock());
    let stores = open(home.path(), &clock);
    let queues = &stores.queues;
    let (ns, origin) = (samples::namespace("ns"), Origin::default());
    let (q, dead) = ("q.fifo".parse().unwrap(), "dead.fifo".parse().unwrap());
    let plain = QueueAttributes { content_deduplication: true, ..Default::default() };
    queues.put_queue(&ns, &dead, plain.clone()).await.unwrap();
    let redrive = Some(Redrive { queue: dead.clone(), receives_max: 1 });
    queues.put_queue(&ns, &q, QueueAttributes { redrive, ..plain }).await.unwrap();
    // These came from nowhere, and stay.
    let stuck: Vec<_> = (0..10).map(|n| message(&format!("s{n}"), Some("stuck"))).collect();
    queues.send(&ns, &dead, stuck, &origin).await.unwrap();
    for first in (0..MANY).step_by(10) {
        let group = format!("g{}", first % 20);
        let batch = (first..first + 10).map(|n| message(&n.to_string(), Some(&group))).collect();
        queues.send(&ns, &q, batch, &origin).await.unwrap();
    }
    let mut received = 0;
    while received < MANY {
        received += queues.receive(&ns, &q, 1000, Visibility::For(NOW), NOW).await.unwrap().len();
        if received < MANY {
            // What was received comes first again, and is dead then.
            clock.advance(Duration::from_millis(1));
        }
    }
    assert!(queues.receive(&ns, &q, 10, Visibility::For(NOW), NOW).await.unwrap().is_empty());
    let all = |depth: &Depth| depth.ready == MANY as u64 + 10;
    contract::depth_becomes(&**queues, &ns, &dead, all).await;
    let redrive = async |limit| {
        let what = MoveBack { limit, ..MoveBack::default() };
        queues.redrive(&ns, &dead, what).await.unwrap().count
    };
    let counted = MoveBack { limit: usize::MAX, dry_run: true, ..MoveBack::default() };
    let counted = queues.redrive(&ns, &dead, counted).await.unwrap();
    assert_eq!(counted.count, MANY as u64);
    assert_eq!(redrive(5).await, 5);
    assert_eq!(redrive(usize::MAX).await, MANY as u64 - 5);
    assert_eq!(redrive(usize::MAX).await, 0);
    assert_eq!(queues.depth(&ns, &dead).await.unwrap().ready, 10);
    assert_eq!(queues.purge(&ns, &q).await.unwrap(), MANY as u64);
    assert_eq!(queues.depth(&ns, &q).await.unwrap(), lambent_storage::Depth::default());
}
