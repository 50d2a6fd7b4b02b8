//! A component of the core module of a function.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::error::BuildError;

const FUNCTION: &str = include_str!("../../../../wit/function/function.wit");
const RUNTIME: &str = "package lambent:runtime@0.1.0;
interface initialization {
  use lambent:function/types@0.1.0.{failure};
  init: func() -> result<_, failure>;
}
world java {
  export lambent:function/handler@0.1.0;
  export initialization;
}
";

/// Makes the component of a module that exports the functions of the handler.
///
/// # Errors
/// The module is not one of a function.
pub(super) fn encode(mut module: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    let mut resolve = Resolve::default();
    resolve.push_source("function.wit", FUNCTION).map_err(failed)?;
    let package = resolve.push_source("runtime.wit", RUNTIME).map_err(failed)?;
    let world = resolve.select_world(&[package], Some("java")).map_err(failed)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(failed)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| {
            encoder.adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode())
        .map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> BuildError {
    BuildError::Project(format!("no component can be made of what was compiled: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_of_a_function_is_said() {
        let empty = b"\0asm\x01\0\0\0".to_vec();
        let error = encode(empty).unwrap_err().to_string();
        assert!(error.contains("lambent:function/handler"), "{error}");
        assert!(encode(b"\0as".to_vec()).is_err());
    }
}
