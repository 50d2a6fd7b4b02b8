//! Durable acknowledged enqueues per second, against the raw log.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lambent_storage::{NewMessage, QueueAttributes, Queues, Stores};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{Namespace, Origin, QueueName, SystemClock};

use crate::measure::Rounds;
use crate::raw_log::RawLog;
use crate::{Failed, Table};

const PRODUCERS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
/// As long as a small JSON event.
const BODY: &[u8; 128] = &[b'x'; 128];

pub(crate) fn queue() -> Result<QueueName, Failed> {
    Ok("bench".parse()?)
}

pub(crate) fn message() -> NewMessage {
    NewMessage { body: Bytes::from_static(BODY), ..NewMessage::default() }
}

/// Namespaces that live in shards of their own.
pub(crate) async fn namespaces(stores: &Stores, count: usize) -> Result<Vec<Namespace>, Failed> {
    let names = ["a", "b", "c", "d"].into_iter().take(count);
    let namespaces: Vec<Namespace> = names.map(str::parse).collect::<Result<_, _>>()?;
    for namespace in &namespaces {
        stores.queues.put_queue(namespace, &queue()?, QueueAttributes::default()).await?;
    }
    Ok(namespaces)
}

/// Has producers do `work` for a round; how often it was done a second.
async fn rate<W, F>(work: W) -> Result<f64, Failed>
where
    W: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = Result<(), Failed>> + Send,
{
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let (work, done) = (work.clone(), done.clone());
            tokio::spawn(async move {
                while began.elapsed() < ROUND {
                    work(number).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Failed>(())
            })
        })
        .collect();
    for producer in producers {
        producer.await??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

async fn send(queues: Arc<dyn Queues>, namespaces: Vec<Namespace>) -> Result<f64, Failed> {
    let name = queue()?;
    rate(move |number| {
        let (queues, name) = (queues.clone(), name.clone());
        let namespace = namespaces[number % namespaces.len()].clone();
        async move {
            queues.send(&namespace, &name, vec![message()], &Origin::default()).await?;
            Ok(())
        }
    })
    .await
}

pub(crate) async fn run(directory: &Path, table: &mut Table) -> Result<(), Failed> {
    let data = DataDir::open(directory.join("enqueue"))?;
    let stores = lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock))?;
    let four = namespaces(&stores, 4).await?;
    let (mut raw, mut ones, mut fours) = (Rounds::default(), Rounds::default(), Rounds::default());
    for round in 0..ROUNDS {
        let log = Arc::new(RawLog::open(&directory.join(format!("raw-{round}")))?);
        let writer = log.clone();
        raw.push(
            rate(move |_| {
                let log = writer.clone();
                async move { Ok(log.append(Bytes::from_static(BODY)).await?) }
            })
            .await?,
        );
        Arc::into_inner(log).map(RawLog::close).transpose()?;
        ones.push(send(stores.queues.clone(), four[..1].to_vec()).await?);
        fours.push(send(stores.queues.clone(), four.clone()).await?);
    }
    let base = raw.median();
    table.row("raw append and fdatasync, 64 producers", &raw, "/s", None);
    table.row("enqueue, 64 producers, one namespace", &ones, "/s", Some((base, "≥ 0.2")));
    table.row("enqueue, 64 producers, four namespaces", &fours, "/s", Some((base, "≥ 0.35")));
    Ok(())
}
