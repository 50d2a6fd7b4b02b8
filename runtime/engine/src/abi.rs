use lambent_types::Interface;
use wasmparser::{ComponentExternName, Parser, Payload, Validator, WasmFeatures};

/// How a component calls and is called, by the component model's Canonical ABI.
///
/// wasmtime runs both in one engine, but then every call of the synchronous
/// one pays for the tasks of the asynchronous one: a fifth of all CPU time of
/// a small function (ADR 0019). So each has an engine of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abi {
    /// Functions that return when they are done: WASI 0.2.
    Sync,
    /// Also `async` functions, `stream` and `future`: WASI 0.3.
    Async,
}

impl Abi {
    /// The ABI that a valid component needs; `features` are those of an engine
    /// for [`Abi::Sync`]. Function bodies are not looked at.
    pub(crate) fn of(wasm: &[u8], features: WasmFeatures) -> Self {
        let mut validator = Validator::new_with_features(features);
        for payload in Parser::new(0).parse_all(wasm) {
            let Ok(payload) = payload else { return Self::Async };
            if validator.payload(&payload).is_err() || imports_wasi_03(&payload) {
                return Self::Async;
            }
        }
        Self::Sync
    }
}

/// Whether something of WASI 0.3 is imported: wasmtime links all of its
/// interfaces or none, also those that have no asynchronous function.
fn imports_wasi_03(payload: &Payload) -> bool {
    let Payload::ComponentImportSection(section) = payload else { return false };
    let is_03 = |name: ComponentExternName| {
        let interface = Interface(name.name.to_owned());
        let version = interface.version().unwrap_or_default();
        interface.name().starts_with("wasi:") && version.starts_with("0.3.")
    };
    section.clone().into_iter().flatten().any(|import| is_03(import.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn of(text: &str) -> Abi {
        let config = Options::default().compile_config(Abi::Sync);
        let engine = wasmtime::Engine::new(&config).unwrap();
        Abi::of(&wat::parse_str(text).unwrap(), engine.get_wasm_features())
    }

    #[test]
    fn only_what_cannot_do_without_is_asynchronous() {
        assert_eq!(of("(component)"), Abi::Sync);
        let import = |name: &str| {
            of(&format!("(component (import \"{name}\" (instance (export \"now\" (func)))))"))
        };
        assert_eq!(import("wasi:clocks/wall-clock@0.2.3"), Abi::Sync);
        assert_eq!(import("acme:shop/prices@0.3.0"), Abi::Sync);
        assert_eq!(import("wasi:clocks/system-clock@0.3.0"), Abi::Async);
        assert_eq!(of("(component (import \"f\" (func async)))"), Abi::Async);
        assert_eq!(of("(component (import \"f\" (func (param \"s\" (stream u8)))))"), Abi::Async);
        let nested = "(component (component (import \"f\" (func (param \"s\" (stream u8))))))";
        assert_eq!(of(nested), Abi::Async);
    }
}
