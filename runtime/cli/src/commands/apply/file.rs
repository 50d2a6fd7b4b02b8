//! A `lambent.toml` that was read, and the resources that it asks for.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use lambent_api::BucketSpec;
use lambent_types::{FunctionName, SiteName, toml_key};
use serde_json::json;

use super::built::Built;
use super::context::Context;
use super::entry::{Entries, Entry};
use super::fault::Fault;
use super::function::Function;
use super::kind::Kind;
use super::located::Source;
use super::manifest::{Manifest, VisitEntries};
use super::surroundings::Surroundings;
use super::wanted::Wanted;
use crate::error::CliError;
use crate::input;
use crate::site_files::Folder;

/// A file that was read and understood.
pub(crate) struct File {
    source: Source,
    manifest: Manifest,
    directory: PathBuf,
    surroundings: Surroundings,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// Usage: it cannot be read, or says what it cannot say: where, and what was
    /// probably meant.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let cannot = CliError::usage(format!("cannot read {name}: {error}"));
            match error.kind() {
                std::io::ErrorKind::NotFound => cannot.hint(
                    "name the file, for instance shop/lambent.toml\n\
                         or make a project: lambent new",
                ),
                _ => cannot,
            }
        })?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).to_path_buf();
        let text = input::without_mark(&text).to_owned();
        let surroundings = Surroundings::of(&directory)?;
        Self::parse(Source { name, text }, directory, surroundings)
    }

    /// Checks the text of a file that is called so, by itself.
    ///
    /// # Errors
    /// Usage: it says what it cannot say.
    pub(crate) fn check(name: &str, text: &str) -> Result<(), CliError> {
        let source = Source { name: name.into(), text: input::without_mark(text).to_owned() };
        Self::parse(source, PathBuf::new(), Surroundings::default()).map(drop)
    }

    fn parse(
        source: Source,
        directory: PathBuf,
        surroundings: Surroundings,
    ) -> Result<Self, CliError> {
        let manifest = toml::from_str(&source.text).map_err(|error| source.parse_error(&error))?;
        Ok(Self { source, manifest, directory, surroundings })
    }

    /// The directory that it is in.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its functions, by name.
    pub(super) fn functions(&self) -> impl Iterator<Item = (&FunctionName, &Function)> {
        self.manifest.functions.iter().map(|(name, function)| (name, function.get_ref()))
    }

    /// The folders that its sites give out, relative to the file.
    pub(super) fn site_folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.manifest.sites.values().flat_map(|site| site.get_ref().paths())
    }

    /// The names of its sites.
    pub(super) fn sites(&self) -> impl Iterator<Item = &SiteName> {
        self.manifest.sites.keys()
    }

    /// Whether it has a function of this name, whatever its case.
    pub(crate) fn has(&self, name: &FunctionName) -> bool {
        self.function(name).is_ok()
    }

    /// The function of this name, whatever its case.
    ///
    /// # Errors
    /// Usage: it has none.
    pub(super) fn function(&self, name: &FunctionName) -> Result<&Function, CliError> {
        let found = self.functions().find(|(other, _)| other.key() == name.key());
        found.map(|(_, function)| function).ok_or_else(|| {
            let all: Vec<_> = self.functions().map(|(name, _)| name.as_str()).collect();
            let there = if all.is_empty() { "none".into() } else { all.join(", ") };
            CliError::usage(format!("{} has no function {name}; it has {there}", self.source.name))
        })
    }

    /// The file, and what it calls itself.
    pub(super) fn title(&self) -> String {
        match &self.manifest.name {
            Some(name) => format!("{name} ({})", self.source.name),
            None => self.source.name.clone(),
        }
    }

    /// Everything it asks for, in an order in which each may refer to those
    /// before, with what was built of its functions.
    ///
    /// # Errors
    /// Usage: something is out of bounds, or a component cannot be read.
    pub(super) fn wanted(&self, built: &Built) -> Result<Vec<Wanted>, CliError> {
        let mut collect = Collect { file: self, built, all: Vec::new() };
        self.manifest.visit(&mut collect)?;
        Ok(collect.all)
    }

    /// Checks that everything named is in the file or `there` already.
    ///
    /// # Errors
    /// Usage: the first that is not, and where it is named.
    pub(super) fn check_references(
        &self,
        all: &[Wanted],
        there: impl Fn(Kind, &str) -> bool,
    ) -> Result<(), CliError> {
        for wanted in all {
            for (kind, name) in &wanted.references {
                let here = all.iter().any(|other| other.is(*kind, name));
                if !here && !there(*kind, name) {
                    let (noun, table) = (kind.noun(), kind.table());
                    let message =
                        format!("{noun} {name:?} is neither in this file nor on the server");
                    let advice = format!("add it: [{table}.{}]", toml_key(name));
                    return Err(self.source.error(wanted.span.clone(), &message, &advice));
                }
            }
        }
        Ok(())
    }
}

/// Collects what is wanted of each kind.
struct Collect<'a> {
    file: &'a File,
    built: &'a Built,
    all: Vec<Wanted>,
}

impl VisitEntries for Collect<'_> {
    type Error = CliError;

    /// Each comes after those of its kind that it names.
    fn visit<E: Entry>(&mut self, entries: &Entries<E>) -> Result<(), CliError> {
        let File { source, directory, surroundings, .. } = self.file;
        let context = Context::new(directory, surroundings, self.built);
        let mut left = Vec::new();
        for (name, entry) in entries {
            if E::KIND == Kind::Function && self.built.holds(&name.to_string()) {
                continue;
            }
            let wrong = |Fault { message, advice, span }| {
                source.error(span.unwrap_or(entry.span()), &message, &advice)
            };
            let spec = entry.get_ref().spec(name, &context).map_err(wrong)?;
            let wanted =
                Wanted::new(E::KIND, name, entry.span(), json!(spec), E::references(&spec));
            let folders = entry.get_ref().folders(name, &context).map_err(wrong)?;
            self.add_buckets(&folders, entry.span());
            let wanted = Wanted { folders, ..wanted };
            left.push(match entry.get_ref().code(name, spec, &context).map_err(wrong)? {
                None => wanted,
                Some((path, configuration)) => {
                    let aliases = entry.get_ref().aliases().map_err(wrong)?;
                    wanted.with_code(path, configuration, aliases)?
                }
            });
        }
        while !left.is_empty() {
            let waits = |wanted: &Wanted| left.iter().any(|other| wanted.names(other));
            let ready = left.iter().position(|wanted| !waits(wanted));
            // Those in a circle are refused by the server, in any order.
            self.all.push(left.remove(ready.unwrap_or(0)));
        }
        Ok(())
    }
}

impl Collect<'_> {
    /// Adds the buckets that folders are put into and that the file does not name.
    fn add_buckets(&mut self, folders: &[Folder], span: Range<usize>) {
        for Folder { bucket, .. } in folders {
            if !self.all.iter().any(|wanted| wanted.is(Kind::Bucket, bucket.as_str())) {
                let description = json!(BucketSpec::default());
                self.all.push(Wanted::new(
                    Kind::Bucket,
                    bucket,
                    span.clone(),
                    description,
                    Vec::new(),
                ));
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with this text, whose components are in `directory`.
    pub(in super::super) fn file(text: &str, directory: &Path) -> Result<File, CliError> {
        let source = Source { name: "lambent.toml".into(), text: text.into() };
        File::parse(source, directory.to_path_buf(), Surroundings::default())
    }

    pub(in super::super) fn wanted(text: &str) -> Result<Vec<Wanted>, CliError> {
        let directory = tempfile::tempdir().unwrap();
        let component = wat::parse_str("(component)").unwrap();
        fs::write(directory.path().join("f.wasm"), component).unwrap();
        file(text, directory.path())?.wanted(&Built::default())
    }

    pub(in super::super) fn refused(text: &str) -> String {
        wanted(text).err().unwrap().to_string()
    }

    const WHOLE: &str = r#"
        name = "shop"
        [buckets.photos]
        [keyspaces.metadata]
        [queues.orders]
        visibility = "1m"
        dead-letter = { queue = "orders-dead", receives = 3 }
        [queues.orders-dead]
        [queues."jobs.fifo"]
        content-deduplication = true
        [functions.f]
        component = "f.wasm"
        memory = "64MiB"
        timeout = "5s"
        fuel = 20_000
        provisioned = "auto"
        reuse = 4
        shared = 1
        description = "thumbnails"
        public = true
        environment = { WIDTH = "320" }
        tags = { team = "shop" }
        grants = { buckets = { photos = "read" }, hosts = ["api.example.com"] }
        delivery = { attempts = 2, age = "1h", backoff = "10s", dead-letter = "queue:orders-dead" }
        [triggers.photo]
        function = "f"
        object = { bucket = "photos", changes = ["created"], suffix = ".jpg" }
        patterns = [{ data = { size = [{ numeric = [">", 0] }] } }]
        [triggers.orders]
        function = "f"
        queue = { queue = "orders", batch-size = 5, batch-window = "1s" }
    "#;

    #[test]
    fn everything_reaches_the_words_of_the_api() {
        let all = wanted(WHOLE).unwrap();
        let find =
            |name: &str, kind| all.iter().find(|w| w.name == name && w.kind == kind).unwrap();
        let orders = &find("orders", Kind::Queue).description;
        assert_eq!(orders["visibility_timeout_ms"], 60_000);
        assert_eq!(orders["redrive"], json!({ "queue": "orders-dead", "receives_max": 3 }));
        let function = &find("f", Kind::Function).description;
        assert_eq!(function["memory_bytes"], 64 << 20);
        assert_eq!(function["timeout_ms"], 5000);
        assert_eq!(function["fuel"], 20_000);
        assert_eq!(function["provisioned"], "auto");
        assert_eq!(function["reuse"], 4);
        assert_eq!(function["public"], true);
        assert_eq!(function["description"], "thumbnails");
        assert_eq!(function["environment"]["WIDTH"], "320");
        assert_eq!(function["tags"]["team"], "shop");
        assert_eq!(function["grants"]["buckets"], json!({ "photos": "read" }));
        assert_eq!(function["delivery"]["dead_letter"], "queue:orders-dead");
        let trigger = &find("photo", Kind::Trigger).description;
        assert_eq!(trigger["source"]["kind"], "object");
        assert_eq!(trigger["patterns"][0]["data"]["size"][0]["numeric"], json!([">", 0]));
        let trigger = &find("orders", Kind::Trigger).description;
        assert_eq!(trigger["source"]["batch_window_ms"], 1000);
    }

    #[test]
    fn dead_letter_queues_come_first() {
        let all = wanted(WHOLE).unwrap();
        let at = |name| all.iter().position(|wanted| wanted.name == name).unwrap();
        assert!(at("orders-dead") < at("orders"));
        assert!(all.is_sorted_by_key(|wanted| wanted.kind));
    }

    #[test]
    fn unknown_keys_have_a_place_and_a_suggestion() {
        let message = refused("[functions.f]\ncomponent = \"f.wasm\"\nmemroy = \"1MiB\"\n");
        let expected = "lambent.toml:3:1: unknown key `memroy`\n  3 | memroy = \"1MiB\"\n    \
                        | ^^^^^^\n  did you mean `memory`?";
        assert_eq!(message, expected);
        assert!(refused("[bucket.photos]").contains("did you mean `buckets`?"));
        let nested = refused("[queues.q]\ndead-letter = { queue = \"d\", recieves = 3 }");
        assert!(nested.starts_with("lambent.toml:2:30: unknown key `recieves`"), "{nested}");
        assert!(refused("[keyspaces.photos]\nx = 1").contains("nothing can be set here"));
    }

    #[test]
    fn wrong_values_have_a_place() {
        for (text, place, why) in [
            ("[queues.q]\nvisibility = \"soon\"", "2:14", "is not a duration"),
            ("[functions.f]\ncomponent = \"f.wasm\"\nmemory = \"1 parsec\"", "3:10", "not a size"),
            (
                "[functions.f]\ncomponent = \"f.wasm\"\nmemory = \"1MiB\"",
                "1:1",
                "memory is 1.0 MiB",
            ),
            (
                "[functions.f]\ncomponent = \"f.wasm\"\nfuel = \"1\"",
                "3:8",
                "without quotes: fuel = 1000",
            ),
            ("[functions.f]\ncomponent = \"f.wasm\"\nshared = -1", "3:10", "is not a number"),
            (
                "[functions.f]\ncomponent = \"f.wasm\"\nwatch = [\"src\", \"a{\"]",
                "3:9",
                "a pattern is wrong",
            ),
            ("[functions.f]\nmemory = \"8MiB\"", "1:1", "all of them are missing"),
            ("[buckets.X]", "1:10", "a bucket name has"),
            ("[triggers.t]\nfunction = \"f\"", "1:1", "one source"),
            ("[triggers.t]\nobject = { bucket = \"abc\" }", "1:1", "either a function or a queue"),
            ("[schedules.s]\nfunction = \"f\"", "1:1", "one of `cron`"),
            ("a = [", "1:6", ""),
        ] {
            let message = refused(text);
            assert!(message.starts_with(&format!("lambent.toml:{place}: ")), "{message}");
            assert!(message.contains(why), "{message}");
        }
    }

    #[test]
    fn what_is_named_must_be_there() {
        let text = "[triggers.t]\nfunction = \"f\"\nqueue = { queue = \"jobs.fifo\" }";
        let directory = tempfile::tempdir().unwrap();
        let file = file(text, directory.path()).unwrap();
        let all = file.wanted(&Built::default()).unwrap();
        let only = |there: Kind| file.check_references(&all, move |kind, _| kind == there);
        let message = only(Kind::Function).unwrap_err().to_string();
        assert!(message.contains("1:1: queue \"jobs.fifo\" is neither"), "{message}");
        assert!(message.ends_with("add it: [queues.\"jobs.fifo\"]"), "{message}");
        assert!(only(Kind::Queue).is_err());
        file.check_references(&all, |_, _| true).unwrap();
    }

    #[test]
    fn whatever_names_a_function_may_name_a_version_or_an_alias_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let component = wat::parse_str("(component)").unwrap();
        std::fs::write(directory.path().join("f.wasm"), component).unwrap();
        let of = |function: &str| {
            let text = format!(
                "[functions.a]\ncomponent = \"f.wasm\"\n\
                 delivery = {{ on-failure = \"function:{function}\" }}\n\
                 [functions.f]\ncomponent = \"f.wasm\"\n[queues.q]\n\
                 [triggers.t]\nfunction = \"{function}\"\nqueue = {{ queue = \"q\" }}\n\
                 [schedules.s]\nfunction = \"{function}\"\nrate = \"5m\"\n\
                 delivery = {{ dead-letter = \"function:{function}\" }}\n\
                 [sites.w.routes]\n\"/a\" = \"{function}\"\n\
                 \"/b\" = {{ function = \"{function}\" }}\n"
            );
            let file = file(&text, directory.path()).unwrap();
            let all = file.wanted(&Built::default()).unwrap();
            let names: Vec<_> = all.iter().map(|wanted| wanted.name.clone()).collect();
            (file.check_references(&all, |_, _| false), names)
        };
        for function in ["f", "f:live", "F:3", "f:$LATEST"] {
            let (checked, names) = of(function);
            assert!(checked.is_ok(), "{function}");
            let at = |name: &str| names.iter().position(|other| other == name);
            assert!(at("f") < at("a"), "what is named is first: {names:?}");
        }
        let error = of("g:live").0.unwrap_err().to_string();
        assert!(error.contains("function \"g\" is neither"), "{error}");
        assert!(error.contains("[functions.g]"), "{error}");
    }

    /// Every key of the schema, each with a table that holds it.
    fn keys() -> Vec<String> {
        let schema = super::super::schema();
        let tables = schema["properties"].as_object().unwrap();
        let mut lines = Vec::new();
        for (table, each) in tables {
            let Some(keys) = each["additionalProperties"]["properties"].as_object() else {
                continue;
            };
            for (key, property) in keys {
                lines.push(format!("[{table}.name]\n{key}"));
                let to = property["$ref"].as_str().and_then(|to| schema.pointer(&to[1..]));
                let below = to.and_then(|to| to["properties"].as_object());
                lines.extend(
                    below
                        .into_iter()
                        .flatten()
                        .map(|(inner, _)| format!("[{table}.name.{key}]\n{inner}")),
                );
            }
        }
        lines
    }

    #[test]
    fn no_error_is_in_the_words_of_the_parser() {
        let keys = keys();
        assert!(keys.len() > 50, "{keys:?}");
        for key in keys {
            for value in [
                "7",
                "-1",
                "1.5",
                "true",
                "\"\"",
                "\"x\"",
                "[]",
                "[7]",
                "{}",
                "{ x = 7 }",
                "2026-01-01",
            ] {
                let Err(error) = wanted(&format!("{key} = {value}\n")) else { continue };
                let error = error.to_string();
                for word in [
                    "struct",
                    "invalid type",
                    "invalid value",
                    "u32",
                    "u64",
                    "usize",
                    "a map",
                    "sequence",
                    "variant",
                    "integer",
                    "a string",
                    "field",
                    "floating",
                    "boolean",
                    "untagged",
                ] {
                    assert!(!error.contains(word), "{key} = {value}: {error}");
                }
            }
        }
    }
}
