//! The Forebay that is shown: this program once more, as `forebay run`.

use std::{
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    process::{self, Command},
    time::{sleep, timeout},
};

use super::config::{Place, Ports};
use crate::{
    args,
    healthcheck::{self, Answer},
};

/// How often it is started anew when somebody else was faster to take a port.
const ATTEMPTS: usize = 3;

/// How long it may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks whether it is.
const LOOK: Duration = Duration::from_millis(20);

/// A running Forebay; it is killed when this goes.
#[derive(Debug)]
pub(super) struct Child {
    process: process::Child,
    ports: Ports,
}

// === impl Child ===

impl Child {
    /// Starts it, and waits until it is ready.
    pub(super) async fn start(place: &Place, api: &[SocketAddr]) -> anyhow::Result<Self> {
        for _ in 1..ATTEMPTS {
            if let Ok(child) = Self::attempt(place, api).await {
                return Ok(child);
            }
        }
        Self::attempt(place, api).await
    }

    async fn attempt(place: &Place, api: &[SocketAddr]) -> anyhow::Result<Self> {
        let ports = free_ports().context("no free ports")?;
        place.write(ports, api)?;
        let process = Command::new(args::this_program()?)
            .args(["run", "--log-format", "text", "--log-level", "warn", "-c"])
            .arg(place.file())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(place.log())?)
            .kill_on_drop(true)
            .spawn()
            .context("Forebay cannot be started")?;
        let mut child = Self { process, ports };
        let ready = timeout(PATIENCE, child.become_ready(place)).await;
        ready.context("Forebay is not ready in time")??;
        Ok(child)
    }

    async fn become_ready(&mut self, place: &Place) -> anyhow::Result<()> {
        loop {
            self.still_runs(place)?;
            if let Ok(Answer::Ready) = healthcheck::ask(self.ports.telemetry) {
                return Ok(());
            }
            sleep(LOOK).await;
        }
    }

    /// Where it listens.
    pub(super) fn ports(&self) -> Ports {
        self.ports
    }

    /// Fails when it has ended, with the last that it said.
    pub(super) fn still_runs(&mut self, place: &Place) -> anyhow::Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("Forebay has ended with {status}: {}", place.last_words()),
        }
    }

    /// Waits for its end, which nobody expects.
    pub(super) async fn ended(&mut self) -> anyhow::Result<()> {
        let status = self.process.wait().await?;
        bail!("Forebay has ended with {status}")
    }
}

/// Three different ones, because all are held until all are known.
fn free_ports() -> io::Result<Ports> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held = [bind()?, bind()?, bind()?];
    let [clients, admin, telemetry] = &held;
    Ok(Ports {
        clients: clients.local_addr()?,
        admin: admin.local_addr()?,
        telemetry: telemetry.local_addr()?,
    })
}
