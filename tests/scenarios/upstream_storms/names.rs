//! The name server goes away under load.

use harness::{Load, Mischief, Mood, NameServer, Origin, Relay, Service, Sidecar, eventually};

use super::{GUARDS, PATH, RETRY, TIMEOUTS, judge, recovers, sent, server, started};
use crate::forebay;

const NAME: &str = "_http._tcp.storm.test";
const TARGET: &str = "here.storm.test";

const CLIENTS: usize = 16;
const EACH: usize = 40;
const ASKED: usize = CLIENTS * EACH;

/// From now on the servers behind these relays are found.
fn announce(names: &NameServer, relays: &[Relay]) {
    let services: Vec<_> = relays
        .iter()
        .map(|relay| Service {
            priority: 0,
            weight: 1,
            port: relay.address().port(),
            target: TARGET,
        })
        .collect();
    names.services(NAME, 0, &services);
}

fn behind(names: &NameServer) -> Sidecar {
    names.addresses(TARGET, 0, &["127.0.0.1".parse().unwrap()]);
    let asked = format!(
        "name: {NAME}., record: srv, server: \"{}\"",
        names.address()
    );
    let discovery = format!("discovery: {{dns: {{{asked}, min_refresh: 50ms, max_refresh: 1s}}}}");
    let guards = format!("{TIMEOUTS}\n{RETRY}\n{GUARDS}");
    started(forebay().upstream(&guards).upstream(&discovery))
}

fn relays<const N: usize>() -> ([Origin; N], [Relay; N]) {
    let origins = std::array::from_fn(|_| server());
    let relays = std::array::from_fn(|at| {
        let origin: &Origin = &origins[at];
        Relay::to(origin.address(), Mischief::None)
    });
    (origins, relays)
}

/// Who was known stays known, with a server that dies meanwhile and one that nobody can hear of.
#[test]
fn without_names_all_goes_on_and_with_them_to_where_they_lead() {
    for mood in [Mood::Failing, Mood::Ignorant, Mood::Silent] {
        let what = format!("{mood:?}");
        let names = NameServer::start();
        let (_origins, old) = relays::<3>();
        announce(&names, &old);
        let sidecar = behind(&names);
        let before = sent(&sidecar, &old, &[]);
        let load = Load::start(sidecar.address(), CLIENTS, EACH, PATH);
        load.wait_for(ASKED / 4);
        let questions = names.questions();
        names.now(mood);
        eventually("it is asked in vain", || {
            (names.questions() > questions).then_some(())
        });
        old[0].turn(Mischief::Refuse);
        let answers = load.answers();
        judge(&what, before, sent(&sidecar, &old, &[]), &answers);
        let good = answers.iter().filter(|it| it.status == Some(200)).count();
        assert!(good * 10 > ASKED * 9, "{what}: {good}");

        let (_origins, new) = relays::<2>();
        announce(&names, &new);
        names.now(Mood::Well);
        eventually("the new ones are asked", || {
            let asked = |relay: &Relay| sidecar.get(PATH).status == 200 && relay.requests(PATH) > 0;
            new.iter().all(asked).then_some(())
        });
        recovers(&what, sidecar, &new);
    }
}

#[test]
fn with_no_name_from_the_start_everybody_is_told_at_once() {
    let names = NameServer::start();
    let (_origins, relays) = relays::<3>();
    announce(&names, &relays);
    names.now(Mood::Failing);
    let sidecar = behind(&names);
    let before = sent(&sidecar, &relays, &[]);
    let answers = Load::start(sidecar.address(), CLIENTS, EACH, PATH).answers();
    judge("no name", before, sent(&sidecar, &relays, &[]), &answers);
    assert!(answers.iter().all(|it| it.status == Some(503)));
    names.now(Mood::Well);
    recovers("no name", sidecar, &relays);
}
