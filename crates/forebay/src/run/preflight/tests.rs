use super::*;

fn policies(listen: &str) -> Policies {
    let text = policy::single_upstream("http://127.0.0.1:1", listen)
        + "admin: {address: 127.0.0.1:0, telemetry_address: off}\n";
    let source = policy::Source {
        name: "test",
        bytes: text.as_bytes(),
    };
    policy::parse(source, &|_| None).unwrap().policies
}

#[test]
fn port_0_becomes_the_real_port() {
    let mut policies = policies("127.0.0.1:0");
    let doors = Preflight::check(&mut policies).unwrap();
    let ListenAddress::Tcp(address) = policies.listeners[0].address else {
        panic!("not TCP");
    };
    assert_ne!(address.port(), 0);
    let admin = doors.admin.unwrap().local_addr().unwrap();
    assert_eq!(policies.admin.address, Some(admin));
    assert!(doors.telemetry.is_none());
}

#[test]
fn a_taken_port_is_named_with_a_way_out() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let taken = Preflight::check(&mut policies(&address.to_string())).unwrap_err();
    let said = taken.to_string();
    assert!(said.contains(&address.to_string()), "{said}");
    assert!(said.contains("listeners[0].address"), "{said}");
    assert!(said.contains("write another address"), "{said}");
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let said = Preflight::check(&mut policies(&format!("unix:{here}"))).unwrap_err();
    assert!(said.to_string().contains("no socket"), "{said}");
    assert!(Path::new(here).exists());
}

#[tokio::test]
async fn only_a_socket_that_listens_accepts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(accepting(&ListenAddress::Tcp(address)), Accepting::Yes);
    drop(listener);
    assert_eq!(accepting(&ListenAddress::Tcp(address)), Accepting::No);
    let bound = TcpSocket::new_v4().unwrap();
    bound.set_reuseaddr(true).unwrap();
    bound.bind(address).unwrap();
    assert_eq!(accepting(&ListenAddress::Tcp(address)), Accepting::No);
}
