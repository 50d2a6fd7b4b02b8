//! The baseline of every durable write: append to a file and `fdatasync`, with
//! the same group commit as the store's, and nothing else.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

/// As many as the store takes into one transaction.
const BATCH_MAX: usize = 1024;

type Append = (Bytes, oneshot::Sender<()>);

pub(crate) struct RawLog {
    appends: mpsc::Sender<Append>,
    writer: JoinHandle<std::io::Result<()>>,
}

impl RawLog {
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = File::create(path)?;
        let (appends, mut received) = mpsc::channel::<Append>(BATCH_MAX);
        let writer = std::thread::spawn(move || {
            let (mut batch, mut bytes) = (Vec::new(), Vec::new());
            while received.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
                bytes.clear();
                batch.iter().for_each(|(record, _)| bytes.extend_from_slice(record));
                file.write_all(&bytes)?;
                file.sync_data()?;
                for (_, reply) in batch.drain(..) {
                    // Whoever gave up waiting does not count it.
                    let _ = reply.send(());
                }
            }
            Ok(())
        });
        Ok(Self { appends, writer })
    }

    /// Returns when the record is durable.
    pub(crate) async fn append(&self, record: Bytes) -> Result<(), &'static str> {
        let (reply, done) = oneshot::channel();
        self.appends.send((record, reply)).await.map_err(|_| "the writer has ended")?;
        done.await.map_err(|_| "the writer has ended")
    }

    pub(crate) fn close(self) -> std::io::Result<()> {
        drop(self.appends);
        self.writer.join().unwrap_or_else(|_| Err(std::io::Error::other("the writer panicked")))
    }
}
