//! What a function finds in its environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_dispatch::Call;
use lambent_engine::RUNTIME_API;
use lambent_types::function_credentials::VARIABLES;
use lambent_types::parameters_extension::{PORT, PORT_VARIABLE};
use lambent_types::{
    AliasName, Configuration, Environment, FunctionVersion, RuntimeName, VersionNumber,
    account_number,
};

/// The region that functions of a runtime are told they are in: the one that AWS's tools take
/// where none is configured.
const REGION: &str = "us-east-1";

/// The environment of a version: its own variables; where its component sends HTTP requests, what an SDK of
/// AWS's needs to call this node; and, on a runtime, what else Lambda sets. Its own come before all others, as
/// far as those are not reserved.
pub(crate) fn environment(function: &FunctionVersion, sends_http: bool) -> Environment {
    let configuration = &function.configuration;
    let own = &configuration.environment;
    let mut all = match &configuration.runtime {
        Some(runtime) => of_runtime(function, runtime),
        None if sends_http => BTreeMap::new(),
        None => return own.clone(),
    };
    all.extend(of_sdks(own));
    all.extend(own.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    if configuration.runtime.is_some() {
        all.extend(reserved(function));
    }
    if configuration.is_program() {
        all.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), RUNTIME_API.to_string());
    }
    Environment(Arc::new(all))
}

fn named((name, value): (&str, String)) -> (String, String) {
    (name.to_owned(), value)
}

/// What an SDK of AWS's, and what reads parameters and secrets without one, needs to call this node.
fn of_sdks(own: &Environment) -> BTreeMap<String, String> {
    let set = [
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        (PORT_VARIABLE, PORT.to_string()),
    ];
    let mut all: BTreeMap<_, _> = set.map(named).into();
    if !VARIABLES.iter().any(|(name, _)| own.0.contains_key(*name)) {
        // Calls of an SDK are then for this node. With a key of its own they are for AWS, but for those of
        // services that its configuration leaves here.
        all.extend(VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    all
}

/// What Lambda sets on a runtime, and a function may set otherwise.
fn of_runtime(function: &FunctionVersion, runtime: &RuntimeName) -> BTreeMap<String, String> {
    let (name, version) = (&function.name, function.version);
    let set = [
        ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{runtime}")),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("[{version}]")),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    set.map(named).into()
}

/// What Lambda sets on a runtime, whatever the function has.
fn reserved(function: &FunctionVersion) -> [(String, String); 6] {
    let configuration = &function.configuration;
    let set = [
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", (configuration.memory_bytes >> 20).to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.to_string()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LAMBDA_TASK_ROOT", "/var/task".to_owned()),
        ("_HANDLER", handler(configuration)),
    ];
    set.map(named)
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

    fn function(namespace: &str, configuration: Configuration) -> FunctionVersion {
        FunctionVersion {
            namespace: namespace.parse().unwrap(),
            name: "f".parse().unwrap(),
            version: VersionNumber::Number(3),
            code: Code::component(Digest::of(b""), 0),
            handlers: vec![Handler::Event],
            configuration,
            created: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_component_has_what_an_sdk_needs_if_it_sends_requests() {
        let own = |variables: &[(&str, &str)]| {
            let own = variables.iter().map(|(name, value)| named((name, (*value).to_owned())));
            let environment = Environment(Arc::new(own.collect()));
            function("default", Configuration { environment, ..Configuration::default() })
        };
        let plain = own(&[("A", "1"), ("AWS_REGION", "eu-west-1")]);
        assert_eq!(environment(&plain, false), plain.configuration.environment);
        let told = environment(&plain, true).0;
        let expected = [
            ("A", "1"),
            ("AWS_ACCESS_KEY_ID", VARIABLES[0].1),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", VARIABLES[1].1),
            ("AWS_SESSION_TOKEN", VARIABLES[2].1),
            (PORT_VARIABLE, "2773"),
        ];
        let told: Vec<_> = told.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(told, expected);
        let keyed = environment(&own(&[("AWS_ACCESS_KEY_ID", "AKIAOWN")]), true).0;
        assert_eq!(keyed.get("AWS_ACCESS_KEY_ID").map(String::as_str), Some("AKIAOWN"));
        assert!(!keyed.contains_key("AWS_SESSION_TOKEN"), "no half of another key");
    }

    #[test]
    fn a_function_is_told_the_account_of_its_namespace() {
        let told = |namespace: &str| {
            let runtime = Some("python3.14".parse().unwrap());
            let configuration = Configuration { runtime, ..Configuration::default() };
            arn(&function(namespace, configuration), None)
        };
        assert_eq!(told("default"), "arn:aws:lambda:us-east-1:000000000000:function:f:3");
        let account = account_number(&"team".parse().unwrap());
        assert_eq!(told("team"), format!("arn:aws:lambda:us-east-1:{account}:function:f:3"));
    }
}
