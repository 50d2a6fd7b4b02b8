use crate::core_module::is_module;
use crate::wasi_candidate;
use lambent_types::{Handler, Interface};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// What a component exports and needs, found without compiling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How it can be called, in order of preference.
    pub handlers: Vec<Handler>,
    /// Everything it exports.
    pub exports: Vec<Interface>,
    /// Everything it imports.
    pub imports: Vec<Interface>,
    /// Imports that no capability serves.
    pub unmet: Vec<Unmet>,
}

/// An import that is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The import.
    pub import: Interface,
    /// The nearest thing that is served: another version, or a similar name.
    pub nearest: Option<Interface>,
}

impl std::fmt::Display for Unmet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.nearest {
            _ if wasi_candidate::is_candidate(&self.import) => write!(
                f,
                "{} (a release candidate of WASI 0.2 with other types; build the component again \
                 with tools of WASI 0.2, such as version 3 of spin-sdk)",
                self.import
            ),
            Some(nearest) => write!(f, "{} (nearest served: {nearest})", self.import),
            None => write!(f, "{} (nothing like it is served)", self.import),
        }
    }
}

/// Why bytes are not a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// There are no bytes.
    #[error("the upload is empty; send the bytes of a .wasm component")]
    Empty,
    /// The bytes do not begin as WebAssembly does.
    #[error("the upload is not WebAssembly: it begins with {found}, not with \\0asm{hint}")]
    NotWasm {
        /// The first bytes, in hexadecimal.
        found: String,
        /// What it looks like, if that is known.
        hint: &'static str,
    },
    /// A core module, of which a component [can be made](crate::Engine::adapt).
    #[error("the upload is a core WebAssembly module, and not yet adapted to a component")]
    CoreModule,
    /// Not valid.
    #[error("the component is malformed at byte {offset}: {message}")]
    Malformed {
        /// Where.
        offset: usize,
        /// What is wrong.
        message: String,
    },
}

/// Validates `wasm` under `features` and reads its imports and exports.
pub(crate) fn inspect(
    wasm: &[u8],
    features: WasmFeatures,
    served: &[Interface],
) -> Result<Inspection, InspectError> {
    check_header(wasm)?;
    let malformed = |error: wasmparser::BinaryReaderError| InspectError::Malformed {
        offset: error.offset(),
        message: error.message().to_owned(),
    };
    Validator::new_with_features(features).validate_all(wasm).map_err(malformed)?;

    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(malformed)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(Interface(import.map_err(malformed)?.name.name.to_owned()));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(Interface(export.map_err(malformed)?.name.name.to_owned()));
                }
            }
            _ => {}
        }
    }
    let mut handlers: Vec<_> = exports.iter().filter_map(handler).collect();
    handlers.sort();
    let unmet = imports.iter().filter_map(|import| unmet(import, served)).collect();
    Ok(Inspection { handlers, exports, imports, unmet })
}

fn check_header(wasm: &[u8]) -> Result<(), InspectError> {
    if wasm.is_empty() {
        return Err(InspectError::Empty);
    }
    if !wasm.starts_with(b"\0asm") {
        let found = wasm.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let hint = match wasm {
            [b'P', b'K', ..] => " (it looks like a zip archive)",
            [0x1f, 0x8b, ..] => " (it looks like gzip)",
            [0x7f, b'E', b'L', b'F', ..] => " (it looks like a native ELF program)",
            [b'(', ..] => " (it looks like WebAssembly text; assemble it: wasm-tools parse)",
            _ => "",
        };
        return Err(InspectError::NotWasm { found, hint });
    }
    if is_module(wasm) { Err(InspectError::CoreModule) } else { Ok(()) }
}

fn handler(export: &Interface) -> Option<Handler> {
    let version = export.version().unwrap_or_default();
    let is = |prefix: &str| {
        version
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with('.') && !rest.contains('-'))
    };
    match export.name() {
        // A candidate is the release under another name.
        "wasi:http/incoming-handler" if *wasi_candidate::released(export) != *export => {
            Some(Handler::Http02)
        }
        "lambent:function/handler" if is("0.1") => Some(Handler::Event),
        "lambent:function/batch-handler" if is("0.1") => Some(Handler::Batch),
        "lambent:function-async/handler" if is("0.1") => Some(Handler::EventAsync),
        "wasi:http/handler" if is("0.3") => Some(Handler::Http03),
        "wasi:http/incoming-handler" if is("0.2") => Some(Handler::Http02),
        // Drafts are compatible with themselves alone.
        "wasi:messaging/incoming-handler" if version == "0.2.0-draft" => Some(Handler::Messaging),
        "wasi:keyvalue/watcher" if version == "0.2.0-draft" => Some(Handler::Watcher),
        "wasi:keyvalue/watcher" if version == "0.2.0-draft2" => Some(Handler::Watcher2),
        "wasi:cli/run" if is("0.3") => Some(Handler::Run03),
        "wasi:cli/run" if is("0.2") => Some(Handler::Run02),
        _ => None,
    }
}

fn unmet(import: &Interface, served: &[Interface]) -> Option<Unmet> {
    let compatible = |other: &Interface| {
        let wanted = wasi_candidate::released(import);
        other.name() == wanted.name() && track(other.version()) == track(wanted.version())
    };
    if served.iter().any(compatible) {
        return None;
    }
    let same_name = served.iter().filter(|other| other.name() == import.name());
    let nearest = same_name.max_by_key(|other| shared_prefix(&other.0, &import.0)).or_else(|| {
        let distance = |other: &&Interface| strsim::levenshtein(other.name(), import.name());
        served.iter().min_by_key(distance).filter(|other| distance(other) <= 4)
    });
    Some(Unmet { import: import.clone(), nearest: nearest.cloned() })
}

/// The part of a version that must be equal for two to be compatible, by the
/// component model's rule: `1`, `0.2`, or the whole of anything else.
fn track(version: Option<&str>) -> Option<String> {
    let version = version?;
    let core = version.split_once('+').map_or(version, |(core, _)| core);
    let parts: Vec<_> = core.split('.').collect();
    Some(match parts.as_slice() {
        _ if core.contains('-') => core.to_owned(),
        ["0", "0", _] => core.to_owned(),
        ["0", minor, _] => format!("0.{minor}"),
        [major, _, _] => (*major).to_owned(),
        _ => core.to_owned(),
    })
}

fn shared_prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str) -> Interface {
        Interface(name.into())
    }

    #[test]
    fn compatible_versions_are_met_and_others_name_the_nearest() {
        let served = [
            interface("wasi:http/types@0.2.12"),
            interface("wasi:http/types@0.3.0"),
            interface("wasi:keyvalue/store@0.2.0-draft"),
        ];
        assert_eq!(unmet(&interface("wasi:http/types@0.2.3"), &served), None);
        assert_eq!(unmet(&interface("wasi:http/types@0.3.2"), &served), None);
        let missing = unmet(&interface("wasi:keyvalue/store@0.2.0-draft2"), &served).unwrap();
        assert_eq!(
            missing.to_string(),
            "wasi:keyvalue/store@0.2.0-draft2 (nearest served: wasi:keyvalue/store@0.2.0-draft)"
        );
        let missing = unmet(&interface("fermyon:spin/redis@2.0.0"), &served).unwrap();
        assert!(missing.to_string().contains("nothing like it"));
        let typo = unmet(&interface("wasi:http/type@0.2.0"), &served).unwrap();
        assert!(typo.nearest.is_some());
    }

    #[test]
    fn of_the_candidates_one_is_served_and_the_other_says_why_not() {
        let served = [interface("wasi:http/types@0.2.12"), interface("wasi:io/poll@0.2.12")];
        assert_eq!(unmet(&interface("wasi:io/poll@0.2.0-rc-2023-11-10"), &served), None);
        assert!(unmet(&interface("wasi:io/pool@0.2.0-rc-2023-11-10"), &served).is_some());
        let old = unmet(&interface("wasi:http/types@0.2.0-rc-2023-10-18"), &served).unwrap();
        assert!(old.to_string().contains("build the component again"), "{old}");
        let of = |version| handler(&interface(&format!("wasi:http/incoming-handler@{version}")));
        assert_eq!(of("0.2.0-rc-2023-11-10"), Some(Handler::Http02));
        assert_eq!(of("0.2.0-rc-2023-10-18"), None);
    }

    #[test]
    fn drafts_are_handlers_by_their_exact_version() {
        let of = |name: &str| handler(&interface(name));
        assert_eq!(of("lambent:function/batch-handler@0.1.3"), Some(Handler::Batch));
        assert_eq!(of("lambent:function/batch-handler@0.2.0"), None);
        assert_eq!(of("wasi:keyvalue/watcher@0.2.0-draft"), Some(Handler::Watcher));
        assert_eq!(of("wasi:keyvalue/watcher@0.2.0-draft2"), Some(Handler::Watcher2));
        assert_eq!(of("wasi:keyvalue/watcher@0.2.0-draft3"), None);
        let messaging = "wasi:messaging/incoming-handler@0.2.0-draft";
        assert_eq!(of(messaging), Some(Handler::Messaging));
    }

    #[test]
    fn bytes_that_are_no_component_are_told_apart() {
        let refuse = |wasm: &[u8]| inspect(wasm, WasmFeatures::all(), &[]).unwrap_err();
        assert_eq!(refuse(b""), InspectError::Empty);
        assert!(refuse(b"PK\x03\x04").to_string().contains("zip archive"));
        assert_eq!(refuse(b"\0asm\x01\0\0\0"), InspectError::CoreModule);
        assert!(matches!(refuse(b"\0asm\x0d\0\x01\0\x0b"), InspectError::Malformed { .. }));
        assert!(matches!(refuse(b"\0asm"), InspectError::Malformed { .. }));
    }
}
