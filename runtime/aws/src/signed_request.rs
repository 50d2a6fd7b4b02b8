//! Requests to URLs of functions, which are signed as those to Lambda are.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Uri};
use lambent_service::Principal;
use lambent_types::{Error, ErrorCode};

use crate::credential;
use crate::door::{Claim, Door, known};
use crate::fault::Fault;
use crate::target::is_signed;

/// What signatures of such requests are for, as on AWS.
const SIGNED_FOR: &str = "lambda";

/// Who a request says that it is from. It is not believed before its body was looked at.
pub struct Signer(Claim);

impl Door {
    /// Whether a request carries a signature, whatever it is worth.
    #[must_use]
    pub fn is_signed(uri: &Uri, headers: &HeaderMap) -> bool {
        is_signed(headers) || credential::is_presigned(uri)
    }

    /// Who a request to a function says that it is from.
    ///
    /// # Errors
    /// `Unauthorized`: the signature is incomplete, for something else, or of no key.
    pub async fn signer(&self, head: &Parts) -> Result<Signer, Error> {
        let claim = self.claim(head).await.map_err(refusal)?;
        if let Claim::Holder { credential, .. } = &claim
            && credential.service != SIGNED_FOR
        {
            let detail = format!(
                "Credential should be scoped to correct service: '{SIGNED_FOR}': the request is for the \
                 URL of a function"
            );
            return Err(Error::new(ErrorCode::Unauthorized, detail));
        }
        Ok(Signer(claim))
    }
}

impl Signer {
    /// Whoever it is, if they have signed this request, with this body.
    ///
    /// # Errors
    /// `Unauthorized`: they have not, or too long ago.
    pub async fn prove(self, head: &Parts, body: &Bytes) -> Result<Principal, Error> {
        let (principal, _) = known((self.0, false), head, body).await.map_err(refusal)?;
        Ok(principal)
    }
}

fn refusal(fault: Fault) -> Error {
    Error::new(ErrorCode::Unauthorized, fault.message)
}
