//! Instructions that the server executes for a request: a count, which the load
//! of the machine does not change, so that small regressions show.
//!
//! Only threads that run invocations count. The log's writer works by the clock
//! and not by the request: as slow as it is here, it writes nearly every record
//! alone, which it does not do at the speed of a real machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use clap::builder::PossibleValuesParser;
use comfy_table::{CellAlignment, presets};
use serde_json::json;

use crate::callgrind::{Function, self_costs};
use crate::client::Connection;
use crate::http::contender::{ALL, Contender, Kind, Wasi};
use crate::http::stage::{self, FUNCTION};
use crate::http::workload::Workload;
use crate::node::{self, Node};
use crate::process::{Launch, Server, run as run_program};
use crate::{Failed, tools};

/// Requests before counting begins.
const WARM_UP: u64 = 100;

/// Part of the name of what only threads execute that run invocations.
const RUN: &str = "lambent_engine::run::";

/// Where instructions are spent: a group, and with what the names of its crates
/// or C functions begin. The first that fits is taken.
const GROUPS: &[(&str, &[&str])] = &[
    (MEMSET, &["memset", "__memset"]),
    ("memcpy and its like", &["__mem", "mem"]),
    ("allocator", &["mi_", "_mi_"]),
    ("engine", &["lambent_engine", "lambent_capabilities"]),
    ("dispatch", &["lambent_dispatch"]),
    ("server", &["lambent_"]),
    ("wasmtime's WASI", &["wasmtime_wasi"]),
    ("wasmtime", &["wasmtime", "cranelift"]),
    ("HTTP", &["http", "hyper"]),
    ("tokio", &["tokio", "mio"]),
];
/// The guest's code, which is in no file that valgrind knows.
const GUEST: &str = "guest";
const REST: &str = "all else";
/// Not in the total: valgrind takes the one instruction that clears memory for
/// as many as it clears bytes.
const MEMSET: &str = "memset, by the byte; not in the total";
const OTHERS: &str = "other threads; not in the total";
const TOTAL: &str = "total";

/// Count the instructions of a request, with valgrind
///
/// Runs a node under callgrind for each way that Lambent can be set to serve
/// hello, and tells where the instructions are spent.
#[derive(Debug, Args)]
pub(crate) struct InstructionsArgs {
    /// How many requests
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,

    /// Only these contenders. May be repeated [default: all]
    #[arg(long = "contender", value_name = "NAME", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(lambents().map(|(name, ..)| name)))]
    contenders: Vec<String>,

    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    lambent: Option<PathBuf>,
}

/// The contenders that are nodes: name, guest, flags of `lambent deploy`.
fn lambents() -> impl Iterator<Item = (&'static str, Wasi, &'static [&'static str])> {
    ALL.iter().filter_map(|Contender { name, kind, .. }| match kind {
        Kind::Lambent(wasi, flags) => Some((*name, *wasi, *flags)),
        _ => None,
    })
}

/// Instructions a request, by group.
type Spent = BTreeMap<&'static str, f64>;

pub(crate) async fn run(
    args: &InstructionsArgs,
    directory: &Path,
    json: bool,
) -> Result<(), Failed> {
    let found = Command::new("valgrind").arg("--version").output();
    found.map_err(|error| format!("valgrind: {error}; run: apt-get install valgrind"))?;
    // Functions are compiled by a process that valgrind does not see.
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        eprintln!(
            "this processor has AVX-512, which valgrind has not: unless the node compiles without \
             it, functions are not loaded"
        );
    }
    let lambent = tools::lambent(args.lambent.as_deref())?;
    let mut columns = Vec::new();
    for (name, wasi, flags) in lambents() {
        if args.contenders.is_empty() || args.contenders.iter().any(|wanted| wanted == name) {
            eprintln!("counting: {name}");
            let directory = directory.join(name);
            std::fs::create_dir(&directory)?;
            let (node, target) = deploy(&lambent, &directory, wasi, flags).await?;
            drive(&node.server, &target, WARM_UP).await?;
            control("--zero", &node.server)?;
            drive(&node.server, &target, args.requests).await?;
            control("--dump", &node.server)?;
            let counted = read(&directory, node.server.id())?;
            let requests = args.requests as f64;
            let spent = counted.into_iter().map(|(group, cost)| (group, cost as f64 / requests));
            columns.push((name, spent.collect()));
        }
    }
    print(&columns, json);
    Ok(())
}

/// A node under valgrind with the function in it, and the path to that.
async fn deploy(
    lambent: &Path,
    directory: &Path,
    wasi: Wasi,
    flags: &[&str],
) -> Result<(Node, String), Failed> {
    let launch = node::launch(lambent, &directory.join("data"), None);
    let out = format!("--callgrind-out-file={}/out.%p", directory.display());
    let mut arguments = vec!["--tool=callgrind".to_owned(), out];
    arguments.push("--separate-threads=yes".into());
    // The process that compiles is not traced: what it may not do, valgrind does in it.
    arguments.push(lambent.display().to_string());
    arguments.extend(launch.arguments);
    // Valgrind has no address space for the pools of many more; with fewer, one
    // function may have but few at once, and some end a little after their answer.
    arguments.extend(["--concurrency", "8"].map(ToOwned::to_owned));
    let launch = Launch { program: "valgrind".into(), arguments, ..launch };
    let node = Node::launched(&launch).await?;
    node.deploy(lambent, FUNCTION, &stage::component(Workload::Hello, wasi), flags)?;
    Ok((node, format!("/fn/{FUNCTION}/")))
}

/// Sends so many requests, one after the other.
async fn drive(server: &Server, target: &str, requests: u64) -> Result<(), Failed> {
    let request = Workload::Hello.request(server.address, target);
    let mut connection = Connection::open(server.address).await?;
    for _ in 0..requests {
        let answer = connection.send(&request).await?;
        if !Workload::Hello.is_answer(&answer) {
            return Err(format!("{target}: {answer}").into());
        }
    }
    Ok(())
}

/// Tells the valgrind that runs a server what to do with its counts.
fn control(what: &str, server: &Server) -> Result<(), Failed> {
    run_program("callgrind_control", &[what, &server.id().to_string()], Path::new("."))
}

/// What the first dump of a process counted: a file for each of its threads.
fn read(directory: &Path, process: u32) -> Result<BTreeMap<&'static str, u64>, Failed> {
    let mut counted = BTreeMap::new();
    let prefix = format!("out.{process}.1-");
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            add(&mut counted, &std::fs::read_to_string(entry.path())?)?;
        }
    }
    if !counted.contains_key(TOTAL) {
        return Err(format!("no thread has a function {RUN}… in it: has lambent symbols?").into());
    }
    Ok(counted)
}

/// Adds what a thread executed.
fn add(counted: &mut BTreeMap<&'static str, u64>, dump: &str) -> Result<(), Failed> {
    let costs = self_costs(dump)?;
    let counts = costs.keys().any(|function| function.name.contains(RUN));
    for (function, cost) in costs {
        let group = group(function);
        if !counts {
            *counted.entry(OTHERS).or_default() += cost;
            continue;
        }
        *counted.entry(group).or_default() += cost;
        if group != MEMSET {
            *counted.entry(TOTAL).or_default() += cost;
        }
    }
    Ok(())
}

/// By the first crate in the function's name that is in a group: what the
/// standard library does is put down to the type that it does it for.
fn group(function: Function<'_>) -> &'static str {
    if function.object == "???" {
        return GUEST;
    }
    let paths =
        function.name.split(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)));
    let mut groups = paths.filter_map(|path| {
        let fits = |(_, names): &&(&str, &[&str])| names.iter().any(|name| path.starts_with(name));
        GROUPS.iter().find(fits)
    });
    groups.next().map_or(REST, |(group, _)| group)
}

/// A column for each contender.
fn print(columns: &[(&str, Spent)], json: bool) {
    if json {
        let rows = columns.iter().map(|(name, spent)| json!({ "contender": name, "spent": spent }));
        println!("{}", rows.collect::<serde_json::Value>());
        return;
    }
    let mut table = comfy_table::Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let names = columns.iter().map(|(name, _)| *name);
    table.set_header(std::iter::once("instructions a request").chain(names));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let groups = GROUPS.iter().map(|(group, _)| *group).filter(|group| *group != MEMSET);
    for group in groups.chain([GUEST, REST, TOTAL, MEMSET, OTHERS]) {
        let cell = |spent: &Spent| format!("{:.0}", spent.get(group).copied().unwrap_or_default());
        let cells = columns.iter().map(|(_, spent)| cell(spent));
        table.add_row(std::iter::once(group.to_owned()).chain(cells));
    }
    println!("{table}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_the_crate_they_work_for() {
        let of = |name| group(Function { name, object: "lambent" });
        assert_eq!(of("core::ptr::drop_in_place<lambent_engine::body::Body>"), "engine");
        assert_eq!(of("<hyper_util::server::Connection<I> as core::Future>::poll"), "HTTP");
        assert_eq!(of("wasmtime_wasi_http::field_map::FieldMap::new"), "wasmtime's WASI");
        assert_eq!(of("wasmtime::runtime::store::Store::new'2"), "wasmtime");
        assert_eq!(of("lambent_server::service::enter"), "server");
        assert_eq!(of("_mi_page_malloc_zero"), "allocator");
        assert_eq!(of("__memset_avx2_unaligned_erms"), MEMSET);
        assert_eq!(of("__memcpy_avx_unaligned_erms"), "memcpy and its like");
        assert_eq!(of("<T as core::any::Any>::type_id"), REST);
        assert_eq!(group(Function { name: "0x000000001000", object: "???" }), GUEST);
    }

    #[test]
    fn threads_that_run_nothing_are_counted_apart() {
        let mut counted = BTreeMap::new();
        add(&mut counted, "fn=(1) sqlite3_step\n0 5").unwrap();
        assert_eq!(counted, BTreeMap::from([(OTHERS, 5)]));
        add(&mut counted, "fn=(1) lambent_engine::run::http\n0 7\nfn=(2) __memset_x\n0 9").unwrap();
        let expected = [(OTHERS, 5), ("engine", 7), (TOTAL, 7), (MEMSET, 9)];
        assert_eq!(counted, BTreeMap::from(expected));
    }
}
