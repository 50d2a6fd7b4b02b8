//! The types of a component's functions, as JSON.

use lambent_engine::wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use lambent_engine::wasmtime::component::{Component, Type};
use serde_json::{Value, json};

/// A function that a component exports: its interface, if it is in one, its name and its type.
pub(crate) struct Export {
    pub(crate) interface: Option<String>,
    pub(crate) name: String,
    pub(crate) function: ComponentFunc,
}

impl Export {
    /// How it is called: `name`, or `interface#name`.
    pub(crate) fn path(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}#{}", self.name),
            None => self.name.clone(),
        }
    }

    /// What it takes and returns.
    pub(crate) fn json(&self) -> Value {
        let params: Vec<_> = self
            .function
            .params()
            .map(|(name, of)| json!({ "name": name, "type": json(&of) }))
            .collect();
        let result = self.function.results().next().map(|of| json(&of));
        let function = json!({ "path": self.path(), "params": params, "result": result });
        function
    }
}

/// All functions that a component exports.
pub(crate) fn exports(component: &Component) -> Vec<Export> {
    let engine = component.engine();
    let mut found = Vec::new();
    for (name, item) in component.component_type().exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => {
                found.push(Export { interface: None, name: name.to_owned(), function });
            }
            ComponentItem::ComponentInstance(interface) => {
                found.extend(of_interface(component, name, &interface));
            }
            _ => {}
        }
    }
    found
}

fn of_interface(component: &Component, interface: &str, of: &ComponentInstance) -> Vec<Export> {
    let exports = of.exports(component.engine());
    let functions = exports.filter_map(|(name, item)| match item.ty {
        ComponentItem::ComponentFunc(function) => {
            Some(Export { interface: Some(interface.to_owned()), name: name.to_owned(), function })
        }
        _ => None,
    });
    functions.collect()
}

/// A type, as WIT has it: `"u32"`, or an object with a `kind` and what it consists of.
fn json(of: &Type) -> Value {
    let cases = |cases: Vec<(&str, Option<Type>)>| -> Vec<Value> {
        let case = |(name, of): (&str, Option<Type>)| json!({ "name": name, "type": of.map(|of| json(&of)) });
        cases.into_iter().map(case).collect()
    };
    match of {
        Type::List(list) => json!({ "kind": "list", "of": json(&list.ty()) }),
        Type::FixedLengthList(list) => json!({ "kind": "list", "of": json(&list.ty()) }),
        Type::Map(map) => {
            json!({ "kind": "map", "key": json(&map.key()), "value": json(&map.value()) })
        }
        Type::Record(record) => {
            let fields = record.fields().map(|field| (field.name, Some(field.ty))).collect();
            json!({ "kind": "record", "fields": cases(fields) })
        }
        Type::Tuple(tuple) => {
            json!({ "kind": "tuple", "of": tuple.types().map(|of| json(&of)).collect::<Vec<_>>() })
        }
        Type::Variant(variant) => {
            let all = variant.cases().map(|case| (case.name, case.ty)).collect();
            json!({ "kind": "variant", "cases": cases(all) })
        }
        Type::Enum(names) => json!({ "kind": "enum", "names": names.names().collect::<Vec<_>>() }),
        Type::Flags(flags) => {
            json!({ "kind": "flags", "names": flags.names().collect::<Vec<_>>() })
        }
        Type::Option(option) => json!({ "kind": "option", "of": json(&option.ty()) }),
        Type::Result(result) => json!({
            "kind": "result",
            "ok": result.ok().map(|of| json(&of)),
            "err": result.err().map(|of| json(&of)),
        }),
        simple => json!(name(simple)),
    }
}

/// What a type is called, in a word.
pub(crate) const fn name(of: &Type) -> &'static str {
    match of {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::List(_) | Type::FixedLengthList(_) => "list",
        Type::Map(_) => "map",
        Type::Record(_) => "record",
        Type::Tuple(_) => "tuple",
        Type::Variant(_) => "variant",
        Type::Enum(_) => "enum",
        Type::Option(_) => "option",
        Type::Result(_) => "result",
        Type::Flags(_) => "flags",
        Type::Own(_) | Type::Borrow(_) => "resource",
        Type::Future(_) => "future",
        Type::Stream(_) => "stream",
        Type::ErrorContext => "error-context",
    }
}

/// Why values of a type cannot be passed.
pub(crate) fn unsupported(of: &Type) -> String {
    format!("a value of type {} cannot be passed as JSON", name(of))
}

/// The first type in a function's signature that has no JSON.
pub(crate) fn first_unsupported(function: &ComponentFunc) -> Option<String> {
    let params = function.params().map(|(_, of)| of);
    params.chain(function.results()).find_map(|of| find_unsupported(&of))
}

fn find_unsupported(of: &Type) -> Option<String> {
    match of {
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            Some(unsupported(of))
        }
        Type::List(list) => find_unsupported(&list.ty()),
        Type::FixedLengthList(list) => find_unsupported(&list.ty()),
        Type::Map(map) => find_unsupported(&map.key()).or_else(|| find_unsupported(&map.value())),
        Type::Record(record) => record.fields().find_map(|field| find_unsupported(&field.ty)),
        Type::Tuple(tuple) => tuple.types().find_map(|of| find_unsupported(&of)),
        Type::Variant(variant) => {
            variant.cases().find_map(|case| case.ty.and_then(|of| find_unsupported(&of)))
        }
        Type::Option(option) => find_unsupported(&option.ty()),
        Type::Result(result) => {
            let both = [result.ok(), result.err()];
            both.into_iter().flatten().find_map(|of| find_unsupported(&of))
        }
        _ => None,
    }
}
