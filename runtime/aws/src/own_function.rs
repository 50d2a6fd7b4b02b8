//! Requests of the node's own functions, which come out of their instances and over no connection.

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use lambent_dispatch::Body;
use lambent_service::Principal;
use lambent_types::function_credentials::{ACCESS_KEY, SECRET};
use lambent_types::{FunctionVersion, RequestId};

use crate::credential::Credential;
use crate::door::{Claim, Door, Opened};
use crate::fault::{AuthFault, Fault};
use crate::target::{Service, Target};

/// The domains of AWS's services.
const DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];

/// Whether a function's request to a host is for the node: the host is of AWS's, and the request is signed
/// with the key of functions.
#[must_use]
pub fn is_for_node(host: &str, head: &Parts) -> bool {
    DOMAINS.iter().any(|domain| host.ends_with(domain))
        && matches!(Credential::of(head), Ok(Some(credential)) if credential.access_key == ACCESS_KEY)
}

impl Door {
    /// Reads the head of a request that came out of an instance of `function`.
    ///
    /// # Errors
    /// The answer to a request that is not signed with the key of functions.
    pub fn open_for(
        &self,
        function: Arc<FunctionVersion>,
        head: &Parts,
        id: RequestId,
    ) -> Result<Opened, Box<Response<Body>>> {
        let target = Target::of(head);
        let credential = match Credential::of(head) {
            Ok(Some(credential)) if credential.access_key == ACCESS_KEY => credential,
            Ok(_) => {
                let fault =
                    Fault::auth(AuthFault::Missing, "the request is not the function's own");
                return Err(Box::new(target.protocol.refusal(&fault, id)));
            }
            Err(fault) => return Err(Box::new(target.protocol.refusal(&fault, id))),
        };
        let (secret, principal) = (SECRET.to_owned(), Principal::Function(function));
        let claim = Claim::Holder { credential, secret, principal };
        // Where it came from says whose it is. s3s looks at signatures all the same, as it reads chunks by them.
        let is_proved = target.service != Service::S3;
        Ok(Opened { id, target, claim, is_proved })
    }
}
