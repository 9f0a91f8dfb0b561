//! `forebay healthcheck`: what `/readyz` of the Forebay on this machine says.
//!
//! A few lines of HTTP/1.1 over a plain socket: the image of a container has no curl, and a client
//! library would cost more start-up time than the question is worth.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use crate::{
    args::HealthcheckArgs,
    config::{self, LoadError},
    exit::Exit,
    output::{Paint, complain, say},
};

/// The telemetry listener of a configuration that says nothing about it.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9902);

/// For each of connecting, asking and answering.
const PATIENCE: Duration = Duration::from_secs(2);

/// No more of an answer is read, in bytes.
const MOST_READ: u64 = 4096;

/// What the other side says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Something else, which is this.
    NotReady(String),
    /// 200.
    Ready,
}

/// Asks once.
pub(crate) fn healthcheck(args: &HealthcheckArgs, paint: Paint) -> Exit {
    let address = match args.address {
        Some(address) => address,
        None => match configured(args) {
            Ok(Some(address)) => address,
            Ok(None) => {
                complain(
                    paint,
                    "the configuration switches the telemetry listener off",
                    "say where to ask with --address",
                );
                return Exit::Failed;
            }
            Err(error) => return error.report(paint),
        },
    };
    let address = reachable(address);
    match ask(address) {
        Ok(Answer::Ready) => say("ready\n"),
        Ok(Answer::NotReady(said)) => {
            complain(
                paint,
                format_args!("http://{address}/readyz says: {said}"),
                "",
            );
            Exit::Failed
        }
        Err(error) => {
            complain(
                paint,
                format_args!("http://{address}/readyz: {error}"),
                "is Forebay running, and is this its telemetry address?",
            );
            Exit::Failed
        }
    }
}

/// The telemetry address of the configuration; without one it is the usual.
fn configured(args: &HealthcheckArgs) -> Result<Option<SocketAddr>, LoadError> {
    match config::load_file(&args.file) {
        Ok(checked) => Ok(checked.policies.admin.telemetry_address),
        Err(LoadError::Nowhere) => Ok(Some(USUAL)),
        Err(error) => Err(error),
    }
}

/// Where to connect for an address that stands for every one of this machine.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Asks a telemetry listener once.
pub(crate) fn ask(address: SocketAddr) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST_READ).read_to_end(&mut answer)?;
    read(&String::from_utf8_lossy(&answer))
}

fn read(answer: &str) -> io::Result<Answer> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP");
    let (status, _) = answer.split_once("\r\n").ok_or_else(wrong)?;
    let (version, status) = status.split_once(' ').ok_or_else(wrong)?;
    if !version.starts_with("HTTP/1.") {
        return Err(wrong());
    }
    if status.starts_with("200") {
        return Ok(Answer::Ready);
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(Answer::NotReady(format!("{status}, {}", body.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_200_is_ready() {
        let ready = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nready\n";
        assert_eq!(read(ready).unwrap(), Answer::Ready);
        let draining = "HTTP/1.1 503 Service Unavailable\r\n\r\ndraining\n";
        let said = "503 Service Unavailable, draining".to_owned();
        assert_eq!(read(draining).unwrap(), Answer::NotReady(said));
        for garbage in ["", "SSH-2.0-x\r\n", "200 OK\r\n"] {
            assert!(read(garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn an_address_for_everything_is_asked_on_the_loopback() {
        for (configured, asked) in [
            ("0.0.0.0:9902", "127.0.0.1:9902"),
            ("[::]:9902", "[::1]:9902"),
            ("10.0.0.5:1", "10.0.0.5:1"),
        ] {
            assert_eq!(
                reachable(configured.parse().unwrap()),
                asked.parse().unwrap()
            );
        }
    }
}
