//! Where guests run: threads that serve, each with an executor of its own, one
//! more executor for those that run long, and a bystander on each of the former.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use lambent_capabilities::{Ctx, Network, Resolve, Shared};
use lambent_engine::{Component, Engine, Invocation, Options};
use lambent_service::DataPlane;
use lambent_storage::contract::samples;
use lambent_storage::{Quotas, Stores};
use lambent_types::{FunctionVersion, Limits, Origin, Outcome, SystemClock};
use serde_json::json;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_rustls::rustls::RootCertStore;
use tokio_util::sync::CancellationToken;

use crate::clock::{Pace, p99};

/// The executor of those that run long.
static LONG: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().enable_all().build().unwrap());

pub(crate) static ENGINE: LazyLock<Engine<Ctx>> = LazyLock::new(|| {
    let options = Options { instances: 40, ..Options::default() };
    lambent_capabilities::engine(options).executor(LONG.handle().clone()).build().unwrap()
});

/// What a guest may take beyond its timeout, of a core that it has for itself.
const GRACE: Duration = Duration::from_millis(100);
/// What a bystander may wait for longer than alone.
const BYSTANDER: Duration = Duration::from_millis(50);
/// Sizes that are tried, until one is not too large. Each is a megabyte or less
/// than what a message, a value or a payload may be, and more.
const SIZES: [u32; 9] = [8 << 20, 4 << 20, 1 << 20, 256 << 10, 64 << 10, 4 << 10, 100, 3, 0];
/// How often a guest may be found late before that counts: what else runs on the
/// machine is late at random, a host function that takes too long is so each time.
const TRIES: u32 = 3;

/// How slow the machine may be without the test failing for it.
const SLOWDOWN_MAX: f64 = 20.0;

/// One at a time: they measure.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) struct Stage {
    _alone: MutexGuard<'static, ()>,
    serving: Vec<Handle>,
    stop: Vec<tokio::sync::oneshot::Sender<()>>,
    shared: Arc<Shared>,
    function: Arc<FunctionVersion>,
    pace: Pace,
    timeout: Duration,
    size_max: u32,
    bystander: Bystander,
}

impl Stage {
    /// Guests have so much time, or more in the long form.
    pub(crate) fn new(timeout: Duration) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let cores = thread::available_parallelism().unwrap().get();
        let (mut serving, mut stop) = (Vec::new(), Vec::new());
        for _ in 0..cores {
            let runtime = Builder::new_current_thread().event_interval(16).enable_all().build();
            let runtime = runtime.unwrap();
            serving.push(runtime.handle().clone());
            let (sender, stopped) = tokio::sync::oneshot::channel::<()>();
            stop.push(sender);
            thread::spawn(move || runtime.block_on(async { drop(stopped.await) }));
        }
        let long = std::env::var("LAMBENT_TIME_LIMITS").is_ok_and(|form| form == "long");
        let timeout = if long { Duration::from_secs(2) } else { timeout };
        let function = Arc::new(function());
        let shared = LONG.block_on(stores());
        let pace = Pace::start();
        let bystander = Bystander::start(&serving, &shared, &function);
        // The largest sizes only in the long form: each takes its time several times over.
        let size_max = if long && is_optimised() { u32::MAX } else { 256 << 10 };
        Self { _alone: alone, serving, stop, shared, function, pace, timeout, size_max, bystander }
    }

    pub(crate) fn component(&self, wasm: Vec<u8>) -> Component<Ctx> {
        LONG.block_on(ENGINE.component(wasm.into())).unwrap()
    }

    /// Runs a guest with the largest size at which it does not trap; tells the
    /// size, and how it ended.
    pub(crate) fn largest(&self, component: &Component<Ctx>, index: usize) -> (u32, Outcome) {
        let mut last = (0, Outcome::Internal);
        for size in SIZES.into_iter().filter(|size| *size <= self.size_max) {
            let outcome = self.run(component, u32::try_from(index).unwrap(), size);
            let trapped = matches!(outcome, Outcome::Trapped { .. });
            last = (size, outcome);
            if !trapped {
                break;
            }
        }
        last
    }

    /// Runs it on all threads at once, and sees that each ends in time.
    fn run(&self, component: &Component<Ctx>, index: u32, size: u32) -> Outcome {
        for attempt in 1.. {
            self.pace.slowdown();
            let (sender, ends) = mpsc::channel();
            for thread in &self.serving {
                let guest = self.guest(component.clone(), index, size);
                let sender = sender.clone();
                thread.spawn(async move {
                    let began = Instant::now();
                    let outcome = guest.await;
                    let _ = sender.send((outcome, began.elapsed()));
                });
            }
            drop(sender);
            let ends: Vec<_> = ends.iter().collect();
            assert_eq!(ends.len(), self.serving.len(), "a guest was lost");
            let slowest = ends.iter().map(|(_, took)| *took).max().unwrap();
            let slowdown = self.pace.slowdown().clamp(1.0, SLOWDOWN_MAX);
            let allowed = self.timeout + GRACE.mul_f64(slowdown);
            if slowest <= allowed {
                return ends.into_iter().next().unwrap().0;
            }
            assert!(attempt < TRIES, "{index} of size {size} took {slowest:?} of {allowed:?}");
        }
        unreachable!("the loop has no other end")
    }

    fn guest(
        &self,
        component: Component<Ctx>,
        index: u32,
        size: u32,
    ) -> impl Future<Output = Outcome> + Send + 'static {
        let invocation = invocation(&self.shared, &self.function, self.timeout);
        let called = async move {
            let call = component.call(invocation, move |store, instance| {
                Box::pin(async move {
                    let run = instance.get_typed_func::<(u32, u32), ()>(&mut *store, "run")?;
                    run.call_async(&mut *store, (index, size)).await
                })
            });
            call.await.unwrap().outcome
        };
        let migrating = ENGINE.migrating(called);
        async move { migrating.await.unwrap() }
    }

    /// Whether bystanders were served in time meanwhile.
    pub(crate) fn judge(&self, figures: &[(String, u32, Outcome)]) {
        for (name, size, outcome) in figures {
            let why = match outcome {
                Outcome::Trapped { message, .. } => message.as_str(),
                _ => "",
            };
            println!("{name} {size} {} {why}", outcome.kind());
        }
        let (alone, beside) = self.bystander.p99();
        let machine = self.pace.late();
        println!(
            "a bystander's p99: {alone:?} alone, {beside:?} beside, the machine's {machine:?}"
        );
        assert!(beside <= alone + BYSTANDER + machine, "{beside:?}, {alone:?}, {machine:?}");
    }
}

/// Whether code like that which copies between guest and host was compiled with
/// optimisations, as it is unless somebody turns them off: without, a byte takes
/// thirty times as long, and the largest sizes are not worth trying.
fn is_optimised() -> bool {
    let copy = || {
        let began = Instant::now();
        let bytes: Vec<u8> = (0..1_u32 << 20).map(|byte| byte.to_le_bytes()[0]).collect();
        std::hint::black_box(bytes);
        began.elapsed()
    };
    (0..20).map(|_| copy()).min().is_some_and(|least| least < Duration::from_millis(4))
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.bystander.ended.store(true, Ordering::Relaxed);
        self.stop.clear();
    }
}

fn invocation(
    shared: &Arc<Shared>,
    function: &Arc<FunctionVersion>,
    timeout: Duration,
) -> Invocation<Ctx> {
    let ctx = Ctx::new(shared.clone(), function.clone(), Origin::default());
    let outgoing = ctx.outgoing();
    let limits = Limits { timeout, fuel: 100_000_000_000_000, ..Limits::default() };
    let mut invocation = Invocation::new(ctx).limits(limits);
    invocation.outgoing = Some(outgoing);
    invocation.environment = function.configuration.environment.clone();
    invocation.context.function = Some(function.clone());
    invocation
}

/// One that was granted what callers name.
fn function() -> FunctionVersion {
    let namespace = samples::namespace("default");
    let mut head = samples::head(&namespace, &samples::name("f"), "code");
    let grants = json!({
        "buckets": {"aaa": "read-write"},
        "keyspaces": {"aaa": "read-write"},
        "queues": {"aaa": "write"},
    });
    head.configuration.grants = serde_json::from_value(grants).unwrap();
    head
}

/// No name leads anywhere.
struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Err(io::Error::other("no such name")) })
    }
}

async fn stores() -> Arc<Shared> {
    let stores = Stores::memory(Arc::new(SystemClock), Quotas::default());
    let namespace = samples::namespace("default");
    stores.objects.create_bucket(&namespace, &"aaa".parse().unwrap()).await.unwrap();
    stores.keyvalue.create_keyspace(&namespace, &"aaa".parse().unwrap()).await.unwrap();
    let queue = "aaa".parse().unwrap();
    stores.queues.put_queue(&namespace, &queue, Default::default()).await.unwrap();
    let network = Network::new(Arc::new(Nowhere), RootCertStore::empty()).unwrap();
    let data = Arc::new(DataPlane::new(stores, CancellationToken::new()));
    Arc::new(Shared::new(data, network, [7; 32]))
}

/// A function that does nothing, called on each thread every two milliseconds.
struct Bystander {
    took: Arc<Mutex<Vec<Duration>>>,
    alone: Duration,
    ended: Arc<AtomicBool>,
}

const EVERY: Duration = Duration::from_millis(2);

impl Bystander {
    fn start(serving: &[Handle], shared: &Arc<Shared>, function: &Arc<FunctionVersion>) -> Self {
        let wasm = wat::parse_str(
            r#"(component (core module $m (func (export "run") (param i32 i32)))
                (core instance $i (instantiate $m))
                (func (export "run") (param "index" u32) (param "size" u32)
                    (canon lift (core func $i "run"))))"#,
        );
        let component = LONG.block_on(ENGINE.component(wasm.unwrap().into())).unwrap();
        let (took, ended) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(AtomicBool::new(false)));
        for thread in serving {
            let (took, ended) = (took.clone(), ended.clone());
            let (component, shared) = (component.clone(), shared.clone());
            // A function of its own: it has no share in what the others use.
            let mut bystander = FunctionVersion::clone(function);
            bystander.name = "bystander".parse().unwrap();
            let bystander = Arc::new(bystander);
            thread.spawn(async move {
                while !ended.load(Ordering::Relaxed) {
                    let due = Instant::now() + EVERY;
                    tokio::time::sleep_until(due.into()).await;
                    let invocation = invocation(&shared, &bystander, Duration::from_secs(10));
                    let call = component.call(invocation, |store, instance| {
                        Box::pin(async move {
                            let run =
                                instance.get_typed_func::<(u32, u32), ()>(&mut *store, "run")?;
                            run.call_async(&mut *store, (0, 0)).await
                        })
                    });
                    assert_eq!(call.await.unwrap().outcome, Outcome::Ok);
                    took.lock().unwrap().push(due.elapsed());
                }
            });
        }
        thread::sleep(Duration::from_millis(500));
        let alone = p99(&mut took.lock().unwrap());
        Self { took, alone, ended }
    }

    fn p99(&self) -> (Duration, Duration) {
        (self.alone, p99(&mut self.took.lock().unwrap()))
    }
}
