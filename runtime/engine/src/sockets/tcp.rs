//! TCP as far as a guest can see it: a socket connects to the Runtime API of its instance, and
//! neither binds nor listens.

use std::net::SocketAddr;
use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress};
use wasmtime_wasi::p2::bindings::sockets::tcp::{self, HostTcpSocket, ShutdownType};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, Network, Pollable, SocketResult, TcpSocket,
    subscribe,
};

use super::{CONNECTION, RUNTIME_API, Sockets};
use crate::runtime_api::Session;
use crate::runtime_api::connection::{Connection, GuestReader, GuestWriter};

/// What sockets say of options that mean nothing in memory.
const KEEP_ALIVE_NS: u64 = 7_200_000_000_000;
const KEEP_ALIVE_INTERVAL_NS: u64 = 75_000_000_000;
const KEEP_ALIVE_COUNT: u32 = 9;
const HOP_LIMIT: u8 = 64;
const BUFFER_BYTES: u64 = 64 << 10;

/// A guest's socket.
struct Socket {
    family: IpAddressFamily,
    state: State,
}

enum State {
    Unconnected,
    /// It is to be connected. If that did not succeed at once it is `deferred`: of the connections
    /// that there are, some may be closed as soon as the host comes to it.
    Connecting {
        deferred: bool,
    },
    Connected(Arc<Connection>),
}

#[async_trait::async_trait]
impl Pollable for Socket {
    async fn ready(&mut self) {
        if matches!(self.state, State::Connecting { deferred: true }) {
            tokio::task::yield_now().await;
        }
    }
}

/// The handle of a socket of ours: the type of the handle is wasmtime's, which the linker
/// insists on, and what it names in the table is our own.
fn own(socket: &Resource<TcpSocket>) -> Resource<Socket> {
    Resource::new_borrow(socket.rep())
}

impl Sockets<'_> {
    fn socket(&self, socket: &Resource<TcpSocket>) -> SocketResult<&Socket> {
        Ok(self.table.get(&own(socket))?)
    }

    fn connection(&self, socket: &Resource<TcpSocket>) -> SocketResult<&Arc<Connection>> {
        match &self.socket(socket)?.state {
            State::Connected(connection) => Ok(connection),
            State::Unconnected | State::Connecting { .. } => Err(ErrorCode::InvalidState.into()),
        }
    }

    /// Accepts a value that means nothing here, of an option of a socket that there is.
    fn accept_option(&self, socket: &Resource<TcpSocket>, valid: bool) -> SocketResult<()> {
        self.socket(socket)?;
        if valid { Ok(()) } else { Err(ErrorCode::InvalidArgument.into()) }
    }

    fn option<V>(&self, socket: &Resource<TcpSocket>, value: V) -> SocketResult<V> {
        self.socket(socket).map(|_| value)
    }
}

impl tcp_create_socket::Host for Sockets<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        if self.session.is_none() {
            return Err(ErrorCode::AccessDenied.into());
        }
        let socket = self.table.push(Socket { family, state: State::Unconnected })?;
        Ok(Resource::new_own(socket.rep()))
    }
}

impl tcp::Host for Sockets<'_> {}

impl HostTcpSocket for Sockets<'_> {
    async fn start_bind(
        &mut self,
        socket: Resource<TcpSocket>,
        _network: Resource<Network>,
        _local: IpSocketAddress,
    ) -> SocketResult<()> {
        self.socket(&socket)?;
        Err(ErrorCode::AccessDenied.into())
    }

    fn finish_bind(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.socket(&socket)?;
        Err(ErrorCode::NotInProgress.into())
    }

    fn start_connect(
        &mut self,
        socket: Resource<TcpSocket>,
        _network: Resource<Network>,
        remote: IpSocketAddress,
    ) -> SocketResult<()> {
        self.charge(CONNECTION);
        let session = self.session;
        let socket = self.table.get_mut(&own(&socket))?;
        if !matches!(socket.state, State::Unconnected) {
            return Err(ErrorCode::InvalidState.into());
        }
        if session.is_none() || SocketAddr::from(remote) != RUNTIME_API {
            return Err(ErrorCode::AccessDenied.into());
        }
        socket.state = State::Connecting { deferred: false };
        Ok(())
    }

    fn finish_connect(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<DynInputStream>, Resource<DynOutputStream>)> {
        let own = own(&socket);
        let found = self.table.get_mut(&own)?;
        let State::Connecting { deferred } = found.state else {
            return Err(ErrorCode::NotInProgress.into());
        };
        let Some(connection) = self.session.and_then(Session::connect) else {
            let (state, error) = match deferred {
                false => (State::Connecting { deferred: true }, ErrorCode::WouldBlock),
                true => (State::Unconnected, ErrorCode::ConnectionRefused),
            };
            found.state = state;
            return Err(error.into());
        };
        found.state = State::Connected(connection.clone());
        let reader: DynInputStream = Box::new(GuestReader(connection.clone()));
        let writer: DynOutputStream = Box::new(GuestWriter(connection));
        let input = self.table.push_child(reader, &own)?;
        let output = self.table.push_child(writer, &own)?;
        Ok((input, output))
    }

    async fn start_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.socket(&socket)?;
        Err(ErrorCode::AccessDenied.into())
    }

    fn finish_listen(&mut self, socket: Resource<TcpSocket>) -> SocketResult<()> {
        self.socket(&socket)?;
        Err(ErrorCode::NotInProgress.into())
    }

    fn accept(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<TcpSocket>, Resource<DynInputStream>, Resource<DynOutputStream>)>
    {
        self.socket(&socket)?;
        Err(ErrorCode::InvalidState.into())
    }

    fn local_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.connection(&socket)?;
        Ok(SocketAddr::new(RUNTIME_API.ip(), 0).into())
    }

    fn remote_address(&mut self, socket: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.connection(&socket)?;
        Ok(RUNTIME_API.into())
    }

    fn is_listening(&mut self, socket: Resource<TcpSocket>) -> Result<bool> {
        self.table.get(&own(&socket))?;
        Ok(false)
    }

    fn address_family(&mut self, socket: Resource<TcpSocket>) -> Result<IpAddressFamily> {
        Ok(self.table.get(&own(&socket))?.family)
    }

    fn set_listen_backlog_size(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u64,
    ) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn keep_alive_enabled(&mut self, socket: Resource<TcpSocket>) -> SocketResult<bool> {
        self.option(&socket, false)
    }

    fn set_keep_alive_enabled(&mut self, socket: Resource<TcpSocket>, _: bool) -> SocketResult<()> {
        self.accept_option(&socket, true)
    }

    fn keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(&socket, KEEP_ALIVE_NS)
    }

    fn set_keep_alive_idle_time(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u64,
    ) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn keep_alive_interval(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(&socket, KEEP_ALIVE_INTERVAL_NS)
    }

    fn set_keep_alive_interval(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u64,
    ) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn keep_alive_count(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u32> {
        self.option(&socket, KEEP_ALIVE_COUNT)
    }

    fn set_keep_alive_count(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u32,
    ) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn hop_limit(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u8> {
        self.option(&socket, HOP_LIMIT)
    }

    fn set_hop_limit(&mut self, socket: Resource<TcpSocket>, value: u8) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn receive_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(&socket, BUFFER_BYTES)
    }

    fn set_receive_buffer_size(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u64,
    ) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn send_buffer_size(&mut self, socket: Resource<TcpSocket>) -> SocketResult<u64> {
        self.option(&socket, BUFFER_BYTES)
    }

    fn set_send_buffer_size(
        &mut self,
        socket: Resource<TcpSocket>,
        value: u64,
    ) -> SocketResult<()> {
        self.accept_option(&socket, value > 0)
    }

    fn subscribe(&mut self, socket: Resource<TcpSocket>) -> Result<Resource<DynPollable>> {
        subscribe(self.table, own(&socket))
    }

    fn shutdown(&mut self, socket: Resource<TcpSocket>, how: ShutdownType) -> SocketResult<()> {
        let connection = self.connection(&socket)?;
        if matches!(how, ShutdownType::Send | ShutdownType::Both) {
            connection.end_to_host();
        }
        if matches!(how, ShutdownType::Receive | ShutdownType::Both) {
            connection.abandon_to_guest();
        }
        Ok(())
    }

    fn drop(&mut self, socket: Resource<TcpSocket>) -> Result<()> {
        self.table.delete(Resource::<Socket>::new_own(socket.rep()))?;
        Ok(())
    }
}
