//! Makes a thumbnail of the photo that is posted to it.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2
//! lambent deploy thumbnail target/wasm32-wasip2/release/thumbnail_http.wasm
//! curl --data-binary @photo.jpg http://thumbnail.localhost:4566/ > thumbnail.jpg
//! ```
//!
//! `POST /?w=&h=` takes a JPEG, PNG or WebP and answers with a picture that fits
//! into that many pixels (320 × 320 by default), the right way up. `GET /` is a page to
//! try it with.

mod http;
mod jpeg;
mod scale;
mod thumbnail;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, Method, ResponseOutparam};

use crate::http::{Refusal, Response};

/// The most bytes that are read of a photo. Together with the memory of a decoder they fit
/// into the 128 MiB that a function has by default.
const BODY_BYTES_MAX: usize = 12 << 20;

/// The greatest width or height of a thumbnail.
const SIDE_MAX: u32 = 2048;
const SIDE_DEFAULT: u32 = 320;

struct Thumbnails;

wasip2::http::proxy::export!(Thumbnails);

impl Guest for Thumbnails {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let response = match request.method() {
            Method::Get | Method::Head => Ok(Response::html(include_str!("index.html"))),
            Method::Post => thumbnail(request),
            _ => Err(Refusal::new(405, "POST a photo, or GET the page to do so with")),
        };
        let response = response.unwrap_or_else(|refusal| {
            println!("{}: {}", refusal.status, refusal.reason);
            refusal.into()
        });
        if let Err(error) = response.send(outparam) {
            println!("cannot send the response: {error}");
        }
    }
}

fn thumbnail(request: IncomingRequest) -> Result<Response, Refusal> {
    let target = request.path_with_query().unwrap_or_default();
    let (width, height) = (side(&target, "w")?, side(&target, "h")?);
    let photo = http::read_body(request, BODY_BYTES_MAX)?;
    let bytes = photo.len();
    let (content_type, picture) = thumbnail::make(photo, width, height)?;
    println!("{bytes} bytes became {} bytes of {content_type}", picture.len());
    Ok(Response { status: 200, content_type, body: picture })
}

/// Reads the query parameter for the length of a side.
fn side(target: &str, name: &str) -> Result<u32, Refusal> {
    let query = target.split_once('?').map_or("", |(_path, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, text)) = pairs.find(|(known, _)| *known == name) else {
        return Ok(SIDE_DEFAULT);
    };
    match text.parse() {
        Ok(side @ 1..=SIDE_MAX) => Ok(side),
        _ => Err(Refusal::new(
            400,
            format!("`{name}` is a number of pixels from 1 to {SIDE_MAX}, not `{text}`"),
        )),
    }
}
