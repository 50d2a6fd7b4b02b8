//! A function to measure with, where none is deployed.

use jiff::Timestamp;
use lambent_types::{
    Code, Configuration, Digest, FunctionName, FunctionVersion, Handler, Namespace, VersionNumber,
};

/// The head of a function that answers HTTP requests. Its code is in no store.
pub(crate) fn head(namespace: &Namespace, name: &FunctionName) -> FunctionVersion {
    let code = b"code";
    FunctionVersion {
        namespace: namespace.clone(),
        name: name.clone(),
        version: VersionNumber::Latest,
        code: Code::component(Digest::of(code), code.len() as u64),
        handlers: vec![Handler::Http02],
        configuration: Configuration::default(),
        created: Timestamp::now(),
    }
}
