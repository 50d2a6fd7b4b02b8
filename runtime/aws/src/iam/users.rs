//! Users, of which there is one for each key.

use jiff::Timestamp;
use lambent_service::Principal;
use serde::{Deserialize, Serialize};

use super::error::{fault, no_such_entity};
use super::{input, iso};
use crate::call::Call;
use crate::fault::Fault;
use crate::identity::Identity;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetUser {
    user_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View {
    path: &'static str,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    user: View,
}

/// The user whose key the request is signed with. Of others nothing is told.
pub(super) async fn get(call: &Call, wanted: GetUser) -> Result<One, Fault> {
    let is_temporary = matches!(call.scope.principal(), Principal::Session(_));
    if wanted.user_name.is_none() && is_temporary {
        let message = "Must specify userName when calling with non-User credentials";
        return Err(Fault::bad_request("ValidationError", message));
    }
    let Identity { arn, id } = Identity::of(call);
    let own = arn.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    if let Some(name) = wanted.user_name {
        input::check(|wrong| wrong.length("userName", &name, 1, 128))?;
        if is_temporary || name != own {
            let name: String = name.chars().take(128).collect();
            return Err(no_such_entity(format!("The user with name {name} cannot be found.")));
        }
    }
    let key = call.scope.own_access_key().await.map_err(fault)?;
    // The root key and those of development are as old as the node, whose age nobody keeps.
    let created = key.map_or(Timestamp::UNIX_EPOCH, |key| key.created);
    let (path, create_date) = ("/", iso(created));
    Ok(One { user: View { path, user_name: own, user_id: id, arn, create_date } })
}
