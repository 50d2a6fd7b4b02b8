//! Secrets that are deleted and restored.

use jiff::Timestamp;
use lambent_service::SecretId;
use lambent_types::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::description::Named;
use super::error::{fault, invalid};
use super::identifier::{arn, secret_id};
use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1::time;

/// How many days a secret may be restored for, unless it is said; Secrets Manager's.
const DAYS: u32 = 30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    secret_id: Option<String>,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
}

impl Delete {
    /// How many days it may be restored for; none if it is gone at once.
    fn days(&self) -> Result<Option<u32>, Fault> {
        let at_once = self.force_delete_without_recovery.unwrap_or(false);
        match self.recovery_window_in_days {
            Some(_) if at_once => Err(invalid(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            )),
            None if at_once => Ok(None),
            None => Ok(Some(DAYS)),
            Some(days) => match u32::try_from(days) {
                Ok(days @ 7..=30) => Ok(Some(days)),
                _ => Err(invalid(
                    "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
                )),
            },
        }
    }
}

pub(super) async fn delete(call: &Call, wanted: Delete) -> Result<Value, Fault> {
    let days = wanted.days()?;
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    match call.scope.delete_secret(&id, days).await {
        Ok((secret, gone)) => Ok(json!({
            "ARN": arn(call, &secret),
            "Name": secret.name,
            "DeletionDate": time(gone),
        })),
        // What is to be gone and is not there is as it should be.
        Err(error) if error.code() == ErrorCode::SecretNotFound && days.is_none() => match id {
            SecretId::Name(name) | SecretId::Arn(name) => Ok(json!({
                "ARN": format!(
                    "arn:aws:secretsmanager:{}:{}:secret:{name}",
                    call.region,
                    call.account()
                ),
                "Name": name,
                "DeletionDate": time(Timestamp::now()),
            })),
        },
        Err(error) => Err(fault(error)),
    }
}

pub(super) async fn restore(call: &Call, wanted: Named) -> Result<Value, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let secret = call.scope.restore_secret(&id).await.map_err(fault)?;
    Ok(json!({ "ARN": arn(call, &secret), "Name": secret.name }))
}
