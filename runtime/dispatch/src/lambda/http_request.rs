//! A request as an event of payload format 2.0, which Lambda's function URLs and API Gateway's
//! HTTP APIs have:
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Version};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use lambent_types::{
    Error, ErrorCode, Event, Namespace, RequestId, account_number, bounds, format_bytes,
};
use serde_json::{Map, Value, json};

use crate::runner::Body;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The only route and the only stage there is.
const DEFAULT: &str = "$default";

/// The event of a request to a function of the namespace, whose body is read to its end.
///
/// # Errors
/// `PayloadTooLarge`, `InvalidRequest` (the body or the query cannot be read).
pub(crate) async fn event_of_request(
    namespace: &Namespace,
    id: RequestId,
    now: Timestamp,
    request: Request<Body>,
) -> Result<Event, Error> {
    let (head, body) = request.into_parts();
    let body = read(body).await?;
    let context = context(namespace, id, now, &head);
    let payload = payload(context, &head, &body)?;
    Ok(Event {
        id: id.to_string(),
        source: "/fn".into(),
        kind: "lambent.http.request.v1".into(),
        subject: None,
        time_ns: u64::try_from(now.as_nanosecond()).ok(),
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: payload.to_string().into(),
    })
}

async fn read(mut body: Body) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let broken = |error| {
            let detail = format!("the body could not be read: {error}");
            Error::new(ErrorCode::InvalidRequest, detail)
        };
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if (whole.len() + data.len()) as u64 > bounds::PAYLOAD_BYTES_MAX {
            let most = format_bytes(bounds::PAYLOAD_BYTES_MAX);
            let detail = format!("the body is larger than {most}, the most that an event holds");
            return Err(Error::new(ErrorCode::PayloadTooLarge, detail));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn payload(context: Value, head: &Parts, body: &Bytes) -> Result<Value, Error> {
    let headers = &head.headers;
    let query = head.uri.query().unwrap_or_default();
    let mut payload = json!({
        "version": "2.0",
        "routeKey": DEFAULT,
        "rawPath": head.uri.path(),
        "rawQueryString": query,
        "headers": joined(headers),
        "requestContext": context,
        "isBase64Encoded": false,
    });
    let Value::Object(members) = &mut payload else { return Ok(payload) };
    let cookies = cookies(headers);
    if !cookies.is_empty() {
        members.insert("cookies".into(), cookies.into());
    }
    if !query.is_empty() {
        members.insert("queryStringParameters".into(), parameters(query)?.into());
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(headers));
        members.insert("isBase64Encoded".into(), text.is_none().into());
        let body = text.map_or_else(|| STANDARD.encode(body), str::to_owned);
        members.insert("body".into(), body.into());
    }
    Ok(payload)
}

fn context(namespace: &Namespace, id: RequestId, now: Timestamp, head: &Parts) -> Value {
    let header = |name: HeaderName| text(&head.headers, &name);
    let domain = header(HOST).or_else(|| head.uri.host()).unwrap_or_default();
    let domain = domain.rsplit_once(':').map_or(domain, |(name, _)| name);
    let prefix = domain.split('.').next().unwrap_or_default();
    // The node has put who sent the request there, and kept what proxies that it trusts say.
    let from = header(FORWARDED_FOR).and_then(|all| all.split(',').next()).unwrap_or_default();
    json!({
        "accountId": account_number(namespace),
        "apiId": prefix,
        "domainName": domain,
        "domainPrefix": prefix,
        "http": {
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "protocol": if head.version == Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" },
            "sourceIp": from.trim(),
            "userAgent": header(USER_AGENT).unwrap_or_default(),
        },
        "requestId": id.to_string(),
        "routeKey": DEFAULT,
        "stage": DEFAULT,
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": now.as_millisecond(),
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The values of each header in one text, but for cookies.
fn joined(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys().filter(|name| **name != COOKIE);
    names.map(|name| (name.as_str().to_owned(), all(headers, name, ",").into())).collect()
}

pub(super) fn all(headers: &HeaderMap, name: &HeaderName, separator: &str) -> String {
    let values = headers.get_all(name).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    values.collect::<Vec<_>>().join(separator)
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = all(headers, &COOKIE, "; ");
    all.split("; ").filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

/// The parameters of a query, those of one name in one text.
fn parameters(query: &str) -> Result<Map<String, Value>, Error> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|error| {
        Error::new(ErrorCode::InvalidRequest, format!("the query cannot be read: {error}"))
    })?;
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        let text = joined.entry(name);
        text.and_modify(|text| *text = format!("{text},{value}")).or_insert(value);
    }
    Ok(joined.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// Whether a body comes as text, and not in base64. A form comes in base64, as it does from AWS.
pub(super) fn is_text(headers: &HeaderMap) -> bool {
    let Some(value) = text(headers, &CONTENT_TYPE) else { return false };
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(&*kind, "application/json" | "application/javascript" | "application/xml")
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    async fn event(request: http::request::Builder, body: &'static [u8]) -> Value {
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
        let now = "2020-03-12T19:03:58.390Z".parse().unwrap();
        let (namespace, request) = (Namespace::default(), request.body(body).unwrap());
        let event = event_of_request(&namespace, RequestId::new(), now, request);
        serde_json::from_slice(&event.await.unwrap().data).unwrap()
    }

    #[tokio::test]
    async fn a_request_is_an_event_as_awss_documentation_shows_it() {
        let request = Request::builder()
            .method("POST")
            .uri("/my/path?parameter1=value1&parameter1=value2&parameter2=va%20lue")
            .header("host", "abc.lambda-url.local:8080")
            .header("cookie", "cookie1=a; cookie2=b")
            .header("header1", "value1")
            .header("header2", "value1")
            .header("header2", "value2")
            .header("user-agent", "agent")
            .header("x-forwarded-for", "192.0.2.1, 10.0.0.1")
            .header("content-type", "application/json; charset=utf-8");
        let event = event(request, b"{\"a\":1}").await;
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/my/path");
        assert_eq!(
            event["rawQueryString"],
            "parameter1=value1&parameter1=value2&parameter2=va%20lue"
        );
        assert_eq!(event["cookies"], json!(["cookie1=a", "cookie2=b"]));
        assert_eq!(event["headers"]["header2"], "value1,value2");
        assert_eq!(event["headers"].get("cookie"), None);
        let parameters = json!({"parameter1": "value1,value2", "parameter2": "va lue"});
        assert_eq!(event["queryStringParameters"], parameters);
        let context = &event["requestContext"];
        assert_eq!(context["domainName"], "abc.lambda-url.local");
        assert_eq!(context["domainPrefix"], "abc");
        assert_eq!(context["http"]["method"], "POST");
        assert_eq!(context["http"]["sourceIp"], "192.0.2.1");
        assert_eq!(context["time"], "12/Mar/2020:19:03:58 +0000");
        assert_eq!(context["timeEpoch"], 1_584_039_838_390_i64);
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("{\"a\":1}"), &json!(false))
        );
    }

    #[tokio::test]
    async fn what_is_no_text_comes_in_base64_and_nothing_is_left_out() {
        let form = "application/x-www-form-urlencoded";
        let form = event(Request::post("/").header("content-type", form), b"a=b").await;
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("YT1i"), &json!(true)));
        let odd = event(Request::post("/").header("content-type", "text/plain"), b"\xff").await;
        assert_eq!((&odd["body"], &odd["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
        let none = event(Request::get("/"), b"").await;
        assert_eq!((none.get("body"), none.get("cookies")), (None, None));
        assert_eq!(none.get("queryStringParameters"), None);
    }
}
