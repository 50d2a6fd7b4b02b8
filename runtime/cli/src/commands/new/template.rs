//! The templates in this binary: the folders of `guest-examples/templates`.

use std::path::PathBuf;

use lambent_types::FunctionName;
use serde::Deserialize;

use super::project::Project;
use crate::error::CliError;

/// Files, each by its path.
type Files = &'static [(&'static str, &'static [u8])];

/// The folders, each with its files.
static FOLDERS: &[(&str, Files)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The file that says what a template is, and that no project has.
const ABOUT: &str = "template.toml";

/// The file of variables, which is not committed and so in no template, and that which a project
/// has for it at first.
const VARIABLES: &str = "lambent.env";
const EXAMPLE: &str = "lambent.env.example";

/// What a project can be made of.
pub(super) struct Template {
    /// Its name, in the place of which its files have the project's.
    pub(super) name: &'static str,
    pub(super) about: About,
    files: Files,
}

/// What a template says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    /// The language, as people call it.
    pub(super) language: String,
    /// What it is called by: `http`, `event`, `queue`, `schedule`, `object`; or what it is.
    pub(super) kind: String,
    /// What it does: the rest of a sentence about it.
    pub(super) summary: String,
}

/// All templates, by name.
///
/// # Errors
/// Failed: one does not say what it is.
pub(super) fn all() -> Result<Vec<Template>, CliError> {
    FOLDERS.iter().map(|(name, files)| Template::read(name, files)).collect()
}

/// The template of this name.
///
/// # Errors
/// Usage: there is none; the nearest or all there are.
pub(super) fn find(name: &str) -> Result<Template, CliError> {
    let all = all()?;
    let names: Vec<_> = all.iter().map(|template| template.name).collect();
    let near = names.iter().map(|known| (strsim::damerau_levenshtein(name, known), *known));
    let near = near.filter(|(distance, _)| *distance <= 3).min();
    let hint = match near {
        Some((_, near)) => format!("did you mean {near}?\nall there are: lambent new --list"),
        None => format!("there are {}", names.join(", ")),
    };
    let found = all.into_iter().find(|template| template.name == name);
    found.ok_or_else(|| CliError::usage(format!("there is no template {name:?}")).hint(hint))
}

impl Template {
    fn read(name: &'static str, files: Files) -> Result<Self, CliError> {
        let about = files.iter().find(|(path, _)| *path == ABOUT).map_or(&[][..], |(_, text)| text);
        let about = toml::from_slice(about).map_err(|error: toml::de::Error| {
            CliError::failed(format!("template {name}: {}", error.message()))
        })?;
        Ok(Self { name, about, files })
    }

    /// The project of this name that it makes.
    ///
    /// # Errors
    /// Usage: its language has no project of this name.
    pub(super) fn project(&self, name: &FunctionName) -> Result<Project, CliError> {
        if self.about.language == "Rust" {
            check_crate(name.as_str())?;
        }
        let files = self.files.iter().filter(|(path, _)| *path != ABOUT);
        let files = files.map(|(path, content)| {
            let renamed = std::str::from_utf8(content)
                .map(|text| text.replace(self.name, name.as_str()).into_bytes());
            (PathBuf::from(path), renamed.unwrap_or_else(|_| content.to_vec()))
        });
        let mut files: Vec<_> = files.collect();
        let example = files.iter().find(|(path, _)| path.as_os_str() == EXAMPLE);
        if let Some((_, variables)) = example.cloned() {
            files.push((PathBuf::from(VARIABLES), variables));
        }
        Ok(Project { files })
    }
}

/// Names that no program of Cargo's may have: those of the folders that it builds in.
const FORBIDDEN: [&str; 4] = ["build", "deps", "examples", "incremental"];

/// Checks that Cargo takes a package of this name.
fn check_crate(name: &str) -> Result<(), CliError> {
    let refuse = |why: &str| {
        Err(CliError::usage(format!("Cargo takes no package that is called {name:?}: {why}"))
            .hint("give another name, for instance my-function"))
    };
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return refuse("it begins with neither a letter nor _");
    }
    if FORBIDDEN.contains(&name) {
        return refuse("it builds in a folder of that name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_whole() {
        let all = all().unwrap();
        assert!(all.len() >= 16, "{}", all.len());
        for template in all {
            let name = template.name;
            let made = template.project(&"other-name_1".parse().unwrap()).unwrap();
            made.check().unwrap_or_else(|error| panic!("{name}: {error}"));
            for needed in ["lambent.toml", "README.md", ".gitignore"] {
                let has = made.files.iter().any(|(path, _)| path.as_os_str() == needed);
                assert!(has, "{name} has no {needed}");
            }
            for (path, content) in &made.files {
                let text = String::from_utf8_lossy(content);
                assert!(!text.contains(name), "{name}: {} has its name", path.display());
            }
            let has_variables = made.files.iter().any(|(path, _)| path.as_os_str() == VARIABLES);
            assert_eq!(has_variables, name == "python-webhook", "{name}");
            let ignored = made.files.iter().find(|(path, _)| path.as_os_str() == ".gitignore");
            let ignored = String::from_utf8_lossy(&ignored.unwrap().1).into_owned();
            assert!(ignored.contains(".lambent/") && ignored.contains("lambent.env"), "{name}");
        }
    }

    #[test]
    fn names_that_a_language_has_other_uses_for_are_refused() {
        let rust = find("rust-event").unwrap();
        for name in ["1st", "-x", "build", "deps", "examples", "incremental"] {
            assert!(rust.project(&name.parse().unwrap()).is_err(), "{name}");
        }
        for name in ["_x", "test", "async", "std", "Build"] {
            rust.project(&name.parse().unwrap()).unwrap();
        }
        find("js-http").unwrap().project(&"1st".parse().unwrap()).unwrap();
        let near = find("python-htp").err().unwrap().to_string();
        assert!(near.contains("did you mean python-http?"), "{near}");
        assert!(find("cobol").err().unwrap().to_string().contains("go-event, go-http"));
    }
}
