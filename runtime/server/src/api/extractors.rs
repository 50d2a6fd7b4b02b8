//! What handlers are given of a request.

use std::sync::Arc;

use axum::extract::Extension;
use lambent_types::ErrorCode;

use crate::problem::Refusal;
use crate::state::App;

/// The shared state.
pub(super) type State = axum::extract::State<Arc<App>>;

/// Who asks, and where, for what the path names no resource.
pub(super) type Scope = Extension<lambent_service::Scope>;

/// The number of a version in a path.
pub(super) fn version_number(text: &str) -> Result<u64, Refusal> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            let text: String = text.chars().take(64).collect();
            let detail = format!("version {text:?} is not a number such as 3");
            Err(Refusal::new(ErrorCode::InvalidName, detail))
        }
    }
}
