//! Counts the objects and keys of some buckets and keyspaces every night, and writes a
//! report into a bucket.
//!
//! The report is named after the time that the schedule fired for. If it is written
//! again because an answer was lost, it replaces itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;
use lambent_sdk::bucket::{Bucket, BucketError};
use lambent_sdk::keyspace::{Keyspace, KeyspaceError};
use lambent_sdk::{Failure, ScheduledEvent};
use serde::{Deserialize, Serialize};

/// The input of the schedule, which says what to count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    #[serde(default)]
    buckets: Vec<String>,
    #[serde(default)]
    keyspaces: Vec<String>,
}

#[derive(Serialize)]
struct Report {
    time: Timestamp,
    buckets: BTreeMap<String, BucketCount>,
    keyspaces: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct BucketCount {
    objects: u64,
    bytes: u64,
}

#[lambent_sdk::handler]
fn handle(event: ScheduledEvent<Plan>) -> Result<Report, Failure> {
    let time = Timestamp::try_from(event.time.unwrap_or_else(SystemTime::now))?;
    let mut report = Report { time, buckets: BTreeMap::new(), keyspaces: BTreeMap::new() };
    for name in event.input.buckets {
        let count = objects(&name)?;
        report.buckets.insert(name, count);
    }
    for name in event.input.keyspaces {
        let count = keys(&name)?;
        report.keyspaces.insert(name, count);
    }
    let key = format!("{}/{time}.json", event.schedule);
    Bucket::open("reports")?.put(&key, serde_json::to_vec_pretty(&report)?)?;
    println!("wrote {key}");
    Ok(report)
}

fn objects(name: &str) -> Result<BucketCount, BucketError> {
    let bucket = Bucket::open(name)?;
    let mut count = BucketCount { objects: 0, bytes: 0 };
    for key in bucket.list()? {
        count.objects += 1;
        // An object that was deleted meanwhile has no size.
        count.bytes += bucket.info(&key?).map_or(0, |info| info.size);
    }
    Ok(count)
}

fn keys(name: &str) -> Result<u64, KeyspaceError> {
    let keyspace = Keyspace::open(name)?;
    keyspace.list().try_fold(0, |count, key| key.map(|_| count + 1))
}
