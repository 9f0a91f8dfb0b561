//! Lists of endpoints in files of their own, as discovery watches them.

use policy::{Balance, Code, Diagnostics, Endpoint, Source, parse_endpoints};

fn read(text: &str, balance: Balance) -> Result<Vec<Endpoint>, Diagnostics> {
    let source = Source {
        name: "endpoints.yaml",
        bytes: text.as_bytes(),
    };
    parse_endpoints(source, balance)
}

#[test]
fn a_list_holds_what_may_stand_under_endpoints() {
    let text = "# by hand\n- http://10.0.0.1:3000\n- {url: 'http://b', weight: 2, priority: 1}\n\
        - http+unix:/run/app.sock\n";
    let endpoints = read(text, Balance::Weighted).unwrap();
    let urls: Vec<_> = endpoints.iter().map(Endpoint::url).collect();
    assert_eq!(
        urls,
        [
            "http://10.0.0.1:3000",
            "http://b:80",
            "http+unix:/run/app.sock"
        ]
    );
    assert_eq!((endpoints[1].weight.value(), endpoints[1].priority), (2, 1));
}

#[test]
fn nobody_is_a_list_too_but_nothing_is_not() {
    assert_eq!(read("[]", Balance::RoundRobin).unwrap(), []);
    for text in ["", "# being written", "endpoints: []", "http://a"] {
        let wrong = read(text, Balance::RoundRobin).unwrap_err();
        assert_eq!(wrong.list()[0].code, Code::WrongValue, "{text}");
    }
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let text = "- http://a\n- ftp://b\n- {url: 'http://a'}\n- {urll: 'http://c'}\n- 3\n\
        - {url: '${HOST}', weight: 2}\n";
    let wrong = read(text, Balance::RoundRobin).unwrap_err();
    let told: Vec<_> = wrong
        .list()
        .iter()
        .map(|one| (one.span.line, one.code, one.path.as_str()))
        .collect();
    let expected = [
        (2, Code::BadEndpoint, "[1]"),
        (3, Code::DuplicateEndpoint, "[2].url"),
        (4, Code::UnknownField, "[3].urll"),
        (5, Code::WrongValue, "[4]"),
        (6, Code::BadEndpoint, "[5].url"),
        (6, Code::UselessWeight, "[5].weight"),
    ];
    assert_eq!(told, expected);
    assert!(
        wrong.render(false).contains("--> endpoints.yaml:2:3"),
        "{wrong}"
    );
}
