//! Lambda's API: <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>.

mod account_settings;
mod aliases;
mod code;
mod code_signing;
mod concurrency;
mod configuration;
mod downloads;
mod error;
mod event_invoke;
mod event_stream;
mod function_error;
mod functions;
mod input;
mod invoke;
mod layers;
mod log_tail;
mod mappings;
mod policy;
mod queue_arn;
mod recursion;
mod revision;
mod routes;
mod settings;
mod table;
mod tags;
mod update;
mod urls;
mod versions;

use http::{Method, Response, StatusCode};
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "Lambda";
/// Most bytes of a request that carries code: Lambda's bound of a request, which holds a package of
/// 50 MB in base64.
pub(crate) const UPLOAD_BYTES_MAX: u64 = 70_167_211;

/// Whether a path is one of Lambda's API, all of which begin with a date.
pub(crate) fn is_path(path: &str) -> bool {
    let date = path.strip_prefix('/').and_then(|path| path.split('/').next()).unwrap_or_default();
    let digits = |range: std::ops::Range<usize>| {
        date.get(range).is_some_and(|text| text.bytes().all(|c| c.is_ascii_digit()))
    };
    date.len() == 10
        && date.as_bytes()[4] == b'-'
        && date.as_bytes()[7] == b'-'
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
}

/// Whether a request carries code.
pub(crate) fn is_upload(method: &Method, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    match *method {
        Method::POST => {
            path == "/2015-03-31/functions"
                || (path.starts_with("/2018-10-31/layers/") && path.ends_with("/versions"))
        }
        Method::PUT => path.starts_with("/2015-03-31/functions/") && path.ends_with("/code"),
        _ => false,
    }
}

/// Does what a request asks for, by its method and path.
pub(crate) async fn answer(mut call: Call) -> Result<Response<Body>, Fault> {
    if let Some(answered) = downloads::answer(&call).await {
        return answered;
    }
    let found = routes::find(&call.head.method, call.head.uri.path(), call.head.uri.query())?;
    let Some((operation, parameters)) = found else {
        let path: String = call.head.uri.path().chars().take(200).collect();
        let message =
            format!("Unable to determine service/operation name to be authorized: {path}");
        return Err(Fault::new(StatusCode::FORBIDDEN, "AccessDeniedException", message));
    };
    call.parameters = parameters;
    operation.carry_out(NAME, &call).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_lambda_begin_with_a_date() {
        assert!(is_path("/2015-03-31/functions/"));
        assert!(is_path("/2016-08-19/account-settings"));
        for path in
            ["/", "/v1/functions", "/2015-03-31x/", "/20150331/x", "/fn/2015-03-31", "/é015-03-31/"]
        {
            assert!(!is_path(path), "{path}");
        }
    }

    #[test]
    fn code_comes_where_functions_are_created_and_their_code_is_changed() {
        assert!(is_upload(&Method::POST, "/2015-03-31/functions/"));
        assert!(is_upload(&Method::PUT, "/2015-03-31/functions/f/code"));
        assert!(!is_upload(&Method::GET, "/2015-03-31/functions"));
        assert!(!is_upload(&Method::POST, "/2015-03-31/functions/f/invocations"));
    }
}
