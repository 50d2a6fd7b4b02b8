//! The resources that are to exist.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use lambent_types::{AliasName, AliasSettings, Configuration, Digest};
use serde_json::{Value, json};

use super::kind::Kind;
use crate::code;
use crate::error::CliError;
use crate::site_files::Folder;

/// One resource that is to exist.
pub(super) struct Wanted {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The attributes that it is to have, in a form that is compared and, except for
    /// functions, sent.
    pub(super) description: Value,
    /// The code, for functions only.
    pub(super) code: Option<Code>,
    /// What is to be in buckets before, for sites only.
    pub(super) folders: Vec<Folder>,
    /// How many files of these are not there.
    pub(super) missing: usize,
    /// The resources that it names, which have to exist.
    pub(super) references: Vec<(Kind, String)>,
    pub(super) span: Range<usize>,
}

/// The aliases of a function.
pub(super) type Aliases = BTreeMap<AliasName, AliasSettings>;

/// A function's component, its configuration and its aliases.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) path: PathBuf,
    pub(super) digest: Digest,
    pub(super) configuration: Configuration,
    pub(super) aliases: Aliases,
}

impl Code {
    /// The function in a form to be compared.
    pub(super) fn describe(&self) -> Value {
        let mut description = describe_function(&self.digest.to_string(), &self.configuration);
        if !self.aliases.is_empty() {
            description["aliases"] = describe_aliases(self.aliases.iter());
        }
        description
    }
}

/// Aliases in a form to be compared: names are the same whatever their case.
pub(super) fn describe_aliases<'a>(
    aliases: impl Iterator<Item = (&'a AliasName, &'a AliasSettings)>,
) -> Value {
    aliases.map(|(name, settings)| (name.key(), json!(settings))).collect()
}

/// A function in a form to be compared: nothing is left out because it is
/// as by default.
pub(super) fn describe_function(digest: &str, configuration: &Configuration) -> Value {
    let mut description = json!(configuration);
    description["grants"] = json!(configuration.grants);
    description["delivery"] = json!(configuration.delivery);
    description["description"] = json!(configuration.description);
    description["mounts"] = json!(configuration.mounts);
    description["aws"] = json!(configuration.aws);
    description["cors"] = json!(configuration.cors);
    description["code"] = digest.into();
    description
}

impl Wanted {
    pub(super) fn new(
        kind: Kind,
        name: &impl ToString,
        span: Range<usize>,
        description: Value,
        references: Vec<(Kind, String)>,
    ) -> Self {
        Self {
            kind,
            name: name.to_string(),
            description,
            code: None,
            folders: Vec::new(),
            missing: 0,
            references,
            span,
        }
    }

    /// Whether it is the resource of this name, whatever its case.
    pub(super) fn is(&self, kind: Kind, name: &str) -> bool {
        self.kind == kind && self.name.eq_ignore_ascii_case(name)
    }

    /// Whether it names the other.
    pub(super) fn names(&self, other: &Self) -> bool {
        self.references.iter().any(|(kind, name)| other.is(*kind, name))
    }

    /// A function with the component at `path`.
    pub(super) fn with_code(
        self,
        path: PathBuf,
        configuration: Configuration,
        aliases: Aliases,
    ) -> Result<Self, CliError> {
        let digest = code::read(&path)?.digest;
        let code = Code { path, digest, configuration, aliases };
        Ok(Self { description: code.describe(), code: Some(code), ..self })
    }
}
