//! The role that a request names.

use lambent_service::RoleHandle;
use lambent_types::{Error, ErrorCode, Role, RoleName};
use serde::Deserialize;

use super::error::{fault, no_such_entity};
use super::input;
use crate::call::Call;
use crate::fault::Fault;

/// A request that names a role and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) role_name: Option<String>,
}

/// The role of a name.
pub(super) fn handle<'c>(call: &'c Call, name: Option<&str>) -> Result<RoleHandle<'c>, Fault> {
    let name: RoleName = input::role_name(name)?;
    call.scope.handle(name.as_str()).map_err(fault)
}

/// What the service refused of a role.
pub(super) fn of_role(role: &RoleHandle<'_>, error: Error) -> Fault {
    match error.code() {
        ErrorCode::RoleNotFound => {
            no_such_entity(format!("The role with name {} cannot be found.", role.name()))
        }
        _ => fault(error),
    }
}

/// The role of a name, as it is.
pub(super) async fn found(call: &Call, name: Option<&str>) -> Result<Role, Fault> {
    let role = handle(call, name)?;
    let found = role.describe().await.map_err(|error| of_role(&role, error))?;
    Ok(found.specification)
}
