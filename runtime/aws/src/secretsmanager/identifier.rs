//! Names of secrets: names, ARNs, and ARNs without their ends.

use lambent_service::{Secret, SecretId};

use super::error::not_found;
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most characters of what names a secret; Secrets Manager's.
const CHARS_MAX: usize = 2_048;

/// The ARN of a secret.
pub(crate) fn arn(call: &Call, secret: &Secret) -> String {
    let (region, account) = (&call.region, call.account());
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{}-{}", secret.name, secret.id)
}

/// The secret that a request names.
pub(super) fn secret_id(call: &Call, text: Option<&str>) -> Result<SecretId, Fault> {
    let mut violations = Violations::default();
    violations.present(text.is_some(), "secretId");
    let text = text.unwrap_or("none");
    violations.length("secretId", text, 1, CHARS_MAX);
    violations.finish()?;
    if !text.starts_with("arn:") {
        return Ok(SecretId::Name(text.to_owned()));
    }
    let mut parts = text.splitn(7, ':').skip(2);
    let (service, _region, account) = (parts.next(), parts.next(), parts.next());
    // Whether there is one of that name in another account is not told.
    let is_here = service == Some("secretsmanager") && account == Some(&*call.account());
    match (parts.next(), parts.next()) {
        (Some("secret"), Some(name)) if is_here => Ok(SecretId::Arn(name.to_owned())),
        _ => Err(not_found()),
    }
}
