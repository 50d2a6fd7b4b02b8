//! What a million waiting messages cost: nothing that anyone would notice.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lambent_storage::Stores;
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{Namespace, Origin, SystemClock, bounds};

use crate::enqueue::{message, namespaces, queue};
use crate::measure::{Rounds, milliseconds, resident_bytes};
use crate::{Failed, Table};

const BACKLOG: usize = 1_000_000;
const SAMPLES: usize = 2000;

/// How long single enqueues take, in milliseconds.
async fn enqueues(stores: &Stores, namespace: &Namespace) -> Result<Rounds, Failed> {
    let mut rounds = Rounds::default();
    for _ in 0..SAMPLES {
        let began = Instant::now();
        stores.queues.send(namespace, &queue()?, vec![message()], &Origin::default()).await?;
        rounds.push(milliseconds(began.elapsed()));
    }
    Ok(rounds)
}

pub(crate) async fn run(directory: &Path, table: &mut Table) -> Result<(), Failed> {
    let data = DataDir::open(directory.join("backlog"))?;
    let open = || lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock));
    let stores = open()?;
    let namespace = namespaces(&stores, 1).await?.remove(0);
    let before = enqueues(&stores, &namespace).await?;
    let resident = resident_bytes();
    for _ in 0..BACKLOG / bounds::BATCH_MAX {
        let batch = (0..bounds::BATCH_MAX).map(|_| message()).collect();
        stores.queues.send(&namespace, &queue()?, batch, &Origin::default()).await?;
    }
    let grown = (resident_bytes() - resident) / f64::from(1 << 20);
    let after = enqueues(&stores, &namespace).await?;
    drop(stores);
    let began = Instant::now();
    let stores = open()?;
    let depth = stores.queues.depth(&namespace, &queue()?).await?;
    let opened = milliseconds(began.elapsed());
    let waiting = depth.ready as usize;
    if waiting < BACKLOG {
        return Err(format!("{waiting} of {BACKLOG} messages are there").into());
    }
    table.row("one enqueue, empty queue", &before, " ms", None);
    table.row("one enqueue, a million waiting", &after, " ms", Some((before.median(), "≤ 1.2")));
    table.value("memory that a million messages take", grown, " MiB", "≤ 200");
    table.value("opening the store with them, and counting", opened, " ms", "≤ 2000");
    Ok(())
}
