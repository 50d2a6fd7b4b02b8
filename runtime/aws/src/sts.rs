//! STS: who asks. There are no roles, since what a function may do are its grants, and what a client
//! may do is what its key opens.

use http::Response;
use lambent_dispatch::Body;
use lambent_service::Principal;
use serde::Serialize;

use crate::call::Call;
use crate::fault::Fault;
use crate::operation::Operation;
use crate::protocol::query_reply;

pub(crate) const NAME: &str = "STS";
const XML_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// In the order of AWS's model.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::named("AssumeRole"),
    Operation::named("AssumeRoleWithSAML"),
    Operation::named("AssumeRoleWithWebIdentity"),
    Operation::named("AssumeRoot"),
    Operation::named("DecodeAuthorizationMessage"),
    Operation::named("GetAccessKeyInfo").served(|call| Box::pin(access_key_info(call))),
    Operation::named("GetCallerIdentity").served(|call| Box::pin(caller_identity(call))),
    Operation::named("GetDelegatedAccessToken"),
    Operation::named("GetFederationToken"),
    Operation::named("GetScopedCredentials"),
    Operation::named("GetSessionToken"),
    Operation::named("GetWebIdentityToken"),
];

/// Does what a request asks for, by the action that its form or its query names.
pub(crate) async fn answer(call: &Call) -> Result<Response<Body>, Fault> {
    let action = parameter(call, "Action").ok_or_else(|| {
        Fault::bad_request("MissingAction", "The request must contain the parameter Action")
    })?;
    let operation = OPERATIONS.iter().find(|operation| operation.name == action);
    let operation = operation.ok_or_else(|| {
        let action: String = action.chars().take(64).collect();
        Fault::bad_request("InvalidAction", format!("Could not find operation {action}"))
    })?;
    match operation.run {
        Some(run) => run(call).await,
        None => Err(Fault::not_served(NAME, Some(operation.name))),
    }
}

/// A parameter of the form, or, of a request that was signed beforehand, of the query.
fn parameter(call: &Call, name: &str) -> Option<String> {
    let query = call.head.uri.query().unwrap_or_default().as_bytes();
    let forms = [&*call.body, query];
    let forms = forms
        .into_iter()
        .filter_map(|form| serde_urlencoded::from_bytes::<Vec<(String, String)>>(form).ok());
    forms.flatten().find(|(found, _)| found == name).map(|(_, value)| value)
}

async fn caller_identity(call: &Call) -> Result<Response<Body>, Fault> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Result {
        arn: String,
        user_id: String,
        account: String,
    }
    let account = call.account();
    let (user_id, name) = match call.scope.principal() {
        Principal::Root => (account.clone(), "root".to_owned()),
        principal => {
            let id = principal.id().map(str::to_owned).or_else(|| call.access_key.clone());
            let id = id.unwrap_or_else(|| "anonymous".to_owned());
            (id.clone(), format!("user/{id}"))
        }
    };
    let arn = format!("arn:aws:iam::{account}:{name}");
    let result = Result { arn, user_id, account };
    Ok(query_reply(XML_NAMESPACE, "GetCallerIdentity", &result, call.id))
}

async fn access_key_info(call: &Call) -> Result<Response<Body>, Fault> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Result {
        account: String,
    }
    // Whose key another is is not told: it is asked of one's own.
    let asked = parameter(call, "AccessKeyId");
    if asked.is_none() || asked != call.access_key {
        let message = "AccessKeyId must be that of the key that the request is signed with";
        return Err(Fault::bad_request("ValidationError", message));
    }
    let result = Result { account: call.account() };
    Ok(query_reply(XML_NAMESPACE, "GetAccessKeyInfo", &result, call.id))
}
