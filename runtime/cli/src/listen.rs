//! The address that a server listens on, as people write it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use listenfd::ListenFd;

use crate::error::CliError;

/// Reads an address and port. A port alone, or with `localhost` for the address, means
/// the loopback address: leaving the host out opens nothing to others.
///
/// # Errors
/// Fails if the text has none of the forms, which the message lists.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let local = host.is_empty() || host.eq_ignore_ascii_case("localhost");
    // A plus sign is no part of a port.
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if local && digits => Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ => Err(refusal(text)),
    }
}

fn refusal(text: &str) -> String {
    let bare = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let problem = match bare {
        Ok(_) => "it has no port",
        Err(_) => "it is no address and port",
    };
    format!(
        "{problem}; give an address and port such as 127.0.0.1:4566, [::1]:4566 or, for every \
         address of this machine, 0.0.0.0:4566; or a port alone (4566, :4566, localhost:4566), \
         which is on 127.0.0.1"
    )
}

/// The socket that systemd, or whatever else started this process, listens on for it.
///
/// # Errors
/// Usage: there are several, or it is none that accepts TCP connections.
pub(crate) fn inherited() -> Result<Option<Arc<TcpListener>>, CliError> {
    let mut sockets = ListenFd::from_env();
    if sockets.len() > 1 {
        let error = format!("{} sockets came with the process, and a node has one", sockets.len());
        return Err(CliError::usage(error).hint("name one ListenStream= in the socket unit"));
    }
    let socket = sockets.take_tcp_listener(0).map_err(|error| {
        CliError::usage(format!("the socket that came with the process is no use: {error}"))
    })?;
    Ok(socket.map(Arc::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_alone_are_on_loopback() {
        for (text, expected) in [
            ("127.0.0.1:4566", "127.0.0.1:4566"),
            ("localhost:4566", "127.0.0.1:4566"),
            ("LocalHost:0", "127.0.0.1:0"),
            (":4566", "127.0.0.1:4566"),
            ("4566", "127.0.0.1:4566"),
            ("[::1]:4566", "[::1]:4566"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            (" [::]:443 ", "[::]:443"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn others_are_told_the_forms() {
        for text in [
            "",
            ":",
            "x",
            "node.example:4566",
            "65536",
            ":-1",
            "+80",
            "http://127.0.0.1:1",
            "::1:80",
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains("127.0.0.1:4566, [::1]:4566"), "{text}: {message}");
        }
        for text in ["127.0.0.1", "::1", "[::1]"] {
            assert!(parse(text).unwrap_err().starts_with("it has no port"), "{text}");
        }
    }
}
