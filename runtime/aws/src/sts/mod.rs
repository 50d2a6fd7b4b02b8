//! STS: who asks, and temporary keys. What a client may do is what its key opens, and no more with
//! those that it takes.

mod assume_role;

use http::Response;
use lambent_dispatch::Body;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::Fault;
use crate::identity::Identity;
use crate::operation::Operation;
use crate::query;

pub(crate) const NAME: &str = "STS";
const XML_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

macro_rules! operation {
    ($name:literal, $function:path) => {
        query::operation!(XML_NAMESPACE, $name, served, $function)
    };
}

/// In the order of AWS's model.
pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("AssumeRole", assume_role::assume),
    Operation::named("AssumeRoleWithSAML"),
    Operation::named("AssumeRoleWithWebIdentity"),
    Operation::named("AssumeRoot"),
    Operation::named("DecodeAuthorizationMessage"),
    operation!("GetAccessKeyInfo", access_key_info),
    operation!("GetCallerIdentity", caller_identity),
    Operation::named("GetDelegatedAccessToken"),
    Operation::named("GetFederationToken"),
    Operation::named("GetScopedCredentials"),
    Operation::named("GetSessionToken"),
    Operation::named("GetWebIdentityToken"),
];

/// Does what a request asks for.
pub(crate) async fn answer(call: &Call) -> Result<Response<Body>, Fault> {
    query::answer(call, NAME, OPERATIONS).await
}

#[derive(Deserialize)]
struct GetCallerIdentity {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CallerIdentity {
    arn: String,
    user_id: String,
    account: String,
}

async fn caller_identity(call: &Call, _: GetCallerIdentity) -> Result<CallerIdentity, Fault> {
    let Identity { arn, id: user_id } = Identity::of(call);
    Ok(CallerIdentity { arn, user_id, account: call.account() })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetAccessKeyInfo {
    access_key_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKeyInfo {
    account: String,
}

async fn access_key_info(call: &Call, asked: GetAccessKeyInfo) -> Result<AccessKeyInfo, Fault> {
    // Whose key another is is not told: it is asked of one's own.
    if asked.access_key_id.is_none() || asked.access_key_id.as_deref() != call.access_key() {
        let message = "AccessKeyId must be that of the key that the request is signed with";
        return Err(Fault::bad_request("ValidationError", message));
    }
    Ok(AccessKeyInfo { account: call.account() })
}
