//! Signed code, of which there is none: tools ask all the same.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use serde_json::json;

use super::{functions, input};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// That a function has no configuration for it.
pub(super) async fn of_function(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::function(call)?;
    functions::version(call, &named).await?;
    let reply = json!({ "CodeSigningConfigArn": "", "FunctionName": named.name.to_string() });
    Ok(protocol::json(StatusCode::OK, &reply))
}
