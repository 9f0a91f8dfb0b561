//! Listeners, and the rule that no two share an address.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;

use crate::{
    ListenAddress, Listener, Tls,
    diagnostic::Code,
    file::{At, File, ListenerFile, TlsFile},
    tree::NodeId,
};

use super::findings::Findings;

/// Addresses that are taken, and by whom.
#[derive(Debug, Default)]
pub(super) struct Taken {
    tcp: Vec<(SocketAddr, NodeId)>,
    sockets: HashMap<String, NodeId>,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoNetwork {
    /// It begins as IPv4 in IPv6 and goes beyond it.
    Mixed,
    /// It cannot be read.
    Unreadable,
}

pub(super) fn check_listeners(
    findings: &mut Findings<'_>,
    file: &At<File>,
    taken: &mut Taken,
) -> Vec<Listener> {
    let help = "add `listeners:` with an entry such as `- address: 0.0.0.0:8080`";
    let Some(listeners) = &file.value.listeners else {
        findings.missing(file.node, "listeners", help);
        return Vec::new();
    };
    if listeners.value.is_empty() && !findings.lost_below("listeners") {
        let message = "there is no listener".to_owned();
        findings.error(listeners.node, Code::Empty, message, help);
    }
    let checked = listeners.value.iter();
    checked
        .filter_map(|listener| check_listener(findings, listener, taken))
        .collect()
}

fn check_listener(
    findings: &mut Findings<'_>,
    listener: &At<ListenerFile>,
    taken: &mut Taken,
) -> Option<Listener> {
    let proxies = listener.value.trusted_proxies.as_ref();
    let trusted_proxies = check_networks(findings, proxies);
    let tls = listener
        .value
        .tls
        .as_ref()
        .and_then(|tls| check_tls(findings, tls));
    let proxy_protocol = check_proxy_protocol(findings, listener);
    let Some(address) = &listener.value.address else {
        findings.missing(listener.node, "address", "such as `address: 0.0.0.0:8080`");
        return None;
    };
    let address = check_address(findings, address, taken)?;
    Some(Listener {
        address,
        trusted_proxies,
        proxy_protocol,
        tls,
    })
}

/// Without anybody to believe, every connection would be closed.
fn check_proxy_protocol(findings: &mut Findings<'_>, listener: &At<ListenerFile>) -> bool {
    let Some(flag) = &listener.value.proxy_protocol else {
        return false;
    };
    let proxies = listener.value.trusted_proxies.as_ref();
    let nobody = proxies.is_none_or(|at| at.value.is_empty());
    if flag.value && nobody && !findings.lost_in(listener.node, "trusted_proxies") {
        let message = "`proxy_protocol` is believed from `trusted_proxies`, and there are none";
        let help = "add whoever connects here: `trusted_proxies: [10.0.0.0/8]`";
        findings.error(flag.node, Code::Contradiction, message.to_owned(), help);
    }
    flag.value
}

fn check_address(
    findings: &mut Findings<'_>,
    address: &At<String>,
    taken: &mut Taken,
) -> Option<ListenAddress> {
    if let Some(path) = address.value.strip_prefix("unix:") {
        // 107 bytes are what Linux leaves for a path in a socket address.
        if path.is_empty() || path.len() > 107 || path.contains('\0') {
            let message = format!("`{}` is not a usable socket path", findings.show(address));
            let help = "write `unix:/run/forebay.sock`, at most 107 bytes";
            findings.error(address.node, Code::BadAddress, message, help);
            return None;
        }
        taken.claim_socket(findings, address.node, &address.value);
        return Some(ListenAddress::Unix(PathBuf::from(path)));
    }
    let Ok(tcp) = address.value.parse::<SocketAddr>() else {
        let message = format!(
            "`{}` is not an address to listen on",
            findings.show(address)
        );
        let help = "write an IP address and a port, `0.0.0.0:8080` or `[::]:8080`, or `unix:/path`";
        findings.error(address.node, Code::BadAddress, message, help);
        return None;
    };
    taken.claim(findings, address.node, tcp);
    Some(ListenAddress::Tcp(tcp))
}

/// Every network of a list.
pub(super) fn check_networks(
    findings: &mut Findings<'_>,
    networks: Option<&At<Vec<At<String>>>>,
) -> Vec<IpNet> {
    let networks = networks.map_or(&[][..], |at| &at.value).iter();
    networks
        .filter_map(|network| check_network(findings, network))
        .collect()
}

fn check_network(findings: &mut Findings<'_>, network: &At<String>) -> Option<IpNet> {
    let shown = findings.show(network);
    let (message, help) = match parse_network(&network.value) {
        Ok(parsed) => return Some(parsed),
        Err(NoNetwork::Mixed) => (
            format!("`{shown}` is more than the addresses of IPv4 in IPv6"),
            "write a network of IPv4, `10.0.0.0/8`; in IPv6 that is `::ffff:10.0.0.0/104`",
        ),
        Err(NoNetwork::Unreadable) => (
            format!("`{shown}` is not a network"),
            "write an address or a network, `10.0.0.7` or `10.0.0.0/8`",
        ),
    };
    findings.error(network.node, Code::BadNetwork, message, help);
    None
}

/// A network, or an address as one of its own. IPv4 in IPv6 is IPv4, as it is of clients: otherwise
/// nobody would ever be in it.
pub(super) fn read_network(text: &str) -> Option<IpNet> {
    parse_network(text).ok()
}

/// The same, and what is wrong with it. Clients are known by their addresses of IPv4 where they have
/// one, however the socket writes it (RFC 4291, section 2.5.5.2): so are networks.
fn parse_network(text: &str) -> Result<IpNet, NoNetwork> {
    let network = text.parse::<IpNet>().ok();
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = network.or_else(address).ok_or(NoNetwork::Unreadable)?;
    let network = match (network, network.addr().to_canonical()) {
        (IpNet::V6(_), IpAddr::V4(inner)) => {
            let length = network.prefix_len().checked_sub(96);
            let length = length.ok_or(NoNetwork::Mixed)?;
            IpNet::new(inner.into(), length).map_err(|_| NoNetwork::Unreadable)?
        }
        _ => network,
    };
    Ok(network.trunc())
}

fn check_tls(findings: &mut Findings<'_>, tls: &At<TlsFile>) -> Option<Tls> {
    let certificate = required_file(
        findings,
        tls,
        "certificate_file",
        &tls.value.certificate_file,
    );
    let key = required_file(findings, tls, "key_file", &tls.value.key_file);
    Some(Tls {
        certificate_file: certificate?,
        key_file: key?,
    })
}

fn required_file(
    findings: &mut Findings<'_>,
    tls: &At<TlsFile>,
    field: &str,
    file: &Option<At<String>>,
) -> Option<PathBuf> {
    match file {
        None => {
            findings.missing(
                tls.node,
                field,
                "TLS needs `certificate_file` and `key_file`",
            );
            None
        }
        Some(file) => check_file(findings, file),
    }
}

/// A path of a file; whether it exists is for whoever opens it.
pub(super) fn check_file(findings: &mut Findings<'_>, file: &At<String>) -> Option<PathBuf> {
    if file.value.is_empty() || file.value.contains('\0') {
        let message = "this is not the path of a file".to_owned();
        findings.error(file.node, Code::WrongValue, message, "");
        return None;
    }
    Some(PathBuf::from(&file.value))
}

// === impl Taken ===

impl Taken {
    /// Takes a TCP address; any number of listeners may let the system choose a port.
    pub(super) fn claim(&mut self, findings: &mut Findings<'_>, node: NodeId, address: SocketAddr) {
        match self.holder(address) {
            Some(holder) => taken_twice(findings, node, holder, &address.to_string()),
            None if address.port() == 0 => {}
            None => self.tcp.push((address, node)),
        }
    }

    /// Takes an address that the file does not mention; whoever wrote the other one has to move.
    pub(super) fn claim_default(
        &mut self,
        findings: &mut Findings<'_>,
        field: &str,
        address: SocketAddr,
    ) {
        if let Some(holder) = self.holder(address) {
            let message = format!("`admin.{field}` listens on {address} unless told otherwise");
            let help = format!("choose another address here, or set `admin.{field}`");
            findings.error(holder, Code::AddressTaken, message, &help);
        }
    }

    fn claim_socket(&mut self, findings: &mut Findings<'_>, node: NodeId, address: &str) {
        match self.sockets.get(address) {
            Some(holder) => taken_twice(findings, node, *holder, address),
            None => {
                self.sockets.insert(address.to_owned(), node);
            }
        }
    }

    /// Who already listens where this address would: the same port on the same or on every address.
    fn holder(&self, address: SocketAddr) -> Option<NodeId> {
        let same = |other: &SocketAddr| {
            other.port() == address.port()
                && other.is_ipv4() == address.is_ipv4()
                && (other.ip() == address.ip()
                    || other.ip().is_unspecified()
                    || address.ip().is_unspecified())
        };
        let holder = self.tcp.iter().find(|(other, _)| same(other));
        holder.map(|(_, node)| *node)
    }
}

fn taken_twice(findings: &mut Findings<'_>, node: NodeId, holder: NodeId, address: &str) {
    let shown = findings.written(node).unwrap_or(address);
    let line = findings.line(holder);
    let message = format!("`{shown}` is already taken in line {line}");
    let help = "every listener needs an address and port of its own";
    findings.error(node, Code::AddressTaken, message, help);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients are known by their addresses of IPv4 where they have one: a network that is written in
    /// IPv6 would match nobody.
    #[test]
    fn a_network_of_ipv4_is_one_however_it_is_written() {
        for (text, wanted) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:a00:0/104", "10.0.0.0/8"),
            ("::FFFF:10.1.2.3/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.7", "10.0.0.7/32"),
            ("::ffff:10.0.0.7/128", "10.0.0.7/32"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::1", "::1/128"),
        ] {
            let wanted: IpNet = wanted.parse().unwrap();
            assert_eq!(parse_network(text), Ok(wanted), "{text}");
        }
        for (text, wrong) in [
            // As if the length were that of IPv4.
            ("::ffff:10.0.0.0/8", NoNetwork::Mixed),
            ("::ffff:0:0/95", NoNetwork::Mixed),
            ("::ffff:10.0.0.0/129", NoNetwork::Unreadable),
            ("10.0.0.0/33", NoNetwork::Unreadable),
            ("::ffff:10.0.0", NoNetwork::Unreadable),
        ] {
            assert_eq!(parse_network(text), Err(wrong), "{text}");
        }
    }
}
