use lambent_storage::Stores;
use lambent_types::{Access, Error, ErrorCode, FunctionVersion, Grant, NamePattern};

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
    if name.is_granted(&function.configuration, operation) {
        return Ok(());
    }
    // A function learns of its own namespace only whether there is what it named.
    let there = name.is_there(stores, &function.namespace).await;
    Err(not_granted(function, operation, granted, name, there))
}

/// Fails unless the principal may do this, which is on no resource of a kind, but may be on a secret or a
/// parameter of this name. A function is granted things by their names, and nothing else.
pub(crate) fn check_named(
    principal: &Principal,
    operation: Operation,
    name: &str,
) -> Result<(), Error> {
    let Principal::Function(function) = principal else { return Ok(()) };
    let grants = &function.configuration.grants;
    let (patterns, noun) = match operation {
        Operation::GetSecretValue
        | Operation::DescribeSecret
        | Operation::PutSecret
        | Operation::DeleteSecret => (&grants.secrets, "secret"),
        Operation::GetParameterValue
        | Operation::DescribeParameter
        | Operation::ListParameters
        | Operation::PutParameter
        | Operation::DeleteParameter => (&grants.parameters, "parameter"),
        _ => return Err(no_name(function, operation)),
    };
    let wanted = operation.access().unwrap_or(Access::Read);
    let is_list = operation == Operation::ListParameters;
    let allows = |(pattern, granted): (&NamePattern, &Access)| {
        let fits = if is_list { pattern.covers(name) } else { pattern.fits(name) };
        fits && granted.allows(wanted)
    };
    if patterns.iter().any(allows) {
        return Ok(());
    }
    let all = if is_list { "*" } else { "" };
    let granted = format!("{noun}:{name}{all}={}", wanted.as_str()).parse::<Grant>();
    let (function, shown) = (&function.name, name.chars().take(80).collect::<String>());
    let remedy = granted.map(|grant| format!("; grant it: {}", grant.remedy(function)));
    let (verb, remedy) = (verb(operation, wanted), remedy.unwrap_or_default());
    let detail = format!("function \"{function}\" may not {verb} {noun} \"{shown}\"{remedy}");
    Err(Error::new(ErrorCode::Forbidden, detail))
}

const fn verb(operation: Operation, wanted: Access) -> &'static str {
    match (operation, wanted) {
        (Operation::SendMessages, _) => "send to",
        (Operation::PublishMessages, _) => "publish to",
        (Operation::InvokeFunction, _) => "invoke",
        (_, Access::Read) => "read",
        (_, Access::Write) => "write",
        (_, Access::ReadWrite) => "read and write",
    }
}

fn no_name(function: &FunctionVersion, operation: Operation) -> Error {
    let (name, operation) = (&function.name, operation.name().replace('_', " "));
    let detail = format!(
        "function \"{name}\" may not {operation}: functions are granted things by their names, and nothing else"
    );
    Error::new(ErrorCode::Forbidden, detail)
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
    let verb = verb(operation, wanted);
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
