//! A photograph in one bucket becomes a thumbnail in another, and what is known
//! of it a key: the example `thumbnail`, as its `lambent.toml` describes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lambent_api::client::{Client, PutObject, found};
use lambent_api::{ObjectView, ReadLogs};
use lambent_types::{BucketName, FunctionName, KeyspaceName};
use serde_json::Value;

use super::build::Built;
use super::demonstration::picture;
use super::report::{Report, Thumbnail};
use super::workspace::Workspace;
use crate::commands::apply::{Built as Components, File, Plan, Prune, explain};
use crate::deploying::Show;
use crate::error::CliError;
use crate::progress::Progress;

/// The package, and the function in its file.
const NAME: &str = "thumbnail";

/// The longest time that the thumbnail of one photograph may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Makes everything that the example's `lambent.toml` names.
///
/// # Errors
/// Failed: any step.
pub(super) fn apply(
    client: &Client,
    workspace: &Workspace,
    built: &Built,
    report: &mut Report,
) -> Result<(), CliError> {
    let component = built.component(NAME)?.to_path_buf();
    let clock = Instant::now();
    let progress = Progress::spinner("applying the thumbnail example's lambent.toml");
    let file = File::read(&workspace.manifest())?;
    let name = NAME.parse().map_err(|error| CliError::failed(format!("{error}")))?;
    let built = Components::component(&name, component);
    let plan = Plan::make(client, &file, Prune::Nothing, &built)?;
    let mut done = Vec::new();
    let taken = plan.execute(client, Show::Nothing, |step, _| {
        done.push(step.to_owned());
        Ok(())
    });
    taken.map_err(|stopped| explain(&plan, stopped))?;
    drop(progress);
    report.applied(&workspace.manifest(), done, clock.elapsed())
}

/// The places of the pipeline.
struct Pipeline<'a> {
    client: &'a Client,
    photos: BucketName,
    thumbnails: BucketName,
    metadata: KeyspaceName,
}

/// Puts every photograph of the example into its bucket, and waits for what
/// becomes of it.
///
/// # Errors
/// Failed: any step; nothing is glossed over.
pub(super) fn run(
    client: &Client,
    workspace: &Workspace,
    report: &mut Report,
) -> Result<(), CliError> {
    let name = |error| CliError::failed(format!("{error}"));
    let pipeline = Pipeline {
        client,
        photos: "photos".parse().map_err(name)?,
        thumbnails: "thumbnails".parse().map_err(name)?,
        metadata: "metadata".parse().map_err(name)?,
    };
    for path in workspace.photos()? {
        let progress = Progress::spinner(format!("putting {} into photos", path.display()));
        let thumbnail = pipeline.send(&path)?;
        drop(progress);
        report.arrived(thumbnail)?;
    }
    Ok(())
}

impl Pipeline<'_> {
    fn send(&self, path: &Path) -> Result<Thumbnail, CliError> {
        let photo = fs::read(path).map_err(|error| {
            CliError::failed(format!("cannot read the photograph {}: {error}", path.display()))
        })?;
        let key = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Results of an earlier run would look like results of this one.
        found(self.client.delete_object(&self.thumbnails, &key))?;
        found(self.client.delete_key(&self.metadata, &key, None))?;

        let attached =
            PutObject { content_type: Some("image/jpeg".into()), ..PutObject::default() };
        let bytes = photo.len() as u64;
        let mut body = photo.as_slice();
        let put =
            self.client.put_object(&self.photos, &key, &attached, bytes, &mut body)?.value()?;
        let (made, metadata) = self.wait(&key)?;
        let mut small = Vec::new();
        self.client.get_object(&self.thumbnails, &key, None)?.copy(
            |bytes| -> Result<(), CliError> {
                small.extend_from_slice(bytes);
                Ok(())
            },
        )?;
        Ok(Thumbnail {
            time: between(&put, &made),
            photo: picture(path.to_path_buf(), &photo)?,
            small: picture(PathBuf::from(format!("thumbnails/{key}")), &small)?,
            metadata,
        })
    }

    /// Waits for thumbnail and metadata.
    fn wait(&self, key: &str) -> Result<(ObjectView, Value), CliError> {
        let clock = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            let thumbnail = self.client.find_object(&self.thumbnails, key)?;
            let metadata = found(self.client.get_key(&self.metadata, key))?;
            if let (Some(thumbnail), Some(metadata)) = (thumbnail, metadata) {
                let metadata = serde_json::from_slice(&metadata.value);
                let metadata = metadata.map_err(|error| {
                    CliError::failed(format!("the metadata of {key} is not JSON: {error}"))
                })?;
                return Ok((thumbnail.value()?, metadata));
            }
            if clock.elapsed() > PATIENCE {
                return Err(self.why_not(key));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Says what the function's log says.
    fn why_not(&self, key: &str) -> CliError {
        let error =
            CliError::failed(format!("no thumbnail of {key} within {} s", PATIENCE.as_secs()));
        let newest = ReadLogs { limit: Some(1), ..ReadLogs::default() };
        let last = NAME.parse::<FunctionName>().ok().and_then(|function| {
            self.client.logs(&function, &newest).ok()?.value().ok()?.records.pop()
        });
        error.hint(match last {
            Some(entry) => {
                let outcome = entry.record.outcome.message();
                format!("the last invocation of {NAME} ended so: {outcome}")
            }
            None => format!("{NAME} was not invoked at all"),
        })
    }
}

/// The time from one object's being written to the other's, by the server's clock.
fn between(first: &ObjectView, second: &ObjectView) -> Duration {
    second.modified.duration_since(first.modified).unsigned_abs()
}
