//! Instance profiles, of which there are none: a node runs no machines. Tools ask for those of a role
//! before they delete it.

use serde::{Deserialize, Serialize};

use super::paging::{Page, Paging};
use super::role::found;
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInstanceProfilesForRole {
    role_name: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// One, if there was one.
#[derive(Serialize)]
pub(super) enum InstanceProfile {}

pub(super) async fn list_for_role(
    call: &Call,
    wanted: ListInstanceProfilesForRole,
) -> Result<Page<InstanceProfile>, Fault> {
    found(call, wanted.role_name.as_deref()).await?;
    wanted.paging.of("InstanceProfiles", Vec::new())
}
