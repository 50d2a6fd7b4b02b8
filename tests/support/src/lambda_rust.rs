//! Lambda functions in Rust, built as their owners build them for here.

use std::sync::{Mutex, PoisonError};

use lambent_build::Options;

use crate::root;

/// Returns the component of one of the functions in `tests/lambda/rust`, with the crates of AWS
/// from their registry. The first call builds what they share.
///
/// # Panics
/// Panics if it does not build.
#[must_use]
pub fn lambda_rust(function: &str) -> Vec<u8> {
    // What one waits for here, it would wait for in Cargo.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let options = Options {
        function: Some(function.to_owned()),
        output: Some(root().join(format!("target/lambda/rust/{function}.wasm"))),
    };
    let folder = root().join("tests/lambda/rust");
    let built = lambent_build::build(&folder, &options, &mut |line| eprintln!("{line}"));
    let built = built.unwrap_or_else(|error| panic!("{function} does not build: {error}"));
    std::fs::read(built.component).unwrap()
}
