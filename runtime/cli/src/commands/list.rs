use clap::Args;
use lambent_api::FunctionView;
use lambent_types::format_bytes;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::duration;

/// List the functions
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lambent list\n  lambent list --json | jq -r '.functions[].name'"
)]
pub(crate) struct ListArgs {}

pub(crate) fn run(global: &Global) -> Result<Exit, CliError> {
    let functions = global.client()?.functions()?;
    let output = global.output();
    if output.json {
        output.answer(&functions)?;
        return Ok(Exit::Ok);
    }
    let functions = functions.value()?.functions;
    if functions.is_empty() {
        eprintln!("no functions yet; make one: lambent deploy hello hello.wasm --public");
        return Ok(Exit::Ok);
    }
    let header = ["name", "versions", "code", "memory", "timeout", "public", "changed", "calls"];
    output.table(&header, functions.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

fn row(function: &FunctionView) -> Vec<String> {
    let configuration = &function.configuration;
    vec![
        function.name.to_string(),
        function.last_version.unwrap_or_default().to_string(),
        format_bytes(function.code_bytes),
        format_bytes(configuration.memory_bytes),
        duration(std::time::Duration::from_millis(configuration.timeout_ms)),
        if configuration.public { "yes" } else { "no" }.into(),
        function.changed().strftime("%Y-%m-%d %H:%M").to_string(),
        function.handlers.first().map(ToString::to_string).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::describe::tests::function;

    #[test]
    fn a_row_has_what_people_look_for() {
        let expected = [
            "hello",
            "2",
            "70.3 KiB",
            "64.0 MiB",
            "1.00 s",
            "yes",
            "2026-07-01 12:00",
            "wasi:http/incoming-handler@0.2",
        ];
        assert_eq!(row(&function()), expected);
    }
}
