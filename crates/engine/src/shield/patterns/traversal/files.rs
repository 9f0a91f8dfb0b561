//! Files that are nobody's business.
//!
//! A value that is nothing but the path of such a file asks for it. Some are told by where they lie,
//! some by their name wherever they lie. What only says how a machine is set up is a weaker matter:
//! programs that manage machines name it to each other in bodies, so there fewer of them count.

use super::super::text::Place;

/// Bytes of a path that are looked at.
const LONGEST: usize = 96;

/// Files that no application names in a value, wherever it stands.
const NOBODYS: [&[u8]; 16] = [
    b"/etc/passwd",
    b"/etc/shadow",
    b"/etc/gshadow",
    b"/etc/sudoers",
    b"/etc/group",
    b"/etc/issue",
    b"/proc/self/",
    b"/proc/version",
    b"/proc/cmdline",
    b"/root/.",
    b"/run/secrets/",
    b"/var/run/secrets/",
    b"c:/windows/repair/",
    b"c:/windows/system32/",
    b"/var/log/apache",
    b"/var/log/auth.log",
];

/// Names of files, or of folders with a slash behind them, that hold secrets wherever they lie.
const SECRET: [&[u8]; 34] = [
    b".env",
    b".ssh/",
    b".aws/",
    b".kube/",
    b".docker/config.json",
    b".git/",
    b".git-credentials",
    b".netrc",
    b".npmrc",
    b".pgpass",
    b".htpasswd",
    b".htaccess",
    b".bash_history",
    b".mysql_history",
    b"authorized_keys",
    b"id_rsa",
    b"id_dsa",
    b"id_ed25519",
    b"wp-config.php",
    b"web.config",
    b"web-inf/",
    b"tomcat-users.xml",
    b"applicationhost.config",
    b"php.ini",
    b"httpd.conf",
    b"nginx.conf",
    b"my.cnf",
    b"my.ini",
    b"sshd_config",
    b"win.ini",
    b"boot.ini",
    b"system.ini",
    b"ntuser.dat",
    b"unattend.xml",
];

/// How a machine is set up: what stands behind `/etc/`.
const SETTINGS: [&[u8]; 29] = [
    b"hosts",
    b"hostname",
    b"resolv.conf",
    b"fstab",
    b"mtab",
    b"crontab",
    b"cron.d/",
    b"profile",
    b"motd",
    b"networks",
    b"environment",
    b"os-release",
    b"lsb-release",
    b"redhat-release",
    b"debian_version",
    b"apache2/",
    b"httpd/",
    b"nginx/",
    b"mysql/",
    b"my.cnf",
    b"php",
    b"ssh/",
    b"ssl/private",
    b"kubernetes/",
    b"security/",
    b"pam.d/",
    b"samba/",
    b"exports",
    b"master.passwd",
];

/// Folders that nothing is named in.
const FOLDERS: [&[u8]; 13] = [
    b"/proc/",
    b"/sys/class/",
    b"/dev/tcp/",
    b"/var/mail/",
    b"/var/spool/",
    b"/var/backups/",
    b"/var/lib/mysql",
    b"/var/lib/php",
    b"/var/lib/mlocate",
    b"/private/etc/",
    b"/usr/local/etc/",
    b"/usr/local/apache",
    b"c:/winnt/",
];

/// Folders that a parameter does not name, and programs that ship logs or deploy do.
const WORKED_IN: [&[u8]; 5] = [
    b"/var/log/",
    b"/var/lib/docker/",
    b"c:/windows/",
    b"c:/inetpub/",
    b"c:/xampp/",
];

/// Files that steps lead to: what stands behind the last of them.
const LED_TO: [&[u8]; 24] = [
    b"etc/",
    b"proc/self/",
    b"proc/version",
    b"proc/cmdline",
    b"var/log/",
    b"var/run/secrets",
    b"var/lib/mysql",
    b"root/.",
    b".ssh/",
    b".bash_history",
    b".aws/credentials",
    b".git/config",
    b".git/head",
    b".env",
    b".htpasswd",
    b".htaccess",
    b"web-inf/",
    b"win.ini",
    b"system.ini",
    b"boot.ini",
    b"system32/",
    b"wp-config.php",
    b"web.config",
    b"id_rsa",
];

/// Folders that lie at the root of a machine, and hardly in a project.
const ROOTS: [&[u8]; 10] = [
    b"var/",
    b"usr/",
    b"proc/",
    b"root/",
    b"tmp/",
    b"windows/",
    b"winnt/",
    b"inetpub/",
    b"xampp/",
    b"programdata/",
];

/// Whether a value is the path of a file that is nobody's business.
pub(super) fn is_nobodys(value: &[u8], place: Place) -> bool {
    let mut whole = value;
    for scheme in [b"url:".as_slice(), b"file:", b"local_file:"] {
        whole = whole.strip_prefix(scheme).unwrap_or(whole);
    }
    let mut path = [0_u8; LONGEST];
    let length = unix(whole, &mut path);
    let mut path = &path[..length];
    // `//?/c:/`, `file://localhost/`
    for lead in [b"/?".as_slice(), b"/localhost", b"/127.0.0.1"] {
        path = path.strip_prefix(lead).unwrap_or(path);
    }
    path = match path {
        [b'/', rest @ ..] if rest.get(1) == Some(&b':') => rest,
        [b'/', b'.', rest @ ..] if rest.get(2) == Some(&b':') => &rest[1..],
        other => other,
    };
    let drive = path.get(1) == Some(&b':');
    let spaced = |it: &u8| *it == b' ' && !drive || matches!(it, b'\n' | b'<');
    if value.iter().any(spaced) {
        return false;
    }
    let relative = path.strip_prefix(b"./").unwrap_or(path);
    if matches!(relative, b"etc/passwd" | b"etc/shadow")
        || relative.starts_with(b"web-inf/")
        || relative.starts_with(b"meta-inf/")
    {
        return place != Place::Header;
    }
    if path.starts_with(b"%windir%") || path.starts_with(b"%systemroot%") {
        return true;
    }
    let absolute = drive || matches!(path, [b'/', ..] | [b'~', b'/', ..]);
    absolute && is_forbidden(path, place)
}

/// The same of an absolute path with forward slashes.
fn is_forbidden(path: &[u8], place: Place) -> bool {
    let begins = |names: &[&[u8]]| names.iter().any(|it| ends_there(path, it));
    if begins(&NOBODYS) {
        return true;
    }
    if place == Place::Path {
        return false;
    }
    let secret = path
        .split_inclusive(|it| *it == b'/')
        .scan(0, |at, segment| {
            let start = *at;
            *at += segment.len();
            Some(start)
        })
        .any(|start| SECRET.iter().any(|it| ends_there(&path[start..], it)));
    let settings = path
        .strip_prefix(b"/etc/")
        .is_some_and(|rest| SETTINGS.iter().any(|it| ends_there(rest, it)));
    secret || settings || begins(&FOLDERS) || place != Place::Body && begins(&WORKED_IN)
}

/// Whether a path begins with a name, and the name ends there if it is one of a file.
fn ends_there(path: &[u8], name: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(name) else {
        return false;
    };
    let folder = matches!(name.last(), Some(b'/' | b'.'));
    folder
        || match rest {
            [] | [b'/'] => true,
            // `x.bak`, `x.d`, `php8`, and whatever stands behind a null byte.
            [first, ..] => {
                *first != b'/' && !first.is_ascii_alphabetic()
                    || matches!(name, b"php" | b"/var/log/apache")
            }
        }
}

/// Whether steps lead to a file that is nobody's business.
pub(super) fn is_sensitive(bytes: &[u8]) -> bool {
    names(bytes, &LED_TO) || names(bytes, &SECRET)
}

/// Whether what is behind steps lies at the root of a machine.
pub(super) fn is_at_root(behind: &[u8]) -> bool {
    let mut name = [0_u8; 16];
    let length = unix(behind, &mut name);
    ROOTS.iter().any(|it| name[..length].starts_with(it))
}

/// Whether one of some names begins after a slash, or at the beginning.
fn names(bytes: &[u8], files: &[&[u8]]) -> bool {
    let mut start = 0;
    loop {
        let mut name = [0_u8; 24];
        let length = unix(&bytes[start..], &mut name);
        if files.iter().any(|file| name[..length].starts_with(file)) {
            return true;
        }
        match bytes[start..]
            .iter()
            .position(|it| matches!(it, b'/' | b'\\'))
        {
            Some(at) => start += at + 1,
            None => return false,
        }
    }
}

/// Copies the beginning of a path with forward slashes, one where there are several, and without
/// segments that are a single dot, or lead back out of the one before.
fn unix(path: &[u8], into: &mut [u8]) -> usize {
    let mut length = 0;
    let mut bytes = path.iter().take(4 * into.len()).copied().peekable();
    while let Some(byte) = bytes.next() {
        if length == into.len() {
            break;
        }
        let byte = if byte == b'\\' { b'/' } else { byte };
        let before = if length == 0 { 0 } else { into[length - 1] };
        if byte == b'/' && before == b'/' {
            continue;
        }
        if byte == b'.' && before == b'/' && matches!(bytes.peek(), Some(b'/' | b'\\')) {
            continue;
        }
        into[length] = byte;
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_nobodys_business() {
        for text in [
            "/etc/passwd",
            "/etc//shadow-",
            "\\etc\\passwd",
            "file://localhost/etc/passwd",
            "file:///c:/windows/win.ini",
            "\\\\?\\c:\\boot.ini",
            "\\\\.\\c:\\boot.ini",
            "/home/a/.ssh/id_rsa",
            "~/.aws/credentials",
            "/app/.env",
            "/etc/hosts",
            "/proc/1/environ",
            "c:\\program files\\php\\php.ini",
        ] {
            assert!(is_nobodys(text.as_bytes(), Place::Body), "{text}");
        }
        for text in [
            "",
            "/",
            "etc",
            "/etc/passwd/a.conf",
            "/etc/host.d/5.conf",
            "/home/a/src/environment.rs",
            "/home/a/same",
            "/opt/my/bin",
            "see /etc/passwd",
            "c:\\users\\a\\b c.docx",
            "/var/log/x.log",
        ] {
            assert!(!is_nobodys(text.as_bytes(), Place::Body), "{text}");
        }
        assert!(is_nobodys(b"/var/log/x.log", Place::Parameter));
        assert!(!is_nobodys(b"/var/log/x.log", Place::Path));
    }

    #[test]
    fn sensitive_files() {
        for text in [
            "etc/passwd",
            "x/./etc//passwd",
            "windows\\win.ini",
            "/home/a/.ssh/id_rsa",
        ] {
            assert!(is_sensitive(text.as_bytes()), "{text}");
        }
        for text in ["", "etc", "/environment", "my.environment", "login.ini"] {
            assert!(!is_sensitive(text.as_bytes()), "{text}");
        }
    }
}
