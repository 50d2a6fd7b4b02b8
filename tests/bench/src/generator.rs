//! Load: closed, where each client asks again when it is answered, or open,
//! where requests come at a fixed rate whatever becomes of them.
//!
//! The latency of an open load counts from when its request was due, not from
//! when there was a connection free to send it: a server that stalls is not
//! excused from what came meanwhile (no coordinated omission).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Failed;
use crate::client::Connection;
use crate::latencies::Latencies;

/// Between two tries to connect to a server that refuses.
const RETRY: Duration = Duration::from_millis(10);
/// How long a client that asks again when it is answered waits after a refusal:
/// at once, its refusals would be the load that is measured.
const REFUSED: Duration = Duration::from_millis(100);
/// How long after its end what was due before may still be sent.
const GRACE: Duration = Duration::from_millis(100);
/// How much may come due at once after the generator itself was held up.
const BURST_MAX: u64 = Semaphore::MAX_PERMITS as u64 / 2;

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// The bytes of each request.
    pub(crate) request: Vec<u8>,
    /// Connections, each with one request at a time.
    pub(crate) connections: usize,
    pub(crate) time: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Answers of 2xx.
    pub(crate) served: Latencies,
    /// All other answers.
    pub(crate) refused: Latencies,
    /// How many answers there were of each status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Requests that had no answer.
    pub(crate) failed: u64,
    /// Requests that were due but not sent, for want of a free connection.
    pub(crate) unsent: u64,
    /// From the first request that was due to the end of the load.
    pub(crate) seconds: f64,
}

impl Seen {
    /// Requests a second that were served.
    pub(crate) fn goodput(&self) -> f64 {
        self.served.count() as f64 / self.seconds
    }

    fn add(&mut self, other: Self) {
        self.served.append(other.served);
        self.refused.append(other.refused);
        self.failed += other.failed;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }
}

/// When requests are due.
struct Turns {
    begun: Instant,
    time: Duration,
    /// Of an open load: between two requests, and what is due and not taken.
    open: Option<(Duration, Semaphore)>,
    taken: AtomicU64,
}

impl Turns {
    /// When the next request is due: now or before; none when it is over.
    async fn next(&self) -> Option<Instant> {
        match &self.open {
            None => (self.begun.elapsed() < self.time).then(Instant::now),
            Some((between, due)) => {
                due.acquire().await.ok()?.forget();
                let number = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
                Some(self.begun + between.mul_f64(number as f64))
            }
        }
    }

    /// Lets requests come due until the time is over; returns how many did.
    /// For a thread of its own: the runtime's timers are too coarse.
    fn pace(&self) -> u64 {
        let Some((between, due)) = &self.open else { return 0 };
        let mut released = 0;
        loop {
            let elapsed = self.begun.elapsed().min(self.time);
            let now_due = (elapsed.as_secs_f64() / between.as_secs_f64()) as u64;
            let more = (now_due - released).min(BURST_MAX);
            due.add_permits(usize::try_from(more).unwrap_or_default());
            released += more;
            if elapsed == self.time {
                // What nobody takes now is not sent any more.
                std::thread::sleep(GRACE);
                due.close();
                return released;
            }
            let next = self.begun + between.mul_f64((released + 1) as f64);
            let end = self.begun + self.time;
            std::thread::sleep(next.min(end).saturating_duration_since(Instant::now()));
        }
    }
}

/// Clients that each ask again when they are answered.
pub(crate) async fn closed(load: &Load) -> Result<Seen, Failed> {
    drive(load, None).await
}

/// So many requests a second.
pub(crate) async fn open(load: &Load, rate: f64) -> Result<Seen, Failed> {
    if !(rate > 0.0 && rate < 1e6) {
        return Err(format!("a rate of {rate} a second").into());
    }
    drive(load, Some(Duration::from_secs_f64(1.0 / rate))).await
}

async fn drive(load: &Load, between: Option<Duration>) -> Result<Seen, Failed> {
    let open = between.map(|between| (between, Semaphore::new(0)));
    let (begun, time, taken) = (Instant::now(), load.time, AtomicU64::new(0));
    let turns = Arc::new(Turns { begun, time, open, taken });
    let mut clients = JoinSet::new();
    for _ in 0..load.connections {
        clients.spawn(client(load.clone(), turns.clone()));
    }
    let paced = turns.clone();
    let due = tokio::task::spawn_blocking(move || paced.pace()).await?;
    let mut seen = Seen::default();
    while let Some(client) = clients.join_next().await {
        seen.add(client?);
    }
    // What was answered after the end counts as if it had been in time; so the
    // end is that of the last answer where there is no rate.
    let whole = begun.elapsed().as_secs_f64();
    seen.seconds = if between.is_some() { whole.max(time.as_secs_f64()) } else { whole };
    seen.unsent = due.saturating_sub(turns.taken.load(Ordering::Relaxed));
    Ok(seen)
}

/// One connection's requests.
async fn client(load: Load, turns: Arc<Turns>) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    while let Some(due) = turns.next().await {
        let mut current = match connection.take() {
            Some(current) => current,
            None => match Connection::open(load.address).await {
                Ok(current) => current,
                Err(_) => {
                    seen.failed += 1;
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            },
        };
        let Ok(answer) = current.send(&load.request).await else {
            seen.failed += 1;
            continue;
        };
        *seen.statuses.entry(answer.status).or_default() += 1;
        match answer.status {
            200..=299 => seen.served.push(due.elapsed()),
            _ => {
                seen.refused.push(due.elapsed());
                if turns.open.is_none() {
                    tokio::time::sleep(REFUSED).await;
                }
            }
        }
        connection = Some(current).filter(Connection::is_open);
    }
    seen
}
