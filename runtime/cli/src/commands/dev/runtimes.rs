//! The runtimes that functions run on, from a folder to the node.

use std::io::Cursor;
use std::path::PathBuf;
use std::time::Instant;

use lambent_api::InstallRuntime;
use lambent_api::client::Client;

use serde_json::json;

use super::tell::Tell;
use crate::code;
use crate::commands::apply::File;
use crate::error::CliError;

/// Where runtimes are: `NAME.wasm` of each.
pub(super) struct Runtimes(pub(super) Option<PathBuf>);

impl Runtimes {
    /// Installs what the file's functions run on and the node does not have, as far as it is in
    /// the folder. Returns what there is to be said of the first that is not, if one is not.
    ///
    /// # Errors
    /// The server's problem, or no answer; or a file is no component.
    pub(super) fn install(
        &self,
        file: &File,
        client: &Client,
        tell: Tell,
    ) -> Result<Option<CliError>, CliError> {
        while let Some(missing) = file.missing_runtime(client)? {
            let place =
                self.0.as_ref().map(|folder| folder.join(format!("{}.wasm", missing.runtime)));
            let Some(place) = place.filter(|place| place.is_file()) else {
                return Ok(Some(missing.error(client)));
            };
            let (clock, runtime) = (Instant::now(), &missing.runtime);
            let text = format!("installing runtime {runtime}, which is compiled once");
            tell.event("installing", json!({ "runtime": runtime }), &text)?;
            let component = code::read_component(&place)?;
            let bytes = component.len() as u64;
            let mut body = Cursor::new(&component);
            client.install_runtime(
                &missing.runtime,
                &InstallRuntime::default(),
                &mut body,
                bytes,
            )?;
            let done = format!("installed runtime {}", missing.runtime);
            tell.done("installed", &done, clock.elapsed())?;
        }
        Ok(None)
    }
}
