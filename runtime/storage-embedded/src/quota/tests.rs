//! What is counted is what is there, whatever fails.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use lambent_types::{BucketName, KeyspaceName, ManualClock, Origin, QueueName, Trigger};
use proptest::prelude::*;

use super::*;
use crate::data_dir::DataDir;
use crate::messages::row::failed;
use crate::{EmbeddedKeyValue, EmbeddedObjects, EmbeddedQueues, EmbeddedResources, Shards};
use lambent_storage::backend::Sweep as _;
use lambent_storage::{
    ByteStream, Change, CompleteUpload, Condition, Expect, KeyValue as _, NamespaceQuotas,
    NewMessage, Objects as _, PutObject, QueueAttributes, Queues as _, Resources, SetOptions,
    Space, StorageError, Visibility,
};

/// What is counted, by a look at all there is.
const RECOUNT: &str = "
SELECT namespace, 1, coalesce(sum(size), 0)
    FROM piece JOIN bucket ON bucket.id = piece.bucket GROUP BY namespace
UNION ALL SELECT namespace, 2, count(*) FROM (
    SELECT bucket FROM object UNION ALL SELECT bucket FROM upload UNION ALL
    SELECT piece.bucket FROM piece JOIN upload
        ON upload.bucket = piece.bucket AND upload.content = piece.content)
    JOIN bucket ON bucket.id = bucket GROUP BY namespace
UNION ALL SELECT namespace, 3, sum(length(CAST(key AS BLOB)) + length(value))
    FROM key JOIN keyspace ON keyspace.id = key.keyspace GROUP BY namespace
UNION ALL SELECT namespace, 4, sum(length(CAST(head AS BLOB)) + length(body))
    FROM content JOIN message USING (seq) JOIN line ON line.id = message.line GROUP BY namespace
UNION ALL SELECT namespace, 5, count(*) FROM bucket GROUP BY namespace
UNION ALL SELECT namespace, 6, count(*) FROM keyspace GROUP BY namespace
UNION ALL SELECT namespace, 7, count(*) FROM line WHERE kind = 1 GROUP BY namespace
UNION ALL SELECT namespace, 8, count(*) FROM resource WHERE kind = 'trigger' GROUP BY namespace
UNION ALL SELECT namespace, 10, count(*)
    FROM key JOIN keyspace ON keyspace.id = key.keyspace GROUP BY namespace
UNION ALL SELECT namespace, 11, count(*)
    FROM message JOIN line ON line.id = message.line GROUP BY namespace
";

#[derive(Debug, Clone)]
enum Operation {
    Put(u8, usize, End),
    Delete(u8),
    Begin(u8),
    Part(u32, usize, End),
    Complete,
    Abort,
    Set(u8, usize, Option<u64>),
    Unset(u8),
    Increment(u8),
    Send(u8, usize),
    Receive(bool),
    Purge,
    Untrigger,
    Pass(u64),
    /// The database may grow no more, or again.
    Full(bool),
    Restart,
}

/// How a body ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Whole,
    /// It breaks off.
    Broken,
    /// Whoever writes goes away.
    Dropped,
}

fn operation() -> impl Strategy<Value = Operation> {
    let end = || prop::sample::select(vec![End::Whole, End::Whole, End::Broken, End::Dropped]);
    let size = || 0..120_usize;
    prop_oneof![
        4 => (0..4_u8, size(), end()).prop_map(|(key, size, end)| Operation::Put(key, size, end)),
        2 => (0..4_u8).prop_map(Operation::Delete),
        1 => (0..4_u8).prop_map(Operation::Begin),
        3 => (1..3_u32, size(), end()).prop_map(|(n, size, end)| Operation::Part(n, size, end)),
        1 => Just(Operation::Complete),
        1 => Just(Operation::Abort),
        4 => (0..4_u8, size(), prop::option::of(1..20_u64))
            .prop_map(|(key, size, ttl)| Operation::Set(key, size, ttl)),
        2 => (0..4_u8).prop_map(Operation::Unset),
        1 => (4..6_u8).prop_map(Operation::Increment),
        3 => (1..4_u8, size()).prop_map(|(count, size)| Operation::Send(count, size)),
        3 => any::<bool>().prop_map(Operation::Receive),
        1 => Just(Operation::Purge),
        1 => Just(Operation::Untrigger),
        2 => (1..30_u64).prop_map(Operation::Pass),
        2 => any::<bool>().prop_map(Operation::Full),
        1 => Just(Operation::Restart),
    ]
}

struct World {
    data: DataDir,
    clock: Arc<ManualClock>,
    stores: Option<Opened>,
    namespace: Namespace,
    bucket: BucketName,
    keyspace: KeyspaceName,
    queue: QueueName,
    upload: Option<String>,
    parts: Vec<(u32, String)>,
}

struct Opened {
    shards: Arc<Shards>,
    objects: EmbeddedObjects,
    keyvalue: EmbeddedKeyValue,
    queues: EmbeddedQueues,
    resources: EmbeddedResources,
}

impl Opened {
    fn resources(&self) -> &dyn Resources {
        &self.resources
    }
}

fn open(data: &DataDir, clock: &Arc<ManualClock>) -> Opened {
    let quotas = Quotas::default()
        .with(Quota::ObjectBytes, 300)
        .with(Quota::KeyvalueBytes, 300)
        .with(Quota::Messages, 12);
    let shards = Shards::open(
        &crate::schema::SHARD,
        data,
        clock.clone(),
        (NamespaceQuotas::new(quotas), Space::unlimited()),
    )
    .unwrap();
    Opened {
        objects: EmbeddedObjects::open(data, shards.clone()).unwrap(),
        keyvalue: EmbeddedKeyValue::open(shards.clone(), clock.clone(), 1 << 20),
        queues: EmbeddedQueues::new((shards.clone(), clock.clone())),
        resources: EmbeddedResources::new(shards.clone(), Arc::default()),
        shards,
    }
}

fn body(size: usize, end: End) -> ByteStream {
    let half = Bytes::from(vec![7; size / 2]);
    let rest = Bytes::from(vec![8; size - half.len()]);
    let broken = || Err(std::io::Error::other("it broke off"));
    match end {
        End::Whole => futures::stream::iter([Ok(half), Ok(rest)]).boxed(),
        End::Broken => futures::stream::iter([Ok(half), broken()]).boxed(),
        End::Dropped => futures::stream::iter([Ok(half)]).chain(futures::stream::pending()).boxed(),
    }
}

/// Waits for something, or for a while only if it will never end.
async fn run<T>(end: End, work: impl Future<Output = T>) -> Option<T> {
    match end {
        End::Whole | End::Broken => Some(work.await),
        End::Dropped => tokio::time::timeout(Duration::from_millis(2), work).await.ok(),
    }
}

impl World {
    async fn new(data: DataDir) -> Self {
        let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let stores = open(&data, &clock);
        let namespace: Namespace = "ns".parse().unwrap();
        let (bucket, keyspace) = ("photos".parse().unwrap(), "keys".parse().unwrap());
        let queue = "work".parse().unwrap();
        stores.objects.create_bucket(&namespace, &bucket).await.unwrap();
        stores.keyvalue.create_keyspace(&namespace, &keyspace).await.unwrap();
        stores.queues.put_queue(&namespace, &queue, QueueAttributes::default()).await.unwrap();
        for source in [r#""object","bucket":"photos""#, r#""keyvalue","keyspace":"keys""#] {
            let name = &source[1..4];
            let source = format!(r#"{{"kind":{source}}}"#);
            let text = format!(r#"{{"name":"{name}","function":"f","source":{source}}}"#);
            let trigger: Trigger = serde_json::from_str(&text).unwrap();
            stores.resources().of().put(&namespace, &trigger, None).await.unwrap();
        }
        let (upload, parts) = (None, Vec::new());
        let stores = Some(stores);
        Self { data, clock, stores, namespace, bucket, keyspace, queue, upload, parts }
    }

    fn stores(&self) -> &Opened {
        self.stores.as_ref().unwrap()
    }

    /// Does it; what comes of it does not matter.
    async fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Restart => {
                self.stores = None;
                self.stores = Some(open(&self.data, &self.clock));
            }
            Operation::Pass(seconds) => {
                self.clock.advance(Duration::from_secs(seconds));
                drop(self.stores().keyvalue.sweep().await);
            }
            Operation::Full(full) => self.fill(full).await,
            Operation::Send(..) | Operation::Receive(_) | Operation::Purge => {
                self.messages(operation).await;
            }
            Operation::Set(..) | Operation::Unset(_) | Operation::Increment(_) => {
                self.keys(operation).await;
            }
            _ => self.objects(operation).await,
        }
    }

    async fn fill(&self, full: bool) {
        let shard = self.stores().shards.of(&self.namespace).await.unwrap();
        let limit = move |tx: &mut Tx<'_>| -> Result<(), StorageError> {
            let pages: i64 = tx
                .connection
                .pragma_query_value(None, "page_count", |row| row.get(0))
                .map_err(failed)?;
            let most = if full { pages } else { 1 << 30 };
            let sql = format!("PRAGMA max_page_count = {most}");
            tx.connection.query_row(&sql, [], |_| Ok(())).map_err(failed)
        };
        shard.write(0, limit).await.unwrap();
    }

    async fn messages(&self, operation: Operation) {
        let (ns, queue, queues) = (&self.namespace, &self.queue, &self.stores().queues);
        match operation {
            Operation::Send(count, size) => {
                let message = || NewMessage { body: vec![1; size].into(), ..NewMessage::default() };
                let messages = (0..count).map(|_| message()).collect();
                drop(queues.send(ns, queue, messages, &Origin::default()).await);
            }
            Operation::Receive(delete) => {
                let visibility = Visibility::For(Duration::from_secs(3));
                let taken = queues.receive(ns, queue, 2, visibility, Duration::ZERO).await;
                let receipts: Vec<_> =
                    taken.into_iter().flatten().map(|message| message.receipt).collect();
                if delete {
                    drop(queues.delete(ns, queue, &receipts).await);
                }
            }
            _ => drop(queues.purge(ns, queue).await),
        }
    }

    async fn keys(&self, operation: Operation) {
        let (ns, space, keys) = (&self.namespace, &self.keyspace, &self.stores().keyvalue);
        let origin = Origin::default();
        let change = match operation {
            Operation::Set(key, size, ttl) => {
                let options =
                    SetOptions { ttl: ttl.map(Duration::from_secs), ..Default::default() };
                let value = Bytes::from(vec![1; size]);
                Change::Set { key: format!("k{key}"), value, options }
            }
            Operation::Unset(key) => {
                Change::Delete { key: format!("k{key}"), expect: Expect::default() }
            }
            Operation::Increment(key) => {
                drop(keys.increment(ns, space, &format!("k{key}"), 1, &origin).await);
                return;
            }
            other => unreachable!("{other:?}"),
        };
        drop(keys.apply(ns, space, vec![change], &origin).await);
    }

    async fn objects(&mut self, operation: Operation) {
        let (ns, b, origin) = (&self.namespace, &self.bucket, &Origin::default());
        let objects = &self.stores().objects;
        let upload = self.upload.clone().unwrap_or_default();
        match operation {
            Operation::Put(key, size, end) => {
                let (key, put) = (format!("k{key}"), PutObject::default());
                drop(run(end, objects.put(ns, b, &key, put, body(size, end), origin)).await);
            }
            Operation::Delete(key) => {
                drop(objects.delete(ns, b, &format!("k{key}"), Condition::None, origin).await);
            }
            Operation::Begin(key) => {
                let (key, put) = (format!("k{key}"), PutObject::default());
                if let Ok(begun) = objects.begin_upload(ns, b, &key, put).await {
                    (self.upload, self.parts) = (Some(begun.id), Vec::new());
                }
            }
            Operation::Part(number, size, end) => {
                let put = objects.put_part(ns, b, &upload, number.into(), body(size, end));
                if let Some(Ok(part)) = run(end, put).await {
                    self.parts.retain(|(known, _)| *known != number);
                    self.parts.push((number, part.etag));
                    self.parts.sort();
                }
            }
            Operation::Complete => {
                // The last alone: what comes before others must be larger.
                let last = self.parts.last().cloned().into_iter().collect::<Vec<_>>();
                drop(
                    objects
                        .complete_upload(
                            ns,
                            b,
                            &upload,
                            CompleteUpload::of(&last, Condition::None),
                            origin,
                        )
                        .await,
                );
            }
            Operation::Abort => drop(objects.abort_upload(ns, b, &upload).await),
            _ => drop(
                self.stores().resources().of::<Trigger>().delete(ns, &"obj".parse().unwrap()).await,
            ),
        }
    }

    /// Checks that the ledger and the table have what a recount has.
    async fn check(&self) -> Result<(), TestCaseError> {
        let shard = self.stores().shards.of(&self.namespace).await.unwrap();
        // After whatever an abandoned future left to do.
        shard.write(0, |_| Ok::<(), StorageError>(())).now_or_never();
        let found = shard.write(0, |tx| {
            let read = |sql: &str| {
                let mut select = tx.connection.prepare(sql)?;
                let rows = select.query_map([], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                })?;
                let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
                rows.retain(|(.., amount)| *amount != 0);
                rows.sort();
                Ok(rows)
            };
            let counted = read("SELECT namespace, kind, amount FROM held").map_err(failed)?;
            let there = read(RECOUNT).map_err(failed)?;
            Ok::<_, StorageError>((counted, there))
        });
        let (counted, there) = found.await.unwrap();
        prop_assert_eq!(&counted, &there);
        for quota in Quota::ALL {
            let amount = counted.iter().find(|(_, kind, _)| *kind == quota as i64);
            let amount = amount.map_or(0, |(.., amount)| amount.unsigned_abs());
            prop_assert_eq!(shard.ledger().held("ns", quota), amount, "{:?}", quota);
            prop_assert_eq!(shard.ledger().used("ns", quota), amount, "{:?}", quota);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_counted_is_what_is_there(
        operations in prop::collection::vec(operation(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let home = tempfile::tempdir().unwrap();
            let mut world = World::new(DataDir::open(home.path()).unwrap()).await;
            for operation in operations {
                world.apply(operation.clone()).await;
                world.check().await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
