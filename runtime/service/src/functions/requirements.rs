//! What a component needs of the configuration that it is to run under.

use lambent_types::{Configuration, Error, ErrorCode, Handler, format_bytes};

use crate::inspect::Inspected;

/// Only a handler of WASI 0.3 can serve several requests at once.
pub(super) fn shares(configuration: &Configuration, handlers: &[Handler]) -> Result<(), Error> {
    if configuration.shared == 1 || handlers.contains(&Handler::Http03) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::InvalidConfiguration,
        format!(
            "shared is {}, and the component does not export wasi:http/handler 0.3, which alone \
             can serve several requests at once; set shared to 1",
            configuration.shared
        ),
    ))
}

pub(super) fn fits(configuration: &Configuration, inspected: &Inspected) -> Result<(), Error> {
    shares(configuration, &inspected.handlers)?;
    if configuration.snapshot && !inspected.can_be_frozen {
        let detail = "snapshot is on, and the component cannot be frozen: it does not export \
                      lambent:runtime/snapshot, as the runtimes of languages do; turn snapshot off";
        return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
    }
    if inspected.memory_bytes_min <= configuration.memory_bytes {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::InvalidConfiguration,
        format!(
            "memory is {}, and the component takes {} before it runs; raise the memory",
            format_bytes(configuration.memory_bytes),
            format_bytes(inspected.memory_bytes_min)
        ),
    ))
}
