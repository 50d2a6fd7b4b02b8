use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::Method;
use lambent_api::ReadLogs;
use lambent_api::client::{Call, Client, Payload};
use lambent_types::{ConfigurationPatch, FunctionName, Meter};

use super::build::Built;
use super::report::{Calls, Deployment, Figures, Picture, Report, WARM_CALLS};
use super::workspace::Workspace;
use crate::code;
use crate::deploying::{self, Show};
use crate::error::CliError;
use crate::jpeg;
use crate::progress::Progress;

/// Deploys the functions that serve HTTP.
///
/// # Errors
/// Failed: a function is not there, or the server will not have it.
pub(super) fn deploy(client: &Client, built: &Built, report: &mut Report) -> Result<(), CliError> {
    for (name, guest) in [("hello", "hello-http"), ("thumbnail-http", "thumbnail-http")] {
        let patch = ConfigurationPatch { public: Some(true), ..ConfigurationPatch::default() };
        let component = built.component(guest)?;
        report.deployed(deploy_one(client, name, component, &patch, report.show())?)?;
    }
    Ok(())
}

/// Calls them, and keeps the thumbnail.
///
/// # Errors
/// Failed: any step; nothing is glossed over.
pub(super) fn call(
    client: &Client,
    workspace: &Workspace,
    data: &Path,
    report: &mut Report,
) -> Result<(), CliError> {
    let (calls, greeting) = call_often(client, "hello", None)?;
    if greeting.is_empty() {
        return Err(CliError::failed("hello answered nothing"));
    }
    report.called(calls)?;

    let path = workspace.photo();
    let photo = fs::read(&path).map_err(|error| {
        CliError::failed(format!("cannot read the photograph {}: {error}", path.display()))
    })?;
    let (calls, thumbnail) = call_often(client, "thumbnail-http", Some(&photo))?;
    report.called(calls)?;
    let kept = data.join("thumbnail.jpg");
    fs::write(&kept, &thumbnail).map_err(|error| {
        CliError::failed(format!("cannot write the thumbnail to {}: {error}", kept.display()))
    })?;
    report.shrunk(picture(path, &photo)?, picture(kept, &thumbnail)?)
}

/// Deploys what is in a file or folder.
///
/// # Errors
/// Usage: it is no code. Failed: the server will not have it.
pub(super) fn deploy_one(
    client: &Client,
    name: &str,
    file: &Path,
    patch: &ConfigurationPatch,
    show: Show,
) -> Result<Deployment, CliError> {
    let code = code::read(file)?.bytes;
    let clock = Instant::now();
    let deployed = deploying::deploy(client, &function(name)?, &code, patch, None, show)?;
    let time = clock.elapsed();
    let view = deployed.value()?;
    Ok(Deployment {
        name: name.into(),
        code_bytes: view.code_bytes,
        time,
        urls: view.urls,
        is_compiled: view.runs_on.is_none(),
    })
}

fn function(name: &str) -> Result<FunctionName, CliError> {
    name.parse().map_err(|error| CliError::failed(format!("{error}")))
}

/// Calls a function once cold and then often warm; returns what it answered last.
fn call_often(
    client: &Client,
    name: &str,
    body: Option<&[u8]>,
) -> Result<(Calls, Vec<u8>), CliError> {
    let progress = Progress::spinner(format!("calling {name}"));
    let function = function(name)?;
    let newest = ReadLogs { limit: Some(1), ..ReadLogs::default() };
    let before = client.logs(&function, &newest)?.value()?.next;
    let (cold, warm, answer) = timed(client, name, body)?;
    progress.say(format!("reading the log of {name}"));
    let figures = figures(&recorded(client, &function, before)?);
    Ok((Calls { name: name.into(), cold, warm, figures }, answer))
}

/// Calls a function once and then often: the time of the first call, the median of the others,
/// and what it answered last.
///
/// # Errors
/// Failed: a call.
pub(super) fn timed(
    client: &Client,
    name: &str,
    body: Option<&[u8]>,
) -> Result<(Duration, Duration, Vec<u8>), CliError> {
    let url = format!("{}/fn/{name}/", client.endpoint());
    let mut times = Vec::new();
    let mut answer = Vec::new();
    for _ in 0..=WARM_CALLS {
        let call = match body {
            Some(body) => {
                Call::new(Method::POST, url.clone()).body("image/jpeg", Payload::Bytes(body))
            }
            None => Call::new(Method::GET, url.clone()),
        };
        let clock = Instant::now();
        answer = client.send::<()>(call)?.into_body();
        times.push(clock.elapsed());
    }
    let cold = times.remove(0);
    Ok((cold, median(times), answer))
}

/// The meters of the calls just made, once they are all in the log, which is
/// written behind the answers.
fn recorded(client: &Client, function: &FunctionName, before: u64) -> Result<Vec<Meter>, CliError> {
    let clock = Instant::now();
    let mut meters = Vec::new();
    let mut filter = ReadLogs {
        after: Some(before),
        limit: Some(WARM_CALLS + 1),
        wait: Some(Duration::from_secs(1)),
        ..ReadLogs::default()
    };
    while meters.len() <= WARM_CALLS && clock.elapsed() < Duration::from_secs(10) {
        let page = client.logs(function, &filter)?.value()?;
        for record in page.records.into_iter().map(|entry| entry.record) {
            if !record.outcome.is_ok() {
                let message = record.outcome.message();
                return Err(CliError::failed(format!("{function} failed: {message}")));
            }
            meters.push(record.meter);
        }
        filter.after = Some(page.next);
    }
    if meters.len() <= WARM_CALLS {
        return Err(CliError::failed(format!(
            "{} of {} calls of {function} are in its log",
            meters.len(),
            WARM_CALLS + 1
        )));
    }
    Ok(meters)
}

fn figures(meters: &[Meter]) -> Option<Figures> {
    let (cold, warm) = meters.split_first()?;
    Some(Figures {
        cold: cold.duration,
        cold_start: cold.start,
        warm: median(warm.iter().map(|meter| meter.duration).collect()),
        fuel: warm.last()?.fuel,
        memory_bytes: warm.last()?.memory_bytes,
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// An image, by what its header says.
///
/// # Errors
/// Failed: it is no JPEG image.
pub(super) fn picture(path: PathBuf, image: &[u8]) -> Result<Picture, CliError> {
    let Some((width, height)) = jpeg::dimensions(image) else {
        return Err(CliError::failed(format!("{} is no JPEG image", path.display())));
    };
    Ok(Picture { path, width, height, bytes: image.len() as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_call_is_the_cold_one() {
        let meter = |ms| Meter { duration: Duration::from_millis(ms), ..Meter::default() };
        let figures = figures(&[meter(9), meter(3), meter(1), meter(2)]).unwrap();
        assert_eq!(figures.cold, Duration::from_millis(9));
        assert_eq!(figures.warm, Duration::from_millis(2));
    }
}
