//! Requests to functions that are signed as AWS's clients sign them.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt as _, Full};
use lambent_dispatch::Body;
use lambent_service::Principal;
use lambent_types::bounds;

use crate::api::LimitedBody;
use crate::body::RequestBody;
use crate::problem::Refusal;
use crate::state::App;

/// Session tokens, which go with a signature.
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// Who has signed a request, and the request without what shows it. Its whole body is read for that,
/// which has at most what a payload of Lambda has.
pub(crate) async fn read(
    app: &App,
    request: Request<RequestBody>,
) -> Result<(Principal, Request<Body>), Refusal> {
    let (mut head, body) = request.into_parts();
    let signer = app.aws.signer(&head).await?;
    // What nobody is known to ask for yet is charged to no namespace.
    let hold = Arc::new(app.budget.hold(None, None));
    let body = axum::body::Body::new(body);
    let body = LimitedBody::new(&head.headers, body, bounds::PAYLOAD_BYTES_MAX, app.stall)?;
    let body: Bytes = body.charged(&hold)?.whole().await?;
    let principal = signer.prove(&head, &body).await?;
    head.headers.remove(AUTHORIZATION);
    head.headers.remove(SECURITY_TOKEN);
    let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
    Ok((principal, Request::from_parts(head, body)))
}
