//! What a request says of who signed it, before any of it is believed.
//!
//! The forms are those of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>:
//! in the header `Authorization`, or in the query of a URL that was signed beforehand.

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Uri};

use crate::fault::{AuthFault, Fault};

/// The only algorithm that is served.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const HEADER_DATE: &str = "x-amz-date";
const HEADER_TOKEN: &str = "x-amz-security-token";
/// The parameters of a URL that was signed beforehand.
pub(crate) const QUERY_SIGNATURE: &str = "X-Amz-Signature";
const QUERY_ALGORITHM: &str = "X-Amz-Algorithm";
const QUERY_CREDENTIAL: &str = "X-Amz-Credential";
const QUERY_DATE: &str = "X-Amz-Date";
const QUERY_EXPIRES: &str = "X-Amz-Expires";
const QUERY_HEADERS: &str = "X-Amz-SignedHeaders";
const QUERY_TOKEN: &str = "X-Amz-Security-Token";

/// A signature as it came, and what it says was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) access_key: String,
    /// `YYYYMMDD`.
    pub(crate) date: String,
    pub(crate) region: String,
    /// The service that the signature is for.
    pub(crate) service: String,
    /// The names of the headers that were signed, in lower case.
    pub(crate) signed_headers: Vec<String>,
    /// Hexadecimal.
    pub(crate) signature: String,
    /// When it was signed: `YYYYMMDDTHHMMSSZ`.
    pub(crate) time: String,
    pub(crate) token: Option<String>,
    /// How many seconds a URL is good for; none if the signature is in the headers.
    pub(crate) expires: Option<u64>,
}

impl Credential {
    /// The signature of a request; none if it has none.
    pub(crate) fn of(head: &Parts) -> Result<Option<Self>, Fault> {
        let mut authorization = head.headers.get_all(AUTHORIZATION).iter();
        if let Some(value) = authorization.next() {
            let text = value.to_str().map_err(|_| incomplete("the header is not text"))?;
            if text.starts_with("AWS4-") {
                if authorization.next().is_some() {
                    return Err(incomplete("there is more than one Authorization header"));
                }
                return Self::of_header(text, &head.headers).map(Some);
            }
        }
        if is_presigned(&head.uri) {
            return Self::of_query(&head.uri).map(Some);
        }
        Ok(None)
    }

    fn of_header(text: &str, headers: &HeaderMap) -> Result<Self, Fault> {
        let (algorithm, members) = text.split_once(' ').unwrap_or((text, ""));
        check_algorithm(algorithm)?;
        let member = |name: &str| {
            let mut members = members.split(',').filter_map(|member| member.trim().split_once('='));
            let value = members.find(|(found, _)| *found == name).map(|(_, value)| value);
            value.ok_or_else(|| {
                incomplete(&format!("Authorization header requires '{name}' parameter"))
            })
        };
        let time = text_of(headers, HEADER_DATE).ok_or_else(|| {
            incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header")
        })?;
        let scope = Scope::read(member("Credential")?)?;
        let signed_headers = names(member("SignedHeaders")?);
        let signature = member("Signature")?.to_owned();
        let token = text_of(headers, HEADER_TOKEN);
        Ok(scope.credential(signed_headers, signature, time, token, None))
    }

    fn of_query(uri: &Uri) -> Result<Self, Fault> {
        let query = query(uri)?;
        let given = |name: &str| {
            let mut values = query.iter().filter(|(found, _)| found == name);
            let value = values.next().map(|(_, value)| value.clone());
            match values.next() {
                None => Ok(value),
                Some(_) => Err(incomplete(&format!("the query has '{name}' twice"))),
            }
        };
        let required = |name: &str| {
            given(name)?.ok_or_else(|| {
                incomplete(&format!("AWS query-string parameters must include '{name}'"))
            })
        };
        check_algorithm(&required(QUERY_ALGORITHM)?)?;
        let credential = required(QUERY_CREDENTIAL)?;
        let scope = Scope::read(&credential)?;
        let signed_headers = names(&required(QUERY_HEADERS)?);
        let expires = required(QUERY_EXPIRES)?;
        let expires =
            expires.parse().map_err(|_| incomplete("X-Amz-Expires should be a number"))?;
        let (signature, time) = (required(QUERY_SIGNATURE)?, required(QUERY_DATE)?);
        let token = given(QUERY_TOKEN)?;
        Ok(scope.credential(signed_headers, signature, time, token, Some(expires)))
    }
}

/// What a signature is good for.
struct Scope<'t> {
    access_key: &'t str,
    date: &'t str,
    region: &'t str,
    service: &'t str,
}

impl<'t> Scope<'t> {
    fn read(text: &'t str) -> Result<Self, Fault> {
        let mut parts = text.rsplitn(5, '/');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(access_key)) =
            (next(), next(), next(), next(), next())
        else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, \
                 keyid/date/region/service/aws4_request",
            ));
        };
        Ok(Self { access_key, date, region, service })
    }

    fn credential(
        &self,
        signed_headers: Vec<String>,
        signature: String,
        time: String,
        token: Option<String>,
        expires: Option<u64>,
    ) -> Credential {
        Credential {
            access_key: self.access_key.into(),
            date: self.date.into(),
            region: self.region.into(),
            service: self.service.into(),
            signed_headers,
            signature,
            time,
            token,
            expires,
        }
    }
}

/// Whether a request's URL carries a signature.
pub(crate) fn is_presigned(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    parameters.any(|parameter| parameter.split('=').next() == Some(QUERY_SIGNATURE))
}

/// The service that a request says it is signed for, whether or not that is true.
pub(crate) fn service((uri, headers): (&Uri, &HeaderMap)) -> Option<String> {
    let credential = |text: &str| Scope::read(text).ok().map(|scope| scope.service.to_owned());
    if let Some(text) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
        && let Some(members) = text.strip_prefix(ALGORITHM)
    {
        let mut members = members.split(',').filter_map(|member| member.trim().split_once('='));
        return members
            .find(|(name, _)| *name == "Credential")
            .and_then(|(_, text)| credential(text));
    }
    if !is_presigned(uri) {
        return None;
    }
    let query = query(uri).ok()?;
    query.iter().find(|(name, _)| name == QUERY_CREDENTIAL).and_then(|(_, text)| credential(text))
}

fn query(uri: &Uri) -> Result<Vec<(String, String)>, Fault> {
    serde_urlencoded::from_str(uri.query().unwrap_or_default())
        .map_err(|_| incomplete("the query cannot be read"))
}

/// A header's value, if it is text and given once.
fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.to_owned();
    values.next().is_none().then_some(value)
}

/// The names of a list, each once.
fn names(list: &str) -> Vec<String> {
    let mut names: Vec<String> = list.split(';').map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn check_algorithm(algorithm: &str) -> Result<(), Fault> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    let algorithm: String = algorithm.chars().take(40).collect();
    Err(incomplete(&format!("Unsupported AWS 'algorithm': '{algorithm}'; use {ALGORITHM}")))
}

fn incomplete(detail: &str) -> Fault {
    Fault::auth(AuthFault::Incomplete, detail.to_owned())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn both_forms_are_read() {
        let authorization = "AWS4-HMAC-SHA256 Credential=A/B/20260101/eu-west-1/lambda/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=00ff";
        let headers = [("authorization", authorization), ("x-amz-date", "20260101T000000Z")];
        let parts = head("/", &headers);
        let read = Credential::of(&parts).unwrap().unwrap();
        assert_eq!((read.access_key.as_str(), read.region.as_str()), ("A/B", "eu-west-1"));
        assert_eq!(read.signed_headers, ["host", "x-amz-date"]);
        assert_eq!((read.expires, read.token), (None, None));
        assert_eq!(service((&parts.uri, &parts.headers)).as_deref(), Some("lambda"));

        let parts = head(
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260101%2Fus-east-1%2Fsqs%2Faws4_request\
             &X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=aa",
            &[],
        );
        let read = Credential::of(&parts).unwrap().unwrap();
        assert_eq!((read.access_key.as_str(), read.expires), ("AK", Some(60)));
        assert_eq!(service((&parts.uri, &parts.headers)).as_deref(), Some("sqs"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let told = |authorization: &str| {
            let headers = [("authorization", authorization), ("x-amz-date", "20260101T000000Z")];
            Credential::of(&head("/", &headers)).unwrap_err().message
        };
        assert!(told("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00").contains("'Credential'"));
        assert!(told("AWS4-HMAC-SHA512 Credential=a").contains("AWS4-HMAC-SHA512"));
        assert!(told("AWS4-HMAC-SHA256 Credential=a/b/c").contains("5 slash-delimited"));
        assert_eq!(Credential::of(&head("/", &[("authorization", "Bearer x")])), Ok(None));
        let none = [("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request")];
        assert!(Credential::of(&head("/", &none)).unwrap_err().message.contains("X-Amz-Date"));
    }
}
