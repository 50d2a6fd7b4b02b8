use std::path::{Path, PathBuf};

use clap::Args;
use lambent_api::FunctionView;
use lambent_build::Options;
use lambent_types::{ConfigurationPatch, FunctionName, format_bytes};

use crate::building;
use crate::code;
use crate::configuration::ConfigurationArgs;
use crate::deploying::{self, Show};
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::grants::GrantArgs;
use crate::output::Output;
use crate::source::Source;

const EXAMPLES: &str = "\
Examples:
  lambent deploy hello hello.wasm --public
  lambent deploy thumbnail thumbnail.wasm --memory 256MiB --timeout 5s
  lambent deploy orders orders.wasm --env-file .env --env LOG=debug --tag team=shop
  lambent deploy todo todo.wasm --grant keyspace:todo=read-write --grant host:api.example.com
  cat hello.wasm | lambent deploy hello -
  lambent deploy api app.py --runtime python3.14 --handler app.handler
  lambent deploy api ./function --runtime python3.14 --handler app.handler
  lambent deploy orders ./orders
  lambent deploy orders oci://registry.example.com/shop/orders:7";

/// Create a function, or update the one of that name
///
/// Answers when the function is ready to serve, and shows until then how far it is: a component
/// of 18 MB takes the server tens of seconds to compile. A deploy that fails changes nothing:
/// what was served before is served on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeployArgs {
    /// The function's name: 1 to 64 of A-Z a-z 0-9 _ -
    name: FunctionName,

    /// The WebAssembly component or program; - reads standard input. With a runtime: a folder, a zip, a tar
    /// or a source file. Also the folder of a function in Rust, Go or Java, which is built as by
    /// lambent build. What is elsewhere is fetched: oci://registry/repository:tag, or https://… with
    /// #sha256=…
    #[arg(value_name = "CODE")]
    file: PathBuf,

    /// Only if the function is still at this revision; 0: only if it is new
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,

    #[command(flatten)]
    configuration: ConfigurationArgs,

    #[command(flatten)]
    grants: GrantArgs,
}

pub(crate) fn run(args: &DeployArgs, global: &Global) -> Result<Exit, CliError> {
    let mut patch = args.configuration.to_patch()?;
    let code = read(&args.file, &mut patch, global)?;
    let output = global.output();
    let (client, show) = (global.client()?, Show::suited(output.json));
    let grants = args.grants.changes();
    let revision = grants.complete(&client, &args.name, &mut patch, args.if_revision)?;
    let deployed = deploying::deploy(&client, &args.name, &code, &patch, revision, show)?;
    if output.json {
        output.answer(&deployed)?;
        return Ok(Exit::Ok);
    }
    let done = if deployed.is_created() { "created" } else { "updated" };
    announce(output, done, &deployed.value()?)?;
    Ok(Exit::Ok)
}

/// Reads what is deployed, from wherever it is.
fn read(code: &Path, patch: &mut ConfigurationPatch, global: &Global) -> Result<Vec<u8>, CliError> {
    match Source::parse(code.as_os_str(), None)? {
        Source::File(file) => {
            let built = build(&file, patch)?;
            Ok(code::read(built.as_deref().unwrap_or(&file))?.bytes)
        }
        elsewhere => Ok(elsewhere.fetch(global)?.bytes),
    }
}

/// Builds what is deployed if it has to be built; returns where the component is.
fn build(folder: &Path, patch: &mut ConfigurationPatch) -> Result<Option<PathBuf>, CliError> {
    if !building::is_needed(folder, patch) {
        return Ok(None);
    }
    let built = building::build(folder, &Options::default())?;
    built.complete(patch);
    Ok(Some(built.component))
}

/// Says what became of a function and where it is served.
pub(crate) fn announce(
    output: Output,
    done: &str,
    function: &FunctionView,
) -> Result<(), CliError> {
    let FunctionView { name, code_bytes, .. } = function;
    let revision = function.revision.map_or(0, |revision| revision.0);
    let size = format_bytes(*code_bytes);
    output.line(&format!("{done} {name} (revision {revision}, {size}), ready to serve"))?;
    for url in &function.urls {
        output.line(&format!("  {url}"))?;
    }
    if function.requires_key == Some(true) {
        output.line(&format!(
            "  requests need the key; to open it to anyone: lambent configure {name} --public"
        ))?;
    }
    Ok(())
}
