//! The names of commands, and how much each tells.

/// How sure the name of a command makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// It is also a word of a language, a code, or the name of a field.
    Common,
    /// It is no word, but people list it among others.
    Rare,
    /// It is only ever a command.
    Telling,
    Unknown,
}

/// What the name of a command is.
pub(super) fn name(word: &[u8]) -> Name {
    match word {
        b"whoami" | b"uname" | b"ifconfig" | b"ipconfig" | b"nslookup" | b"systeminfo"
        | b"tasklist" | b"mkfifo" | b"certutil" | b"mshta" | b"regsvr32" | b"bitsadmin"
        | b"rundll32" | b"lsb_release" | b"wmic" | b"taskkill" | b"schtasks" | b"icacls"
        | b"findstr" => Name::Telling,
        b"ls" | b"wget" | b"curl" | b"netstat" | b"printenv" | b"chmod" | b"chown" | b"grep"
        | b"egrep" | b"awk" | b"xxd" | b"lsof" | b"socat" | b"netcat" | b"ncat" | b"traceroute"
        | b"tracert" | b"getent" | b"crontab" | b"xargs" | b"busybox" | b"attrib" | b"netsh"
        | b"cscript" | b"wscript" | b"phpinfo" | b"lynx" | b"nohup" | b"mknod" | b"hostnamectl"
        | b"systemctl" | b"dpkg" | b"gcc" | b"adduser" | b"useradd" => Name::Rare,
        b"cat" | b"id" | b"ping" | b"nc" | b"bash" | b"sh" | b"zsh" | b"ksh" | b"dash"
        | b"python" | b"python2" | b"python3" | b"perl" | b"php" | b"ruby" | b"node" | b"lua"
        | b"dig" | b"host" | b"sleep" | b"echo" | b"rm" | b"cmd" | b"type" | b"dir" | b"net"
        | b"find" | b"more" | b"less" | b"head" | b"tail" | b"tac" | b"nl" | b"od" | b"sort"
        | b"who" | b"w" | b"date" | b"kill" | b"set" | b"env" | b"ps" | b"pwd" | b"touch"
        | b"cp" | b"mv" | b"dd" | b"tee" | b"tar" | b"zip" | b"ftp" | b"tftp" | b"ssh" | b"scp"
        | b"su" | b"sudo" | b"sed" | b"printf" | b"shutdown" | b"reboot" | b"mail" | b"route"
        | b"arp" | b"ver" | b"del" | b"copy" | b"reg" | b"timeout" | b"df" | b"mount" | b"last"
        | b"rev" | b"strings" | b"cut" | b"eval" | b"exec" | b"source" | b"powershell"
        | b"telnet" | b"hostname" | b"base64" | b"expr" | b"tr" | b"rsync" | b"fetch"
        | b"openssl" | b"uptime" | b"finger" | b"mkdir" | b"ln" | b"uniq" | b"wc" | b"history"
        | b"halt" | b"poweroff" | b"start" => Name::Common,
        _ => Name::Unknown,
    }
}

/// Two words that are a command together.
pub(super) fn is_pair(command: &[u8], argument: &[u8]) -> bool {
    let end = argument
        .iter()
        .position(|it| !it.is_ascii_alphanumeric() && *it != b'_')
        .unwrap_or(argument.len());
    let next = &argument[..end];
    match command {
        b"ps" => matches!(next, b"aux" | b"ax" | b"ef"),
        b"net" => matches!(
            next,
            b"user" | b"users" | b"localgroup" | b"view" | b"share" | b"use" | b"accounts"
        ),
        b"reg" => matches!(next, b"query" | b"add" | b"delete" | b"save"),
        b"start" => matches!(
            next,
            b"calc" | b"cmd" | b"notepad" | b"powershell" | b"mspaint"
        ),
        b"su" => matches!(next, b"root"),
        b"kill" => argument.starts_with(b"-9"),
        _ => false,
    }
}

/// A command of PowerShell: a verb and what it is done to.
pub(super) fn is_cmdlet(line: &[u8]) -> bool {
    let mut words = line.split(|it| !it.is_ascii_alphanumeric()).take(2);
    let verb = words.next().unwrap_or_default();
    let noun = words.next().unwrap_or_default();
    line.get(verb.len()) == Some(&b'-')
        && matches!(
            verb,
            b"get" | b"set" | b"start" | b"stop" | b"invoke" | b"new" | b"remove" | b"write"
        )
        && matches!(
            noun,
            b"sleep"
                | b"help"
                | b"process"
                | b"service"
                | b"content"
                | b"childitem"
                | b"item"
                | b"object"
                | b"webrequest"
                | b"expression"
                | b"command"
                | b"host"
                | b"wmiobject"
                | b"executionpolicy"
        )
}

/// What stands before a command and starts it, or is a word of the shell's own language.
pub(super) fn is_lead(word: &[u8]) -> bool {
    matches!(
        word,
        b"sudo"
            | b"exec"
            | b"nohup"
            | b"env"
            | b"time"
            | b"busybox"
            | b"start"
            | b"command"
            | b"builtin"
            | b"nice"
            | b"watch"
            | b"then"
            | b"do"
            | b"else"
            | b"setsid"
            | b"xargs"
            | b"eval"
    )
}
