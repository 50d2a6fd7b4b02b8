//! Values for tests.

use jiff::Timestamp;
use lambent_types::{
    CatchUp, Code, Configuration, Digest, FunctionName, FunctionVersion, Handler, InvocationRecord,
    LogLine, LogStream, Logs, Meter, Namespace, Outcome, RequestId, Schedule, ScheduleExpression,
    VersionNumber,
};

/// A namespace of this name.
#[must_use]
pub fn namespace(text: &str) -> Namespace {
    text.parse().unwrap()
}

/// A function name.
#[must_use]
pub fn name(text: &str) -> FunctionName {
    text.parse().unwrap()
}

/// A head whose code is the bytes of `code`.
#[must_use]
pub fn head(namespace: &Namespace, name: &FunctionName, code: &str) -> FunctionVersion {
    FunctionVersion {
        namespace: namespace.clone(),
        name: name.clone(),
        version: VersionNumber::Latest,
        code: Code::component(Digest::of(code.as_bytes()), code.len() as u64),
        handlers: vec![Handler::Http02],
        configuration: Configuration { description: code.to_owned(), ..Configuration::default() },
        created: Timestamp::now(),
    }
}

/// The record of a successful invocation that wrote `line`.
#[must_use]
pub fn record(namespace: &Namespace, function: &FunctionName, line: &str) -> InvocationRecord {
    InvocationRecord {
        id: RequestId::new(),
        namespace: namespace.clone(),
        function: function.clone(),
        version: VersionNumber::Latest,
        alias: None,
        handler: Handler::Http02,
        started: Timestamp::now(),
        outcome: Outcome::Ok,
        meter: Meter { fuel: 42, ..Meter::default() },
        logs: Logs {
            lines: vec![LogLine { stream: LogStream::Stdout, text: line.to_owned() }],
            dropped_bytes: 0,
        },
        items: None,
    }
}

/// A schedule of this name that fires every minute.
#[must_use]
pub fn schedule(text: &str) -> Schedule {
    Schedule {
        name: text.parse().unwrap(),
        function: name("f").into(),
        expression: ScheduleExpression("rate(1 minute)".into()),
        time_zone: "UTC".into(),
        catch_up: CatchUp::Once,
        input: None,
        delivery: None,
        enabled: true,
        annotations: lambent_types::Annotations::default(),
    }
}
