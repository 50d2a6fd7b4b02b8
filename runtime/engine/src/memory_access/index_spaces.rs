//! How many items of each kind a component defines, which is the index of the next one.

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind,
    ComponentOuterAliasKind, ExternalKind, Parser, Payload,
};

/// What a component exports that can be frozen.
pub(super) const FREEZABLE: &str = "lambent:runtime/snapshot@0.1.0";

/// The next index of each space of a component, and its memory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct IndexSpaces {
    pub(super) types: u32,
    pub(super) functions: u32,
    pub(super) instances: u32,
    pub(super) core_functions: u32,
    pub(super) core_globals: u32,
    pub(super) core_instances: u32,
    pub(super) core_modules: u32,
    /// The one memory that its exports are called with.
    pub(super) memory: u32,
}

impl IndexSpaces {
    /// Those of a valid component with the export [`FREEZABLE`] and one memory.
    pub(super) fn of(wasm: &[u8]) -> Option<Self> {
        let mut reader = Reader::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.ok()?;
            if depth == 0 {
                reader.read(&payload).ok()?;
            }
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let Reader { spaces, memories, is_freezable } = reader;
        match memories[..] {
            [memory] if is_freezable => Some(Self { memory, ..spaces }),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Reader {
    spaces: IndexSpaces,
    /// The memories that exports are called with.
    memories: Vec<u32>,
    is_freezable: bool,
}

impl Reader {
    fn read(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        let spaces = &mut self.spaces;
        match payload {
            Payload::ModuleSection { .. } => spaces.core_modules += 1,
            Payload::InstanceSection(section) => spaces.core_instances += section.count(),
            Payload::ComponentInstanceSection(section) => spaces.instances += section.count(),
            Payload::ComponentTypeSection(section) => spaces.types += section.count(),
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    spaces.add(import?.ty.kind());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.is_freezable |= export.name.name == FREEZABLE;
                    self.spaces.add(export.kind);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    spaces.add_alias(&alias?);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    self.canonical(&function?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn canonical(&mut self, function: &CanonicalFunction) {
        let CanonicalFunction::Lift { options, .. } = function else {
            self.spaces.core_functions += 1;
            return;
        };
        self.spaces.functions += 1;
        for option in options {
            match option {
                CanonicalOption::Memory(memory) if !self.memories.contains(memory) => {
                    self.memories.push(*memory);
                }
                _ => {}
            }
        }
    }
}

impl IndexSpaces {
    fn add(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Module => self.core_modules += 1,
            ComponentExternalKind::Func => self.functions += 1,
            ComponentExternalKind::Type => self.types += 1,
            ComponentExternalKind::Instance => self.instances += 1,
            ComponentExternalKind::Value | ComponentExternalKind::Component => {}
        }
    }

    fn add_alias(&mut self, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.add(*kind),
            ComponentAlias::CoreInstanceExport { kind, .. } => match kind {
                ExternalKind::Func | ExternalKind::FuncExact => self.core_functions += 1,
                ExternalKind::Global => self.core_globals += 1,
                ExternalKind::Table | ExternalKind::Memory | ExternalKind::Tag => {}
            },
            ComponentAlias::Outer { kind, .. } => match kind {
                ComponentOuterAliasKind::CoreModule => self.core_modules += 1,
                ComponentOuterAliasKind::Type => self.types += 1,
                ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Component => {}
            },
        }
    }
}
