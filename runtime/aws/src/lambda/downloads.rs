//! Where code is given out: at URLs that say by their signature who may have it, as on Lambda, so that
//! any client gets it that is given the URL.

use std::time::Duration;

use http::uri::Scheme;
use http::{Method, Response};
use lambent_dispatch::Body;
use lambent_types::{FunctionName, LayerName, Qualifier};
use percent_encoding::percent_decode_str;

use super::error::{fault, invalid, of_function, of_layer};
use crate::arn;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;
use crate::signature;

/// How long such a URL is good for; Lambda's.
const GOOD_FOR: Duration = Duration::from_secs(600);
const FUNCTIONS: &str = "/2015-03-31/functions/";
const LAYERS: &str = "/2018-10-31/layers/";

/// What is given out at a path.
enum Download {
    Function(FunctionName),
    Layer(LayerName, u64),
}

impl Download {
    fn at(path: &str) -> Option<Self> {
        let decoded = |text| percent_decode_str(text).decode_utf8().ok();
        if let Some(rest) = path.strip_prefix(FUNCTIONS) {
            let name = decoded(rest.strip_suffix("/code")?)?;
            return Some(Self::Function(name.parse().ok()?));
        }
        let (name, number) = path.strip_prefix(LAYERS)?.split_once("/versions/")?;
        let number = number.strip_suffix("/content")?.parse().ok()?;
        Some(Self::Layer(decoded(name)?.parse().ok()?, number))
    }
}

/// Where the code of a function is given out; that of a version if its number is given.
pub(super) async fn of_function_code(
    call: &Call,
    name: &FunctionName,
    version: Option<u64>,
) -> Result<String, Fault> {
    let query = version.map_or(String::new(), |number| format!("?Qualifier={number}"));
    location(call, format!("{FUNCTIONS}{name}/code{query}")).await
}

/// Where the files of a version of a layer are given out.
pub(super) async fn of_layer_files(
    call: &Call,
    name: &LayerName,
    number: u64,
) -> Result<String, Fault> {
    location(call, format!("{LAYERS}{name}/versions/{number}/content")).await
}

/// A URL that is signed as whoever asks signs. Who has no secret is in development, and needs none.
async fn location(call: &Call, path: String) -> Result<String, Fault> {
    let scheme = call.head.extensions.get::<Scheme>().unwrap_or(&Scheme::HTTP);
    let authority = call.head.uri.authority().map(http::uri::Authority::as_str);
    let host = authority.or_else(|| call.header("host")).unwrap_or("localhost");
    let url = format!("{scheme}://{host}{path}");
    let Some(credential) = &call.credential else { return Ok(url) };
    let found = call.keys.find(&credential.access_key, credential.token.as_deref()).await?;
    let Some((secret, _)) = found else { return Ok(url) };
    signature::presigned(credential, &secret, &url, GOOD_FOR).map_err(|error| {
        tracing::error!(%error, "a URL cannot be signed");
        invalid("the URL of the code cannot be signed")
    })
}

/// Gives out what such a URL is of; none if it is of nothing.
pub(super) async fn answer(call: &Call) -> Option<Result<Response<Body>, Fault>> {
    if call.head.method != Method::GET {
        return None;
    }
    Some(match Download::at(call.head.uri.path())? {
        Download::Function(name) => function(call, name).await,
        Download::Layer(name, number) => layer(call, name, number).await,
    })
}

async fn function(call: &Call, name: FunctionName) -> Result<Response<Body>, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let qualifier = query.into_iter().find(|(name, _)| name == "Qualifier");
    let qualifier = qualifier.map_or(Ok(Qualifier::Latest), |(_, text)| text.parse());
    let qualifier = qualifier.map_err(|_| invalid("Qualifier is no number of a version"))?;
    let handle = call.scope.handle::<FunctionName>(name.as_str()).map_err(fault)?;
    let code = handle.code(&qualifier).await;
    let code = code.map_err(|error| of_function(error, &arn::function(call, &name, None)))?;
    let media_type = if code.starts_with(b"PK") { "application/zip" } else { "application/wasm" };
    Ok(protocol::of(http::StatusCode::OK, media_type, code))
}

async fn layer(call: &Call, name: LayerName, number: u64) -> Result<Response<Body>, Fault> {
    let handle = call.scope.handle::<LayerName>(name.as_str()).map_err(fault)?;
    let files = handle.files(number).await.map_err(of_layer)?;
    Ok(protocol::of(http::StatusCode::OK, "application/zip", files))
}
