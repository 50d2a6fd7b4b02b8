//! Which door a request is for: decided by host, then by path.

use std::borrow::Cow;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};
use lambent_service::RoutedSite;
use lambent_types::{Error, ErrorCode, FunctionName, Namespace, Qualifier};

use crate::doors::{Api, Door, below};
use crate::host_header::{Domains, Host};
use crate::problem::Refusal;
use crate::topic_signer;

/// The function that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) namespace: Namespace,
    pub(crate) name: FunctionName,
    pub(crate) qualifier: Qualifier,
    /// Where it is found below a path: what the function sees instead of the
    /// request's own path, and the prefix that was taken away.
    pub(crate) below: Option<Below>,
}

/// A path divided into what names the function and what the function sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Below {
    pub(crate) prefix: String,
    pub(crate) rest: PathAndQuery,
}

/// What serves a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Function(Target),
    Site(Arc<RoutedSite>),
    Api(Api),
    /// AWS's tools, whatever service they are for.
    Aws,
    Health,
    Ready,
    Metrics,
}

impl Route {
    /// The door that it belongs to.
    pub(crate) const fn door(&self) -> Door {
        match self {
            Self::Function(_) => Door::Function,
            Self::Site(_) => Door::Site,
            Self::Api(api) => Door::Api(*api),
            Self::Aws => Door::Aws,
            Self::Health | Self::Ready | Self::Metrics => Door::Other,
        }
    }
}

/// Finds the door. `site` is what has the host for its own, which comes first.
///
/// # Errors
/// Nothing is there, or what should name a function does not.
pub(crate) fn route(
    site: Option<Arc<RoutedSite>>,
    domains: &Domains,
    host: &Host,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Route, Refusal> {
    // A host below a domain is a bucket's then, and so is its whole path.
    let of_bucket = domains.subdomain(&host.name).is_some() || Api::at(uri.path()).is_none();
    if of_bucket && lambent_aws::Door::is_s3(uri, headers) {
        return Ok(Route::Aws);
    }
    if let Some(site) = site {
        return Ok(Route::Site(site));
    }
    if let Some(labels) = domains.subdomain(&host.name) {
        return Ok(Route::Function(function_of_host(labels)?));
    }
    let path = uri.path();
    if let Some(rest) = below(path, "/fn") {
        return Ok(Route::Function(function_of_path(rest, uri)?));
    }
    if topic_signer::is_certificate(path)
        || (Api::at(path).is_none() && lambent_aws::Door::is_for(uri, headers))
    {
        return Ok(Route::Aws);
    }
    match path {
        "/healthz" => Ok(Route::Health),
        "/readyz" => Ok(Route::Ready),
        "/metrics" => Ok(Route::Metrics),
        _ => Api::at(path).map(Route::Api).ok_or_else(|| nothing(path)),
    }
}

fn function_of_host(labels: &str) -> Result<Target, Refusal> {
    let (name, namespace) = match labels.split_once('.') {
        None => (labels, Namespace::default()),
        Some((name, namespace)) => (name, namespace.parse().map_err(|_| not_a_function(labels))?),
    };
    let name = name.parse().map_err(|_| not_a_function(labels))?;
    Ok(Target { namespace, name, qualifier: Qualifier::Latest, below: None })
}

fn not_a_function(labels: &str) -> Refusal {
    let labels: String = labels.chars().take(130).collect();
    Refusal::new(
        ErrorCode::FunctionNotFound,
        format!("{labels:?} names no function; use <function> or <function>.<namespace>"),
    )
}

/// Reads `/[@namespace/]<function>[:qualifier][/rest]`.
fn function_of_path(path: &str, uri: &Uri) -> Result<Target, Refusal> {
    let (first, mut rest) = segment(path);
    let first = decode(first)?;
    let mut namespace = Namespace::default();
    let mut function = first;
    if let Some(name) = function.strip_prefix('@') {
        namespace = name.parse().map_err(invalid_name)?;
        let (second, after) = segment(rest);
        function = decode(second)?;
        rest = after;
    }
    let (name, qualifier) = match function.split_once(':') {
        None => (&*function, Qualifier::Latest),
        Some((name, qualifier)) => (name, qualifier.parse().map_err(invalid_name)?),
    };
    let name = name.parse().map_err(invalid_name)?;
    let prefix = uri.path()[..uri.path().len() - rest.len()].to_owned();
    let below = Some(Below { prefix, rest: path_and_query(rest, uri.query())? });
    Ok(Target { namespace, name, qualifier, below })
}

fn invalid_name(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::InvalidName, format!("{error}; paths are /fn/<function>/..."))
}

/// Divides `/first/rest` into `first` and `/rest`.
fn segment(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_at(path.find('/').unwrap_or(path.len()))
}

/// The path and query as the function sees them: whatever follows its name,
/// byte for byte.
fn path_and_query(rest: &str, query: Option<&str>) -> Result<PathAndQuery, Refusal> {
    let path = if rest.is_empty() { "/" } else { rest };
    let text = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    PathAndQuery::try_from(text).map_err(|_| Refusal::invalid("the path is malformed"))
}

/// Undoes percent-encoding.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let malformed = || Refusal::invalid("the path has a malformed percent-encoding");
    if !text.contains('%') {
        return Ok(text.into());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut nibble = || rest.next().and_then(|c| char::from(c).to_digit(16));
        bytes.push(match byte {
            b'%' => match (nibble(), nibble()) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => return Err(malformed()),
            },
            plain => plain,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| malformed())
}

fn nothing(path: &str) -> Refusal {
    let path: String = path.chars().take(200).collect();
    Error::new(
        ErrorCode::NotFound,
        format!("nothing is at {path:?}; functions are at /fn/<function>/, the API at /v1"),
    )
    .into()
}

/// Refuses methods that no door has.
pub(crate) fn check_method(method: &Method) -> Result<(), Refusal> {
    if method == Method::CONNECT {
        let allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        return Err(Refusal::method(method, allow));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    fn at(host: &str, path: &str) -> Result<Route, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        let uri: Uri = path.parse().unwrap();
        let host = Host::of(&uri, &headers, Version::HTTP_11).unwrap();
        route(None, &Domains::new(&["fn.example".into()]), &host, &uri, &headers)
    }

    /// `namespace name qualifier rest`, or the status.
    fn function(host: &str, path: &str) -> String {
        match at(host, path) {
            Ok(Route::Function(target)) => format!(
                "{} {} {} {}",
                target.namespace,
                target.name,
                target.qualifier,
                target.below.map_or_else(|| "-".into(), |below| below.rest.to_string()),
            ),
            Ok(other) => format!("{other:?}"),
            Err(refusal) => refusal.status().as_str().to_owned(),
        }
    }

    #[test]
    fn hosts_name_functions() {
        assert_eq!(function("hello.localhost:4566", "/v1/x"), "default hello $LATEST -");
        assert_eq!(function("HELLO.LocalHost.", "/"), "default hello $LATEST -");
        assert_eq!(function("hello.team.localhost", "/"), "team hello $LATEST -");
        assert_eq!(function("a_b.fn.example", "/"), "default a_b $LATEST -");
        assert_eq!(function("a.b.c.localhost", "/"), "404");
        assert_eq!(function(".localhost", "/"), "404");
        assert_eq!(function("a~b.localhost", "/"), "404");
    }

    #[test]
    fn paths_name_functions() {
        let cases = [
            ("/fn/hello", "default hello $LATEST /"),
            ("/fn/hello/", "default hello $LATEST /"),
            ("/fn/hello?a=1", "default hello $LATEST /?a=1"),
            ("/fn/hello/a/b?c=%2F", "default hello $LATEST /a/b?c=%2F"),
            ("/fn/hello//a/../%2e%2E/", "default hello $LATEST //a/../%2e%2E/"),
            ("/fn/hello:3/x", "default hello 3 /x"),
            ("/fn/hello:$LATEST/x", "default hello $LATEST /x"),
            ("/fn/hello%3A%24LATEST/x", "default hello $LATEST /x"),
            ("/fn/@team/hello:7/x", "team hello 7 /x"),
            ("/fn/%40team/%68ello", "team hello $LATEST /"),
            ("/fn", "400"),
            ("/fn/", "400"),
            ("/fn//hello", "400"),
            ("/fn/@team", "400"),
            ("/fn/@/hello", "400"),
            ("/fn/hello:live", "default hello live /"),
            ("/fn/hello:0", "400"),
            ("/fn/hello:a:b", "400"),
            ("/fn/a%2Fb/x", "400"),
            ("/fn/..%2Fv1", "400"),
            ("/fn/../v1/functions", "400"),
            ("/fn/a%zz", "400"),
            ("/fn/a%4", "400"),
            ("/fn/a%ff", "400"),
            ("/fnord", "404"),
            ("//fn/hello", "404"),
        ];
        for (path, expected) in cases {
            assert_eq!(function("127.0.0.1:4566", path), expected, "{path}");
        }
        let Ok(Route::Function(target)) = at("localhost", "/fn/@team/hello:7/x") else { panic!() };
        assert_eq!(target.below.unwrap().prefix, "/fn/@team/hello:7");
    }

    #[test]
    fn the_other_doors_are_exact() {
        let api = |host, path| at(host, path).unwrap().door().name();
        assert_eq!(api("localhost", "/v1/functions"), "api");
        assert_eq!(api("[::1]:80", "/v1"), "api");
        assert_eq!(at("any.host", "/healthz").unwrap(), Route::Health);
        assert_eq!(at("any.host", "/readyz?x").unwrap(), Route::Ready);
        assert_eq!(at("any.host", "/metrics").unwrap(), Route::Metrics);
        for path in ["/", "/v2", "/v1x", "/healthz/", "//v1", "/V1/functions"] {
            assert_eq!(at("localhost", path).unwrap_err().status(), 404, "{path}");
        }
    }

    #[test]
    fn aws_clients_are_told_by_signature_target_and_path() {
        let told = |path: &str, name: &'static str, value: &str| {
            let uri: Uri = path.parse().unwrap();
            let mut headers = HeaderMap::new();
            headers.insert("host", "localhost".parse().unwrap());
            let host = Host::of(&uri, &headers, Version::HTTP_11).unwrap();
            headers.insert(name, value.parse().unwrap());
            route(None, &Domains::new(&[]), &host, &uri, &headers).ok() == Some(Route::Aws)
        };
        let signed = "AWS4-HMAC-SHA256 Credential=test/x";
        assert!(told("/", "authorization", signed));
        assert!(told("/", "x-amz-target", "AmazonSQS.ListQueues"));
        assert!(told("/2015-03-31/functions/", "accept", "*/*"));
        assert!(told("/bucket/key?X-Amz-Signature=00", "accept", "*/*"));
        for path in ["/v1/functions", "/fn/hello"] {
            assert!(!told(path, "authorization", signed), "{path}");
        }
        assert!(!told("/", "authorization", "Bearer x"));
    }
}
