//! What a registry knows us by: a token that its service gives out, or a name and a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_auth::ChallengeRef;
use http_auth::parser::ChallengeParser;
use serde::Deserialize;
use ureq::Body;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::credentials::{self, Credentials};
use crate::error::FetchError;
use crate::http::{Http, get, is_loopback, refused, shown};
use crate::progress::Silent;
use crate::reference::Reference;

/// The most bytes that the answer with a token may have.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

/// What a registry knows us by.
pub(crate) struct Authorization {
    /// The header field.
    pub(crate) value: HeaderValue,
    /// Whether it is of somebody, and not of anybody.
    pub(crate) is_of_somebody: bool,
}

/// What to do for whom a registry does not let in.
pub(crate) fn login(registry: &str, is_known: bool) -> String {
    if is_known {
        return format!("it does not let in whom docker login stored: docker login {registry}");
    }
    format!("it is not for anybody, or not there; log in: docker login {registry}")
}

/// Gets what a registry asks for in the headers of its answer.
///
/// # Errors
/// There is nothing to be let in by, or the service gives out no token.
pub(crate) fn authorize(
    http: &Http,
    reference: &Reference,
    repository: &str,
    headers: &HeaderMap,
) -> Result<Authorization, FetchError> {
    let registry = &reference.registry;
    let asked = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let asked: Vec<_> = asked.filter_map(|value| value.to_str().ok()).collect();
    let challenges = asked.iter().flat_map(|text| ChallengeParser::new(text).map_while(Result::ok));
    let challenges: Vec<ChallengeRef<'_>> = challenges.collect();
    let of = |scheme: &str| challenges.iter().find(|one| one.scheme.eq_ignore_ascii_case(scheme));
    let stored = credentials::stored(registry)?;
    let text = match (of("Bearer"), of("Basic"), &stored) {
        (Some(challenge), ..) => {
            let service = Service::of(challenge, registry, repository)?;
            let answer = service.ask(http, stored.as_ref())?;
            format!("Bearer {}", service.token(http, answer, stored.is_some())?)
        }
        (None, Some(_), Some(Credentials::Password(name, password))) => basic(name, password),
        _ => {
            let error = FetchError::new(format!("{registry} asks who it is that pulls (401)"));
            return Err(error.hint(login(registry, false)));
        }
    };
    let value = HeaderValue::try_from(text);
    let value = value
        .map_err(|_| FetchError::new(format!("{registry} gave out a token that cannot be sent")));
    Ok(Authorization { value: value?, is_of_somebody: stored.is_some() })
}

/// A service that gives out tokens.
struct Service<'a> {
    registry: &'a str,
    realm: Url,
    query: Vec<(&'static str, String)>,
}

impl<'a> Service<'a> {
    fn of(
        challenge: &ChallengeRef<'_>,
        registry: &'a str,
        repository: &str,
    ) -> Result<Self, FetchError> {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let realm = parameter("realm").and_then(|realm| Url::parse(&realm).ok());
        let realm = realm.ok_or_else(|| {
            FetchError::new(format!("{registry} does not say where its tokens are given out"))
        })?;
        // Credentials go there.
        if realm.scheme() != "https" && !is_loopback(&realm) {
            let shown = shown(&realm);
            return Err(FetchError::new(format!(
                "{registry} gives out its tokens at {shown}, which is not encrypted"
            )));
        }
        let scope = format!("repository:{repository}:pull");
        let mut query = vec![("scope", parameter("scope").unwrap_or(scope))];
        query.extend(parameter("service").map(|service| ("service", service)));
        Ok(Self { registry, realm, query })
    }

    /// Asks for a token: by POST with one that others are given out for, else by GET, with a
    /// name and password or as anybody.
    fn ask(&self, http: &Http, stored: Option<&Credentials>) -> Result<Response<Body>, FetchError> {
        let query = self.query.iter().map(|(name, value)| (*name, value.as_str()));
        let mut realm = self.realm.clone();
        if let Some(Credentials::Refresh(token)) = stored {
            let more = [("grant_type", "refresh_token"), ("refresh_token", token)];
            let more = more.into_iter().chain([("client_id", "lambent")]);
            let form = Serializer::new(String::new()).extend_pairs(query.chain(more)).finish();
            let (mut parts, ()) = get(&realm).into_parts();
            parts.method = Method::POST;
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            parts.headers.insert(header::CONTENT_TYPE, kind);
            return http.send(&realm, Request::from_parts(parts, form));
        }
        realm.query_pairs_mut().extend_pairs(query);
        let mut headers = HeaderMap::new();
        if let Some(Credentials::Password(name, password)) = stored {
            let value = HeaderValue::try_from(basic(name, password));
            let value = value.map_err(|error| FetchError::new(error.to_string()))?;
            headers.insert(header::AUTHORIZATION, value);
        }
        http.follow(&realm, headers)
    }

    fn token(
        &self,
        http: &Http,
        answer: Response<Body>,
        is_known: bool,
    ) -> Result<String, FetchError> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let realm = &self.realm;
        if answer.status() != StatusCode::OK {
            return Err(refused(realm, answer).hint(login(self.registry, is_known)));
        }
        let bytes = http.read(realm, answer, TOKEN_BYTES_MAX, &Silent)?;
        let token: Option<Token> = serde_json::from_slice(&bytes).ok();
        let token = token.and_then(|token| token.token.or(token.access_token));
        token.ok_or_else(|| FetchError::new(format!("{} gave out no token", shown(realm))))
    }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}
