//! The commands: arguments and behaviour of each in one file.

mod access_key;
mod alias;
mod apply;
mod backup;
mod bucket;
mod build;
mod completions;
mod concurrency;
mod configure;
mod delete;
mod deploy;
mod describe;
mod dev;
mod diff;
mod doctor;
mod event;
mod grant;
mod invoke;
mod keyspace;
mod kv;
mod layer;
mod list;
mod logs;
mod manifest;
mod named;
mod namespace;
mod new;
mod object;
mod parameter;
mod publish;
mod queue;
mod quickstart;
mod release;
mod restore;
mod rollback;
mod runtime;
mod schedule;
mod secret;
mod serve;
mod site;
mod table;
mod topic;
mod trigger;
mod up;
mod usage;
mod version;
mod versions;
mod volume;

use clap::Subcommand;

use crate::error::{CliError, Exit};
use crate::global::Global;

/// The commands, each in its own file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(serve::ServeArgs),
    New(new::NewArgs),
    Build(build::BuildArgs),
    Deploy(deploy::DeployArgs),
    Configure(configure::ConfigureArgs),
    Event(event::EventArgs),
    Grant(grant::GrantCommandArgs),
    Invoke(invoke::InvokeArgs),
    List(list::ListArgs),
    Describe(describe::DescribeArgs),
    Versions(versions::VersionsArgs),
    Diff(diff::DiffArgs),
    Publish(publish::PublishArgs),
    Rollback(rollback::RollbackArgs),
    Alias(alias::AliasArgs),
    Release(release::ReleaseArgs),
    Concurrency(concurrency::ConcurrencyArgs),
    Logs(logs::LogsArgs),
    Delete(delete::DeleteArgs),
    Apply(apply::ApplyArgs),
    Up(up::UpArgs),
    Dev(dev::DevArgs),
    Manifest(manifest::ManifestArgs),
    Bucket(bucket::BucketArgs),
    Object(object::ObjectArgs),
    Keyspace(keyspace::KeyspaceArgs),
    Kv(kv::KvArgs),
    Table(table::TableArgs),
    Secret(secret::SecretArgs),
    Parameter(parameter::ParameterArgs),
    Queue(queue::QueueArgs),
    Topic(topic::TopicArgs),
    Trigger(trigger::TriggerArgs),
    Layer(layer::LayerArgs),
    Runtime(runtime::RuntimeArgs),
    Schedule(schedule::ScheduleArgs),
    Site(site::SiteArgs),
    Volume(volume::VolumeArgs),
    Usage(usage::UsageArgs),
    Namespace(namespace::NamespaceArgs),
    AccessKey(access_key::AccessKeyArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Doctor(doctor::DoctorArgs),
    Quickstart(quickstart::QuickstartArgs),
    Completions(completions::CompletionsArgs),
    Version(version::VersionArgs),
    /// Compile or adapt one component for the server that started this process
    #[command(hide = true)]
    CompileWorker {
        /// Die after so many seconds of CPU time
        #[arg(long)]
        cpu_seconds: u64,
        /// Make a component of a core module, and no machine code
        #[arg(long)]
        adapt: bool,
    },
}

/// Runs the command. `line` describes the whole command line.
///
/// # Errors
/// Returns the reason why it stopped, with the exit code.
pub(crate) fn run(
    command: Command,
    global: &Global,
    line: fn() -> clap::Command,
) -> Result<Exit, CliError> {
    let done = match command {
        Command::Serve(args) => serve::run(args, global),
        Command::New(args) => new::run(&args, global),
        Command::Build(args) => build::run(&args, global),
        Command::Deploy(args) => deploy::run(&args, global),
        Command::Configure(args) => configure::run(&args, global),
        Command::Event(args) => event::run(&args, global),
        Command::Grant(args) => grant::run(&args, global),
        Command::Invoke(args) => invoke::run(&args, global),
        Command::List(_) => list::run(global),
        Command::Describe(args) => describe::run(&args, global),
        Command::Versions(args) => versions::run(&args, global),
        Command::Diff(args) => diff::run(&args, global),
        Command::Publish(args) => publish::run(&args, global),
        Command::Rollback(args) => rollback::run(&args, global),
        Command::Alias(args) => alias::run(&args, global),
        Command::Release(args) => release::run(&args, global),
        Command::Concurrency(args) => concurrency::run(&args, global),
        Command::Logs(args) => logs::run(&args, global),
        Command::Delete(args) => delete::run(&args, global),
        Command::Apply(args) => apply::run(&args, global),
        Command::Dev(args) => dev::run(&args, global),
        Command::Up(args) => up::run(&args, global),
        Command::Manifest(args) => manifest::run(&args, global),
        Command::Bucket(args) => bucket::run(&args, global),
        Command::Object(args) => object::run(&args, global),
        Command::Table(args) => table::run(&args, global),
        Command::Secret(args) => secret::run(&args, global),
        Command::Parameter(args) => parameter::run(&args, global),
        Command::Keyspace(args) => keyspace::run(&args, global),
        Command::Topic(args) => topic::run(&args, global),
        Command::Kv(args) => kv::run(&args, global),
        Command::Queue(args) => queue::run(&args, global),
        Command::Trigger(args) => trigger::run(&args, global),
        Command::Layer(args) => layer::run(&args, global),
        Command::Runtime(args) => runtime::run(&args, global),
        Command::Schedule(args) => schedule::run(&args, global),
        Command::Site(args) => site::run(&args, global),
        Command::Volume(args) => volume::run(&args, global),
        Command::Usage(args) => usage::run(&args, global),
        Command::Namespace(args) => namespace::run(&args, global),
        Command::AccessKey(args) => access_key::run(&args, global),
        Command::Backup(args) => backup::run(&args, global),
        Command::Restore(args) => restore::run(&args, global),
        Command::Doctor(args) => doctor::run(&args, global),
        Command::Quickstart(args) => quickstart::run(&args, global),
        Command::Completions(args) => completions::run(&args, global, &line()),
        Command::Version(_) => version::run(global),
        Command::CompileWorker { .. } => Ok(Exit::Ok),
    };
    done.map_err(|error| error.about_keys(global.key_notes()))
}
