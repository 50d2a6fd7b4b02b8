//! Who asks, as AWS's tools are told: a user for each key, and a role for temporary ones.

use lambent_service::Principal;

use crate::call::Call;

/// Whoever showed a key.
pub(crate) struct Identity {
    pub(crate) arn: String,
    /// What AWS calls the unique id.
    pub(crate) id: String,
}

impl Identity {
    pub(crate) fn of(call: &Call) -> Self {
        let account = call.account();
        match call.scope.principal() {
            Principal::Root => Self { arn: format!("arn:aws:iam::{account}:root"), id: account },
            Principal::Session(session) => Self {
                arn: format!("arn:aws:sts::{account}:{session}"),
                id: format!("{}:{}", session.role_id, session.name),
            },
            Principal::Function(function) => {
                let (name, id) = (&function.name, format!("AROA:{}", function.name));
                Self { arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{name}"), id }
            }
            principal => {
                let id = principal
                    .id()
                    .map(str::to_owned)
                    .or_else(|| call.access_key().map(str::to_owned));
                let id = id.unwrap_or_else(|| "anonymous".to_owned());
                Self { arn: format!("arn:aws:iam::{account}:user/{id}"), id }
            }
        }
    }
}
