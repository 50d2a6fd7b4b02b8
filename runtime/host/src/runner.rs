//! Running what dispatch has admitted.

use std::time::Instant;

use futures::future::BoxFuture;
use http_body_util::BodyExt;
use lambent_capabilities::Ctx;
use lambent_dispatch::{BeginStream, Body, Call, Finished, HttpOutcome, Runner};
use lambent_engine::{Component, Context, Invocation};
use lambent_types::{Error, Event, FunctionVersion, Output};

use crate::environment::{attributes, environment};
use crate::errors::{ending, not_served, refusal};
use crate::host::Host;
use crate::loaded_version::LoadedVersion;

impl Host {
    /// Loads all that a version runs on.
    pub(crate) async fn code(&self, function: &FunctionVersion) -> Result<LoadedVersion, Error> {
        let digest = self.runtimes.component(function);
        if function.code.awaits_runtime && digest == function.code.component {
            return Err(not_served(function));
        }
        let (component, start) = self.loader.component(digest).await?;
        let mount = self.packages.mount(function).await?;
        let snapshot = self.snapshots.of(function, digest).await;
        Ok(LoadedVersion { digest, component, start, mount, snapshot })
    }

    /// The component to run and what to run it under.
    async fn invocation(&self, call: &Call) -> Result<(Component<Ctx>, Invocation<Ctx>), Error> {
        let began = Instant::now();
        let code = self.code(&call.function).await?;
        let LoadedVersion { component, start, mount, snapshot, .. } = &code;
        let pool = self.pools.instances(&call.function, &code, &self.shared);
        // What a shared instance sends on does not say which request it was for,
        // so where recursion is to be noticed each has its own.
        let alone = call.function.configuration.shared > 1 && !call.origin.lineage.is_empty();
        let pooled = pool.filter(|_| !alone).map(Component::from_pool);
        let component = pooled.unwrap_or_else(|| component.clone());
        let ctx = Ctx::new(self.shared.clone(), call.function.clone(), call.origin.clone());
        let ctx = ctx.with_files(mount.clone());
        let invocation = Invocation {
            limits: call.limits,
            wasi: None,
            outgoing: Some(ctx.outgoing()),
            state: ctx,
            environment: environment(&call.function, component.sends_http()),
            context: Context {
                id: Some(call.id),
                function: Some(call.function.clone()),
                trace_parent: call.origin.trace_parent.clone(),
                principal: call.principal.clone(),
                attributes: attributes(call),
            },
            start: *start,
            began,
            uninitialized: false,
            snapshot: snapshot.clone(),
            program: call.function.configuration.is_program(),
            stream: None,
        };
        Ok((component, invocation))
    }

    /// Has a version handle an event; `stream` takes the response of a program that streams it.
    async fn handle(
        &self,
        call: Call,
        event: Event,
        stream: Option<BeginStream>,
    ) -> Result<Finished, Error> {
        let (component, mut invocation) = self.invocation(&call).await?;
        invocation.stream = stream;
        let handled = async move {
            lambent_capabilities::event(&component, invocation, call.handler, event).await
        };
        let end = self.engine.migrating(handled).await.ok_or_else(ending)?;
        let end: lambent_engine::Finished<Output> = end.map_err(|refused| refusal(&refused))?;
        Ok(Finished {
            outcome: end.outcome,
            meter: end.meter,
            logs: end.logs,
            output: end.value,
            failed: Vec::new(),
        })
    }
}

impl Runner for Host {
    fn is_overloaded(&self, function: &FunctionVersion) -> bool {
        self.engine.is_overloaded(Some(function))
    }

    fn http(
        &self,
        call: Call,
        request: Box<http::Request<Body>>,
        finished: Box<dyn FnOnce(Finished) + Send>,
    ) -> BoxFuture<'_, HttpOutcome> {
        Box::pin(async move {
            let (component, invocation) = match self.invocation(&call).await {
                Ok(found) => found,
                Err(error) => return HttpOutcome::Refused(error),
            };
            let on_finished = move |end: lambent_engine::Finished<()>| {
                finished(Finished {
                    outcome: end.outcome,
                    meter: end.meter,
                    logs: end.logs,
                    output: None,
                    failed: Vec::new(),
                });
            };
            match component.http(invocation, request, on_finished).await {
                lambent_engine::HttpOutcome::Response(response) => {
                    HttpOutcome::Response(response.map(BodyExt::boxed_unsync))
                }
                lambent_engine::HttpOutcome::Ended(outcome) => HttpOutcome::Ended(outcome),
                lambent_engine::HttpOutcome::Refused(refused) => {
                    HttpOutcome::Refused(refusal(&refused))
                }
            }
        })
    }

    fn event(&self, call: Call, event: Event) -> BoxFuture<'_, Result<Finished, Error>> {
        Box::pin(self.handle(call, event, None))
    }

    fn streamed_event(
        &self,
        call: Call,
        event: Event,
        begin: BeginStream,
    ) -> BoxFuture<'_, Result<Finished, Error>> {
        Box::pin(self.handle(call, event, Some(begin)))
    }

    fn batch(&self, call: Call, events: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>> {
        Box::pin(async move {
            let (component, invocation) = self.invocation(&call).await?;
            let handled = async move { component.batch(invocation, events).await };
            let end = self.engine.migrating(handled).await.ok_or_else(ending)?;
            let end = end.map_err(|refused| refusal(&refused))?;
            Ok(Finished {
                outcome: end.outcome,
                meter: end.meter,
                logs: end.logs,
                output: None,
                failed: end.value.unwrap_or_default(),
            })
        })
    }
}
