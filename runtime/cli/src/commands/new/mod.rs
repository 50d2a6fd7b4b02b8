//! A project from a template.

mod ask;
mod from;
mod project;
mod template;

use std::path::PathBuf;

use clap::Args;
use lambent_types::FunctionName;
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::Output;
use crate::paste::{program, quoted};
use project::Project;

const EXAMPLES: &str = "\
Examples:
  lambent new --list
  lambent new python-http hello
  lambent new rust-event orders
  lambent new --from ./template orders
  lambent new --from https://example.com/templates.git#rust/api orders";

/// Make a project from a template
///
/// Makes a folder of the project's name, with a lambent.toml, that builds and answers as it is:
/// go there and run lambent dev, or lambent up. Without a template it asks for one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewArgs {
    /// The template, as --list names it; with --from the project's name
    #[arg(value_name = "TEMPLATE")]
    template: Option<String>,

    /// The project's name, which is its function's and its folder's [default: the template's]
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// List the templates
    #[arg(long, conflicts_with_all = ["template", "name", "from"])]
    list: bool,

    /// Take a template from a folder, a zip, or a folder in a repository of git. What is in its
    /// files stays as it is
    #[arg(long, value_name = "FOLDER|ZIP|URL[#FOLDER]")]
    from: Option<String>,
}

pub(crate) fn run(args: &NewArgs, global: &Global) -> Result<Exit, CliError> {
    let output = global.output();
    if args.list {
        list(output)?;
        return Ok(Exit::Ok);
    }
    let (name, project) = match &args.from {
        Some(source) => from(args, source)?,
        None => of_a_template(args)?,
    };
    project.check()?;
    let folder = PathBuf::from(name.as_str());
    project.write(&folder)?;
    if output.json {
        let files: Vec<_> = project.files.iter().map(|(path, _)| path).collect();
        output.json(&json!({ "name": name, "folder": folder, "files": files }))?;
        return Ok(Exit::Ok);
    }
    let shown = quoted(&format!("./{name}"));
    let shown = shown.strip_prefix("./").filter(|name| !name.starts_with('-')).unwrap_or(&shown);
    output.line(&format!("made {name}, with {} files", project.files.len()))?;
    output.line(&format!("  cd {shown}"))?;
    output.line(&format!("  {} dev", program()))?;
    Ok(Exit::Ok)
}

/// The project of a template in this binary.
fn of_a_template(args: &NewArgs) -> Result<(FunctionName, Project), CliError> {
    let template = match &args.template {
        Some(name) => template::find(name)?,
        None if ask::can() => ask::template(template::all()?)?,
        None => {
            let names = template::all()?.into_iter().map(|template| template.name);
            let names = names.collect::<Vec<_>>().join(", ");
            return Err(CliError::usage(
                "a project is made from a template: lambent new TEMPLATE NAME",
            )
            .hint(format!("there are {names}")));
        }
    };
    let name = match &args.name {
        Some(name) => name.clone(),
        None if args.template.is_none() => ask::name(template.name)?,
        None => template.name.to_owned(),
    };
    let name = named(&name)?;
    // First what takes no time to find out.
    project::free(name.as_str().as_ref())?;
    let project = template.project(&name)?;
    Ok((name, project))
}

/// The project of a template from elsewhere.
fn from(args: &NewArgs, source: &str) -> Result<(FunctionName, Project), CliError> {
    let name = match (&args.template, &args.name) {
        (Some(name), None) => named(name)?,
        (None, _) => {
            return Err(CliError::usage(
                "--from needs the project's name: lambent new --from … NAME",
            ));
        }
        (Some(template), Some(_)) => {
            return Err(CliError::usage(format!(
                "{template:?} is a template beside the one of --from; give the project's name only"
            )));
        }
    };
    project::free(name.as_str().as_ref())?;
    let project = from::read(source).map_err(|error| error.context("--from"))?;
    Ok((name, project))
}

fn named(name: &str) -> Result<FunctionName, CliError> {
    name.parse().map_err(|error| {
        CliError::usage(format!("{error}"))
            .hint("the project's name is that of its function and its folder")
    })
}

fn list(output: Output) -> Result<(), CliError> {
    let all = template::all()?;
    if output.json {
        let templates = all.iter().map(|template| {
            let about = &template.about;
            json!({
                "name": template.name, "language": about.language, "kind": about.kind,
                "summary": about.summary,
            })
        });
        return Ok(output.json(&json!({ "templates": templates.collect::<Vec<_>>() }))?);
    }
    let rows = all.into_iter().map(|template| {
        let about = template.about;
        vec![template.name.to_owned(), about.language, about.kind, about.summary]
    });
    Ok(output.table(&["name", "language", "kind", "what it does"], rows.collect())?)
}
