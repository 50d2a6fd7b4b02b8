//! What a node says of itself.

use http::header::HOST;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// The most that AWS sells without asking; nothing here is bounded by throughput.
const CAPACITY_UNITS: u64 = 80_000;
const TABLE_UNITS: u64 = 40_000;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Limits {
    account_max_read_capacity_units: u64,
    account_max_write_capacity_units: u64,
    table_max_read_capacity_units: u64,
    table_max_write_capacity_units: u64,
}

pub(super) async fn describe(_: &Call, _: Nothing) -> Result<Limits, Fault> {
    Ok(Limits {
        account_max_read_capacity_units: CAPACITY_UNITS,
        account_max_write_capacity_units: CAPACITY_UNITS,
        table_max_read_capacity_units: TABLE_UNITS,
        table_max_write_capacity_units: TABLE_UNITS,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Endpoints {
    endpoints: [Endpoint; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    address: String,
    cache_period_in_minutes: u32,
}

pub(super) async fn endpoints(call: &Call, _: Nothing) -> Result<Endpoints, Fault> {
    let authority = call.head.uri.authority().map(|authority| authority.as_str());
    let address = call.header(HOST.as_str()).or(authority).unwrap_or_default().to_owned();
    Ok(Endpoints { endpoints: [Endpoint { address, cache_period_in_minutes: 1440 }] })
}
