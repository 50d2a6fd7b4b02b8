//! The ceiling: what `guest-examples/hello-http` answers, from a native server.

use axum::Router;
use axum::routing::get;

use crate::Failed;

pub(crate) async fn serve(address: std::net::SocketAddr) -> Result<(), Failed> {
    let app = Router::new().route("/", get(|| async { super::contender::HELLO }));
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, app).await?)
}
