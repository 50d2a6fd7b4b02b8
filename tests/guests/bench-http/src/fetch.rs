//! Waiting for an upstream.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

use crate::{pieces, text};

/// Gets `/slow` of an upstream.
pub(crate) fn get(authority: &str) -> Result<Vec<u8>, String> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).map_err(text)?;
    request.set_authority(Some(authority)).map_err(text)?;
    request.set_path_with_query(Some("/slow")).map_err(text)?;
    let body = request.body().map_err(text)?;
    let response = outgoing_handler::handle(request, None).map_err(text)?;
    OutgoingBody::finish(body, None).map_err(text)?;
    response.subscribe().block();
    let response = response.get().ok_or("no answer")?.map_err(text)?.map_err(text)?;
    if response.status() != 200 {
        return Err(format!("the upstream answered {}", response.status()));
    }
    let body = response.consume().map_err(text)?;
    let stream = body.stream().map_err(text)?;
    let mut data = Vec::new();
    let read: Result<(), StreamError> = pieces(&stream, |bytes| {
        data.extend_from_slice(bytes);
        Ok(())
    });
    read.map_err(text)?;
    Ok(data)
}
