//! `wasi:sockets` 0.2 without a socket of the machine: a guest that is a
//! [program](crate::program) reaches the Runtime API of its own instance, over connections in
//! memory, and nothing else.
//!
//! Whose API a connection leads to follows from the instance that the guest runs in, and from
//! nothing that a guest could say. Every other guest, and every other address, is refused.

mod tcp;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{Error, Result};
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, HostNetwork};
use wasmtime_wasi::p2::{Network, SocketError};

use crate::cost;
use crate::runtime_api::Session;
use crate::store_data::Host;

/// Where a program finds the Runtime API of its instance: what `AWS_LAMBDA_RUNTIME_API` names.
pub const RUNTIME_API: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), RUNTIME_API_PORT);
const RUNTIME_API_PORT: u16 = 9001;

/// What a connection costs besides the call: the host keeps a server for it.
const CONNECTION: u64 = 50_000;

/// The sockets of a guest, and the API that they lead to.
struct Sockets<'a> {
    table: &'a mut ResourceTable,
    host_fuel: &'a mut u64,
    session: Option<&'a Session>,
}

struct HasSockets;

impl HasData for HasSockets {
    type Data<'a> = Sockets<'a>;
}

/// Replaces wasmtime's own sockets.
pub(crate) fn link<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> Result<()> {
    fn sockets<T>(host: &mut Host<T>) -> Sockets<'_> {
        host.charge(cost::CALL);
        let session = host.program.as_deref().map(|program| &program.session);
        Sockets { table: &mut host.table, host_fuel: &mut host.host_fuel, session }
    }
    linker.allow_shadowing(true);
    sockets::tcp::add_to_linker::<_, HasSockets>(linker, sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, HasSockets>(linker, sockets)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl Sockets<'_> {
    const fn charge(&mut self, fuel: u64) {
        *self.host_fuel = self.host_fuel.saturating_add(fuel);
    }
}

impl network::Host for Sockets<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, error: Resource<Error>) -> Result<Option<ErrorCode>> {
        self.table.get(&error)?;
        Ok(None)
    }
}

impl HostNetwork for Sockets<'_> {
    fn drop(&mut self, network: Resource<Network>) -> Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}
