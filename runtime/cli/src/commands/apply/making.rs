//! Makes what a file's functions are made of: by their `build`, or from their `source`.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lambent_build::Options;
use lambent_types::FunctionName;

use super::built::{self, Built};
use super::code::{Code, Source};
use super::file::File;
use super::function::Function;
use crate::building::{self, Artifact};
use crate::error::CliError;
use crate::output::status;

/// A function that was built.
pub(crate) struct Made {
    pub(crate) function: FunctionName,
    pub(crate) artifact: Artifact,
    pub(crate) time: Duration,
}

impl File {
    /// The functions of these names, or all if none is given, that have to be built.
    ///
    /// # Errors
    /// Usage: one of the names is none of the file's.
    pub(crate) fn to_build(&self, names: &[FunctionName]) -> Result<Vec<FunctionName>, CliError> {
        for name in names {
            self.function(name)?;
        }
        let asked = |name: &FunctionName| {
            names.is_empty() || names.iter().any(|other| other.key() == name.key())
        };
        let all = self.names().into_iter();
        Ok(all.filter(|name| asked(name) && self.is_built(name)).collect())
    }

    /// Its functions' names.
    pub(crate) fn names(&self) -> Vec<FunctionName> {
        self.functions().map(|(name, _)| name.clone()).collect()
    }

    /// Those of these functions that have to be built, together where they are built by one command.
    ///
    /// # Errors
    /// Usage: one of the names is none of the file's.
    pub(crate) fn builds(
        &self,
        names: &[FunctionName],
    ) -> Result<Vec<Vec<FunctionName>>, CliError> {
        let mut groups: Vec<(Option<&String>, Vec<FunctionName>)> = Vec::new();
        // None at all is not to mean all.
        for name in if names.is_empty() { Vec::new() } else { self.to_build(names)? } {
            let command = self.function(&name)?.build.as_ref();
            let same =
                |(other, _): &&mut (Option<&String>, _)| command.is_some() && *other == command;
            match groups.iter_mut().find(same) {
                Some((_, group)) => group.push(name),
                None => groups.push((command, vec![name])),
            }
        }
        Ok(groups.into_iter().map(|(_, group)| group).collect())
    }

    /// Whether a function is made otherwise than in an earlier file.
    pub(crate) fn is_remade(&self, earlier: &Self, name: &FunctionName) -> bool {
        match (self.function(name), earlier.function(name)) {
            (Ok(now), Ok(before)) => {
                let made =
                    |it: &Function| (it.code.clone(), it.build.clone(), it.given.runtime.clone());
                made(now) != made(before)
            }
            _ => true,
        }
    }

    /// Whether other files may be watched for a function than in an earlier file, or its build may
    /// write others.
    pub(crate) fn is_watched_otherwise(&self, earlier: &Self, name: &FunctionName) -> bool {
        let watch = |file: &Self| file.function(name).ok().and_then(|it| it.watch.clone());
        self.is_remade(earlier, name) || watch(self) != watch(earlier)
    }

    /// Whether a function has to be built.
    pub(crate) fn is_built(&self, name: &FunctionName) -> bool {
        let function = self.function(name);
        function.is_ok_and(|it| it.build.is_some() || self.source(it).is_some())
    }

    /// What was built of those of its functions that have a source to build, when that was done
    /// last. What is left of others is of what they were once.
    ///
    /// # Errors
    /// Failed: what is noted of it cannot be read.
    pub(crate) fn built(&self) -> Result<Built, CliError> {
        let sources = self.functions().filter(|(_, function)| self.source(function).is_some());
        Built::left(self.directory(), sources.map(|(name, _)| name))
    }

    /// Builds these functions, in their order, a command that several of them have once.
    ///
    /// # Errors
    /// Usage: a name is none of the file's. Failed: one cannot be built; what its tools said is
    /// on standard error.
    pub(crate) fn build(&self, names: &[FunctionName]) -> Result<Vec<Made>, CliError> {
        let mut done = Vec::new();
        let mut made = Vec::new();
        for name in names {
            let (clock, function) = (Instant::now(), self.function(name)?);
            let artifact = match (&function.build, self.source(function)) {
                (Some(command), _) => {
                    if !done.contains(command) {
                        status(&format!("{name}: {command}"));
                        shell(command, self.directory())
                            .map_err(|error| error.context(name.as_str()))?;
                        done.push(command.clone());
                    }
                    self.written(name, function)?
                }
                (None, Some(source)) => self.compile(name, source)?,
                (None, None) => continue,
            };
            made.push(Made { function: name.clone(), artifact, time: clock.elapsed() });
        }
        Ok(made)
    }

    /// The source of a function if it has to be built.
    fn source<'f>(&self, function: &'f Function) -> Option<&'f Source> {
        let Code::Source(source) = &function.code else { return None };
        let folder = self.directory().join(&source.folder);
        building::is_needed(&folder, &function.given).then_some(source)
    }

    /// Checks that a command has written what it is to write.
    fn written(&self, name: &FunctionName, function: &Function) -> Result<Artifact, CliError> {
        let component = self.directory().join(function.code.path());
        if component.exists() {
            return Ok(Artifact { component, runtime: None, language: None });
        }
        let shown = component.display();
        Err(CliError::failed(format!("{name}: its build went well and wrote no {shown}")).hint(
            "have it written there, or change the path in the file; in a workspace, Cargo writes to the\n\
             workspace's target folder, but for: cargo build … --target-dir target",
        ))
    }

    fn compile(&self, name: &FunctionName, source: &Source) -> Result<Artifact, CliError> {
        let directory = self.directory();
        let folder = directory.join(&source.folder);
        let output = Some(built::place(directory, name)?);
        let options = Options { function: source.function.clone(), output };
        let artifact =
            building::build(&folder, &options).map_err(|error| error.context(name.as_str()))?;
        built::keep(directory, name, &artifact)?;
        Ok(artifact)
    }
}

/// Runs a command in a directory; what it says goes to standard error, as it is.
fn shell(command: &str, directory: &Path) -> Result<(), CliError> {
    let mut sh = Command::new("sh");
    sh.args(["-c", command]).current_dir(directory).stdin(Stdio::null()).stdout(io::stderr());
    let status =
        sh.status().map_err(|error| CliError::failed(format!("cannot run sh: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let (how, hint) = ended(status);
    let failed = CliError::failed(format!("{command:?} {how}; what it said is above"));
    Err(match hint {
        Some(hint) => failed.hint(hint),
        None => failed,
    })
}

/// How a command ended that did not go well, and what that may mean.
fn ended(status: ExitStatus) -> (String, Option<&'static str>) {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(127), _) => (
            "ended with exit code 127".into(),
            Some("the shell found no such program: install it, or see that it is in PATH"),
        ),
        (Some(code), _) => (format!("ended with exit code {code}"), None),
        (None, signal) => (format!("was ended by signal {}", signal.unwrap_or_default()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::file;
    use super::*;

    fn named(names: &[&str]) -> Vec<FunctionName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    const TWO: &str = r#"
        [functions.a]
        build = "echo x >> log && cp log a.wasm"
        component = "a.wasm"
        [functions.b]
        build = "echo x >> log && cp log a.wasm"
        component = "a.wasm"
        [functions.c]
        component = "c.wasm"
        [functions.d]
        source = "d"
        runtime = "python3.14"
    "#;

    #[test]
    fn a_command_that_two_have_runs_once() {
        let project = tempfile::tempdir().unwrap();
        let file = file(TWO, project.path()).unwrap();
        let all = file.to_build(&[]).unwrap();
        assert_eq!(
            all,
            named(&["a", "b"]),
            "what is there already, or runs as it is, is not built"
        );
        assert_eq!(file.build(&all).unwrap().len(), 2);
        assert_eq!(std::fs::read(project.path().join("log")).unwrap(), b"x\n");
        assert_eq!(file.to_build(&named(&["B"])).unwrap(), named(&["b"]));
        let error = file.to_build(&named(&["e"])).unwrap_err().to_string();
        assert!(error.contains("no function e") && error.contains("a, b, c, d"), "{error}");
    }

    #[test]
    fn a_command_that_fails_is_told_with_its_exit_code() {
        for (command, told) in [
            ("exit 3", "a: \"exit 3\" ended with exit code 3; what it said is above"),
            ("kill -9 $$", "was ended by signal 9"),
            ("lambent-no-such-program", "found no such program"),
            ("true", "went well and wrote no"),
        ] {
            let project = tempfile::tempdir().unwrap();
            let text = format!("[functions.a]\nbuild = {command:?}\ncomponent = \"a.wasm\"");
            let file = file(&text, project.path()).unwrap();
            let error = file.build(&named(&["a"])).err().unwrap().to_string();
            assert!(error.contains(told), "{command}: {error}");
        }
    }

    #[test]
    fn a_function_on_another_runtime_is_another() {
        let project = tempfile::tempdir().unwrap();
        let with = |text: &str| {
            file(&format!("[functions.a]\nsource = \"s\"\n{text}"), project.path()).unwrap()
        };
        let name: FunctionName = "a".parse().unwrap();
        let (plain, more) = (with(""), with("memory = \"64MiB\""));
        let (other, watching) = (with("runtime = \"python3.14\""), with("watch = [\"x\"]"));
        assert!(other.is_remade(&plain, &name) && plain.is_remade(&other, &name));
        assert!(!more.is_remade(&plain, &name) && !watching.is_remade(&plain, &name));
        assert!(watching.is_watched_otherwise(&plain, &name));
        assert!(!more.is_watched_otherwise(&plain, &name));
    }

    #[test]
    fn what_was_built_once_is_not_what_a_function_is_made_of_otherwise() {
        let project = tempfile::tempdir().unwrap();
        let name: FunctionName = "a".parse().unwrap();
        let component = built::place(project.path(), &name).unwrap();
        let bytes = wat::parse_str("(component)").unwrap();
        for path in [&component, &project.path().join("a.wasm")] {
            std::fs::write(path, &bytes).unwrap();
        }
        let runtime = Some("provided.al2023".parse().unwrap());
        let artifact = Artifact { component: component.clone(), runtime, language: None };
        built::keep(project.path(), &name, &artifact).unwrap();
        std::fs::create_dir(project.path().join("s")).unwrap();
        std::fs::write(project.path().join("s/Cargo.toml"), "").unwrap();
        std::fs::write(project.path().join("s/app.py"), "").unwrap();
        for (text, expected, runs_on) in [
            ("source = \"s\"", component, "provided.al2023"),
            ("component = \"a.wasm\"", project.path().join("a.wasm"), ""),
            (
                "source = \"s\"\nruntime = \"python3.14\"\nhandler = \"app.handler\"",
                project.path().join("s"),
                "python3.14",
            ),
        ] {
            let file = file(&format!("[functions.a]\n{text}"), project.path()).unwrap();
            let wanted = file.wanted(&file.built().unwrap()).unwrap();
            let code = wanted[0].code.as_ref().unwrap();
            let runtime = code.configuration.runtime.as_ref().map(ToString::to_string);
            assert_eq!((&code.path, &*runtime.unwrap_or_default()), (&expected, runs_on));
        }
    }
}
