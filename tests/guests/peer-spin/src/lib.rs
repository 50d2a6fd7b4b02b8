//! An HTTP function in the style of Spin.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn hello(request: Request) -> impl IntoResponse {
    format!("Spin says hello to {}\n", request.uri().path())
}
