use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use lambent_types::Configuration;
use serde::Serialize;
use toml::Spanned;

use super::context::Context;
use super::fault::Fault;
use super::kind::Kind;
use super::wanted::Aliases;
use crate::site_files::Folder;

/// What a `lambent.toml` says of a resource of a kind.
pub(super) trait Entry {
    /// The kind.
    const KIND: Kind;
    /// The name of one.
    type Name: Display;
    /// What is said of one on the wire.
    type Spec: Serialize;

    /// What is to be said of the resource on the wire. Members that are not given have
    /// their defaults.
    ///
    /// # Errors
    /// Says what is wrong with it.
    fn spec(&self, name: &Self::Name, context: &Context) -> Result<Self::Spec, Fault>;

    /// The resources that it names, which have to exist.
    fn references(_: &Self::Spec) -> Vec<(Kind, String)> {
        Vec::new()
    }

    /// Where its component or package is, and its configuration; for functions only.
    ///
    /// # Errors
    /// It is not there yet.
    fn code(
        &self,
        _: &Self::Name,
        _: Self::Spec,
        _: &Context,
    ) -> Result<Option<(PathBuf, Configuration)>, Fault> {
        Ok(None)
    }

    /// The aliases that it has; for functions only.
    ///
    /// # Errors
    /// Says what is wrong with one.
    fn aliases(&self) -> Result<Aliases, Fault> {
        Ok(Aliases::new())
    }

    /// The folders of files that it needs to be in buckets; for sites only.
    ///
    /// # Errors
    /// One cannot be read.
    fn folders(&self, _: &Self::Name, _: &Context) -> Result<Vec<Folder>, Fault> {
        Ok(Vec::new())
    }
}

/// All of a kind, by name, each with its place in the file.
pub(super) type Entries<E> = BTreeMap<<E as Entry>::Name, Spanned<E>>;
