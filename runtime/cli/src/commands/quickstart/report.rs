use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lambent_types::{RuntimeName, Start, format_bytes, format_count};
use serde_json::{Value, json};

use super::build::{Built, PACKAGES};
use super::workspace::Workspace;
use crate::deploying::Show;
use crate::error::CliError;
use crate::node::Node;
use crate::output::{Colour, Output, colour, duration, paint};
use crate::paste::{endpoint_flag, program, quoted, relative};

/// The number of warm calls that the median is taken of.
pub(super) const WARM_CALLS: usize = 20;

/// The steps of the demonstration, shown as they happen and kept for the summary.
pub(super) struct Report {
    output: Output,
    url: String,
    steps: Value,
    deployments: Vec<Deployment>,
}

/// A function that was deployed.
pub(super) struct Deployment {
    pub(super) name: String,
    pub(super) code_bytes: u64,
    pub(super) time: Duration,
    pub(super) urls: Vec<String>,
    /// Whether it is a component, and no files that a runtime runs.
    pub(super) is_compiled: bool,
}

/// The times of a function's calls.
pub(super) struct Calls {
    pub(super) name: String,
    /// The time of the first call, as its caller saw it.
    pub(super) cold: Duration,
    /// The median of the other calls, as their caller saw it.
    pub(super) warm: Duration,
    /// The figures that the server measured.
    pub(super) figures: Option<Figures>,
}

/// The figures that the server recorded of the same calls.
pub(super) struct Figures {
    pub(super) cold: Duration,
    pub(super) cold_start: Start,
    pub(super) warm: Duration,
    pub(super) fuel: u64,
    pub(super) memory_bytes: u64,
}

/// An image in a file.
pub(super) struct Picture {
    pub(super) path: PathBuf,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) bytes: u64,
}

impl Picture {
    fn size(&self) -> String {
        format!("{} x {}, {}", self.width, self.height, format_bytes(self.bytes))
    }

    fn to_json(&self) -> Value {
        let Self { path, width, height, bytes } = self;
        json!({ "path": path, "width": width, "height": height, "bytes": bytes })
    }
}

/// The thumbnail of a photograph in a bucket.
pub(super) struct Thumbnail {
    /// The time from storing the photograph to storing its thumbnail.
    pub(super) time: Duration,
    pub(super) photo: Picture,
    pub(super) small: Picture,
    /// The value in the keyspace.
    pub(super) metadata: Value,
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Report {
    pub(super) fn new(output: Output) -> Self {
        let steps = json!({
            "skipped": {}, "installed": {}, "deployed": {}, "called": {}, "pipeline": [],
        });
        Self { output, url: String::new(), steps, deployments: Vec::new() }
    }

    /// Returns how progress of long steps is shown.
    pub(super) fn show(&self) -> Show {
        Show::suited(self.output.json)
    }

    fn tell(&self, step: &str, what: &str, time: &str) -> Result<(), CliError> {
        if !self.output.json {
            let step = paint(colour(&io::stdout()), Colour::Green, &format!("{step:10}"));
            let line = format!("{step} {what:58} {time:>8}");
            self.output.painted(line.trim_end())?;
        }
        Ok(())
    }

    pub(super) fn built(&mut self, built: &Built) -> Result<(), CliError> {
        self.steps["build_us"] = micros(built.time).into();
        self.tell("built", &PACKAGES.join(", "), &duration(built.time))
    }

    /// Tells what was left out, and why.
    pub(super) fn skipped(&mut self, what: &str, why: &str) -> Result<(), CliError> {
        self.steps["skipped"][what] = why.into();
        self.tell("skipped", &format!("{what}: {why}"), "")
    }

    /// Tells of a runtime that the server has.
    pub(super) fn installed(
        &mut self,
        name: &RuntimeName,
        bytes: u64,
        time: Duration,
    ) -> Result<(), CliError> {
        self.steps["installed"][name.as_str()] =
            json!({ "bytes": bytes, "install_us": micros(time) });
        let what = format!("runtime {name}, {}, compiled and ready", format_bytes(bytes));
        self.tell("installed", &what, &duration(time))
    }

    pub(super) fn started(
        &mut self,
        node: &Node,
        data: &Path,
        taken: bool,
    ) -> Result<(), CliError> {
        self.url.clone_from(&node.url);
        self.steps["url"] = node.url.clone().into();
        self.steps["startup_us"] = micros(node.startup).into();
        let what = format!("{}, data in {}", node.url, relative(data).display());
        self.tell("started", &what, &duration(node.startup))?;
        if taken {
            self.tell("", "on a free port, because 4566 is taken", "")?;
        }
        Ok(())
    }

    pub(super) fn restarted(&mut self, node: &Node) -> Result<(), CliError> {
        self.steps["restart_us"] = micros(node.startup).into();
        self.tell("restarted", "with everything, from what is on disk", &duration(node.startup))
    }

    pub(super) fn deployed(&mut self, deployment: Deployment) -> Result<(), CliError> {
        let Deployment { name, code_bytes, time, urls, is_compiled } = &deployment;
        self.steps["deployed"][name] =
            json!({ "code_bytes": code_bytes, "deploy_us": micros(*time), "urls": urls });
        let done = if *is_compiled { "compiled and ready" } else { "ready" };
        let what = format!("{name}, {}, {done}", format_bytes(*code_bytes));
        self.tell("deployed", &what, &duration(*time))?;
        self.deployments.push(deployment);
        Ok(())
    }

    pub(super) fn called(&mut self, calls: Calls) -> Result<(), CliError> {
        let Calls { name, cold, warm, figures } = &calls;
        self.steps["called"][name] = json!({ "cold_us": micros(*cold), "warm_us": micros(*warm) });
        let mapped = figures.as_ref().is_some_and(|figures| figures.cold_start == Start::Mapped);
        let start = if mapped { " (cold: mapped from disk)" } else { "" };
        self.tell("called", &format!("{name}, first call{start}"), &duration(*cold))?;
        self.tell("", &format!("{name}, median of {WARM_CALLS} more"), &duration(*warm))?;
        if let Some(figures) = figures {
            self.steps["called"][name]["server"] = json!({
                "cold_us": micros(figures.cold),
                "cold_start": figures.cold_start.as_str(),
                "warm_us": micros(figures.warm),
                "fuel": figures.fuel,
                "memory_bytes": figures.memory_bytes,
            });
            let inside = format!(
                "of which in the function: {}, then {}",
                duration(figures.cold),
                duration(figures.warm)
            );
            self.tell("", &inside, "")?;
            let used = format!(
                "each in a fresh instance: {} fuel, {} memory",
                format_count(figures.fuel),
                format_bytes(figures.memory_bytes)
            );
            self.tell("", &used, "")?;
        }
        Ok(())
    }

    /// Tells of the thumbnail.
    ///
    /// # Errors
    /// Failed: it is not smaller than the photograph.
    pub(super) fn shrunk(&mut self, photo: Picture, small: Picture) -> Result<(), CliError> {
        self.steps["photo"] = photo.to_json();
        self.steps["thumbnail"] = small.to_json();
        check_smaller(&photo, &small)?;
        let (before, after) = (photo.size(), small.size());
        self.tell("received", &format!("photograph of {before}: thumbnail of {after}"), "")?;
        self.tell("", &format!("written to {}", relative(&small.path).display()), "")
    }

    /// Tells what was made as a file says.
    pub(super) fn applied(
        &mut self,
        file: &Path,
        steps: Vec<String>,
        time: Duration,
    ) -> Result<(), CliError> {
        let what = match steps.len() {
            0 => "nothing to do".into(),
            count => format!("{count} steps"),
        };
        self.steps["applied"] = json!({ "file": file, "steps": steps, "time_us": micros(time) });
        let file = relative(file);
        self.tell("applied", &format!("{}: {what}", file.display()), &duration(time))?;
        steps.iter().try_for_each(|step| self.tell("", step, ""))
    }

    /// Tells what became of a photograph in a bucket.
    ///
    /// # Errors
    /// Failed: its thumbnail is not smaller, or what is noted of it is wrong.
    pub(super) fn arrived(&mut self, thumbnail: Thumbnail) -> Result<(), CliError> {
        let Thumbnail { time, photo, small, metadata } = thumbnail;
        check_smaller(&photo, &small)?;
        let (width, height) = (photo.width, photo.height);
        if metadata["width"] != width || metadata["height"] != height {
            return Err(CliError::failed(format!(
                "the metadata say {metadata} of a photograph of {}",
                photo.size()
            )));
        }
        if let Some(pipeline) = self.steps["pipeline"].as_array_mut() {
            pipeline.push(json!({
                "photo": photo.to_json(), "thumbnail": small.to_json(),
                "metadata": metadata, "time_us": micros(time),
            }));
        }
        let name = photo.path.file_name().unwrap_or_default().to_string_lossy();
        self.tell("put", &format!("photos/{name}, {}", photo.size()), "")?;
        let what = format!("{}, {}", small.path.display(), small.size());
        self.tell("got", &what, &duration(time))?;
        self.tell("", &format!("metadata/{name}: {width} x {height} pixels"), "")
    }

    pub(super) fn to_json(&self) -> Value {
        self.steps.clone()
    }

    /// Says what to try next, in commands that work when pasted.
    pub(super) fn how_to_go_on(&self, workspace: &Workspace) -> Result<(), CliError> {
        let bold = |text: &str| paint(colour(&io::stdout()), Colour::Bold, text);
        let url = |name: &str| {
            let deployment = self.deployments.iter().find(|one| one.name == name);
            deployment.and_then(|one| one.urls.first()).cloned().unwrap_or_default()
        };
        let (hello, thumbnail) = (url("hello"), url("thumbnail-http"));
        let photo = relative(&workspace.photo()).display().to_string();
        let (photo, sent) = (quoted(&photo), quoted(&format!("@{photo}")));
        let (lambent, flag) = (program(), endpoint_flag(&self.url));
        let mut lines = vec![String::new(), bold("Open")];
        lines.extend([format!("  {hello}"), format!("  {thumbnail}   a page that takes photos")]);
        lines.extend([
            String::new(),
            bold("Go on, in another terminal"),
            format!("  curl {hello}"),
            format!("  curl --data-binary {sent} {thumbnail} -o small.jpg"),
            String::new(),
            format!("  {lambent} object put photos mine.jpg {photo}{flag}"),
            format!("  {lambent} object get thumbnails mine.jpg -o mine.jpg{flag}"),
            format!("  {lambent} kv get metadata mine.jpg{flag}"),
            format!("  {lambent} kv list metadata{flag}"),
            format!("  {lambent} logs thumbnail{flag}"),
            String::new(),
            format!("  {lambent} list{flag}"),
            format!("  {lambent} trigger describe photos{flag}"),
            format!("  {lambent} usage{flag}"),
            String::new(),
            format!("Serving at {} until Ctrl-C.", self.url),
        ]);
        for line in lines {
            self.output.painted(&line)?;
        }
        Ok(())
    }
}

fn check_smaller(photo: &Picture, small: &Picture) -> Result<(), CliError> {
    if small.width < photo.width && small.height < photo.height && small.bytes < photo.bytes {
        return Ok(());
    }
    let (before, after) = (photo.size(), small.size());
    Err(CliError::failed(format!(
        "the thumbnail ({after}) is not smaller than the photograph ({before})"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u16, bytes: u64) -> Picture {
        Picture { path: "x.jpg".into(), width, height: width, bytes }
    }

    #[test]
    fn a_thumbnail_must_be_smaller() {
        let mut report = Report::new(Output { json: true, terminal: false });
        assert!(report.shrunk(picture(100, 1000), picture(100, 10)).is_err());
        assert!(report.shrunk(picture(100, 1000), picture(10, 1000)).is_err());
        report.shrunk(picture(100, 1000), picture(10, 10)).unwrap();
        assert_eq!(report.to_json()["thumbnail"]["width"], 10);
    }

    #[test]
    fn what_is_noted_of_a_photograph_must_be_right() {
        let thumbnail = |width: u16| Thumbnail {
            time: Duration::from_millis(5),
            photo: picture(100, 1000),
            small: picture(10, 10),
            metadata: json!({ "width": width, "height": 100 }),
        };
        let mut report = Report::new(Output { json: true, terminal: false });
        assert!(report.arrived(thumbnail(99)).is_err());
        report.arrived(thumbnail(100)).unwrap();
        assert_eq!(report.to_json()["pipeline"][0]["time_us"], 5000);
    }
}
