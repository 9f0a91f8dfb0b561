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
    assert_eq!(connection.judge(&clients(), after(75)), Judged::Open);
    assert_eq!(connection.judge(&clients(), after(76)), Judged::Graceful);
}

#[test]
fn a_request_in_flight_keeps_a_connection_open_however_long_it_takes() {
    let connection = connection();
    connection.request_began();
    assert_eq!(connection.judge(&clients(), after(9_999)), Judged::Open);
    connection.request_ended(after(9_999));
    assert_eq!(connection.judge(&clients(), after(10_000)), Judged::Open);
    assert_eq!(
        connection.judge(&clients(), after(10_075)),
        Judged::Graceful
    );
}

#[test]
fn a_head_that_dribbles_in_ends_at_once_when_its_time_is_up() {
    let connection = connection();
    let clients = clients();
    connection.bytes_read();
    let began = START;
    assert_eq!(connection.judge(&clients, began), Judged::Open);
    assert_eq!(
        connection.judge(&clients, began + Duration::from_secs(9)),
        Judged::Open
    );
    connection.bytes_read();
    assert_eq!(
        connection.judge(&clients, began + Duration::from_secs(11)),
        Judged::Cut(Cut::HeadTimedOut)
    );
}

#[test]
fn frames_of_an_idle_http2_connection_are_not_the_beginning_of_a_head() {
    let connection = connection();
    connection.multiplexed();
    connection.bytes_read();
    let later = crate::clock::monotonic() + Duration::from_secs(11);
    assert_ne!(
        connection.judge(&clients(), later),
        Judged::Cut(Cut::HeadTimedOut)
    );
}

#[test]
fn a_client_that_does_not_take_its_answer_ends_at_once() {
    let connection = connection();
    connection.request_began();
    connection.write_blocked();
    let later = crate::clock::monotonic() + Duration::from_secs(61);
    assert_eq!(
        connection.judge(&clients(), later),
        Judged::Cut(Cut::WriteStalled)
    );
    connection.bytes_written(1);
    assert_eq!(connection.judge(&clients(), later), Judged::Open);
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
    assert_eq!(connection.judge(&clients(), after(99_999)), Judged::Open);
}

#[test]
fn a_client_that_drips_is_cut_off_where_there_is_a_least_rate() {
    let clients = Clients {
        min_body_rate: policy::ByteSize::from_bytes(100),
        ..clients()
    };
    let connection = connection();
    connection.request_began();
    let (since, blocked) = (&connection.taking_since, &connection.write_blocked_since);
    since.store(nanos(START), Ordering::Relaxed);
    for seconds in 1..=60 {
        connection.bytes_written(1);
        blocked.store(nanos(after(seconds)), Ordering::Relaxed);
        assert_eq!(connection.judge(&clients, after(seconds)), Judged::Open);
        assert_eq!(connection.judge(&self::clients(), after(61)), Judged::Open);
    }
    let judged = connection.judge(&clients, after(61));
    assert_eq!(judged, Judged::Cut(Cut::TooSlow));
    // Whoever takes enough may go on for ever.
    connection.bytes_written(6_100);
    assert_eq!(connection.judge(&clients, after(61)), Judged::Open);
    // Whoever has taken all of it for a moment begins anew.
    connection.bytes_written(1);
    assert_eq!(connection.judge(&clients, after(500)), Judged::Open);
    assert_eq!(since.load(Ordering::Relaxed), 0);
}

#[test]
fn what_was_given_and_is_not_taken_does_not_keep_a_connection_for_ever() {
    let connection = connection();
    let (clients, quiet) = (clients(), after(135));
    assert_eq!(connection.judge(&clients, quiet), Judged::Graceful);
    let judged = connection.judge(&clients, after(136));
    assert_eq!(judged, Judged::Cut(Cut::Lingered));
}

#[test]
fn resets_are_counted_by_the_minute() {
    let connection = connection();
    for second in 0..10 {
        assert_eq!(connection.stream_reset(10, after(second)), Resets::Few);
    }
    assert_eq!(connection.stream_reset(10, after(60)), Resets::TooMany);
    assert_eq!(connection.stream_reset(10, after(61)), Resets::Few);
    connection.ended();
    for _ in 0..99 {
        assert_eq!(connection.stream_reset(10, after(61)), Resets::Few);
    }
}

#[test]
fn a_connection_is_cut_once_and_for_one_reason() {
    let connection = connection();
    assert_eq!(connection.end(Ending::Graceful), Ended::Now);
    assert_eq!(connection.cut(Cut::Resets), Ended::Now);
    assert_eq!(connection.cut(Cut::TooSlow), Ended::Before);
    assert_eq!(connection.why_cut(), Cut::Resets);
    assert_eq!(connection.end(Ending::Graceful), Ended::Before);
}
