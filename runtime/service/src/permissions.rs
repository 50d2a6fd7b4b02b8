use lambent_types::{Access, Error, ErrorCode, FunctionVersion};

use crate::operation::Operation;
use crate::principal::Principal;
use crate::resource_name::ResourceName;

/// Fails unless the principal may do this with the resource of that name. Whoever
/// holds a key may do everything in the namespaces that it opens; a function, what
/// its grants say.
pub(crate) fn check<N: ResourceName>(
    principal: &Principal,
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
    if allowed { Ok(()) } else { Err(not_granted(function, operation, granted, name)) }
}

fn not_granted<N: ResourceName>(
    function: &FunctionVersion,
    operation: Operation,
    granted: Option<Access>,
    name: &N,
) -> Error {
    let wanted = operation.access().unwrap_or(Access::Read);
    let (function, noun) = (&function.name, N::NOUN);
    let verb = match (operation, wanted) {
        (Operation::SendMessages, _) => "send to",
        (_, Access::Read) => "read",
        (_, Access::Write) => "write",
        (_, Access::ReadWrite) => "read and write",
    };
    // What it has already stays.
    let needed = if granted.is_some() { Access::ReadWrite } else { wanted };
    let detail = format!(
        "function \"{function}\" may not {verb} {noun} \"{name}\"; grant it: {}",
        name.grant(function, needed)
    );
    Error::new(ErrorCode::Forbidden, detail)
}
