//! How SQS names queues: by a URL whose path is the account and the name, and by an ARN.

use http::HeaderValue;
use http::uri::Scheme;
use lambent_service::QueueHandle;
use lambent_types::QueueName;

use super::error::{fault, no_queue, required};
use crate::call::Call;
use crate::fault::Fault;

/// The URL of a queue, at the host that the client asked.
pub(super) fn url(call: &Call, queue: &QueueName) -> String {
    let scheme = call.head.extensions.get::<Scheme>().unwrap_or(&Scheme::HTTP);
    let given = call.head.headers.get(http::header::HOST).map(HeaderValue::to_str);
    let authority = call.head.uri.authority().map(http::uri::Authority::as_str);
    let host = given.and_then(Result::ok).or(authority).unwrap_or("localhost");
    format!("{scheme}://{host}/{}/{queue}", call.account())
}

/// The ARN of a queue.
pub(super) fn arn(call: &Call, queue: &QueueName) -> String {
    format!("arn:aws:sqs:{}:{}:{queue}", call.region, call.account())
}

/// The queue of an ARN, if that is one of the caller's account.
pub(super) fn of_arn(call: &Call, text: &str) -> Option<QueueName> {
    match *text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "sqs", _, account, name] if account == call.account() => name.parse().ok(),
        _ => None,
    }
}

/// The queue of a URL, whatever host that has, or of a name in its place; or of the path that the
/// request was sent to.
pub(super) fn queue<'c>(call: &'c Call, url: Option<String>) -> Result<QueueHandle<'c>, Fault> {
    let at_path = || Some(call.head.uri.path().to_owned()).filter(|path| is_queue_path(path));
    let url = required(url.or_else(at_path), "QueueUrl")?;
    let (path, _) = url.split_once(['?', '#']).unwrap_or((&url, ""));
    let Some((before, name)) = path.rsplit_once('/') else { return named(call, path) };
    let account = before.rsplit('/').next().unwrap_or_default();
    if account != call.account() {
        return Err(missing());
    }
    named(call, name)
}

/// A queue by its name.
pub(super) fn named<'c>(call: &'c Call, name: &str) -> Result<QueueHandle<'c>, Fault> {
    call.scope.handle::<QueueName>(name).map_err(|error| match error.code() {
        lambent_types::ErrorCode::InvalidName => missing(),
        _ => fault(error),
    })
}

pub(super) fn missing() -> Fault {
    no_queue("The specified queue does not exist.")
}

/// Whether a path is that of a queue's URL.
pub(crate) fn is_queue_path(path: &str) -> bool {
    let mut parts = path.trim_matches('/').split('/');
    parts.next().is_some_and(is_account)
        && parts.next().is_some_and(|name| !name.is_empty())
        && parts.next().is_none()
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_queue_is_an_account_and_a_name() {
        assert!(is_queue_path("/000000000000/orders"));
        assert!(is_queue_path("/000000000000/orders.fifo/"));
        for path in ["/", "/v1/queues", "/000000000000", "/00000000000/q", "/000000000000/q/x"] {
            assert!(!is_queue_path(path), "{path}");
        }
    }
}
