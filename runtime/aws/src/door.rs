//! Where requests of AWS's clients come in: who sent them is found out, and what they ask is done.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use lambent_dispatch::Body;
use lambent_service::{Principal, Service as Node};
use lambent_types::{Error, ErrorCode, Namespace, Origin, RequestId, bounds};

use crate::call::Call;
use crate::credential::Credential;
use crate::fault::{AuthFault, Fault};
use crate::keys::{Keys, RootCredentials};
use crate::memory::Memory;
use crate::protocol;
use crate::target::{Service, Target};
use crate::{
    dynamodb, iam, lambda, logs, s3, scheduler, secretsmanager, signature, sns, sqs, ssm, sts,
};

/// Where a client names none, and what AWS's tools take where none is configured.
const REGION: &str = "us-east-1";
/// Most bytes of a request of Lambda's that carries no code: those of an invocation.
const BODY_BYTES_MAX: u64 = bounds::PAYLOAD_BYTES_MAX;
/// Most bytes of one of SQS's: a batch of 1 MiB, of which a form may have three for each.
const SQS_BYTES_MAX: u64 = 4 << 20;
/// Most bytes of any other.
const OTHER_BYTES_MAX: u64 = 512 << 10;

/// Serves the APIs of AWS over the service of a node.
pub struct Door {
    keys: Arc<Keys>,
    memory: Arc<Memory>,
    domains: Arc<[String]>,
    s3: s3::S3Door,
}

/// Who a request says it is from: not believed before its signature was looked at.
pub(crate) enum Claim {
    /// Nobody, in development.
    Nobody,
    /// In development: a key that is none of the node's. It is not looked at.
    Any(Credential),
    /// The holder of a key.
    Holder { credential: Credential, secret: String, principal: Principal },
}

/// A body that is larger is not hashed on a thread that serves others.
const HASHED_IN_PLACE: usize = 1 << 20;

impl From<Claim> for s3::Signer {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Nobody => Self::Nobody,
            Claim::Any(credential) => Self::Any(credential),
            Claim::Holder { credential, secret, principal } => {
                Self::Holder { credential, secret, principal }
            }
        }
    }
}

/// A request whose head was read.
pub struct Opened {
    pub(crate) id: RequestId,
    pub(crate) target: Target,
    pub(crate) claim: Claim,
    /// Whether the signature was found to be right before the body was read, by what is said of that.
    pub(crate) is_proved: bool,
}

impl Opened {
    /// The namespace that the request is for, if it is known that it may be: else what it takes until
    /// it is known must not be taken in the namespace's name.
    #[must_use]
    pub fn namespace(&self) -> Option<Namespace> {
        match &self.claim {
            Claim::Holder { principal, .. } => self.is_proved.then(|| principal.namespace()),
            Claim::Nobody | Claim::Any(_) => Some(Namespace::default()),
        }
    }

    /// The answer to a request that was not taken in, as its service would tell it.
    #[must_use]
    pub fn refused(&self, error: &Error) -> Response<Body> {
        self.target.protocol.refusal(&Fault::of(error, |_| None), self.id)
    }

    /// Whether its body is code, of which a node takes in only some at a time.
    #[must_use]
    pub fn is_upload(&self, head: &Parts) -> bool {
        self.target.service == Service::Lambda && lambda::is_upload(&head.method, head.uri.path())
    }

    /// Whether it is for S3, whose objects are passed on as they are read.
    #[must_use]
    pub fn is_s3(&self) -> bool {
        self.target.service == Service::S3
    }

    /// Whether its body is passed on as it comes, and not held in memory.
    #[must_use]
    pub fn streams(&self, head: &Parts) -> bool {
        self.target.service == Service::S3 && s3::streams(head)
    }

    /// Most bytes of its body.
    #[must_use]
    pub fn body_bytes_max(&self, head: &Parts) -> u64 {
        if self.target.service == Service::S3 {
            return if self.streams(head) { s3::STREAM_BYTES_MAX } else { s3::BODY_BYTES_MAX };
        }
        match self.target.service {
            Service::Lambda if self.is_upload(head) => lambda::UPLOAD_BYTES_MAX,
            Service::Lambda => BODY_BYTES_MAX,
            Service::DynamoDb => dynamodb::BODY_BYTES_MAX,
            Service::Sns => sns::BODY_BYTES_MAX,
            Service::Sqs => SQS_BYTES_MAX,
            _ => OTHER_BYTES_MAX,
        }
    }
}

impl Door {
    /// The door to a node, of which these are the domains.
    #[must_use]
    pub fn new(node: Arc<Node>, root: RootCredentials, dev: bool, domains: Vec<String>) -> Self {
        let keys = Arc::new(Keys { node, root, dev });
        let s3 = s3::S3Door::new(Arc::clone(&keys), domains.clone());
        Self { keys, memory: Arc::default(), domains: domains.into(), s3 }
    }

    /// Whether a request is for one of AWS's services, rather than for something of the node's own.
    #[must_use]
    pub fn is_for(uri: &Uri, headers: &HeaderMap) -> bool {
        Target::is_aws(uri, headers)
    }

    /// Whether a request is signed for S3, for which hosts and paths are buckets.
    #[must_use]
    pub fn is_s3(uri: &Uri, headers: &HeaderMap) -> bool {
        Target::is_s3(uri, headers)
    }

    /// Answers a request that needs no key: of a subscriber who was sent a URL. `None` if it is no such
    /// request.
    pub async fn answer_public(&self, head: &Parts, id: RequestId) -> Option<Response<Body>> {
        if crate::target::is_signed(&head.headers) {
            return None;
        }
        sns::answer_public(&self.keys.node, head, id).await
    }

    /// Reads the head of a request.
    ///
    /// # Errors
    /// What the client is answered in place of what it asked for.
    pub async fn open(&self, head: &Parts, id: RequestId) -> Result<Opened, Response<Body>> {
        let target = Target::of(head);
        let s3 = target.service == Service::S3;
        if s3 && matches!(Credential::of(head), Ok(None)) {
            // A form says within who signed it, and all else is refused once its operation is known.
            return Ok(Opened { id, target, claim: Claim::Nobody, is_proved: false });
        }
        let claimed = match self.claim(head).await {
            Ok(claim) if s3 => Ok((claim, false)),
            Ok(claim) => proved(&claim, head).map(|is_proved| (claim, is_proved)),
            Err(fault) => Err(fault),
        };
        match claimed {
            Ok((claim, is_proved)) => Ok(Opened { id, target, claim, is_proved }),
            Err(fault) if s3 => Err(self.s3.refusal(&fault, id)),
            Err(fault) => Err(target.protocol.refusal(&fault, id)),
        }
    }

    pub(crate) async fn claim(&self, head: &Parts) -> Result<Claim, Fault> {
        let Some(credential) = Credential::of(head)? else {
            let missing =
                Fault::auth(AuthFault::Missing, "Request is missing Authentication Token");
            return if self.keys.dev { Ok(Claim::Nobody) } else { Err(missing) };
        };
        let found = self.keys.find(&credential.access_key, credential.token.as_deref()).await?;
        match found {
            Some((secret, principal)) => Ok(Claim::Holder { credential, secret, principal }),
            None if self.keys.dev => Ok(Claim::Any(credential)),
            None => Err(Fault::auth(
                AuthFault::UnknownKey,
                "The security token included in the request is invalid: there is no such access key, \
                 or it has expired",
            )),
        }
    }

    /// Does what a request asks for, and answers it. Its body has at most
    /// [`Opened::body_bytes_max`] bytes; an [`Error`] that it fails with is told to the client.
    pub async fn answer(
        &self,
        opened: Opened,
        request: Request<Body>,
        origin: Origin,
    ) -> Response<Body> {
        let Opened { id, target, claim, is_proved } = opened;
        if target.service == Service::S3 {
            return self.s3.answer(claim.into(), request, (id, origin)).await;
        }
        let protocol = target.protocol;
        match self.served(id, &target, (claim, is_proved), request, origin).await {
            Ok(response) => protocol::identified(response, id),
            Err(fault) => {
                let (status, code, message) =
                    (fault.status.as_u16(), &*fault.code, &*fault.message);
                tracing::debug!(request = %id, status, code, message, "request refused");
                protocol.refusal(&fault, id)
            }
        }
    }

    /// A request of a client that is known, as operations take it.
    pub(crate) async fn call(
        &self,
        (principal, credential): (Principal, Option<Credential>),
        (head, body): (Parts, Bytes),
        (id, origin): (RequestId, Origin),
    ) -> Result<Call, Fault> {
        let scope = self.keys.node.scope(principal, None, origin).await;
        let scope = scope.map_err(|error| Fault::of(&error, |_| None))?;
        let region = credential.as_ref().map_or(REGION, |credential| &credential.region);
        Ok(Call {
            scope,
            id,
            region: region.to_owned(),
            credential,
            keys: self.keys.clone(),
            head,
            parameters: Vec::new(),
            body,
            memory: self.memory.clone(),
            domains: self.domains.clone(),
        })
    }

    async fn served(
        &self,
        id: RequestId,
        target: &Target,
        claim: (Claim, bool),
        request: Request<Body>,
        origin: Origin,
    ) -> Result<Response<Body>, Fault> {
        let (head, body) = request.into_parts();
        let body = read(body).await?;
        let (principal, credential) = known(claim, &head, &body).await?;
        let call = self.call((principal, credential), (head, body), (id, origin)).await?;
        match &target.service {
            Service::DynamoDb => dynamodb::answer(&call, target.operation.as_deref()).await,
            Service::DynamoDbStreams => {
                dynamodb::streams::answer(&call, target.operation.as_deref()).await
            }
            Service::Iam => iam::answer(&call).await,
            Service::Lambda => lambda::answer(call).await,
            Service::Logs => logs::answer(&call, target.operation.as_deref()).await,
            Service::Scheduler => scheduler::answer(call).await,
            Service::SecretsManager => {
                secretsmanager::answer(&call, target.operation.as_deref()).await
            }
            Service::Sns => sns::answer(&call).await,
            Service::Sqs => sqs::answer(&call).await,
            Service::Ssm => ssm::answer(&call, target.operation.as_deref()).await,
            Service::Sts => sts::answer(&call).await,
            // Answered before its body was read, if it is S3.
            Service::S3 | Service::Other(_) => {
                Err(Fault::not_served(target.service_name(), target.operation.as_deref()))
            }
        }
    }
}

/// Looks at a signature as far as it can be before the body is read: whether all of it was found right.
fn proved(claim: &Claim, head: &Parts) -> Result<bool, Fault> {
    let Claim::Holder { credential, secret, .. } = claim else { return Ok(false) };
    let time = signature::check_head(credential, head, Timestamp::now())?;
    let Some(digest) = signature::said_digest(head) else { return Ok(false) };
    signature::verify(credential, secret, head, digest, time)?;
    Ok(true)
}

/// Who it is, if the signature is that of who it claims to be.
pub(crate) async fn known(
    (claim, is_proved): (Claim, bool),
    head: &Parts,
    body: &Bytes,
) -> Result<(Principal, Option<Credential>), Fault> {
    let (credential, secret, principal) = match claim {
        Claim::Nobody => return Ok((Principal::Anyone, None)),
        Claim::Any(credential) => return Ok((Principal::Anyone, Some(credential))),
        Claim::Holder { credential, secret, principal } => (credential, secret, principal),
    };
    let digest = digest(body).await?;
    signature::check_digest(head, &digest)?;
    if !is_proved {
        let time = signature::check_head(&credential, head, Timestamp::now())?;
        signature::verify(&credential, &secret, head, &digest, time)?;
    }
    Ok((principal, Some(credential)))
}

async fn digest(body: &Bytes) -> Result<String, Fault> {
    if body.len() <= HASHED_IN_PLACE {
        return Ok(signature::digest(body));
    }
    let body = body.clone();
    let digest = tokio::task::spawn_blocking(move || signature::digest(&body)).await;
    digest.map_err(|error| {
        tracing::error!(%error, "a body cannot be hashed");
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "the request cannot be read",
        )
    })
}

/// Reads a body to its end.
async fn read(body: Body) -> Result<Bytes, Fault> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(match error.downcast_ref::<Error>() {
            Some(error) if error.code() == ErrorCode::PayloadTooLarge => Fault::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                format!("Request must be smaller: {}", error.detail()),
            ),
            Some(error) => Fault::of(error, |_| None),
            None => Fault::bad_request("RequestTimeout", "the body could not be read to its end"),
        }),
    }
}
