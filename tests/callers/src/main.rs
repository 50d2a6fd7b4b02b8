//! Generates components that call host functions, with the largest arguments and
//! with live handles, for as long as they may.
//!
//! What is called comes from WIT alone: a component imports every function of the
//! interfaces that it is made for, so a function that is added to one of them is
//! called without anybody having to think of it.
//!
//! It exports `run: func(index: u32, size: u32)`, which calls the function with this
//! index without end. Texts and lists of bytes have `size` bytes, other lists have
//! as many elements as fit into so many, and numbers are `size`.

#![expect(clippy::expect_used, reason = "only tests use it")]

mod emit;
mod results;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey};

use emit::Module;

/// A function that is called.
#[derive(Serialize)]
struct Called {
    /// The interface, with its version.
    interface: String,
    /// The function in it, as WIT's ABI names it: `[method]bucket.get`.
    name: String,
    /// Whether every handle that it takes can be made by calling others.
    reachable: bool,
}

/// What is asked for, as JSON on standard input.
#[derive(Deserialize)]
struct Request {
    /// Folders of WIT.
    folders: Vec<PathBuf>,
    /// Interfaces to be called, as far as they are defined there.
    served: BTreeSet<String>,
    /// Whether `run` is `async`, so that it may call functions that are.
    asynchronous: bool,
    /// Where the component goes.
    output: PathBuf,
}

/// What was made, as JSON on standard output.
#[derive(Serialize)]
struct Reply {
    /// Those of the interfaces that were found.
    interfaces: Vec<String>,
    /// What is called, by index.
    functions: Vec<Called>,
}

fn main() {
    let request: Request = serde_json::from_reader(std::io::stdin()).expect("a request");
    let mut resolve = parse(&request.folders);
    let named = resolve.interfaces.iter().filter(|(_, interface)| interface.name.is_some());
    let defined = named.filter_map(|(id, _)| resolve.id_of(id));
    let interfaces: Vec<_> = defined.filter(|name| request.served.contains(name)).collect();
    let imports: String = interfaces.iter().map(|name| format!("import {name};\n")).collect();
    let kind = if request.asynchronous { "async func" } else { "func" };
    let world = format!(
        "package lambent:caller;\n\
         world caller {{\n{imports}export run: {kind}(index: u32, size: u32);\n}}\n"
    );
    let package = resolve.push_str("caller.wit", &world).expect("the interfaces are there");
    let world = resolve.select_world(&[package], Some("caller")).expect("it was just made");
    let (text, functions) = Module::of(&resolve, world).finish();
    let wasm = encode(&resolve, world, &text);
    std::fs::write(&request.output, wasm).expect("the output can be written");
    let reply = serde_json::to_string(&Reply { interfaces, functions }).expect("plain data");
    println!("{reply}");
}

fn encode(resolve: &Resolve, world: WorldId, text: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)
        .expect("the world can be told");
    let mut encoder =
        ComponentEncoder::default().validate(true).module(&module).expect("a module of the world");
    encoder.encode().unwrap_or_else(|error| panic!("{error:?}"))
}

fn parse(sources: &[PathBuf]) -> Resolve {
    let mut resolve = Resolve::default();
    for source in sources {
        resolve.push_dir(source).unwrap_or_else(|error| panic!("{}: {error:?}", source.display()));
    }
    resolve
}

/// The interfaces that a world imports, by the key they have there.
fn imports(resolve: &Resolve, world: WorldId) -> Vec<(WorldKey, wit_parser::InterfaceId)> {
    let imports = resolve.worlds[world].imports.iter();
    let interface = |(key, item): (&WorldKey, &WorldItem)| match item {
        WorldItem::Interface { id, .. } => Some((key.clone(), *id)),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    };
    imports.filter_map(interface).collect()
}

/// The type that others are names of.
fn root(resolve: &Resolve, mut id: TypeId) -> TypeId {
    while let TypeDefKind::Type(wit_parser::Type::Id(next)) = resolve.types[id].kind {
        id = next;
    }
    id
}

/// Numbers things in the order they are first asked for.
struct Numbers<K>(BTreeMap<K, usize>);

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Numbers<K> {
    fn of(&mut self, key: K) -> usize {
        let next = self.0.len();
        *self.0.entry(key).or_insert(next)
    }
}
