//! What AWS's "Parameters and Secrets Lambda Extension" answers in a function's own sandbox, from the node's
//! parameters and secrets:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html>.
//!
//! The extension keeps what it has read for five minutes, because it reads over the network. Here every request is
//! answered in memory with what is there now.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::Principal;
use lambent_types::{FunctionVersion, Origin, RequestId, parameters_extension as extension};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::door::Door;
use crate::fault::Fault;
use crate::{protocol, secretsmanager, ssm};

/// The header that has the function's session token.
const TOKEN: &str = "x-aws-parameters-secrets-token";
const PARAMETERS_PATH: &str = "/systemsmanager/parameters/get";
const SECRETS_PATH: &str = "/secretsmanager/get";
/// What the extension says of every request that the service behind it refused.
const REFUSED: &str = "an unexpected error occurred while executing request";
const TEXT: &str = "text/plain; charset=utf-8";
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Whether a request of a function, which is not encrypted, is for the extension.
#[must_use]
pub fn is_parameters_extension(function: &FunctionVersion, host: &str, port: u16) -> bool {
    LOOPBACK.contains(&host) && extension::port(&function.configuration.environment) == Some(port)
}

/// The operation that stands behind a request, and its members.
#[derive(Debug, PartialEq)]
enum Wanted {
    Parameter(Value),
    Secret(Value),
}

impl Door {
    /// Answers a request of `function` for the extension. Its body is not looked at.
    pub async fn answer_extension(
        &self,
        function: Arc<FunctionVersion>,
        head: Parts,
        (id, origin): (RequestId, Origin),
    ) -> Response<Body> {
        let wanted = match read(&function, &head) {
            Ok(wanted) => wanted,
            Err((status, text)) => return protocol::of(status, TEXT, text),
        };
        match self.extended(function, head, &wanted, (id, origin)).await {
            Ok(response) => response,
            Err(Fault { status, code, message, .. }) => {
                protocol::of(status, TEXT, format!("{REFUSED}: {code}: {message}"))
            }
        }
    }

    async fn extended(
        &self,
        function: Arc<FunctionVersion>,
        head: Parts,
        wanted: &Wanted,
        (id, origin): (RequestId, Origin),
    ) -> Result<Response<Body>, Fault> {
        let (Wanted::Parameter(members) | Wanted::Secret(members)) = wanted;
        let body = Bytes::from(members.to_string());
        let asking = (Principal::Function(function), None);
        let call = self.call(asking, (head, body), (id, origin)).await?;
        match wanted {
            Wanted::Parameter(_) => ssm::answer(&call, Some("GetParameter")).await,
            Wanted::Secret(_) => secretsmanager::answer(&call, Some("GetSecretValue")).await,
        }
    }
}

/// What a request asks for; else how it is answered.
fn read(function: &FunctionVersion, head: &Parts) -> Result<Wanted, (StatusCode, String)> {
    let expected = extension::token(&function.configuration.environment);
    let shown = head.headers.get(TOKEN).map_or(&[][..], |token| token.as_bytes());
    if !bool::from(shown.ct_eq(expected.as_bytes())) {
        let text = "not authorized: X-Aws-Parameters-Secrets-Token is not the function's AWS_SESSION_TOKEN";
        return Err((StatusCode::UNAUTHORIZED, text.to_owned()));
    }
    let path = head.uri.path();
    if path != PARAMETERS_PATH && path != SECRETS_PATH {
        return Err((StatusCode::NOT_FOUND, "404 page not found\n".to_owned()));
    }
    if head.method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("{path} is read with GET")));
    }
    let wanted = if path == PARAMETERS_PATH { parameter(head) } else { secret(head) };
    wanted.map_err(|reason| (StatusCode::BAD_REQUEST, reason))
}

/// The parameters of a query; of one that is there twice, the first.
fn query(head: &Parts) -> Result<impl Fn(&str) -> Option<String>, String> {
    let query: Vec<(String, String)> =
        serde_urlencoded::from_str(head.uri.query().unwrap_or_default())
            .map_err(|error| format!("the query cannot be read: {error}"))?;
    Ok(move |name: &str| {
        let found = query.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    })
}

fn parameter(head: &Parts) -> Result<Wanted, String> {
    let given = query(head)?;
    let name = given("name").ok_or("the query needs the name of a parameter: name=")?;
    let name = match (given("version"), given("label")) {
        (None, None) => name,
        (Some(selector), None) | (None, Some(selector)) => format!("{name}:{selector}"),
        (Some(_), Some(_)) => {
            return Err("the query has both version and label; give one".to_owned());
        }
    };
    let decrypted = match given("withDecryption") {
        None => false,
        Some(text) => text.to_ascii_lowercase().parse().map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            format!("withDecryption is {shown:?}; give true or false")
        })?,
    };
    Ok(Wanted::Parameter(json!({ "Name": name, "WithDecryption": decrypted })))
}

fn secret(head: &Parts) -> Result<Wanted, String> {
    let given = query(head)?;
    let id = given("secretId").ok_or("the query needs the name or ARN of a secret: secretId=")?;
    let (version, stage) = (given("versionId"), given("versionStage"));
    Ok(Wanted::Secret(json!({ "SecretId": id, "VersionId": version, "VersionStage": stage })))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::Request;
    use lambent_types::function_credentials::SESSION_TOKEN;
    use lambent_types::{Code, Configuration, Digest, Environment, VersionNumber};

    use super::*;

    fn function(variables: &[(&str, &str)]) -> FunctionVersion {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = Environment(Arc::new(BTreeMap::from_iter(variables.iter().map(own))));
        FunctionVersion {
            namespace: "default".parse().unwrap(),
            name: "f".parse().unwrap(),
            version: VersionNumber::Latest,
            code: Code::component(Digest::of(b""), 0),
            handlers: Vec::new(),
            configuration: Configuration { environment, ..Configuration::default() },
            created: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn asked(method: &str, uri: &str, token: Option<&str>) -> Result<Wanted, StatusCode> {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(token) = token {
            request = request.header(TOKEN, token);
        }
        let head = request.body(()).unwrap().into_parts().0;
        read(&function(&[]), &head).map_err(|(status, _)| status)
    }

    #[test]
    fn it_is_on_loopback_at_the_port_that_the_function_names() {
        let plain = function(&[]);
        for host in LOOPBACK {
            assert!(is_parameters_extension(&plain, host, 2773), "{host}");
        }
        assert!(!is_parameters_extension(&plain, "localhost", 2774));
        assert!(!is_parameters_extension(&plain, "localhost.example.com", 2773));
        let moved = function(&[(extension::PORT_VARIABLE, "4000")]);
        assert!(is_parameters_extension(&moved, "localhost", 4000));
        assert!(!is_parameters_extension(&moved, "localhost", 2773));
    }

    #[test]
    fn a_query_is_the_members_of_an_operation() {
        let get = |uri: &str| asked("GET", uri, Some(SESSION_TOKEN)).unwrap();
        let named = |name: &str, decrypted: bool| {
            Wanted::Parameter(json!({ "Name": name, "WithDecryption": decrypted }))
        };
        let path = PARAMETERS_PATH;
        assert_eq!(get(&format!("{path}?name=%2Fapp%2Fkey")), named("/app/key", false));
        let uri = format!("{path}?name=a&version=2&withDecryption=True&label=");
        assert_eq!(get(&uri), named("a:2", true));
        assert_eq!(get(&format!("{path}?label=blue&name=a")), named("a:blue", false));
        let wanted = json!({ "SecretId": "db", "VersionId": null, "VersionStage": "AWSPREVIOUS" });
        let uri = format!("{SECRETS_PATH}?secretId=db&versionStage=AWSPREVIOUS");
        assert_eq!(get(&uri), Wanted::Secret(wanted));
    }

    #[test]
    fn what_is_no_request_of_the_extension_is_refused() {
        let name = format!("{PARAMETERS_PATH}?name=a");
        for token in [None, Some(""), Some("of-another")] {
            assert_eq!(asked("GET", &name, token), Err(StatusCode::UNAUTHORIZED));
        }
        for (method, uri, status) in [
            ("GET", "/", StatusCode::NOT_FOUND),
            ("POST", &*name, StatusCode::METHOD_NOT_ALLOWED),
            ("GET", PARAMETERS_PATH, StatusCode::BAD_REQUEST),
            ("GET", SECRETS_PATH, StatusCode::BAD_REQUEST),
            ("GET", &format!("{name}&version=1&label=b"), StatusCode::BAD_REQUEST),
            ("GET", &format!("{name}&withDecryption=maybe"), StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(asked(method, uri, Some(SESSION_TOKEN)), Err(status), "{method} {uri}");
        }
    }
}
