//! Requests of the node's own functions, which come out of their instances and over no connection.

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use lambent_dispatch::Body;
use lambent_service::Principal;
use lambent_types::aws_services::is_aws_host;
use lambent_types::function_credentials::{ACCESS_KEY, secret_of};
use lambent_types::{FunctionVersion, RequestId};

use crate::credential::Credential;
use crate::door::{Claim, Door, Opened};
use crate::fault::{AuthFault, Fault};
use crate::target::{Service, Target};

/// Whether a function's request to a host is for the node: the host is of AWS's, and the request is signed
/// with the key of functions; or with any key, if the function says which services it calls at AWS and this is
/// none of them.
///
/// # Errors
/// The request is for a service that the function calls at AWS, and signed with the key of functions, which
/// opens nothing there: what the function is to be told.
pub fn is_for_node(function: &FunctionVersion, host: &str, head: &Parts) -> Result<bool, String> {
    if !is_aws_host(host) {
        return Ok(false);
    }
    let Ok(Some(credential)) = Credential::of(head) else { return Ok(false) };
    let has_own_key = credential.access_key != ACCESS_KEY;
    let aws = &function.configuration.aws;
    if !aws.lead_to(host) {
        return Ok(!has_own_key || !aws.is_empty());
    }
    if has_own_key {
        return Ok(false);
    }
    let name = &function.name;
    Err(format!(
        "function \"{name}\" calls {host} at AWS, and has no key of AWS's; give it one: lambent configure {name} \
         --env AWS_ACCESS_KEY_ID --env AWS_SECRET_ACCESS_KEY"
    ))
}

impl Door {
    /// Reads the head of a request that came out of an instance of `function`.
    ///
    /// # Errors
    /// The answer to a request that is not signed with a key that is the function's.
    pub fn open_for(
        &self,
        function: Arc<FunctionVersion>,
        head: &Parts,
        id: RequestId,
    ) -> Result<Opened, Box<Response<Body>>> {
        let target = Target::of(head);
        let refused = |fault| Err(Box::new(target.protocol.refusal(&fault, id)));
        let credential = match Credential::of(head) {
            Ok(Some(credential)) => credential,
            Ok(None) => {
                let missing = "the request is not the function's own";
                return refused(Fault::auth(AuthFault::Missing, missing));
            }
            Err(fault) => return refused(fault),
        };
        let environment = &function.configuration.environment;
        let Some(secret) = secret_of(&credential.access_key, environment).map(str::to_owned) else {
            return refused(Fault::auth(
                AuthFault::UnknownKey,
                "The security token included in the request is invalid: it is neither the key in the \
                 function's environment nor the one that all functions have",
            ));
        };
        let claim = Claim::Holder { credential, secret, principal: Principal::Function(function) };
        // Where it came from says whose it is. s3s looks at signatures all the same, as it reads chunks by them.
        let is_proved = target.service != Service::S3;
        Ok(Opened { id, target, claim, is_proved })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use lambent_types::{Code, Configuration, Digest, VersionNumber};

    use super::*;

    fn function(aws: &str) -> FunctionVersion {
        let aws = aws.parse().unwrap();
        FunctionVersion {
            namespace: "default".parse().unwrap(),
            name: "f".parse().unwrap(),
            version: VersionNumber::Latest,
            code: Code::component(Digest::of(b""), 0),
            handlers: Vec::new(),
            configuration: Configuration { aws, ..Configuration::default() },
            created: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn head(access_key: Option<&str>) -> Parts {
        let mut request = Request::builder().header("x-amz-date", "20260101T000000Z");
        if let Some(key) = access_key {
            let signed = format!(
                "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/bedrock/aws4_request, \
                 SignedHeaders=host, Signature=00"
            );
            request = request.header("authorization", signed);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn what_a_function_calls_at_aws_is_not_for_the_node() {
        let (bedrock, tables) =
            ("bedrock-runtime.us-east-1.amazonaws.com", "dynamodb.us-east-1.amazonaws.com");
        let asked = |aws: &str, host: &str, key| is_for_node(&function(aws), host, &head(key));
        let (homes, own) = (Some(ACCESS_KEY), Some("AKIAOWN"));
        assert_eq!(asked("", bedrock, homes), Ok(true));
        assert_eq!(asked("", bedrock, own), Ok(false));
        assert_eq!(asked("", "example.com", homes), Ok(false));
        let named = "bedrock-runtime=egress";
        assert_eq!(asked(named, bedrock, own), Ok(false));
        assert_eq!(asked(named, tables, own), Ok(true), "the others stay at home");
        assert_eq!(asked(named, tables, homes), Ok(true));
        assert_eq!(asked(named, tables, None), Ok(false));
        assert_eq!(asked(named, "example.com", own), Ok(false));
        let told = asked(named, bedrock, homes).unwrap_err();
        assert!(told.contains("lambent configure f --env AWS_ACCESS_KEY_ID"), "{told}");
    }
}
