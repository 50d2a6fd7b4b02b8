//! What a runtime adds to the package of a function that is deployed, such as byte code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_capabilities::Ctx;
use lambent_engine::{Context, Invocation};
use lambent_package::Limits as PackageLimits;
use lambent_service::Additions;
use lambent_types::{FunctionVersion, Limits, LogStream, Logs, Origin, Outcome, bounds};

use crate::environment::environment;
use crate::host::Host;

/// Memory that it may take: of a package that fits, the compiler of every runtime needs less.
const MEMORY_BYTES: u64 = 512 << 20;
/// How long it may take. What was deployed serves without it, only more slowly at first.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Warnings that the deployer is given, as many as one reads.
const WARNINGS_MAX: usize = 20;
/// Characters of one: a path of a package, and what is wrong.
const WARNING_CHARS_MAX: usize = 1000;

impl Host {
    /// What the runtime of a version adds to its package; nothing if it fails, which is logged.
    pub(crate) async fn additions_to(&self, function: &Arc<FunctionVersion>) -> Additions {
        match self.prepared(function).await {
            Ok(additions) => additions,
            Err(reason) => {
                tracing::warn!(function = %function.name, reason, "cannot prepare a package");
                let warning = "the package could not be prepared, so that its first calls take \
                               longer; the node's log has the reason";
                Additions { files: Vec::new(), warnings: vec![warning.into()] }
            }
        }
    }

    async fn prepared(&self, function: &Arc<FunctionVersion>) -> Result<Additions, String> {
        let code = self.code(function).await.map_err(|error| error.to_string())?;
        let ctx = Ctx::new(self.shared.clone(), function.clone(), Origin::default());
        let limits = Limits {
            memory_bytes: MEMORY_BYTES,
            timeout: TIMEOUT,
            fuel: bounds::FUEL_MAX,
            ..function.configuration.limits()
        };
        let invocation = Invocation {
            limits,
            environment: environment(function, code.component.sends_http()),
            context: Context { function: Some(function.clone()), ..Context::default() },
            began: Instant::now(),
            ..Invocation::new(ctx.with_files(code.mount))
        };
        let bytes_max = PackageLimits::LAMBDA.unpacked_bytes;
        let prepared = async move {
            lambent_capabilities::prepare(&code.component, invocation, bytes_max).await
        };
        let finished = self.engine.migrating(prepared).await.ok_or("the node ends")?;
        let finished = finished.map_err(|refused| refused.to_string())?;
        match (finished.outcome, finished.value) {
            (Outcome::Ok, Some(Ok(files))) => {
                Ok(Additions { files, warnings: warnings(&finished.logs) })
            }
            (_, Some(Err(failure))) => Err(failure.message),
            (outcome, _) => Err(outcome.message()),
        }
    }
}

/// What a runtime says of files that it could not prepare.
fn warnings(logs: &Logs) -> Vec<String> {
    let lines = logs.lines.iter().filter(|line| line.stream == LogStream::Stderr);
    let mut warnings: Vec<String> = lines
        .filter_map(|line| line.text.strip_prefix("warning: "))
        .map(|text| text.chars().take(WARNING_CHARS_MAX).collect())
        .collect();
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    if more > 0 || logs.dropped_bytes > 0 {
        warnings.truncate(WARNINGS_MAX);
        warnings.push("there are more such files".into());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use lambent_types::LogLine;

    use super::*;

    #[test]
    fn warnings_are_told_from_what_else_is_written_and_are_not_too_many() {
        let line = |stream, text: &str| LogLine { stream, text: text.into() };
        let mut lines = vec![
            line(LogStream::Stderr, "warning: a.py, line 3: invalid syntax"),
            line(LogStream::Stdout, "warning: what the package prints"),
            line(LogStream::Stderr, "something else"),
        ];
        let logs = Logs { lines: lines.clone(), dropped_bytes: 0 };
        assert_eq!(warnings(&logs), ["a.py, line 3: invalid syntax"]);
        lines.extend((0..30).map(|_| line(LogStream::Stderr, &format!("warning: {:9000}", 1))));
        let many = warnings(&Logs { lines, dropped_bytes: 0 });
        assert_eq!(many.len(), WARNINGS_MAX + 1);
        assert!(many.iter().all(|text| text.len() <= WARNING_CHARS_MAX), "{many:?}");
        assert_eq!(many.last().unwrap(), "there are more such files");
    }
}
