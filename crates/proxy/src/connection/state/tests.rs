use std::net::Ipv4Addr;

use super::*;

const START: Duration = Duration::from_secs(1_000);

fn clients() -> Clients {
    Clients::default()
}

fn connection() -> ConnectionState {
    let peer = Peer {
        ip: Ipv4Addr::LOCALHOST.into(),
        named: Named::Nobody,
        scheme: Scheme::Http,
        listener: 0,
        errands: Errands::Clients,
    };
    ConnectionState::new(peer, START)
}

fn after(seconds: u64) -> Duration {
    START + Duration::from_secs(seconds)
}

#[test]
fn an_idle_connection_ends_gracefully_when_its_time_is_up() {
    let connection = connection();
    assert_eq!(connection.judge(&clients(), after(75)), Ending::Open);
    assert_eq!(connection.judge(&clients(), after(76)), Ending::Graceful);
}

#[test]
fn a_request_in_flight_keeps_a_connection_open_however_long_it_takes() {
    let connection = connection();
    connection.request_began();
    assert_eq!(connection.judge(&clients(), after(9_999)), Ending::Open);
    connection.request_ended(after(9_999));
    assert_eq!(connection.judge(&clients(), after(10_000)), Ending::Open);
    assert_eq!(
        connection.judge(&clients(), after(10_075)),
        Ending::Graceful
    );
}

#[test]
fn a_head_that_dribbles_in_ends_at_once_when_its_time_is_up() {
    let connection = connection();
    let clients = clients();
    connection.bytes_read();
    let began = START;
    assert_eq!(connection.judge(&clients, began), Ending::Open);
    assert_eq!(
        connection.judge(&clients, began + Duration::from_secs(9)),
        Ending::Open
    );
    connection.bytes_read();
    assert_eq!(
        connection.judge(&clients, began + Duration::from_secs(11)),
        Ending::Now
    );
}

#[test]
fn frames_of_an_idle_http2_connection_are_not_the_beginning_of_a_head() {
    let connection = connection();
    connection.multiplexed();
    connection.bytes_read();
    let later = crate::clock::monotonic() + Duration::from_secs(11);
    assert_ne!(connection.judge(&clients(), later), Ending::Now);
}

#[test]
fn a_client_that_does_not_take_its_answer_ends_at_once() {
    let connection = connection();
    connection.request_began();
    connection.write_blocked();
    let later = crate::clock::monotonic() + Duration::from_secs(61);
    assert_eq!(connection.judge(&clients(), later), Ending::Now);
    connection.bytes_written();
    assert_eq!(connection.judge(&clients(), later), Ending::Open);
}

#[test]
fn an_ending_never_becomes_milder() {
    let connection = connection();
    connection.end(Ending::Now);
    connection.end(Ending::Graceful);
    assert_eq!(connection.ending(), Ending::Now);
}

#[test]
fn a_tunnel_looks_after_itself() {
    let connection = connection();
    connection.upgraded();
    assert_eq!(connection.judge(&clients(), after(99_999)), Ending::Open);
}
