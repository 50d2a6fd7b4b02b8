//! The functions of WASI preview 1, and which of their parameters are addresses.

use wasmparser::ValType;

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// A number of 32 bits.
    Short,
    /// A number of 64 bits.
    Long,
    /// The address of data that holds no address.
    Address,
    /// The address of pairs of an address and a length; the next parameter says of how many.
    Buffers,
    /// The address of room for addresses, which the function writes.
    Addresses,
}

use Parameter::{Address, Addresses, Buffers, Long, Short};

/// A function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// Whether it returns at all, which it does with a number of 32 bits.
    pub(crate) returns: bool,
    /// The function that says how many [`Addresses`] there are, if it writes any.
    pub(crate) sizes: Option<&'static str>,
}

impl Function {
    const fn new(name: &'static str, parameters: &'static [Parameter]) -> Self {
        Self { name, parameters, returns: true, sizes: None }
    }

    /// The function of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Whether these are the types of its parameters and results.
    pub(crate) fn has_type(&self, parameters: &[ValType], results: &[ValType]) -> bool {
        let own = self.parameters.iter().map(|parameter| match parameter {
            Long => ValType::I64,
            Short | Address | Buffers | Addresses => ValType::I32,
        });
        let returned: &[_] = if self.returns { &[ValType::I32] } else { &[] };
        own.eq(parameters.iter().copied()) && results == returned
    }
}

/// All there are, as the adapter has them.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function { sizes: Some("args_sizes_get"), ..Function::new("args_get", &[Addresses, Address]) },
    Function::new("args_sizes_get", &[Address, Address]),
    Function::new("clock_res_get", &[Short, Address]),
    Function::new("clock_time_get", &[Short, Long, Address]),
    Function {
        sizes: Some("environ_sizes_get"),
        ..Function::new("environ_get", &[Addresses, Address])
    },
    Function::new("environ_sizes_get", &[Address, Address]),
    Function::new("fd_advise", &[Short, Long, Long, Short]),
    Function::new("fd_allocate", &[Short, Long, Long]),
    Function::new("fd_close", &[Short]),
    Function::new("fd_datasync", &[Short]),
    Function::new("fd_fdstat_get", &[Short, Address]),
    Function::new("fd_fdstat_set_flags", &[Short, Short]),
    Function::new("fd_fdstat_set_rights", &[Short, Long, Long]),
    Function::new("fd_filestat_get", &[Short, Address]),
    Function::new("fd_filestat_set_size", &[Short, Long]),
    Function::new("fd_filestat_set_times", &[Short, Long, Long, Short]),
    Function::new("fd_pread", &[Short, Buffers, Short, Long, Address]),
    Function::new("fd_prestat_dir_name", &[Short, Address, Short]),
    Function::new("fd_prestat_get", &[Short, Address]),
    Function::new("fd_pwrite", &[Short, Buffers, Short, Long, Address]),
    Function::new("fd_read", &[Short, Buffers, Short, Address]),
    Function::new("fd_readdir", &[Short, Address, Short, Long, Address]),
    Function::new("fd_renumber", &[Short, Short]),
    Function::new("fd_seek", &[Short, Long, Short, Address]),
    Function::new("fd_sync", &[Short]),
    Function::new("fd_tell", &[Short, Address]),
    Function::new("fd_write", &[Short, Buffers, Short, Address]),
    Function::new("path_create_directory", &[Short, Address, Short]),
    Function::new("path_filestat_get", &[Short, Short, Address, Short, Address]),
    Function::new("path_filestat_set_times", &[Short, Short, Address, Short, Long, Long, Short]),
    Function::new("path_link", &[Short, Short, Address, Short, Short, Address, Short]),
    Function::new("path_open", &[Short, Short, Address, Short, Short, Long, Long, Short, Address]),
    Function::new("path_readlink", &[Short, Address, Short, Address, Short, Address]),
    Function::new("path_remove_directory", &[Short, Address, Short]),
    Function::new("path_rename", &[Short, Address, Short, Short, Address, Short]),
    Function::new("path_symlink", &[Address, Short, Short, Address, Short]),
    Function::new("path_unlink_file", &[Short, Address, Short]),
    Function::new("poll_oneoff", &[Address, Address, Short, Address]),
    Function { returns: false, ..Function::new("proc_exit", &[Short]) },
    Function::new("proc_raise", &[Short]),
    Function::new("random_get", &[Address, Short]),
    Function::new("sched_yield", &[]),
    Function::new("sock_accept", &[Short, Short, Address]),
    Function::new("sock_recv", &[Short, Buffers, Short, Short, Address, Address]),
    Function::new("sock_send", &[Short, Buffers, Short, Short, Address]),
    Function::new("sock_shutdown", &[Short, Short]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wasmparser::{Parser, Payload, Validator};

    use super::*;
    use crate::core_module::CoreModule;

    #[test]
    fn these_are_the_functions_that_the_adapters_have() {
        for kind in [CoreModule::Command, CoreModule::Reactor] {
            let (_, adapter) = kind.adapter();
            let types = Validator::new().validate_all(adapter).unwrap();
            let payloads = Parser::new(0).parse_all(adapter).map(Result::unwrap);
            let exports = payloads.filter_map(|payload| match payload {
                Payload::ExportSection(section) => Some(section.into_iter().map(Result::unwrap)),
                _ => None,
            });
            let mut found = BTreeSet::new();
            for export in exports.flatten() {
                if let Some(function) = Function::named(export.name) {
                    let types = types.as_ref();
                    let ty = types[types.core_function_at(export.index)].unwrap_func();
                    assert!(function.has_type(ty.params(), ty.results()), "{}", export.name);
                    found.insert(export.name);
                } else {
                    // What it has for itself, and what it exports as a command.
                    let own = ["adapter_", "cabi_", "reset_adapter_state", "wasi:cli/run@"];
                    assert!(own.iter().any(|own| export.name.starts_with(own)), "{}", export.name);
                }
            }
            assert_eq!(found.len(), FUNCTIONS.len());
        }
    }
}
