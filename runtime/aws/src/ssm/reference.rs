//! Secrets that are read as parameters.

use lambent_service::{SecretId, SecretValue};
use lambent_types::ErrorCode;
use serde_json::{Value, json};

use super::error::{fault, invalid};
use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1::time;
use crate::secretsmanager;

/// What stands before the name of a secret that is read as a parameter.
const PREFIX: &str = "/aws/reference/secretsmanager/";

/// The name of the secret that a parameter is.
pub(super) fn secret(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// A secret as the parameter that it is.
pub(super) async fn get(call: &Call, name: &str, decrypted: bool) -> Result<Value, Fault> {
    if !decrypted {
        return Err(invalid(
            "WithDecryption flag must be True for retrieving a Secret Manager secret.",
        ));
    }
    let id = SecretId::Name(name.to_owned());
    let found = call.scope.secret_value(&id, None, None).await.map_err(|error| {
        match error.code() {
            ErrorCode::SecretNotFound | ErrorCode::InvalidRequest => {
                let name: String = name.chars().take(256).collect();
                let message = format!(
                    "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret \
                     {PREFIX}{name} not found."
                );
                Fault::bad_request("ParameterNotFound", message)
            }
            _ => fault(error),
        }
    })?;
    let SecretValue::Text(text) = &found.value else {
        return Err(invalid("A secret with a binary value cannot be read as a parameter."));
    };
    let arn = secretsmanager::arn(call, &found.secret);
    let source = json!({
        "ARN": arn,
        "name": found.secret.name,
        "versionId": found.id,
        "versionStages": found.version.stages,
        "createdDate": found.version.created,
    });
    Ok(json!({
        "Name": format!("{PREFIX}{name}"),
        "Type": "SecureString",
        "Value": text,
        "Version": 0,
        "SourceResult": source.to_string(),
        "LastModifiedDate": time(found.version.created),
        "ARN": arn,
        "DataType": "text",
    }))
}
