//! Lets the host read and write the memory of a component from outside.
//!
//! wasmtime shows a host no memory of a component. So a component that can be frozen is given
//! core modules more when it is compiled, which share its memory: two functions that hand all of
//! it to the host, and take from the host what it was. What they import nobody can who deploys a
//! component, since it is not served.

mod host_functions;
mod index_spaces;
mod modules;

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentImportSection, ComponentSection, ComponentTypeRef,
    ComponentTypeSection, ComponentValType, ExportKind, InstanceSection, InstanceType, ModuleArg,
    ModuleSection, PrimitiveValType,
};

use self::index_spaces::IndexSpaces;
use self::modules::{AT, HOST, Import, MEMORY, REALLOC, access, allocator};

pub(crate) use self::host_functions::link;
pub(crate) use self::modules::{RESTORE, SAVE};

/// Changes when components are given another access to their memory, so that those that were
/// compiled before are compiled again.
pub(crate) const EDITION: u32 = 1;

/// What the modules import.
const INTERFACE: &str = "lambent:engine/memory@0.1.0";

/// The component with access to its memory; nothing if it is not made to be frozen, or has no
/// memory or several.
pub(crate) fn add(wasm: &[u8]) -> Option<Vec<u8>> {
    let spaces = IndexSpaces::of(wasm)?;
    let mut component = wasm.to_vec();
    import(&spaces, &mut component);
    lower(&spaces, &mut component);
    instantiate(&spaces, &mut component);
    export(&spaces, &mut component);
    Some(component)
}

/// Two types, the imported instance, and two modules.
fn import(spaces: &IndexSpaces, component: &mut Vec<u8>) {
    let mut types = ComponentTypeSection::new();
    types.instance(&interface());
    types.function().params::<[_; 0], ComponentValType>([]).result(None);
    types.append_to_component(component);
    let mut imports = ComponentImportSection::new();
    imports.import(INTERFACE, ComponentTypeRef::Instance(spaces.types));
    imports.append_to_component(component);
    ModuleSection(&allocator()).append_to_component(component);
    ModuleSection(&access()).append_to_component(component);
}

/// The functions of the interface.
fn interface() -> InstanceType {
    let mut interface = InstanceType::new();
    interface.ty().defined_type().list(ComponentValType::Primitive(PrimitiveValType::U8));
    let bytes = ComponentValType::Type(0);
    for (import, function) in Import::ALL.into_iter().zip(1..) {
        let mut signature = interface.ty().function();
        match import {
            Import::Keep => signature.params([("bytes", bytes)]).result(None),
            other => signature.params::<[_; 0], ComponentValType>([]).result(Some(match other {
                Import::Pages => ComponentValType::Primitive(PrimitiveValType::U32),
                Import::Address => ComponentValType::Primitive(PrimitiveValType::S64),
                Import::Word => ComponentValType::Primitive(PrimitiveValType::U64),
                Import::Keep | Import::Piece => bytes,
            })),
        };
        interface.export(import.name(), ComponentTypeRef::Func(function));
    }
    interface
}

/// The allocator, which the imported functions return lists with, and those as core functions:
/// the core functions from `core_functions` on are the allocator's and the imported ones.
fn lower(spaces: &IndexSpaces, component: &mut Vec<u8>) {
    let mut instances = InstanceSection::new();
    instances.instantiate::<[_; 0], &str>(spaces.core_modules, []);
    instances.append_to_component(component);
    let mut aliases = ComponentAliasSection::new();
    for import in Import::ALL {
        let (instance, kind) = (spaces.instances, ComponentExportKind::Func);
        aliases.alias(Alias::InstanceExport { instance, kind, name: import.name() });
    }
    for (kind, name) in [(ExportKind::Func, REALLOC), (ExportKind::Global, AT)] {
        aliases.alias(Alias::CoreInstanceExport { instance: spaces.core_instances, kind, name });
    }
    aliases.append_to_component(component);
    let mut lowered = CanonicalFunctionSection::new();
    let memory = CanonicalOption::Memory(spaces.memory);
    let realloc = CanonicalOption::Realloc(spaces.core_functions);
    for (import, function) in Import::ALL.into_iter().zip(spaces.functions..) {
        match import {
            Import::Keep => lowered.lower(function, [memory]),
            Import::Piece => lowered.lower(function, [memory, realloc]),
            Import::Pages | Import::Address | Import::Word => lowered.lower(function, []),
        };
    }
    lowered.append_to_component(component);
}

/// The module whose functions are exported, with the memory and those that it imports.
fn instantiate(spaces: &IndexSpaces, component: &mut Vec<u8>) {
    let lowered = Import::ALL.into_iter().zip(spaces.core_functions + 1..);
    let mut host: Vec<_> =
        lowered.map(|(import, index)| (import.name(), ExportKind::Func, index)).collect();
    host.push((MEMORY, ExportKind::Memory, spaces.memory));
    host.push((AT, ExportKind::Global, spaces.core_globals));
    let mut instances = InstanceSection::new();
    instances.export_items(host);
    let host = ModuleArg::Instance(spaces.core_instances + 1);
    instances.instantiate(spaces.core_modules + 1, [(HOST, host)]);
    instances.append_to_component(component);
}

fn export(spaces: &IndexSpaces, component: &mut Vec<u8>) {
    let (mut aliases, mut lifted) = (ComponentAliasSection::new(), CanonicalFunctionSection::new());
    let mut exports = ComponentExportSection::new();
    let imports = Import::ALL.len() as u32;
    let (instance, kind) = (spaces.core_instances + 2, ExportKind::Func);
    for (name, nth) in [SAVE, RESTORE].into_iter().zip(0..) {
        aliases.alias(Alias::CoreInstanceExport { instance, kind, name });
        lifted.lift(spaces.core_functions + 1 + imports + nth, spaces.types + 1, []);
        exports.export(name, ComponentExportKind::Func, spaces.functions + imports + nth, None);
    }
    aliases.append_to_component(component);
    lifted.append_to_component(component);
    exports.append_to_component(component);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with items of every kind, and so many memories that its exports are called
    /// with.
    fn component(export: &str, memories: usize) -> Vec<u8> {
        let lifted: String = (0..memories)
            .map(|nth| {
                format!(
                    r#"(core instance $i{nth} (instantiate $m))
                    (alias core export $i{nth} "memory" (core memory $memory{nth}))
                    (func $f{nth} (result string)
                        (canon lift (core func $i{nth} "text") (memory $memory{nth})))
                    (export "f{nth}" (func $f{nth}))"#
                )
            })
            .collect();
        let text = format!(
            r#"(component
                (core type (func))
                (type $t (list u8))
                (import "a:b/c" (instance $c (export "r" (type (sub resource))) (export "g" (func))))
                (alias export $c "r" (type $r))
                (alias export $c "g" (func $g))
                (core func (canon lower (func $g)))
                (core func (canon resource.drop $r))
                (core module $m
                    (memory (export "memory") 1)
                    (global (export "global") i32 (i32.const 0))
                    (func (export "text") (result i32) i32.const 0))
                (component $nested (type (list u8)) (export "e" (type 0)))
                (instance $n (instantiate $nested))
                {lifted}
                (instance $exported)
                (export "{export}" (instance $exported))
            )"#
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn what_can_be_frozen_stays_valid_and_exports_two_functions_more() {
        let wasm = component("lambent:runtime/snapshot@0.1.0", 1);
        let accessible = add(&wasm).unwrap();
        wasmparser::Validator::new().validate_all(&accessible).unwrap();
        assert!(accessible.starts_with(&wasm));
        for text in [INTERFACE, SAVE, RESTORE] {
            let found = accessible.windows(text.len()).filter(|part| *part == text.as_bytes());
            assert!(found.count() >= 1, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_frozen_is_left_as_it_is() {
        assert_eq!(add(&component("lambent:runtime/initialization@0.1.0", 1)), None);
        for memories in [0, 2] {
            assert_eq!(add(&component("lambent:runtime/snapshot@0.1.0", memories)), None);
        }
        assert_eq!(add(b"no component"), None);
    }
}
