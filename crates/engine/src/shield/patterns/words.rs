//! The words of SQL that give an expression its shape.

use super::tokens::Kind;

/// What a word of SQL does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// `all`, `distinct`: between a union and its select.
    All,
    By,
    Case,
    Exists,
    From,
    /// A name that is called.
    Function,
    /// `order`, `group`.
    Group,
    Having,
    Into,
    Limit,
    /// `null`, `true`, `false`, `current_user`.
    Literal,
    Not,
    /// `table`, `database` and what else can be dropped.
    Object,
    /// A function that waits, reads files or tells in errors.
    Peril,
    Select,
    Set,
    /// A verb that begins a statement.
    Statement,
    Union,
    Where,
}

/// What a word in lower case means; `called` says whether a parenthesis follows it.
pub(super) fn meaning(word: &[u8], called: bool) -> Option<Kind> {
    if word.len() > 32 {
        return None;
    }
    if called && is_perilous(word) {
        return Some(Kind::Word(Word::Peril));
    }
    let kind = match word {
        b"and" | b"or" | b"xor" => Kind::Logic,
        b"div" | b"mod" | b"collate" if !called => Kind::Arithmetic,
        b"like" | b"rlike" | b"regexp" | b"ilike" | b"between" | b"is" | b"in" | b"similar"
        | b"sounds" => Kind::Compare,
        b"glob" if !called => Kind::Compare,
        b"all" | b"distinct" | b"distinctrow" => Kind::Word(Word::All),
        b"by" => Kind::Word(Word::By),
        b"case" => Kind::Word(Word::Case),
        b"exists" => Kind::Word(Word::Exists),
        b"from" => Kind::Word(Word::From),
        b"group" | b"order" => Kind::Word(Word::Group),
        b"having" => Kind::Word(Word::Having),
        b"into" => Kind::Word(Word::Into),
        b"limit" | b"offset" | b"procedure" => Kind::Word(Word::Limit),
        b"null" | b"true" | b"false" | b"current_user" | b"session_user" | b"sysdate" => {
            Kind::Word(Word::Literal)
        }
        b"not" => Kind::Word(Word::Not),
        b"table" | b"database" | b"schema" | b"view" | b"index" | b"column" | b"trigger"
        | b"sequence" | b"role" | b"login" => Kind::Word(Word::Object),
        b"select" => Kind::Word(Word::Select),
        b"set" => Kind::Word(Word::Set),
        b"union" | b"intersect" | b"except" => Kind::Word(Word::Union),
        b"where" => Kind::Word(Word::Where),
        _ if is_statement(word) && !called => Kind::Word(Word::Statement),
        _ if called => Kind::Word(Word::Function),
        _ => return None,
    };
    Some(kind)
}

fn is_statement(word: &[u8]) -> bool {
    matches!(
        word,
        b"alter"
            | b"backup"
            | b"call"
            | b"copy"
            | b"create"
            | b"declare"
            | b"delete"
            | b"drop"
            | b"exec"
            | b"execute"
            | b"grant"
            | b"handler"
            | b"insert"
            | b"merge"
            | b"rename"
            | b"replace"
            | b"shutdown"
            | b"truncate"
            | b"update"
            | b"waitfor"
    )
}

/// Functions that nobody calls in a parameter for a good reason.
fn is_perilous(word: &[u8]) -> bool {
    matches!(
        word,
        b"sleep"
            | b"pg_sleep"
            | b"benchmark"
            | b"extractvalue"
            | b"updatexml"
            | b"load_file"
            | b"load_extension"
            | b"pg_read_file"
            | b"pg_ls_dir"
            | b"lo_import"
            | b"randomblob"
            | b"xmltype"
            | b"openrowset"
            | b"opendatasource"
            | b"sys_eval"
            | b"sys_exec"
            | b"gtid_subset"
            | b"get_host_address"
            | b"ctxsys"
            | b"name_const"
            | b"receive_message"
            | b"fn_xe_file_target_read_file"
            | b"dblink_connect"
            | b"query_to_xml"
            | b"table_to_xml"
            | b"database_to_xml"
            | b"get_lock"
            | b"getxml"
            | b"getxmltype"
            | b"httpuritype"
            | b"getmappingxpath"
            | b"zeroblob"
            | b"lo_export"
            | b"pg_stat_file"
            | b"pg_read_binary_file"
            | b"openquery"
            | b"gtid_subtract"
            | b"st_latfromgeohash"
            | b"st_longfromgeohash"
            | b"is_srvrolemember"
    )
}

/// Whether a word names what databases keep about themselves, or a procedure of the system.
pub(super) fn is_catalogue(word: &[u8]) -> bool {
    matches!(
        word,
        b"information_schema"
            | b"sqlite_master"
            | b"sqlite_schema"
            | b"pg_catalog"
            | b"pg_shadow"
            | b"pg_user"
            | b"pg_tables"
            | b"sysobjects"
            | b"syscolumns"
            | b"sysdatabases"
            | b"sysusers"
            | b"all_tables"
            | b"all_tab_columns"
            | b"user_tables"
            | b"xp_cmdshell"
            | b"xp_dirtree"
            | b"xp_regread"
            | b"sp_executesql"
            | b"sp_password"
            | b"sp_oacreate"
            | b"outfile"
            | b"dumpfile"
            | b"utl_http"
            | b"utl_inaddr"
            | b"dbms_pipe"
            | b"dbms_lock"
            | b"load_file"
            | b"group_concat"
    )
}
