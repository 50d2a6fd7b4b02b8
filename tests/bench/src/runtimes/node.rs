//! A node with a runtime, and functions on it.

use std::path::Path;

use lambent_api::InstallRuntime;
use lambent_api::client::Upload;
use lambent_api::types::{Configuration, ConfigurationPatch};
use lambent_package::{Builder, Limits, pack};

use super::language::Language;
use crate::Failed;
use crate::node::Node;

pub(super) struct Functions {
    pub(super) node: Node,
    language: &'static Language,
}

impl Functions {
    /// Starts a node and installs the runtime of a language.
    pub(super) async fn start(
        lambent: &Path,
        data: &Path,
        language: &'static Language,
        runtime: &Path,
    ) -> Result<Self, Failed> {
        let node = Node::start(lambent, data, None).await?;
        let (name, component) = (language.runtime.parse()?, std::fs::read(runtime)?);
        eprintln!("installing {}", language.runtime);
        let install = move |client: &lambent_api::client::Client| {
            let bytes = component.len() as u64;
            let install = InstallRuntime::default();
            client.install_runtime(&name, &install, &mut &component[..], bytes).map(drop)
        };
        node.typed(install).await?;
        Ok(Self { node, language })
    }

    /// Deploys files as a function that anyone may call.
    pub(super) async fn deploy(
        &self,
        name: &str,
        files: &[(&str, &[u8])],
        patch: ConfigurationPatch,
    ) -> Result<(), Failed> {
        let mut builder = Builder::new(Limits::LAMBDA);
        for (path, bytes) in files {
            builder.add_bytes(path, *bytes)?;
        }
        let mut zip = Vec::new();
        builder.write(&mut zip)?;
        self.upload(name, zip, patch).await
    }

    /// Deploys a folder as such a function.
    pub(super) async fn deploy_folder(
        &self,
        name: &str,
        folder: &Path,
        patch: ConfigurationPatch,
    ) -> Result<(), Failed> {
        let mut zip = Vec::new();
        pack(folder, &mut zip, &Limits::LAMBDA)?;
        self.upload(name, zip, patch).await
    }

    async fn upload(
        &self,
        name: &str,
        zip: Vec<u8>,
        patch: ConfigurationPatch,
    ) -> Result<(), Failed> {
        let patch = ConfigurationPatch {
            runtime: Some(Some(self.language.runtime.parse()?)),
            handler: Some(self.language.handler.into()),
            public: Some(true),
            ..patch
        };
        // What is wrong with it is said here rather than by the server.
        patch.apply(&Configuration::default())?;
        let name = name.parse()?;
        let deploy = move |client: &lambent_api::client::Client| {
            let upload = Upload::new(&zip, &patch)?;
            client.deploy(&name, &upload, &mut upload.reader(), None).map(drop)
        };
        self.node.typed(deploy).await
    }
}
