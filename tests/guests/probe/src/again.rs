use std::io;

use guest_support::respond;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, IncomingResponse, OutgoingBody, OutgoingRequest, ResponseOutparam,
    Scheme,
};
use wasip2::io::streams::StreamError;

/// `/again` asks this very function for the same, by the way the request came,
/// and `/again/headers` for `/headers`; the answer is passed on. A field that the
/// client has no business with goes along.
pub(crate) fn again(
    path: &str,
    request: &IncomingRequest,
    outparam: ResponseOutparam,
) -> io::Result<()> {
    let rest = path.strip_prefix("/again").filter(|rest| !rest.is_empty()).unwrap_or("/again");
    let prefix = request.headers().get("x-forwarded-prefix");
    let prefix = prefix.first().map(|value| String::from_utf8_lossy(value).into_owned());
    let target = format!("{}{rest}", prefix.unwrap_or_default());
    let authority = request.authority().unwrap_or_default();
    match ask(&authority, &target) {
        Ok((status, body)) => respond(outparam, status, "application/json", &body),
        Err(error) => respond(outparam, 500, "text/plain", error.as_bytes()),
    }
}

fn ask(authority: &str, target: &str) -> Result<(u16, Vec<u8>), String> {
    let text = |error: &dyn std::fmt::Debug| format!("{error:?}");
    let fields = Fields::from_list(&[("lambent-lineage".into(), b"none of it".to_vec())]);
    let request = OutgoingRequest::new(fields.map_err(|error| text(&error))?);
    request.set_scheme(Some(&Scheme::Http)).map_err(|()| "scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "authority")?;
    request.set_path_with_query(Some(target)).map_err(|()| "path")?;
    let body = request.body().map_err(|()| "body")?;
    let sent = outgoing_handler::handle(request, None).map_err(|error| text(&error))?;
    OutgoingBody::finish(body, None).map_err(|error| text(&error))?;
    sent.subscribe().block();
    let response = sent.get().ok_or("no answer")?.map_err(|()| "taken")?;
    let response = response.map_err(|error| text(&error))?;
    Ok((response.status(), read(&response)?))
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>, String> {
    let body = response.consume().map_err(|()| "body")?;
    let stream = body.stream().map_err(|()| "stream")?;
    let mut all = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(StreamError::Closed) => return Ok(all),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}
