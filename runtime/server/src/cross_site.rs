//! In development no key is asked for, so pages in a browser on this machine
//! must not use the node: those of other sites not at all, and those of
//! functions, which are code like any other, not its API.
//!
//! Browsers say where a request comes from: in `Sec-Fetch-Site` (all since 2023,
//! to addresses of this machine also without TLS), and in `Origin` with whatever
//! is not a plain GET or may be read by the page. Programs send neither.

use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use lambent_types::ErrorCode;

use crate::host_header::{Domains, Host};
use crate::problem::Refusal;
use crate::router::Route;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What pages of functions that are found by path are served with. They would
/// share the API's origin; this gives them one that is nobody's. Those that are
/// found by host have an origin of their own, and keep their storage and cookies.
pub(crate) const SANDBOX: HeaderValue = HeaderValue::from_static(
    "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts \
     allow-top-navigation-by-user-activation",
);

/// Refuses what a page may not ask for.
pub(crate) fn check(
    domains: &Domains,
    route: &Route,
    host: &Host,
    secure: bool,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let allowed = match route {
        Route::Api(_) | Route::Metrics => is_own(host, secure, headers),
        // Below the node's own hosts are pages of functions and of sites too.
        Route::Aws => {
            let is_nodes = domains.is_local(&host.name) && domains.subdomain(&host.name).is_none();
            is_own(host, secure, headers) && (is_nodes || !is_page(headers))
        }
        Route::Function(_) | Route::Site(_) => is_local(domains, method, headers),
        // They have nothing to tell, and nothing to do.
        Route::Health | Route::Ready => true,
    };
    if allowed {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::Forbidden,
        "requests of pages of other origins are refused in development mode; start the server \
         without --dev to ask for a key instead",
    ))
}

/// Whether a page asks, whichever.
fn is_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.get_all(FETCH_SITE).iter().any(|site| site != "none")
}

/// Whether no page asks, or one of the node itself.
fn is_own(host: &Host, secure: bool, headers: &HeaderMap) -> bool {
    let scheme = if secure { "https" } else { "http" };
    let own = format!("{scheme}://{}", host.authority);
    let from_here = |origin: &HeaderValue| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes());
    let mut sites = headers.get_all(FETCH_SITE).iter();
    sites.all(|site| site == "none" || site == "same-origin")
        && headers.get_all(ORIGIN).iter().all(from_here)
}

/// Whether no page asks, or one of a site on this machine, such as the server of
/// a front end under development. Links and images on any page may lead to a
/// function: who shows them learns nothing, and a GET changes nothing. To tell
/// them from those of a sandboxed page is not possible: both have no referrer.
fn is_local(domains: &Domains, method: &Method, headers: &HeaderMap) -> bool {
    let cross_site = headers.get_all(FETCH_SITE).iter().any(|site| site == "cross-site");
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    match origins.peek() {
        Some(_) => origins.all(|origin| domains.is_local_url(origin)),
        None => !cross_site || method.is_safe(),
    }
}

impl Domains {
    /// Whether a URL, or an origin, is of this machine.
    fn is_local_url(&self, url: &HeaderValue) -> bool {
        let url = url.to_str().ok().and_then(|url| url.parse::<Uri>().ok());
        let host = url.and_then(|url| Host::read(url.authority()?.clone()).ok());
        host.is_some_and(|host| self.is_local(&host.name))
    }
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;
    use crate::router;

    /// By line: what asks; method, host and path; `Origin` and `Sec-Fetch-Site`;
    /// and whether it may. As Chromium 156 and Firefox 153 send them: `localhost`
    /// is a public suffix, so that each name below it is a site of its own, and
    /// other ports are the same site.
    const REQUESTS: &str = "
curl and the command line | POST 127.0.0.1:4566 /v1/queues/q/purge | - - | yes
curl at a function | POST f.localhost:4566 / | - - | yes
an address typed in | GET localhost:4566 /v1/functions | - none | yes
a page of the node fetches | GET localhost:4566 /v1/functions | - same-origin | yes
a page of the node posts | POST localhost:4566 /v1/queues/q/purge | http://localhost:4566 same-origin | yes
a function's page by path, sandboxed, posts | POST localhost:4566 /v1/queues/q/purge | null cross-site | no
a function's page by path, sandboxed, fetches | GET localhost:4566 /v1/functions | null cross-site | no
a function's page by path, sandboxed, shows an image | GET localhost:4566 /metrics | - cross-site | no
a function's page by host posts | POST localhost:4566 /v1/queues/q/purge | http://f.localhost:4566 cross-site | no
a function's page by host fetches | GET localhost:4566 /v1/functions | http://f.localhost:4566 cross-site | no
a function's page by host shows an image | GET localhost:4566 /v1/functions | - cross-site | no
another server here posts | POST localhost:4566 /v1/queues/q/purge | http://localhost:3000 same-site | no
another server here fetches | GET localhost:4566 /v1/functions | http://localhost:3000 same-site | no
another server here shows an image | GET localhost:4566 /metrics | - same-site | no
another server here, an old browser | POST localhost:4566 /v1/queues/q/purge | http://localhost:3000 - | no
the same server by another name | POST localhost:4566 /v1/queues/q/purge | http://127.0.0.1:4566 cross-site | no
another site posts | POST localhost:4566 /v1/queues/q/purge | https://evil.example cross-site | no
another site links to the API | GET localhost:4566 /v1/functions | - cross-site | no
another site calls an AWS API | POST localhost:4566 /2015-03-31/functions | https://evil.example cross-site | no
a program calls an AWS API | POST localhost:4566 /2015-03-31/functions | - - | yes
another site asks for the state | GET localhost:4566 /healthz | - cross-site | yes
a front end here fetches from a function | GET f.localhost:4566 /api | http://localhost:3000 cross-site | yes
a front end here posts to a function | POST localhost:4566 /fn/f/api | http://localhost:3000 same-site | yes
a front end here shows a function's image | GET f.localhost:4566 /a.png | - cross-site | yes
a function's page posts to itself | POST f.localhost:4566 /api | http://f.localhost:4566 same-origin | yes
a sandboxed page's own script | GET localhost:4566 /fn/f/a.js | - cross-site | yes
another site links to a function | GET f.localhost:4566 / | - cross-site | yes
another site fetches from a function | GET f.localhost:4566 / | https://evil.example cross-site | no
another site posts to a function | POST f.localhost:4566 / | https://evil.example cross-site | no
a page without an origin posts to a function | POST localhost:4566 /fn/f/ | null cross-site | no
what says only that it is of another site | POST localhost:4566 /fn/f/ | - cross-site | no
";

    #[test]
    fn pages_reach_what_they_may() {
        let domains = Domains::new(&[]);
        for line in REQUESTS.trim().lines() {
            let [_, target, said, expected] = line.split(" | ").collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let [method, host, path] = target.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let names = [ORIGIN, FETCH_SITE];
            let mut headers: HeaderMap = names
                .into_iter()
                .zip(said.split(' '))
                .filter(|(_, value)| *value != "-")
                .map(|(name, value)| (name, value.parse().unwrap()))
                .collect();
            headers.insert("host", host.parse().unwrap());
            let uri: Uri = path.parse().unwrap();
            let host = Host::of(&uri, &headers, Version::HTTP_11).unwrap();
            let route = router::route(None, &domains, &host, &uri, &headers).unwrap();
            let checked = check(&domains, &route, &host, false, &method.parse().unwrap(), &headers);
            assert_eq!(checked.is_ok(), expected == "yes", "{line}");
        }
    }
}
