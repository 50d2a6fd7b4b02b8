//! What a function finds in its environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_dispatch::Call;
use lambent_engine::RUNTIME_API;
use lambent_types::{Configuration, Environment, FunctionVersion, VersionNumber};

/// The region that functions of a runtime are told they are in: the one that AWS's tools take
/// where none is configured.
const REGION: &str = "us-east-1";
/// The account that they are told they belong to; a node has none.
const ACCOUNT: &str = "000000000000";

/// The environment of a version: its own variables, and, on a runtime, those that Lambda sets.
/// Its own come before Lambda's, as far as they are not reserved.
pub(crate) fn environment(function: &FunctionVersion) -> Environment {
    let configuration = &function.configuration;
    let Some(runtime) = &configuration.runtime else { return configuration.environment.clone() };
    let own = configuration.environment.0.iter();
    let (name, version) = (function.name.as_str(), function.version.to_string());
    let memory = (configuration.memory_bytes >> 20).to_string();
    let set = [
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{runtime}")),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("[{version}]")),
        ("AWS_REGION", REGION.to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    let reserved = [
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", version),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LAMBDA_TASK_ROOT", "/var/task".to_owned()),
        ("_HANDLER", handler(configuration)),
    ];
    let named = |(name, value): (&str, String)| (name.to_owned(), value);
    let mut all: BTreeMap<_, _> = set.map(named).into();
    all.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    all.extend(reserved.map(named));
    if configuration.is_program() {
        all.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), RUNTIME_API.to_string());
    }
    Environment(Arc::new(all))
}

/// The handler; a program has none, and Lambda then names the file that it runs.
fn handler(configuration: &Configuration) -> String {
    let unsaid = configuration.is_program() && configuration.handler.is_empty();
    if unsaid { "bootstrap".to_owned() } else { configuration.handler.clone() }
}

/// What the context of an invocation tells besides, on a runtime: the ARN that it was asked for by, and
/// what the client says of itself.
pub(crate) fn attributes(call: &Call) -> Vec<(String, String)> {
    let function = &call.function;
    if function.configuration.runtime.is_none() {
        return Vec::new();
    }
    let name = &function.name;
    let qualifier = match (&call.alias, function.version) {
        (Some(alias), _) => format!(":{alias}"),
        (None, VersionNumber::Latest) => String::new(),
        (None, VersionNumber::Number(number)) => format!(":{number}"),
    };
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}{qualifier}");
    let client = call.client_context.clone().map(|json| ("aws.client-context".to_owned(), json));
    [("aws.invoked-function-arn".to_owned(), arn)].into_iter().chain(client).collect()
}
