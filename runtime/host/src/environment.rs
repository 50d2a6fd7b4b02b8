//! What a function finds in its environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_dispatch::Call;
use lambent_engine::RUNTIME_API;
use lambent_types::function_credentials::VARIABLES;
use lambent_types::{
    AliasName, Configuration, Environment, FunctionVersion, VersionNumber, account_number,
};

/// The region that functions of a runtime are told they are in: the one that AWS's tools take
/// where none is configured.
const REGION: &str = "us-east-1";

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
    let brings_key =
        VARIABLES.iter().any(|(name, _)| configuration.environment.0.contains_key(*name));
    if !brings_key {
        // Calls of an SDK are then for this node. With a key of its own they are for AWS.
        all.extend(VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
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
    if call.function.configuration.runtime.is_none() {
        return Vec::new();
    }
    let arn = arn(&call.function, call.alias.as_ref());
    let client = call.client_context.clone().map(|json| ("aws.client-context".to_owned(), json));
    [("aws.invoked-function-arn".to_owned(), arn)].into_iter().chain(client).collect()
}

/// The ARN by which a version was asked for.
fn arn(function: &FunctionVersion, alias: Option<&AliasName>) -> String {
    let name = &function.name;
    let qualifier = match (alias, function.version) {
        (Some(alias), _) => format!(":{alias}"),
        (None, VersionNumber::Latest) => String::new(),
        (None, VersionNumber::Number(number)) => format!(":{number}"),
    };
    let account = account_number(&function.namespace);
    format!("arn:aws:lambda:{REGION}:{account}:function:{name}{qualifier}")
}

#[cfg(test)]
mod tests {
    use lambent_types::{Code, Digest, Handler};

    use super::*;

    #[test]
    fn a_function_is_told_the_account_of_its_namespace() {
        let told = |namespace: &str| {
            let configuration = Configuration {
                runtime: Some("python3.14".parse().unwrap()),
                ..Configuration::default()
            };
            let function = FunctionVersion {
                namespace: namespace.parse().unwrap(),
                name: "f".parse().unwrap(),
                version: VersionNumber::Number(3),
                code: Code::component(Digest::of(b""), 0),
                handlers: vec![Handler::Event],
                configuration,
                created: jiff::Timestamp::UNIX_EPOCH,
            };
            arn(&function, None)
        };
        assert_eq!(told("default"), "arn:aws:lambda:us-east-1:000000000000:function:f:3");
        let account = account_number(&"team".parse().unwrap());
        assert_eq!(told("team"), format!("arn:aws:lambda:us-east-1:{account}:function:f:3"));
    }
}
