use lambent_storage::Stores;
use lambent_types::{Access, Error, ErrorCode, FunctionVersion};

use crate::operation::Operation;
use crate::principal::Principal;
use crate::resource_name::ResourceName;

/// Fails unless the principal may do this with the resource of that name.
/// Whoever holds a key may do everything in the namespaces that it opens; a function, what
/// its grants say.
pub(crate) async fn check<N: ResourceName>(
    principal: &Principal,
    stores: &Stores,
    operation: Operation,
    name: &N,
) -> Result<(), Error> {
    let Principal::Function(function) = principal else { return Ok(()) };
    let granted = name.granted(&function.configuration);
    let allowed = match (granted, operation.access()) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(granted), Some(wanted)) => granted.allows(wanted),
    };
    if allowed {
        return Ok(());
    }
    // A function learns of its own namespace only whether there is what it named.
    let there = name.is_there(stores, &function.namespace).await;
    Err(not_granted(function, operation, granted, name, there))
}

/// Fails if the principal is a function, which is granted nothing but resources by their names.
pub(crate) fn check_is_no_function(
    principal: &Principal,
    operation: Operation,
) -> Result<(), Error> {
    let Principal::Function(function) = principal else { return Ok(()) };
    let (name, operation) = (&function.name, operation.name().replace('_', " "));
    let detail = format!(
        "function \"{name}\" may not {operation}: functions are granted resources by their names, and nothing else"
    );
    Err(Error::new(ErrorCode::Forbidden, detail))
}

fn not_granted<N: ResourceName>(
    function_version: &FunctionVersion,
    operation: Operation,
    granted: Option<Access>,
    name: &N,
    there: bool,
) -> Error {
    let wanted = operation.access().unwrap_or(Access::Read);
    let (function, noun) = (&function_version.name, N::NOUN);
    let verb = match (operation, wanted) {
        (Operation::SendMessages, _) => "send to",
        (_, Access::Read) => "read",
        (_, Access::Write) => "write",
        (_, Access::ReadWrite) => "read and write",
    };
    // What it has already stays.
    let needed = if granted.is_some() { Access::ReadWrite } else { wanted };
    let has = granted.map_or_else(String::new, |granted| format!(", but {} it", words(granted)));
    let mut detail = format!("function \"{function}\" may not {verb} {noun} \"{name}\"{has}");
    if !there {
        detail.push_str(&format!(
            ", which does not exist either; create it: lambent {noun} create {name}"
        ));
    }
    if let Some(grant) = name.grant(&function_version.configuration, needed) {
        let remedy = grant.remedy(function);
        detail.push_str(&format!("; {}grant it: {remedy}", if there { "" } else { "then " }));
    }
    Error::new(ErrorCode::Forbidden, detail)
}

const fn words(access: Access) -> &'static str {
    match access {
        Access::Read => "only read",
        Access::Write => "only write",
        Access::ReadWrite => "read and write",
    }
}
