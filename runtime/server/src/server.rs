use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lambent_capabilities::{Network, Shared};
use lambent_dispatch::{Deliveries, DeliveryStores, Dispatcher, Runner};
use lambent_engine::Budget;
use lambent_host::{FairSemaphore, Host, Setup};
use lambent_service::{DataPlane, Inspect, Parts, Service};
use lambent_storage::{Quota, Quotas, Stores};
use lambent_storage_embedded::{DataDir, layout};
use lambent_types::{Clock, SystemClock, format_bytes};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::StoreOptions;
use crate::connection::Connections;
use crate::connection_limits::ConnectionLimits;
use crate::doors::{Door, Doors};
use crate::drain::Stop;
use crate::error::{ServeError, StartError};
use crate::forwarded::Proxies;
use crate::gzip::GZIPS_MAX;
use crate::host_header::Domains;
use crate::image_registries::image_registries;
use crate::lineage::Lineages;
use crate::listener::{self, Listener};
use crate::memory::Plan;
use crate::metrics::Metrics;
use crate::min_rate::MinRate;
use crate::node_secrets::{self, RootKey};
use crate::options::Options;
use crate::own_doors;
use crate::reload::Reload;
use crate::state::App;
use crate::tls::Tls;
use crate::topic_outlet::Outlet;
use crate::topic_signer::TopicSigner;
use crate::urls::Urls;
use crate::watchdog::Watchdog;
use crate::workers::Workers;

/// Most components that are uploaded at once: each may take 250 MiB of memory.
const UPLOADS_MAX: usize = 4;
/// How often objects that are over by the rules of their buckets are looked for: they end at midnight.
const EXPIRE_EVERY: Duration = Duration::from_secs(600);
/// How often code that no version refers to is looked for.
const COLLECT_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often the stores look for what has expired.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long what was cut off may take to notice, and the log to be written.
const CLOSING: Duration = Duration::from_secs(5);

/// What prepares and runs components.
#[derive(Clone)]
pub struct Engine {
    /// Prepares them.
    pub inspect: Arc<dyn Inspect>,
    /// Runs them.
    pub runner: Arc<dyn Runner>,
}

/// A running node: takes requests from the moment it is there.
pub struct Server {
    address: SocketAddr,
    grace: Duration,
    app: Arc<App>,
    stores: Stores,
    reload: Reload,
    listening: JoinHandle<()>,
    /// They end with the server, not with the listener: what is in flight when
    /// it stops accepting is finished.
    _workers: Arc<Workers>,
    _watchdog: Watchdog,
}

/// What a server opens before it serves. Opening blocks, so it is done apart.
struct Opened {
    data: DataDir,
    stores: Stores,
    data_plane: Arc<DataPlane>,
    stop: Stop,
    tls: Option<Arc<Tls>>,
}

impl Server {
    /// Opens the data directory and serves what is deployed in it.
    ///
    /// # Errors
    /// An option, the address or the data directory cannot be used.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let opened = open(&options).await?;
        let key = node_secrets::artifact_key(&opened.data)?;
        let plan = Plan::of_machine(options.memory_budget);
        let budget = Budget::new(plan.guests);
        let setup = Setup {
            artifacts: opened.data.subdir(layout::ARTIFACTS_DIR)?,
            key,
            code: opened.stores.code.clone(),
            scratch: opened.data.subdir(layout::SCRATCH_DIR)?,
            shared: Shared::new(
                opened.data_plane.clone(),
                Network::system().map_err(|error| StartError::Engine(error.into()))?,
                // What is authenticated by it names what it is, so that none
                // passes for another.
                key,
            ),
            program: program(&options)?,
            instances: u32::try_from(options.concurrency_max).unwrap_or(u32::MAX),
            executor: Handle::current(),
            budget: budget.clone(),
            idle_bytes: plan.idle,
            compile_cpu_seconds: options.compile_cpu_seconds,
        };
        let host = tokio::task::spawn_blocking(|| Host::open(setup))
            .await
            .map_err(|error| StartError::Engine(error.into()))?
            .map_err(|error| StartError::Engine(error.into()))?;
        for advice in host.advice() {
            tracing::warn!("{advice}");
        }
        let digests = opened.stores.registry.digests().await?;
        let registry = opened.stores.registry.clone();
        let engine = Engine { inspect: host.clone(), runner: host.clone() };
        let domains = Domains::new(&options.domain);
        let server = Self::serve(options, opened, engine, budget).await?;
        let lineages = server.app.lineages.clone();
        // The service has the host, which would otherwise have the service, and both the stores.
        let (listen, service) = (server.address, Arc::downgrade(&server.app.service));
        let is_of_site = Box::new(move |name: &str| {
            service.upgrade().is_some_and(|service| service.site_of_domain(name).is_some())
        });
        let app = Arc::downgrade(&server.app);
        let doors = own_doors::Doors { lineages, app, listen, domains, is_of_site };
        let doors: Arc<dyn lambent_capabilities::OwnDoors> = Arc::new(doors);
        server.app.outlet.set_doors(doors.clone());
        host.set_doors(doors);
        let (restored, followed) = (host.clone(), host.clone());
        server.spawn(async move { restored.restore(digests).await });
        server.spawn(async move { followed.follow(&*registry).await });
        server.spawn(async move { host.retire().await });
        Ok(server)
    }

    /// As [`Self::start`], with another engine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(options: Options, engine: Engine) -> Result<Self, StartError> {
        let opened = open(&options).await?;
        let budget = Budget::new(Plan::of_machine(options.memory_budget).guests);
        Self::serve(options, opened, engine, budget).await
    }

    async fn serve(
        options: Options,
        opened: Opened,
        engine: Engine,
        budget: Arc<Budget>,
    ) -> Result<Self, StartError> {
        let socket = listener::open(&options)?;
        let address = socket
            .local_addr()
            .map_err(|source| StartError::Bind { address: options.listen, source })?;
        let secure = opened.tls.is_some();
        let domains = Domains::new(&options.domain);
        let urls = Urls::new(address, secure, &domains, options.dev);
        let metrics = Arc::new(Metrics::new(budget.clone(), Door::names()));
        let stores = opened.stores;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dispatcher = dispatcher(&options, &stores, engine.runner, &metrics);
        let deliveries =
            Deliveries::new(dispatcher.clone(), DeliveryStores::from(&stores), clock.clone());
        let outlet = outlet(&options, &opened.data, urls.base())?;
        deliveries.set_outlet(outlet.clone());
        let seed = node_secrets::secret_seed(&opened.data, options.credentials.as_ref())?;
        let (data, inspect) = (opened.data_plane, engine.inspect);
        let images = image_registries(&options)?;
        let (runs, delivers) = (dispatcher.clone(), deliveries.clone());
        let parts =
            Parts { data, inspect, dispatcher: runs, deliveries: delivers, clock, images, seed };
        let service = Service::new(parts);
        service.load().await.map_err(StartError::Records)?;
        let service = Arc::new(service);
        let (key, credentials) =
            RootKey::open(&opened.data, options.credentials.as_ref(), &urls.base())?;
        let app = Arc::new(App {
            dev: options.dev,
            aws: lambent_aws::Door::new(service.clone(), credentials, options.dev, domains.list()),
            domains,
            proxies: Arc::new(Proxies::new(options.trusted_proxies.clone())),
            lineages: Arc::new(Lineages::new().map_err(|error| StartError::Engine(error.into()))?),
            key,
            service,
            dispatcher,
            deliveries,
            outlet,
            metrics,
            urls,
            gzips: options.compression.then(|| Arc::new(Semaphore::new(GZIPS_MAX))),
            uploads: FairSemaphore::new(UPLOADS_MAX, "uploads"),
            stall: options.timeouts.stall,
            pace: MinRate { grace: options.timeouts.body_grace, rate: options.timeouts.body_rate },
            budget,
            stop: opened.stop,
            tasks: TaskTracker::new(),
        });
        let workers = Workers::start().map_err(|error| StartError::Engine(error.into()))?;
        let workers = Arc::new(workers);
        let counted = app.metrics.clone();
        let executors = workers.executors().chain([("long".to_owned(), Handle::current())]);
        let _watchdog = Watchdog::start(executors, move || counted.stuck())
            .map_err(|error| StartError::Engine(error.into()))?;
        let reload = Reload::new(opened.tls.clone());
        let listening = listen(&app, socket, opened.tls, workers.clone(), &options);
        let (grace, _workers) = (options.grace, workers);
        let server = Self { address, grace, app, stores, reload, listening, _workers, _watchdog };
        server.begin_upkeep();
        if !secure && !address.ip().is_loopback() {
            tracing::warn!(%address, "keys and requests from other machines come in cleartext");
        }
        let memory = format_bytes(server.app.budget.usage().capacity);
        tracing::info!(%address, %memory, dev = options.dev, data = %opened.data.path().display(), "serving");
        Ok(server)
    }

    /// Begins what is done as long as the server runs.
    fn begin_upkeep(&self) {
        // They end by themselves, between two looks: what was begun in a store would hold
        // the data directory after the server is gone.
        self.app.tasks.spawn(collect_garbage(self.app.clone()));
        self.app.tasks.spawn(sweep(self.stores.clone(), self.app.stop.drain.clone()));
        self.app.tasks.spawn(expire_objects(self.app.clone()));
        let service = self.app.service.clone();
        self.app.tasks.spawn(async move { service.follow_sites().await });
        let service = self.app.service.clone();
        self.app.tasks.spawn(async move { service.follow_reserved().await });
        let service = self.app.service.clone();
        self.app.tasks.spawn(async move { service.drive_releases().await });
        let service = self.app.service.clone();
        self.app.tasks.spawn(async move { service.drive_rotations().await });
        let (app, drain) = (self.app.clone(), self.app.stop.drain.clone());
        // Ends by itself when all it has in hand is settled.
        self.app.tasks.spawn(async move { app.deliveries.clone().run(drain).await });
    }

    /// Runs something in the background until the server drains.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let drain = self.app.stop.drain.clone();
        self.app.tasks.spawn(async move { drain.run_until_cancelled(task).await });
    }

    /// The address it listens on.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the server as a client on this machine reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        self.app.urls.base()
    }

    /// Has it read anew what can change while it runs.
    #[must_use]
    pub fn reload(&self) -> Reload {
        self.reload.clone()
    }

    /// Serves until `shutdown`, then takes no more, finishes what is in flight
    /// for as long as the grace period lasts, and returns when all is closed.
    ///
    /// # Errors
    /// The listener ended by itself; all else was ended in order.
    pub async fn run_until(mut self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let result = tokio::select! {
            () = shutdown => Ok(()),
            _ = &mut self.listening => Err(ServeError::Listener),
        };
        self.drain().await;
        if timeout(CLOSING, self.stores.logs.flush()).await.is_err() {
            tracing::error!("the last invocation records could not be written");
        }
        // Closing the databases blocks.
        let closed = tokio::task::spawn_blocking(move || drop(self)).await;
        if let Err(error) = closed {
            tracing::error!(%error, "closing failed");
        }
        tracing::info!("stopped");
        result
    }

    async fn drain(&self) {
        let app = &self.app;
        tracing::info!(in_flight = app.dispatcher.in_flight(), "draining");
        app.stop.drain.cancel();
        app.tasks.close();
        if timeout(self.grace, ended(app)).await.is_ok() {
            return;
        }
        let in_flight = app.dispatcher.in_flight();
        tracing::warn!(in_flight, "the grace period is over; cutting off what is in flight");
        app.stop.now.cancel();
        if timeout(CLOSING, ended(app)).await.is_err() {
            tracing::error!("something does not end; leaving it behind");
        }
    }
}

/// What the messages of topics leave by.
fn outlet(options: &Options, data: &DataDir, base: String) -> Result<Arc<Outlet>, StartError> {
    let network = Network::system().map_err(|error| StartError::Engine(error.into()))?;
    let dir = data.dir().try_clone().map_err(|error| StartError::Engine(error.into()))?;
    let networks = (options.subscriber_networks.clone(), options.dev);
    Ok(Arc::new(Outlet::new(base, network, networks, TopicSigner::new(dir))))
}

fn listen(
    app: &Arc<App>,
    socket: TcpListener,
    tls: Option<Arc<Tls>>,
    workers: Arc<Workers>,
    options: &Options,
) -> JoinHandle<()> {
    let doors = Doors::new(app.clone());
    let secure = tls.is_some();
    let listener = Listener {
        socket,
        tls,
        connections: Arc::new(Connections::new(doors, options.timeouts, secure)),
        places: Arc::new(ConnectionLimits::new(options, app.proxies.clone())),
        workers,
        app: app.clone(),
    };
    app.tasks.spawn(listener.run())
}

async fn ended(app: &App) {
    app.tasks.wait().await;
    app.dispatcher.idle().await;
}

async fn open(options: &Options) -> Result<Opened, StartError> {
    options.validate()?;
    let options = options.clone();
    let open = move || {
        let tls = Tls::open(&options.tls)?.map(Arc::new);
        let data = DataDir::open(&options.data)?;
        let stores = StoreOptions {
            data: data.clone(),
            clock: Arc::new(SystemClock),
            quotas: quotas(&data, &options),
            disk_reserve: options.disk_reserve,
            log_age_max: options.log_age_max,
            log_bytes_max: options.log_bytes_max,
        };
        let stores = options.backend.open(stores).map_err(StartError::Backend)?;
        let stop = Stop { drain: CancellationToken::new(), now: CancellationToken::new() };
        let data_plane = Arc::new(DataPlane::new(stores.clone(), stop.drain.clone()));
        Ok(Opened { data, stores, data_plane, stop, tls })
    };
    // Fails only if opening panics, which is a fault of ours.
    tokio::task::spawn_blocking(open).await.map_err(|error| StartError::Engine(error.into()))?
}

/// The quotas for the disk that the data is on and for what the node runs at once, with those that
/// were given.
fn quotas(data: &DataDir, options: &Options) -> Quotas {
    let usual = match data.disk() {
        Ok(disk) => Quotas::for_disk(disk.size),
        Err(error) => {
            tracing::warn!(%error, "cannot see how large the disk is; quotas are for 64 GiB");
            Quotas::default()
        }
    };
    let usual = usual.with(Quota::Concurrency, options.concurrency_max as u64);
    options.quotas.iter().fold(usual, |quotas, (quota, limit)| quotas.with(*quota, *limit))
}

fn program(options: &Options) -> Result<PathBuf, StartError> {
    match &options.compiler {
        Some(program) => Ok(program.clone()),
        None => std::env::current_exe().map_err(|error| StartError::Engine(error.into())),
    }
}

async fn sweep(stores: Stores, drain: CancellationToken) {
    while drain.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
        stores.sweep().await;
    }
}

/// What runs functions for clients that wait.
fn dispatcher(
    options: &Options,
    stores: &Stores,
    runner: Arc<dyn Runner>,
    metrics: &Arc<Metrics>,
) -> Dispatcher {
    Dispatcher::new(
        (stores.registry.clone(), stores.quotas.clone()),
        runner,
        stores.logs.clone(),
        metrics.clone(),
        lambent_dispatch::Options {
            concurrency_max: options.concurrency_max,
            descendants_max: options.descendants_max,
            scaling_rate: options.scaling_rate,
        },
    )
}

async fn collect_garbage(app: Arc<App>) {
    loop {
        if let Err(error) = app.service.collect_garbage().await {
            tracing::warn!(%error, "cannot collect garbage; trying again later");
        }
        let waited = app.stop.drain.run_until_cancelled(tokio::time::sleep(COLLECT_EVERY)).await;
        if waited.is_none() {
            return;
        }
    }
}

async fn expire_objects(app: Arc<App>) {
    loop {
        if let Err(error) = app.service.expire_objects().await {
            tracing::warn!(%error, "cannot delete objects that are over; trying again later");
        }
        let waited = app.stop.drain.run_until_cancelled(tokio::time::sleep(EXPIRE_EVERY)).await;
        if waited.is_none() {
            return;
        }
    }
}
