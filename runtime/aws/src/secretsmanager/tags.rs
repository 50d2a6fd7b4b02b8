//! Labels of secrets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::fault;
use super::identifier::secret_id;
use crate::call::Call;
use crate::fault::Fault;
use crate::tag_list::{self, Tag};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    secret_id: Option<String>,
    tags: Option<Vec<Tag>>,
}

pub(super) async fn tag(call: &Call, wanted: Set) -> Result<Map<String, Value>, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    call.scope.tag_secret(&id, &tag_list::read(wanted.tags), &[]).await.map_err(fault)?;
    Ok(Map::new())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remove {
    secret_id: Option<String>,
    tag_keys: Option<Vec<String>>,
}

pub(super) async fn untag(call: &Call, wanted: Remove) -> Result<Map<String, Value>, Fault> {
    let id = secret_id(call, wanted.secret_id.as_deref())?;
    let keys = wanted.tag_keys.unwrap_or_default();
    call.scope.tag_secret(&id, &BTreeMap::new(), &keys).await.map_err(fault)?;
    Ok(Map::new())
}
