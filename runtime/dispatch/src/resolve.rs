//! From a name and a qualifier to a version.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use lambent_storage::Registry;
use lambent_types::{
    Alias, AliasName, Error, ErrorCode, Event, Function, FunctionName, FunctionVersion, Namespace,
    QualifiedFunction, Qualifier, Split, Sticky, VersionNumber, Weight,
};

use crate::callee::Callee;

/// What decides between the two versions of an alias, if it says which part of it does.
#[derive(Debug, Clone, Copy)]
pub enum DecidedBy<'a> {
    /// A request, by these fields of its header.
    Request(&'a HeaderMap),
    /// An event.
    Event(&'a Event),
}

impl<'a> DecidedBy<'a> {
    /// The text that decides.
    fn key(self, sticky: &Sticky) -> Option<Cow<'a, str>> {
        match self {
            Self::Event(event) => sticky.of_event(event),
            Self::Request(headers) => {
                let values = headers.get_all(sticky.header()?).into_iter();
                let mut texts = values.filter_map(|value| value.to_str().ok());
                texts.find_map(|text| sticky.of_header(text)).map(Cow::Borrowed)
            }
        }
    }
}

/// What a qualifier of a function leads to: a version, or two that share what comes.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The version, or the first of the two.
    pub first: Arc<FunctionVersion>,
    alias: Option<AliasName>,
    /// On the heap, as few aliases have two.
    second: Option<Box<Second>>,
}

#[derive(Debug, Clone)]
struct Second {
    version: Arc<FunctionVersion>,
    alias: Alias,
    weight: Weight,
}

impl Resolved {
    /// Which version handles something.
    #[must_use]
    pub fn choose(&self, by: DecidedBy<'_>) -> Callee {
        self.chosen(|second| second.handles(by))
    }

    /// Which version handles something of which no part decides.
    pub(crate) fn choose_any(&self) -> Callee {
        self.chosen(Second::handles_any)
    }

    fn chosen(&self, is_second: impl FnOnce(&Second) -> bool) -> Callee {
        let second = self.second.as_deref().filter(|second| is_second(second));
        let function = second.map_or(&self.first, |second| &second.version);
        Callee { function: Arc::clone(function), alias: self.alias.clone() }
    }

    /// What was asked for, with its names as they are written where they were made: the same
    /// however it was asked for.
    pub(crate) fn named(&self) -> QualifiedFunction {
        let numbered = || match self.first.version {
            VersionNumber::Latest => Qualifier::Latest,
            VersionNumber::Number(number) => Qualifier::Version(number),
        };
        let qualifier = self.alias.clone().map_or_else(numbered, Qualifier::Alias);
        QualifiedFunction { name: self.first.name.clone(), qualifier }
    }

    /// Whether a part of what comes decides between two versions.
    pub(crate) fn is_sticky(&self) -> bool {
        self.second.as_ref().is_some_and(|second| second.alias.settings.sticky.is_some())
    }

    /// Both versions, or the one.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<FunctionVersion>> {
        self.second.iter().map(|second| &second.version).chain([&self.first])
    }

    /// How long whichever version handles something may run.
    pub(crate) fn timeout(&self) -> Duration {
        let timeouts = self.versions().map(|version| version.configuration.timeout_ms);
        Duration::from_millis(timeouts.max().unwrap_or_default())
    }
}

impl Second {
    fn handles(&self, by: DecidedBy<'_>) -> bool {
        let sticky = self.alias.settings.sticky.as_ref();
        match sticky.and_then(|sticky| by.key(sticky)) {
            Some(key) => {
                let name = self.version.name.as_str();
                self.alias.version_for(name, &key) == self.version.version
            }
            None => self.handles_any(),
        }
    }

    fn handles_any(&self) -> bool {
        fastrand::u32(0..Weight::WHOLE) < self.weight.get()
    }
}

/// Finds what a qualifier of a function leads to.
///
/// # Errors
/// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`; the store failed.
pub(crate) async fn resolve(
    registry: &dyn Registry,
    namespace: &Namespace,
    name: &FunctionName,
    qualifier: &Qualifier,
) -> Result<Resolved, Error> {
    let alias = match qualifier {
        Qualifier::Version(number) => {
            if let Some(first) = registry.version(namespace, name, *number).await? {
                return Ok(Resolved { first, alias: None, second: None });
            }
            found(registry, namespace, name).await?;
            return Err(no_version(name, *number));
        }
        Qualifier::Latest => {
            let first = Arc::clone(&found(registry, namespace, name).await?.latest);
            return Ok(Resolved { first, alias: None, second: None });
        }
        Qualifier::Alias(alias) => alias,
    };
    let mut function = found(registry, namespace, name).await?;
    loop {
        let resolved = by_alias(registry, &function, alias).await;
        if !resolved.as_ref().is_err_and(|error| error.code() == ErrorCode::VersionNotFound) {
            return resolved;
        }
        // The alias may lead elsewhere since it was read, and the version be deleted.
        let now = found(registry, namespace, name).await?;
        let revision = |function: &Function| function.aliases.get(alias).map(|one| one.revision);
        if revision(&now) == revision(&function) {
            return resolved;
        }
        function = now;
    }
}

/// Finds what an alias of a function that was read leads to.
async fn by_alias(
    registry: &dyn Registry,
    function: &Function,
    alias: &AliasName,
) -> Result<Resolved, Error> {
    let FunctionVersion { namespace, name, .. } = &*function.latest;
    let Some(alias) = function.aliases.get(alias) else {
        let detail = format!("function \"{name}\" has no alias \"{alias}\"");
        return Err(Error::new(ErrorCode::AliasNotFound, detail));
    };
    let numbered = async |number| {
        let version = registry.version(namespace, name, number).await?;
        version.ok_or_else(|| no_version(name, number))
    };
    let first = match alias.settings.version {
        VersionNumber::Latest => Arc::clone(&function.latest),
        VersionNumber::Number(number) => numbered(number).await?,
    };
    let second = match alias.settings.split {
        Some(Split { version, weight }) => {
            let version = numbered(version).await?;
            Some(Box::new(Second { version, alias: alias.clone(), weight }))
        }
        None => None,
    };
    Ok(Resolved { first, alias: Some(alias.name.clone()), second })
}

async fn found(
    registry: &dyn Registry,
    namespace: &Namespace,
    name: &FunctionName,
) -> Result<Arc<Function>, Error> {
    registry.function(namespace, name).await?.ok_or_else(|| {
        Error::new(
            ErrorCode::FunctionNotFound,
            format!("function \"{name}\" does not exist in namespace \"{namespace}\""),
        )
    })
}

fn no_version(name: &FunctionName, number: u64) -> Error {
    let detail = format!("function \"{name}\" has no version {number}");
    Error::new(ErrorCode::VersionNotFound, detail)
}
