//! Temporary keys in the name of a role.

use http::StatusCode;
use lambent_types::{ErrorCode, RoleName};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::Fault;
use crate::iam::{self, iso};
use crate::identity::Identity;
use crate::protocol::Number;
use crate::query::Members;
use crate::validation::Violations;

/// How long keys are good for if it is not said; STS's.
const SECONDS: i64 = 3_600;
const SECONDS_MIN: i64 = 900;
const SECONDS_MAX: i64 = 43_200;
/// The longest for keys that were taken with temporary ones; STS's.
const CHAINED_SECONDS_MAX: i64 = 3_600;
const NAME_CHARS_MIN: usize = 2;
const NAME_CHARS_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AssumeRole {
    role_arn: Option<String>,
    role_session_name: Option<String>,
    duration_seconds: Option<Number>,
    policy: Option<String>,
    #[serde(default)]
    policy_arns: Members<serde_json::Value>,
    source_identity: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Assumed {
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
    assumed_role_user: AssumedRoleUser,
    credentials: Credentials,
}

impl AssumeRole {
    /// What is out of bounds; if nothing is, the role's ARN, the session's name and how long it lasts.
    fn checked(&self) -> Result<(&str, &str, i64), Fault> {
        let mut wrong = Violations::default();
        wrong.present(self.role_arn.is_some(), "roleArn");
        wrong.present(self.role_session_name.is_some(), "roleSessionName");
        let name = self.role_session_name.as_deref().unwrap_or_default();
        if self.role_session_name.is_some() {
            wrong.length("roleSessionName", name, NAME_CHARS_MIN, NAME_CHARS_MAX);
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
            let pattern = "satisfy regular expression pattern: [\\w+=,.@-]*";
            wrong.check(name.bytes().all(allowed), "roleSessionName", name, pattern);
        }
        let seconds = self.duration_seconds.map_or(SECONDS, |Number(seconds)| seconds);
        wrong.within("durationSeconds", Some(seconds), SECONDS_MIN, SECONDS_MAX);
        wrong.finish().map_err(iam::validation)?;
        Ok((self.role_arn.as_deref().unwrap_or_default(), name, seconds))
    }
}

pub(super) async fn assume(call: &Call, wanted: AssumeRole) -> Result<Assumed, Fault> {
    let (arn, name, seconds) = wanted.checked()?;
    // Who asks for less than the role allows must not be given more.
    if wanted.policy.is_some() || !wanted.policy_arns.0.is_empty() {
        return Err(Fault::not_served("STS", Some("AssumeRole with a session policy")));
    }
    let is_chained = matches!(call.scope.principal(), lambent_service::Principal::Session(_));
    if is_chained && seconds > CHAINED_SECONDS_MAX {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed \
                       by role chaining";
        return Err(Fault::bad_request("ValidationError", message));
    }
    let role = role(call, arn)?;
    let issuer = call.access_key().unwrap_or("anonymous");
    let seconds = u32::try_from(seconds).unwrap_or_default();
    let begun = call.scope.assume_role(&role, name.to_owned(), seconds, issuer).await;
    let begun = begun.map_err(|error| match error.code() {
        ErrorCode::RoleNotFound => not_authorized(call, arn),
        _ => iam::fault(error),
    })?;
    let session = &begun.session;
    Ok(Assumed {
        source_identity: wanted.source_identity.clone(),
        assumed_role_user: AssumedRoleUser {
            assumed_role_id: format!("{}:{}", session.role_id, session.name),
            arn: format!("arn:aws:sts::{}:{session}", call.account()),
        },
        credentials: Credentials {
            access_key_id: session.access_key.clone(),
            secret_access_key: begun.secret,
            session_token: begun.token,
            expiration: iso(session.expires),
        },
    })
}

/// The role of an ARN, if that is in the account.
fn role(call: &Call, arn: &str) -> Result<RoleName, Fault> {
    let invalid = || {
        let arn: String = arn.chars().take(256).collect();
        Fault::bad_request("ValidationError", format!("{arn} is invalid"))
    };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = *parts.as_slice() else { return Err(invalid()) };
    let path = resource.strip_prefix("role/").ok_or_else(invalid)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.parse().map_err(|_| invalid())?;
    if account == call.account() { Ok(name) } else { Err(not_authorized(call, arn)) }
}

/// Whether there is such a role is not told.
fn not_authorized(call: &Call, arn: &str) -> Fault {
    let (who, arn) = (Identity::of(call).arn, arn.chars().take(256).collect::<String>());
    let message =
        format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}");
    Fault::new(StatusCode::FORBIDDEN, "AccessDenied", message)
}
