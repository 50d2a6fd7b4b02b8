//! The instances that wait for invocations, by function version.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use foldhash::fast::RandomState;
use lambent_capabilities::{Ctx, Mount, Shared};
use lambent_engine::{Context, InstancePool, InstancePoolOptions, Invocation};
use lambent_types::{
    Configuration, Digest, FunctionName, FunctionVersion, Namespace, Origin, Provisioned,
    VersionNumber,
};

use crate::environment::environment;
use crate::loaded_version::LoadedVersion;

/// How often instances that nobody uses are looked for.
pub(crate) const RETIRE_EVERY: Duration = Duration::from_secs(1);

type Key = (Namespace, FunctionName, VersionNumber);

/// A function version's instances.
struct Kept {
    /// Which version that is: the head changes.
    function: Arc<FunctionVersion>,
    /// The component that they are instances of: a runtime changes.
    digest: Digest,
    options: InstancePoolOptions,
    instances: Arc<InstancePool<Ctx>>,
}

/// The instances of every function version that keeps any.
#[derive(Default)]
pub(crate) struct InstancePools {
    kept: RwLock<HashMap<Key, Kept, RandomState>>,
    /// How many are kept ready of versions beside what their configuration says.
    extra: RwLock<HashMap<Key, u32, RandomState>>,
}

impl InstancePools {
    /// Where instances of `function` wait; none if it keeps none.
    pub(crate) fn instances(
        &self,
        function: &Arc<FunctionVersion>,
        code: &LoadedVersion,
        shared: &Arc<Shared>,
    ) -> Option<Arc<InstancePool<Ctx>>> {
        let key = (function.namespace.clone(), function.name.clone(), function.version);
        let options = options(function, self.extra(&key))?;
        let same = |kept: &Kept| {
            let same = Arc::ptr_eq(&kept.function, function) || kept.function == *function;
            same && kept.digest == code.digest && kept.options == options
        };
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.get(&key)
            && same(kept)
        {
            return Some(kept.instances.clone());
        }
        drop(all);
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let (function, shared) = (function.clone(), shared.clone());
            let (prototyped, mount) = (function.clone(), code.mount.clone());
            let (snapshot, sends_http) = (code.snapshot.clone(), code.component.sends_http());
            let prototype = move || Invocation {
                snapshot: snapshot.clone(),
                ..prototype(&prototyped, &shared, (mount.clone(), sends_http))
            };
            let instances = code.component.pool(options, prototype);
            Kept { function, digest: code.digest, options, instances }
        };
        // Another request may have been first.
        let kept = all
            .entry(key)
            .and_modify(|kept| {
                if !same(kept) {
                    *kept = made();
                }
            })
            .or_insert_with(made);
        Some(kept.instances.clone())
    }

    /// How many instances of a version are kept ready beside what its configuration says.
    fn extra(&self, key: &Key) -> u32 {
        let extra = self.extra.read().unwrap_or_else(PoisonError::into_inner);
        // Few nodes have any.
        if extra.is_empty() { 0 } else { extra.get(key).copied().unwrap_or(0) }
    }

    /// Keeps so many instances of a version ready beside what its configuration says.
    pub(crate) fn set_extra(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        version: VersionNumber,
        instances: u32,
    ) {
        let key = (namespace.clone(), name.clone(), version);
        let mut extra = self.extra.write().unwrap_or_else(PoisonError::into_inner);
        match instances {
            0 => drop(extra.remove(&key)),
            instances => drop(extra.insert(key, instances)),
        }
    }

    /// How many instances of a version wait for an invocation.
    pub(crate) fn idle(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        version: VersionNumber,
    ) -> usize {
        let key = (namespace.clone(), name.clone(), version);
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&key).map_or(0, |kept| kept.instances.idle())
    }

    /// Drops the instances of a function, or of one version of it.
    pub(crate) fn withdraw(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        version: Option<VersionNumber>,
    ) {
        // A name may be given in another case than the function's own.
        let (namespace, name) = (namespace.key(), name.key());
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, _| {
            let other = version.is_some_and(|version| key.2 != version);
            other || key.0.key() != namespace || key.1.key() != name
        });
    }

    /// Drops the instances of what a head was before it became this; those of another case
    /// of its name too.
    pub(crate) fn withdraw_former(&self, head: &FunctionVersion) {
        let (namespace, name) = (head.namespace.key(), head.name.key());
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, kept| {
            let other = key.2 != head.version || key.0.key() != namespace || key.1.key() != name;
            other || *kept.function == *head
        });
    }

    /// The functions that keep instances.
    pub(crate) fn functions(&self) -> BTreeSet<(Namespace, FunctionName)> {
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        all.keys().map(|(namespace, name, _)| (namespace.clone(), name.clone())).collect()
    }

    /// Drops the instances of code that no version refers to any more.
    pub(crate) fn forget(&self, digest: Digest) {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| kept.digest != digest);
    }

    /// Drops the instances of function versions that nobody calls.
    pub(crate) fn retire(&self) {
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let instances: Vec<_> = all.values().map(|kept| kept.instances.clone()).collect();
        drop(all);
        let mut any_idle = false;
        for instances in instances {
            any_idle |= instances.evict() == 0;
        }
        if any_idle {
            let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            // What an invocation runs in comes back to the pool that the invocation has.
            let in_use = |kept: &Kept| Arc::strong_count(&kept.instances) > 1;
            all.retain(|_, kept| in_use(kept) || !kept.instances.is_unused());
        }
    }
}

fn options(function: &FunctionVersion, extra: u32) -> Option<InstancePoolOptions> {
    let configuration = &function.configuration;
    let Configuration { provisioned, shared, .. } = *configuration;
    let provisioned = match extra {
        0 => provisioned,
        extra => Provisioned::Count(provisioned.always().saturating_add(extra)),
    };
    let reuse = configuration.reuse();
    let options = InstancePoolOptions { provisioned, reuse, shared };
    (provisioned != Provisioned::NONE || reuse > 1).then_some(options)
}

/// What an instance is instantiated under that has no invocation yet.
pub(crate) fn prototype(
    function: &Arc<FunctionVersion>,
    shared: &Arc<Shared>,
    (mount, sends_http): (Option<Mount>, bool),
) -> Invocation<Ctx> {
    let ctx = Ctx::new(shared.clone(), function.clone(), Origin::default()).with_files(mount);
    let outgoing = Some(ctx.outgoing());
    Invocation {
        limits: function.configuration.limits(),
        environment: environment(function, sends_http),
        outgoing,
        context: Context { function: Some(function.clone()), ..Context::default() },
        program: function.configuration.is_program(),
        ..Invocation::new(ctx)
    }
}

#[cfg(test)]
mod tests {
    use lambent_capabilities::Network;
    use lambent_engine::Options;
    use lambent_service::DataPlane;
    use lambent_storage::{Quotas, Stores};
    use lambent_types::{Code, Handler, Start, SystemClock};
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// A component of nothing.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn function(provisioned: Provisioned) -> Arc<FunctionVersion> {
        Arc::new(FunctionVersion {
            namespace: "ns".parse().unwrap(),
            name: "f".parse().unwrap(),
            version: VersionNumber::Latest,
            code: Code::component(Digest::of(EMPTY), EMPTY.len() as u64),
            handlers: vec![Handler::Event],
            configuration: Configuration { provisioned, ..Configuration::default() },
            created: jiff::Timestamp::UNIX_EPOCH,
        })
    }

    #[tokio::test]
    async fn instances_go_with_their_configuration_and_with_their_code() {
        let options = Options { instances: 10, ..Options::default() };
        let engine = lambent_capabilities::engine(options).build().unwrap();
        let component = engine.component(EMPTY.into()).await.unwrap();
        let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
        let data = Arc::new(DataPlane::new(stores, CancellationToken::new()));
        let network = Network::system().unwrap();
        let shared = Arc::new(Shared::new(data, network, [0; 32]));
        let warm = InstancePools::default();
        let digest = Digest::of(EMPTY);
        let code =
            LoadedVersion { digest, component, start: Start::Loaded, mount: None, snapshot: None };
        let of = |provisioned| warm.instances(&function(provisioned), &code, &shared);

        assert!(of(Provisioned::NONE).is_none());
        let two = of(Provisioned::Count(2)).unwrap();
        two.fill().await;
        assert!(Arc::ptr_eq(&two, &of(Provisioned::Count(2)).unwrap()));
        warm.retire();
        assert_eq!(two.idle(), 2, "what is provisioned is not given up");
        let three = of(Provisioned::Count(3)).unwrap();
        assert!(!Arc::ptr_eq(&two, &three));
        let (namespace, name) = ("ns".parse().unwrap(), "F".parse().unwrap());
        warm.withdraw(&namespace, &name, Some(VersionNumber::Number(1)));
        warm.withdraw_former(&function(Provisioned::Count(3)));
        warm.forget(Digest::of(b"other"));
        assert!(Arc::ptr_eq(&three, &of(Provisioned::Count(3)).unwrap()));
        warm.forget(Digest::of(EMPTY));
        assert!(warm.kept.read().unwrap().is_empty());
        of(Provisioned::Count(3)).unwrap();
        warm.withdraw_former(&function(Provisioned::NONE));
        assert!(warm.functions().is_empty());
        of(Provisioned::Count(3)).unwrap();
        assert_eq!(warm.functions().len(), 1);
        warm.withdraw(&namespace, &name, None);
        assert!(warm.kept.read().unwrap().is_empty());
        // Beside what is configured, more can be kept ready.
        let name: FunctionName = "f".parse().unwrap();
        warm.set_extra(&namespace, &name, VersionNumber::Latest, 2);
        let more = of(Provisioned::Count(1)).unwrap();
        assert_eq!(more.fill().await, lambent_engine::Filled::Ready);
        assert_eq!(warm.idle(&namespace, &name, VersionNumber::Latest), 3);
        warm.set_extra(&namespace, &name, VersionNumber::Latest, 0);
        assert!(!Arc::ptr_eq(&more, &of(Provisioned::Count(1)).unwrap()));
        drop(more);
        warm.withdraw(&namespace, &name, None);
        // All that are used again are out while an invocation runs, which has their pool.
        let mut reused = (*function(Provisioned::NONE)).clone();
        reused.configuration.reuse = Some(2);
        let reused = Arc::new(reused);
        let of = || warm.instances(&reused, &code, &shared).unwrap();
        let running = of();
        warm.retire();
        assert!(Arc::ptr_eq(&running, &of()));
        drop(running);
        warm.retire();
        assert!(warm.kept.read().unwrap().is_empty());
    }
}
