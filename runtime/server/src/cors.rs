//! What browsers are told of pages of other origins, as tower-http says it.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use lambent_types::{Cors, RequestId};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

use crate::body::Content;
use crate::problem::Refusal;

/// The fields that only the node sets.
const OWN: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

/// Whether a browser asks beforehand whether a page may send a request.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    let has = |name| request.headers().contains_key(name);
    request.method() == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to such a question.
pub(crate) async fn preflight<B>(cors: &Cors, request: &Request<B>) -> Response<Content> {
    let mut response = ask(cors, request.headers(), Method::OPTIONS).await;
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.map(|()| Content::Whole(None))
}

/// The header fields for the response to any other request.
pub(crate) async fn shared<B>(cors: &Cors, request: &Request<B>) -> HeaderMap {
    // tower-http takes any OPTIONS for such a question.
    ask(cors, request.headers(), Method::GET).await.into_parts().0.headers
}

/// An answer with these fields. A page is to see what went wrong, too.
pub(crate) fn settle(
    answered: Result<(RequestId, Response<Content>), Refusal>,
    shared: HeaderMap,
) -> Result<(RequestId, Response<Content>), Refusal> {
    match answered {
        Ok((id, mut response)) => {
            replace(response.headers_mut(), shared);
            Ok((id, response))
        }
        Err(refusal) => Err(refusal.with(fields(shared))),
    }
}

/// Puts these fields into a response, in place of those that a function has set.
fn replace(headers: &mut HeaderMap, mut shared: HeaderMap) {
    for name in OWN {
        headers.remove(name);
    }
    // What else the response depends on stays.
    if let Some(vary) = shared.remove(VARY) {
        headers.append(VARY, vary);
    }
    headers.extend(shared);
}

/// The same as pairs.
fn fields(shared: HeaderMap) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    // Nothing comes twice in what tower-http says.
    shared.into_iter().filter_map(|(name, value)| Some((name?, value)))
}

/// What is said of a request by its head alone.
async fn ask(cors: &Cors, headers: &HeaderMap, method: Method) -> Response<()> {
    let mut head = Request::new(());
    *head.method_mut() = method;
    *head.headers_mut() = headers.clone();
    let nothing = tower::service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(()))));
    let Ok(response) =
        ServiceBuilder::new().layer(layer(cors)).service(nothing).oneshot(head).await;
    response
}

fn layer(cors: &Cors) -> CorsLayer {
    let any = |list: &[String]| list == ["*"];
    let mut layer = CorsLayer::new().allow_credentials(cors.allow_credentials);
    layer = layer.allow_origin(match any(&cors.allow_origins) {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(parsed(&cors.allow_origins)),
    });
    layer = layer.allow_methods(match any(&cors.allow_methods) {
        true => AllowMethods::any(),
        false => AllowMethods::list(parsed(&cors.allow_methods)),
    });
    layer = layer.allow_headers(match any(&cors.allow_headers) {
        true => AllowHeaders::any(),
        false => AllowHeaders::list(parsed(&cors.allow_headers)),
    });
    layer = layer.expose_headers(match any(&cors.expose_headers) {
        true => ExposeHeaders::any(),
        false => ExposeHeaders::list(parsed(&cors.expose_headers)),
    });
    match cors.max_age {
        0 => layer,
        seconds => layer.max_age(Duration::from_secs(seconds.into())),
    }
}

/// The entries of a list, which were checked when the site was put.
fn parsed<T: std::str::FromStr>(list: &[String]) -> Vec<T> {
    list.iter().filter_map(|entry| entry.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(json: &str) -> Cors {
        let cors: Cors = serde_json::from_str(json).unwrap();
        cors.validate().unwrap();
        cors
    }

    fn request(method: &str, fields: &[(&str, &str)]) -> Request<()> {
        let request = Request::builder().method(method);
        fields
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .body(())
            .unwrap()
    }

    fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
        headers.get(name).map_or("-", |value| value.to_str().unwrap())
    }

    const APP: &str = r#"{ "allow_origins": ["https://app.example", "http://localhost:3000"],
        "allow_methods": ["PUT"], "allow_headers": ["X-Trace"], "expose_headers": ["x-total"],
        "allow_credentials": true, "max_age": 600 }"#;

    #[tokio::test]
    async fn a_page_that_may_is_told_what_it_may() {
        let asks = [("origin", "https://app.example"), ("access-control-request-method", "PUT")];
        let request = request("OPTIONS", &asks);
        assert!(is_preflight(&request));
        let response = preflight(&cors(APP), &request).await;
        let headers = response.headers();
        assert_eq!(response.status(), 204);
        assert_eq!(text(headers, "access-control-allow-origin"), "https://app.example");
        assert_eq!(text(headers, "access-control-allow-methods"), "PUT");
        assert_eq!(text(headers, "access-control-allow-headers"), "x-trace");
        assert_eq!(text(headers, "access-control-allow-credentials"), "true");
        assert_eq!(text(headers, "access-control-max-age"), "600");
        assert!(text(headers, "vary").contains("origin"), "{headers:?}");
    }

    #[tokio::test]
    async fn a_page_of_elsewhere_is_told_nothing_and_caches_know_that_it_depends() {
        for origin in [
            "https://evil.example",
            "null",
            "https://app.example.evil",
            "HTTPS://app.example",
            "http://localhost:3001",
        ] {
            let shared = shared(&cors(APP), &request("GET", &[("origin", origin)])).await;
            assert_eq!(text(&shared, "access-control-allow-origin"), "-", "{origin}");
            assert!(text(&shared, "vary").contains("origin"), "{origin}");
        }
        let none = shared(&cors(APP), &request("GET", &[])).await;
        assert!(text(&none, "vary").contains("origin"), "a cache is to keep it apart");
    }

    #[tokio::test]
    async fn what_a_function_says_is_replaced() {
        let shared = shared(
            &cors(r#"{ "allow_origins": ["*"] }"#),
            &request("GET", &[("origin", "https://a")]),
        )
        .await;
        let mut headers = HeaderMap::new();
        headers.insert(
            ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("https://of.the.function"),
        );
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        replace(&mut headers, shared);
        assert_eq!(text(&headers, "access-control-allow-origin"), "*");
        assert_eq!(text(&headers, "access-control-allow-credentials"), "-");
        assert_eq!(text(&headers, "vary"), "accept");
        let shared = ask_for(APP, "GET", "https://app.example").await;
        replace(&mut headers, shared);
        let vary: Vec<_> =
            headers.get_all(VARY).iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.contains(&"accept") && vary.join(",").contains("origin"), "{vary:?}");
    }

    async fn ask_for(json: &str, method: &str, origin: &str) -> HeaderMap {
        shared(&cors(json), &request(method, &[("origin", origin)])).await
    }

    #[tokio::test]
    async fn what_a_page_asks_with_options_itself_is_no_question_beforehand() {
        let shared = ask_for(APP, "OPTIONS", "https://app.example").await;
        assert_eq!(text(&shared, "access-control-expose-headers"), "x-total");
        assert_eq!(text(&shared, "access-control-allow-methods"), "-");
    }

    #[test]
    fn other_questions_go_to_the_function() {
        assert!(!is_preflight(&request("OPTIONS", &[])));
        assert!(!is_preflight(&request("OPTIONS", &[("origin", "https://a")])));
        assert!(!is_preflight(&request(
            "GET",
            &[("origin", "https://a"), ("access-control-request-method", "PUT")]
        )));
    }
}
