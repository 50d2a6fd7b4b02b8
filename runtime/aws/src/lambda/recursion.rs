//! What becomes of a function that calls itself: it is stopped, always.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use serde_json::json;

use super::{functions, input};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::function(call)?;
    functions::version(call, &named).await?;
    Ok(protocol::json(StatusCode::OK, &json!({ "RecursiveLoop": "Terminate" })))
}
