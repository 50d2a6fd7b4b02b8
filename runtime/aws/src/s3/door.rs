//! Where requests for S3 come in and answers go out.

use std::sync::{Arc, OnceLock};

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use lambent_dispatch::Body;
use lambent_service::{CorsRule, Principal};
use lambent_types::{Origin, RequestId};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;
use s3s::validation::NameValidation;
use s3s::{S3Error, S3Result, s3_error};

use super::caller::{Access, Buckets, Caller, Secrets, Signer, bucket};
use super::host::Hosts;
use super::resigning;
use super::{FORM_FILE_BYTES_MAX, XML_BYTES_MAX, cors, error, form};
use crate::credential::{self, Credential};
use crate::fault::Fault;
use crate::keys::{Keys, TEST_KEY};
use crate::signature;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// The parameters of a URL that was signed by version 2.
const OLD_SIGNATURE: &str = "Signature";
const OLD_KEY: &str = "AWSAccessKeyId";
/// What AWS's SDKs send with every request, signed or not.
const SDK: &str = "amz-sdk-request";

/// Serves S3 over the service of a node.
pub(crate) struct S3Door {
    keys: Arc<Keys>,
    hosts: Hosts,
    config: Arc<StaticConfigProvider>,
}

/// Whether a request that is not signed is for S3: a browser's form or question, or one of an SDK
/// that shows no key.
pub(crate) fn is_unsigned(headers: &HeaderMap) -> bool {
    form::is_type_of(headers)
        || headers.contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD)
        || headers.contains_key(SDK)
}

/// The access key of a URL that was signed beforehand by version 2, as the AWS CLI and boto3 do
/// unless they are told otherwise.
fn old_key(uri: &Uri) -> Option<String> {
    let query: Vec<(String, String)> =
        serde_urlencoded::from_str(uri.query().unwrap_or_default()).ok()?;
    let given = |wanted: &str| query.iter().find(|(name, _)| name == wanted);
    given(OLD_SIGNATURE)?;
    given(OLD_KEY).map(|(_, key)| key.clone())
}

/// The domain of AWS's services.
const AWS_DOMAIN: &str = "amazonaws.com";

/// Whether the body of a request is not held in memory.
pub(crate) fn streams(head: &Parts) -> bool {
    head.method == Method::PUT
}

/// Names that a node's buckets have, which are some more than S3's: those are there too.
struct Names;

impl NameValidation for Names {
    fn validate_bucket_name(&self, name: &str) -> bool {
        name.parse::<lambent_types::BucketName>().is_ok()
    }
}

impl S3Door {
    pub(crate) fn new(keys: Arc<Keys>, mut domains: Vec<String>) -> Self {
        // Where functions believe S3 to be.
        domains.push(AWS_DOMAIN.to_owned());
        let mut config = S3Config::default();
        config.xml_max_body_size = XML_BYTES_MAX;
        config.post_object_max_file_size = FORM_FILE_BYTES_MAX;
        let config = Arc::new(StaticConfigProvider::new(Arc::new(config)));
        Self { keys, hosts: Hosts(domains), config }
    }

    /// Says why a request was not taken.
    pub(crate) fn refusal(&self, fault: &Fault, id: RequestId) -> Response<Body> {
        answered(error::of_fault(fault), id)
    }

    /// Does what a request asks for, and answers it.
    pub(crate) async fn answer(
        &self,
        signer: Signer,
        request: Request<Body>,
        (id, origin): (RequestId, Origin),
    ) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        let done = self.served(signer, &mut head, body, (id, origin)).await;
        let mut response = done.unwrap_or_else(|error| answered(error, id));
        identify(response.headers_mut(), id);
        if !response.status().is_success() {
            tracing::debug!(request = %id, status = response.status().as_u16(), "request refused");
        }
        response
    }

    async fn served(
        &self,
        signer: Signer,
        head: &mut Parts,
        body: Body,
        (id, origin): (RequestId, Origin),
    ) -> S3Result<Response<Body>> {
        let asker = Asker::of(head);
        let claimed = claimed(signer, head)?;
        if cors::is_preflight(&head.method, &head.headers) {
            // Whose bucket it is that a page asks about: it is not proved, and nothing is done by it.
            let whose = match (&claimed, old_key(&head.uri)) {
                (Some((_, _, principal)), _) => Some(principal.clone()),
                (None, Some(key)) => {
                    let found = self.keys.find(&key, None).await.ok().flatten();
                    found.map(|(_, principal)| principal)
                }
                (None, None) => None,
            };
            let rules = self.rules(head, whose, &origin).await;
            return preflight(&rules, head, id);
        }
        let named = asker.is_page().then(|| self.named(head));
        let (body, token) = match form::is_form(head) {
            true => form::with_file_name(body).await,
            false => (body, None),
        };
        let caller = Arc::new(Caller {
            keys: Arc::clone(&self.keys),
            token,
            claimed,
            known: OnceLock::new(),
            origin: origin.clone(),
        });
        let request = Request::from_parts(head.clone(), s3s::Body::http_body_unsync(body));
        let response = self.service(&caller).call(request).await.map_err(|failed| {
            let failed: s3s::StdError = failed.into();
            tracing::error!(request = %id, error = %failed, "a request for S3 failed");
            s3_error!(InternalError, "the request failed; see the server's log")
        })?;
        let mut response = response.map(|body| body.map_err(Into::into).boxed_unsync());
        if let (Some(Some(name)), Some(page)) = (named, asker.origin) {
            let principal = caller.known.get().cloned();
            let rules = self.rules_of(&name, principal, &origin).await;
            let told = cors::readable(&rules, asker.method.as_str(), &page);
            response.headers_mut().extend(told.unwrap_or_default());
        }
        Ok(response)
    }

    fn service(&self, caller: &Arc<Caller>) -> s3s::service::S3Service {
        let mut builder = S3ServiceBuilder::new(Buckets(Arc::clone(caller)));
        builder.set_config(self.config.clone());
        builder.set_auth(Secrets(Arc::clone(caller)));
        builder.set_access(Access(Arc::clone(caller)));
        builder.set_host(self.hosts.clone());
        builder.set_validation(Names);
        builder.build()
    }

    /// The bucket that a request is for.
    fn named(&self, head: &Parts) -> Option<String> {
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| head.uri.authority().map(http::uri::Authority::as_str))?;
        if let Some(bucket) = self.hosts.bucket(host) {
            return Some(bucket.to_ascii_lowercase());
        }
        let first = head.uri.path().strip_prefix('/')?.split('/').next()?;
        (!first.is_empty()).then(|| first.to_owned())
    }

    async fn rules(
        &self,
        head: &Parts,
        principal: Option<Principal>,
        origin: &Origin,
    ) -> Vec<CorsRule> {
        match self.named(head) {
            Some(name) => self.rules_of(&name, principal, origin).await,
            None => Vec::new(),
        }
    }

    /// What pages may do with a bucket; nothing if there is none, or it cannot be found out.
    async fn rules_of(
        &self,
        name: &str,
        principal: Option<Principal>,
        origin: &Origin,
    ) -> Vec<CorsRule> {
        let principal = principal.unwrap_or(Principal::Anyone);
        let scope = self.keys.node.scope(principal, None, origin.clone()).await;
        let Ok(scope) = scope else { return Vec::new() };
        let Ok(bucket) = bucket(&scope, name) else { return Vec::new() };
        bucket.settings().await.map(|(_, settings)| settings.cors).unwrap_or_default()
    }
}

/// Who asks by a browser, and how.
struct Asker {
    method: Method,
    origin: Option<String>,
}

impl Asker {
    fn of(head: &Parts) -> Self {
        let origin = head.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        Self { method: head.method.clone(), origin: origin.map(str::to_owned) }
    }

    const fn is_page(&self) -> bool {
        self.origin.is_some()
    }
}

/// What the head of a request says of who signed it.
fn claimed(signer: Signer, head: &mut Parts) -> S3Result<Option<(String, String, Principal)>> {
    let (credential, secret, principal) = match signer {
        Signer::Nobody => return Ok(None),
        Signer::Any(credential) => {
            resigning::sign_again(head, &credential)?;
            (credential, TEST_KEY.to_owned(), Principal::Anyone)
        }
        Signer::Holder { credential, secret, principal } => (credential, secret, principal),
    };
    check_signed(&credential, head)?;
    Ok(Some((credential.access_key, secret, principal)))
}

/// Nobody on the way can change what is signed, so that all that matters must be.
fn check_signed(credential: &Credential, head: &mut Parts) -> S3Result<()> {
    let parameters = head.uri.query().unwrap_or_default().split('&');
    let has =
        |name: &str| parameters.clone().any(|parameter| parameter.split('=').next() == Some(name));
    if has(OLD_SIGNATURE) || has(OLD_KEY) {
        return Err(s3_error!(
            InvalidRequest,
            "The authorization mechanism you have provided is not supported. Please use \
                 AWS4-HMAC-SHA256."
        ));
    }
    // What a URL was signed for is not known to say what the body is.
    let unsigned =
        credential.expires.is_some().then(|| head.headers.remove(CONTENT_SHA256)).flatten();
    let checked = signature::check_signed_headers(credential, head);
    if let Some(value) = unsigned {
        head.headers.insert(CONTENT_SHA256, value);
    }
    checked.map_err(|_| {
        s3_error!(AccessDenied, "There were headers present in the request which were not signed")
    })?;
    if credential.expires.is_some_and(|seconds| seconds > signature::EXPIRES_MAX) {
        return Err(S3Error::with_message(
            error::custom("AuthorizationQueryParametersError"),
            "X-Amz-Expires must be less than a week (in seconds); that is, the given \
                 X-Amz-Expires must be less than 604800 seconds",
        ));
    }
    Ok(())
}

fn preflight(rules: &[CorsRule], head: &Parts, id: RequestId) -> S3Result<Response<Body>> {
    let Some(headers) = cors::preflight(rules, &head.headers) else {
        let text = "CORSResponse: This CORS request is not allowed. This is usually because the \
             evalution of Origin, request method / Access-Control-Request-Method or \
             Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
        return Err(error::other("AccessForbidden", StatusCode::FORBIDDEN, text));
    };
    let mut response = Response::new(crate::protocol::whole(bytes::Bytes::new()));
    *response.headers_mut() = headers;
    identify(response.headers_mut(), id);
    Ok(response)
}

fn answered(mut error: S3Error, id: RequestId) -> Response<Body> {
    error.set_request_id(id.to_string());
    if error.status_code().is_none() {
        error.set_status_code(StatusCode::BAD_REQUEST);
    }
    match error.to_http_response() {
        Ok(response) => {
            let mut response = response.map(|body| body.map_err(Into::into).boxed_unsync());
            identify(response.headers_mut(), id);
            response
        }
        Err(failed) => {
            tracing::error!(error = %failed, "an error cannot be written");
            let mut response = Response::new(crate::protocol::whole(bytes::Bytes::new()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// Notes the id of the request, where S3's clients look for it.
fn identify(headers: &mut HeaderMap, id: RequestId) {
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id.clone());
        headers.insert(HOST_ID, id);
    }
}

/// Whether a request is signed for S3.
pub(crate) fn is_signed((uri, headers): (&Uri, &HeaderMap)) -> bool {
    credential::service((uri, headers)).as_deref() == Some("s3") || old_key(uri).is_some()
}
