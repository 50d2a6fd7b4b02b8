//! What Lambda functions in Rust, Go and Java cost that are built as they are written.

mod axum;
mod build;
mod calls;
mod cpu;
mod parked;
pub(crate) mod runtime_api;

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use self::build::{LANGUAGES, Language};
use crate::table::Table;
use crate::{Failed, tools};

/// Measure functions in Rust, Go and Java
///
/// Of each language whose tools are here: first calls on a node that has the code on its disk,
/// calls of used and of fresh instances, and the memory of parked ones. Of Rust also the CPU time
/// above an event function's of the SDK, and how many requests axum serves beside the same program
/// as a native one.
#[derive(Debug, Args)]
pub(crate) struct ProgramsArgs {
    /// How many functions of each language are called for the first time
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..))]
    functions: u32,

    /// Measure only this language; may be repeated
    #[arg(long, value_name = "NAME", value_parser = names())]
    language: Vec<String>,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

pub(crate) async fn run(
    args: &ProgramsArgs,
    directory: &Path,
    table: &mut Table,
) -> Result<(), Failed> {
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let asked = |language: &&Language| {
        args.language.is_empty() || args.language.iter().any(|name| name == language.name)
    };
    for language in LANGUAGES.iter().filter(asked) {
        if !language.is_here() {
            continue;
        }
        let component = language.component()?;
        let data = directory.join(language.name);
        let of = (language, component.as_path());
        calls::run(&lambent, &data, of, args.functions, table).await?;
        parked::run(&lambent, &data.with_extension("parked"), of, table).await?;
        if language.is_rust() {
            cpu::run(&lambent, &directory.join("cpu"), of, table).await?;
            axum::run(&lambent, directory, table).await?;
        }
    }
    Ok(())
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(LANGUAGES.iter().map(|language| language.name))
}
