//! `forebay purge`: telling a running Forebay that what it holds is no longer true.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use http::{Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::{
    args::PurgeArgs,
    client::{Answer, Client, Door},
    config::{self, LoadError},
    exit::Exit,
    healthcheck::reachable,
    output::{Paint, complain, say},
};

/// The admin listener of a configuration that says nothing about it.
const USUAL: &str = "127.0.0.1:9901";

/// For the whole answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// No more of an answer is read, in bytes.
const MOST_READ: usize = 64 * 1024;

/// Whom to tell, and the file with the token for it.
struct Admin {
    door: Door,
    token_file: Option<PathBuf>,
}

/// Tells it.
pub(crate) fn purge(args: &PurgeArgs, paint: Paint) -> Exit {
    let admin = match admin(args) {
        Ok(Some(admin)) => admin,
        Ok(None) => {
            complain(
                paint,
                "the configuration switches the admin listener off",
                "say where it is with --admin",
            );
            return Exit::Failed;
        }
        Err(error) => return error.report(paint),
    };
    let purged = tell(&admin, &order(args));
    match purged {
        Ok(said) => say(&format!("{said}\n")),
        Err(error) => {
            complain(
                paint,
                format_args!("{}: {error:#}", admin.door),
                "is Forebay running, and is this its admin address?",
            );
            Exit::Failed
        }
    }
}

/// The arguments come before the configuration, and without both it is the usual place.
fn admin(args: &PurgeArgs) -> Result<Option<Admin>, LoadError> {
    let token_file = args.token_file.clone();
    if let Some(door) = args.admin.clone() {
        return Ok(Some(Admin { door, token_file }));
    }
    match config::load_file(&args.file) {
        Ok(checked) => {
            let admin = checked.policies.admin;
            Ok(admin.address.map(|address| Admin {
                door: reachable(address).into(),
                token_file: token_file.or(admin.token_file),
            }))
        }
        Err(LoadError::Nowhere) => Ok(Some(Admin {
            door: Door::Address(USUAL.to_owned()),
            token_file,
        })),
        Err(error) => Err(error),
    }
}

fn order(args: &PurgeArgs) -> Value {
    let what = &args.what;
    let mut order = [
        ("url", &what.url),
        ("prefix", &what.prefix),
        ("pattern", &what.pattern),
        ("tag", &what.tag),
        ("group", &what.group),
    ]
    .into_iter()
    .find_map(|(kind, text)| Some(json!({kind: text.as_ref()?})))
    .unwrap_or_else(|| json!({"all": true}));
    if args.hard {
        order["hard"] = true.into();
    }
    order
}

fn tell(admin: &Admin, order: &Value) -> anyhow::Result<String> {
    let mut request = Request::post("/cache/purge")
        .header(header::HOST, admin.door.host())
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(path) = &admin.token_file {
        let token = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.trim()));
    }
    let request = request.body(Full::from(order.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut client = Client::new(admin.door.clone(), PATIENCE);
    let Answer { status, body, .. } = runtime.block_on(client.ask(request, MOST_READ))?;
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !status.is_success() {
        let detail = said["detail"].as_str().unwrap_or_default();
        bail!("{status} {detail}");
    }
    Ok(said.to_string())
}
