//! What logging costs, measured and printed: nothing here fails for being slow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_storage::LogQuery;
use lambent_storage::contract::samples;
use lambent_storage_embedded::{DataDir, LogOptions, Options};
use lambent_types::{InvocationRecord, Logs, Meter, SystemClock};

const RECORDS: u32 = 1_000_000;
/// How many are appended at once, and how often: 60,000 a second.
const BURST: usize = 300;
const EVERY: Duration = Duration::from_millis(5);

/// The time of all threads of this process on a processor, from fields 14 and 15
/// of its `stat`, in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.map(|field| field.parse::<u64>().unwrap() * 10).sum())
}

/// Records without lines, as the hot path makes them.
fn records(functions: u32) -> Vec<InvocationRecord> {
    let ns = samples::namespace("ns");
    let names: Vec<_> = (0..functions).map(|n| samples::name(&format!("function-{n}"))).collect();
    let record = |number: u32| InvocationRecord {
        meter: Meter {
            fuel: 12_345 + u64::from(number % 100),
            duration: Duration::from_micros(30 + u64::from(number % 50)),
            memory_bytes: 1_179_648,
            bytes_out: 13,
            ..Meter::default()
        },
        logs: Logs::default(),
        ..samples::record(&ns, &names[(number % functions) as usize], "")
    };
    (0..RECORDS).map(record).collect()
}

async fn cost(functions: u32) {
    let home = tempfile::tempdir().unwrap();
    let logs = LogOptions { queue_bytes_max: 1 << 30, ..LogOptions::default() };
    let options = Options { logs, ..Options::default() };
    let data = DataDir::open(home.path()).unwrap();
    let stores = lambent_storage_embedded::open(&data, options, Arc::new(SystemClock)).unwrap();
    let mut records = records(functions).into_iter();
    let (begin, used) = (Instant::now(), processor_time());
    let mut bursts = 0;
    while records.len() > 0 {
        for record in records.by_ref().take(BURST) {
            assert!(stores.logs.append(record));
        }
        bursts += 1;
        std::thread::sleep((EVERY * bursts).saturating_sub(begin.elapsed()));
    }
    stores.logs.flush().await;
    let (used, took) = (processor_time() - used, begin.elapsed());
    let all = LogQuery::new(samples::namespace("ns"), samples::name("function-0"));
    let query = LogQuery { newest: true, ..all };
    let last = stores.logs.query(query).await.unwrap().next;
    assert_eq!((last, stores.logs.dropped()), (u64::from(RECORDS), 0));
    drop(stores);
    let bytes = std::fs::metadata(home.path().join("logs.db")).unwrap().len();
    println!(
        "{functions} functions: {:.3} µs of processor and {:.1} bytes a record, in {took:.1?}",
        used.as_secs_f64() * 1e6 / f64::from(RECORDS),
        bytes as f64 / f64::from(RECORDS),
    );
}

#[tokio::test]
#[ignore = "measures for a minute; run it with --release and --nocapture"]
async fn log_cost() {
    cost(1).await;
    cost(100).await;
}
