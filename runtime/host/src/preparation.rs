//! What a runtime adds to the package of a function that is deployed, such as byte code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_capabilities::{Additions, Ctx};
use lambent_engine::{Context, Invocation};
use lambent_package::Limits as PackageLimits;
use lambent_types::{FunctionVersion, Limits, Origin, Outcome, bounds};

use crate::environment::environment;
use crate::host::Host;

/// Memory that it may take: of a package that fits, the compiler of every runtime needs less.
const MEMORY_BYTES: u64 = 512 << 20;
/// How long it may take. What was deployed serves without it, only more slowly at first.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Host {
    /// What the runtime of a version adds to its package; nothing if it fails, which is logged.
    pub(crate) async fn additions_to(&self, function: &Arc<FunctionVersion>) -> Additions {
        let name = &function.name;
        let code = match self.code(function).await {
            Ok(code) => code,
            Err(error) => {
                tracing::warn!(function = %name, %error, "cannot prepare a package");
                return Vec::new();
            }
        };
        let ctx = Ctx::new(self.shared.clone(), function.clone(), Origin::default());
        let limits = Limits {
            memory_bytes: MEMORY_BYTES,
            timeout: TIMEOUT,
            fuel: bounds::FUEL_MAX,
            ..function.configuration.limits()
        };
        let invocation = Invocation {
            limits,
            environment: environment(function),
            context: Context { function: Some(function.clone()), ..Context::default() },
            began: Instant::now(),
            ..Invocation::new(ctx.with_files(code.mount))
        };
        let bytes_max = PackageLimits::LAMBDA.unpacked_bytes;
        let prepared = async move {
            lambent_capabilities::prepare(&code.component, invocation, bytes_max).await
        };
        match self.engine.migrating(prepared).await {
            Some(Ok(finished)) => match (finished.outcome, finished.value) {
                (Outcome::Ok, Some(Ok(additions))) => additions,
                (outcome, value) => {
                    let failure = value.and_then(Result::err).map(|failure| failure.message);
                    tracing::warn!(function = %name, ?outcome, failure, "cannot prepare a package");
                    Vec::new()
                }
            },
            Some(Err(error)) => {
                tracing::warn!(function = %name, %error, "cannot prepare a package");
                Vec::new()
            }
            // The node ends.
            None => Vec::new(),
        }
    }
}
