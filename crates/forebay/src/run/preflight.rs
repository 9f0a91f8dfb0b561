//! Whether every address can be listened on, found out before anything starts.
//!
//! pingora ends the process with a panic when an address is taken. Here each is bound first, all at
//! the same time so that two that overlap are noticed, and those of the clients released again for
//! pingora. Where the configuration says port 0, the port that the system chose is written into the
//! policies, so that everything from here on knows the real one.

use std::{
    fs,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    os::unix::{fs::FileTypeExt as _, net::UnixStream},
    path::{Path, PathBuf},
};

use policy::{ListenAddress, Policies};
use tokio::net::TcpSocket;

/// The operator's listeners, bound.
#[derive(Debug)]
pub(super) struct Preflight {
    /// `admin.address`.
    pub(super) admin: Option<TcpListener>,
    /// `admin.telemetry_address`.
    pub(super) telemetry: Option<TcpListener>,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({field}): {error}; {help}")]
pub(super) struct Taken {
    address: String,
    field: String,
    error: io::Error,
    help: &'static str,
}

// === impl Preflight ===

impl Preflight {
    /// Binds everything once.
    pub(super) fn check(policies: &mut Policies) -> Result<Self, Taken> {
        let mut released = Vec::new();
        for (position, listener) in policies.listeners.iter_mut().enumerate() {
            let field = format!("listeners[{position}].address");
            match &mut listener.address {
                ListenAddress::Tcp(address) => released.push(bind(address, &field)?),
                ListenAddress::Unix(path) => clear(path, &field)?,
            }
        }
        let door = |address: &mut Option<SocketAddr>, field| match address {
            Some(address) => bind(address, field).map(Some),
            None => Ok(None),
        };
        Ok(Self {
            admin: door(&mut policies.admin.address, "admin.address")?,
            telemetry: door(
                &mut policies.admin.telemetry_address,
                "admin.telemetry_address",
            )?,
        })
    }
}

fn bind(address: &mut SocketAddr, field: &str) -> Result<TcpListener, Taken> {
    let bound = TcpListener::bind(*address).and_then(|listener| {
        *address = listener.local_addr()?;
        Ok(listener)
    });
    bound.map_err(|error| Taken::new(address.to_string(), field, error))
}

/// Makes room for a Unix socket. pingora removes whatever is at the path; only what a process that
/// has ended left behind may go.
fn clear(path: &Path, field: &str) -> Result<(), Taken> {
    let taken = |error| Taken::new(format!("unix:{}", path.display()), field, error);
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            return match directory.map(fs::metadata) {
                Some(Err(error)) => Err(taken(error)),
                _ => Ok(()),
            };
        }
        found => found.map_err(taken)?,
    };
    if !found.file_type().is_socket() {
        return Err(taken(io::Error::new(
            ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        )));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(taken(ErrorKind::AddrInUse.into())),
        Err(_) => fs::remove_file(path).map_err(taken),
    }
}

/// Removes the Unix sockets that nobody listens on any more; ones that are gone already are no harm.
pub(super) fn leave(policies: &Policies) {
    for listener in &policies.listeners {
        if let ListenAddress::Unix(path) = &listener.address {
            let _gone_already = fs::remove_file(path);
        }
    }
}

// === impl Taken ===

impl Taken {
    fn new(address: String, field: &str, error: io::Error) -> Self {
        let help = match error.kind() {
            ErrorKind::AddrInUse => {
                "end what listens there (`ss -ltnp` names it), or write another address into a \
                 configuration file (`admin:` has two of its own)"
            }
            ErrorKind::AddrNotAvailable => {
                "this machine has no such address; 0.0.0.0 stands for all it has"
            }
            ErrorKind::PermissionDenied => {
                "choose a port above 1023 or a directory that may be written to"
            }
            ErrorKind::NotFound => "make the directory first",
            _ => "choose another address",
        };
        Self {
            address,
            field: field.to_owned(),
            error,
            help,
        }
    }
}

/// Whether a listener of pingora's accepts connections yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepting {
    /// Not yet.
    No,
    /// It does.
    Yes,
}

/// Looks whether somebody listens on an address that [`Preflight::check`] found free.
///
/// pingora does not tell when its listeners are up. Connecting would tell, but be counted as a client
/// and logged as a failed handshake where there is TLS; so the address is bound, which Linux refuses
/// as soon as another socket *listens* there, and allows as long as it is only bound.
pub(super) fn accepting(address: &ListenAddress) -> Accepting {
    let seen = match address {
        ListenAddress::Tcp(address) => tcp_refused(*address),
        ListenAddress::Unix(path) => unix_there(path),
    };
    seen.unwrap_or(Accepting::No)
}

fn tcp_refused(address: SocketAddr) -> io::Result<Accepting> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    match socket.bind(address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(Accepting::Yes),
        _ => Ok(Accepting::No),
    }
}

fn unix_there(path: &PathBuf) -> io::Result<Accepting> {
    let found = fs::symlink_metadata(path)?;
    Ok(match found.file_type().is_socket() {
        true => Accepting::Yes,
        false => Accepting::No,
    })
}

#[cfg(test)]
mod tests;
