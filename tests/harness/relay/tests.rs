use std::io;

use super::*;
use crate::{Ask, Origin, RawClient, eventually};

fn ask(mischief: Mischief) -> io::Result<String> {
    let origin = Origin::saying("a body of some length");
    let relay = Relay::to(origin.address(), mischief);
    let mut client = RawClient::connect(relay.address());
    client.send(Ask::get("/").bytes());
    client.try_response("GET").map(|response| response.text())
}

#[test]
fn a_slow_drip_arrives_whole() {
    for mischief in [
        Mischief::Drip,
        Mischief::None,
        Mischief::Trickle(Duration::from_millis(1)),
    ] {
        assert_eq!(ask(mischief).unwrap(), "a body of some length");
    }
}

#[test]
fn truncation_and_reset_are_what_they_say() {
    let truncated = ask(Mischief::TruncateAfter(50)).unwrap_err();
    assert_eq!(truncated.kind(), io::ErrorKind::UnexpectedEof);
    for bytes in [0, 50] {
        let reset = ask(Mischief::ResetAfter(bytes)).unwrap_err();
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn what_is_said_is_said() {
    let said = ask(Mischief::Say(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ));
    assert_eq!(said.unwrap(), "x");
}

#[test]
fn a_port_refuses_or_is_deaf_and_is_well_again() {
    const SHORT: Duration = Duration::from_millis(200);
    let origin = Origin::saying("x");
    let relay = Relay::to(origin.address(), Mischief::None);
    let address = relay.address();
    for (mischief, kind) in [
        (Mischief::Refuse, io::ErrorKind::ConnectionRefused),
        (Mischief::Deaf, io::ErrorKind::TimedOut),
        (Mischief::Refuse, io::ErrorKind::ConnectionRefused),
    ] {
        relay.now(mischief);
        let error = TcpStream::connect_timeout(&address, SHORT).unwrap_err();
        assert_eq!(error.kind(), kind, "{mischief:?}");
        relay.now(Mischief::None);
        assert_eq!(Ask::get("/x").send(address).text(), "x");
    }
    assert_eq!(relay.requests("/x"), 3);
}

#[test]
fn a_turn_ends_what_is_open() {
    for mischief in [
        Mischief::None,
        Mischief::Blackhole,
        Mischief::StallAfter(20),
    ] {
        let origin = Origin::saying("a body of some length");
        let relay = Relay::to(origin.address(), mischief);
        let mut client = RawClient::connect(relay.address());
        client.send(Ask::get("/").bytes());
        eventually("it has come", || (relay.requests("/") == 1).then_some(()));
        if mischief != Mischief::Blackhole {
            client.hear(20);
        }
        relay.turn(Mischief::Refuse);
        let _rest = client.hear_some();
        client.assert_closed();
    }
}
