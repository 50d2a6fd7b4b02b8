//! The limits of an account, and what it uses.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_package::Limits;
use lambent_types::bounds;
use serde_json::json;

use super::error::fault;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let (mut count, mut bytes) = (0_u64, 0);
    let mut after: Option<String> = None;
    loop {
        let page = call.scope.functions(after.as_deref(), bounds::PAGE_MAX).await.map_err(fault)?;
        count += page.len() as u64;
        bytes += page.iter().map(|function| function.latest.code.bytes).sum::<u64>();
        match page.last().filter(|_| page.len() == bounds::PAGE_MAX) {
            Some(last) => after = Some(last.latest.name.to_string()),
            None => break,
        }
    }
    let reply = json!({
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800_u64,
            "CodeSizeUnzipped": Limits::LAMBDA.unpacked_bytes,
            "CodeSizeZipped": Limits::LAMBDA.uploaded_bytes,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": { "TotalCodeSize": bytes, "FunctionCount": count },
    });
    Ok(protocol::json(StatusCode::OK, &reply))
}
