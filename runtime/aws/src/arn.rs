//! Names of resources as AWS writes them: ARNs, and what may stand in their place.

use lambent_types::{FunctionName, LayerName, QualifiedFunction, Qualifier};

use crate::call::Call;
use crate::fault::Fault;

/// The ARN of something of Lambda's: `arn:aws:lambda:REGION:ACCOUNT:RESOURCE`.
pub(crate) fn lambda(call: &Call, resource: &str) -> String {
    let (region, account) = (&call.region, call.account());
    format!("arn:aws:lambda:{region}:{account}:{resource}")
}

/// The ARN of a function, or of one of its versions.
pub(crate) fn function(call: &Call, name: &FunctionName, qualifier: Option<&str>) -> String {
    match qualifier {
        Some(qualifier) => lambda(call, &format!("function:{name}:{qualifier}")),
        None => lambda(call, &format!("function:{name}")),
    }
}

/// The ARN of what a function is called by: without a qualifier of its head.
pub(crate) fn qualified(call: &Call, function: &QualifiedFunction) -> String {
    let qualifier = match &function.qualifier {
        Qualifier::Latest => None,
        other => Some(other.to_string()),
    };
    self::function(call, &function.name, qualifier.as_deref())
}

/// A function as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedFunction {
    pub(crate) name: FunctionName,
    /// The version or the alias, as it was given.
    pub(crate) qualifier: Option<String>,
}

impl NamedFunction {
    /// Reads a name, a partial ARN (`ACCOUNT:function:NAME`) or an ARN, each with a qualifier or without.
    pub(crate) fn read(call: &Call, text: &str) -> Result<Self, Fault> {
        let parts: Vec<&str> = text.split(':').collect();
        let (account, name, qualifier) = match *parts.as_slice() {
            [name] => (None, name, None),
            ["function", name] => (None, name, None),
            [name, qualifier] => (None, name, Some(qualifier)),
            [account, "function", name] => (Some(account), name, None),
            [account, "function", name, qualifier] => (Some(account), name, Some(qualifier)),
            ["arn", _, "lambda", _, account, "function", name] => (Some(account), name, None),
            ["arn", _, "lambda", _, account, "function", name, qualifier] => {
                (Some(account), name, Some(qualifier))
            }
            _ => return Err(malformed(text)),
        };
        let name: FunctionName = name.parse().map_err(|_| malformed(text))?;
        if account.is_some_and(|account| account != call.account()) {
            let message = format!(
                "The function is of another account; the key is of account {}",
                call.account()
            );
            return Err(Fault::new(http::StatusCode::FORBIDDEN, "AccessDeniedException", message));
        }
        Ok(Self { name, qualifier: qualifier.map(str::to_owned) })
    }

    /// The same with the qualifier that stands elsewhere in the request. Two that differ are refused.
    pub(crate) fn qualified(self, other: Option<String>) -> Result<Self, Fault> {
        match (&self.qualifier, other) {
            (Some(own), Some(other)) if *own != other => {
                let message = "The derived qualifier from the function name does not match the specified qualifier.";
                Err(Fault::bad_request("InvalidParameterValueException", message))
            }
            (None, other @ Some(_)) => Ok(Self { qualifier: other, ..self }),
            _ => Ok(self),
        }
    }

    /// The version that is meant.
    pub(crate) fn version(&self) -> Result<Qualifier, Fault> {
        let Some(text) = &self.qualifier else { return Ok(Qualifier::Latest) };
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(128).collect();
            let message =
                format!("Cannot find version or alias {shown:?} of function {}", self.name);
            Fault::new(http::StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        })
    }
}

/// The name and the number of a version of a layer, by its ARN.
pub(crate) fn layer_version(call: &Call, text: &str) -> Result<(LayerName, u64), Fault> {
    let parts: Vec<&str> = text.split(':').collect();
    let read = match *parts.as_slice() {
        ["arn", _, "lambda", _, account, "layer", name, number] if account == call.account() => {
            name.parse().ok().zip(number.parse().ok())
        }
        _ => None,
    };
    read.ok_or_else(|| {
        let shown: String = text.chars().take(170).collect();
        let message = format!(
            "{shown:?} is no version of a layer of this account; give it as \
             arn:aws:lambda:{}:{}:layer:NAME:VERSION",
            call.region,
            call.account()
        );
        Fault::bad_request("InvalidParameterValueException", message)
    })
}

fn malformed(text: &str) -> Fault {
    let shown: String = text.chars().take(170).collect();
    Fault::bad_request(
        "ValidationException",
        format!(
            "1 validation error detected: Value '{shown}' at 'functionName' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: \
             (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?\
             (function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
        ),
    )
}
