//! `pgparley demo`: a throwaway PostgreSQL with a sample shop, and pgparley in front of it.

pub mod check;
pub mod cluster;
pub mod compare;
pub mod front;
pub mod questions;
pub mod shop;

mod report;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use self::check::Sides;
use self::cluster::Cluster;
use self::cluster::ClusterError;
use self::cluster::Options;
use self::questions::EXAMPLES;
use crate::server;
use crate::server::Running;

/// Try pgparley on a throwaway PostgreSQL with a sample shop.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Ask every question of the demo, compare with hand-written SQL, and exit.
    #[arg(long)]
    pub check: bool,

    /// Which shop to make; the same seed on the same day makes the same shop.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: i64,

    /// Address that psql connects to [default: 127.0.0.1:6432, or any free port].
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The throwaway PostgreSQL failed.
    #[error("no PostgreSQL for the demo")]
    Cluster(#[from] ClusterError),
    /// pgparley itself did not start.
    #[error("pgparley did not start")]
    Server(#[from] server::Error),
    /// The check could not be carried out.
    #[error("the check could not be carried out")]
    Check(#[from] tokio_postgres::Error),
    /// The terminal or the system failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// Runs the demo until Ctrl-C, or its check to the end.
pub fn run(args: &DemoArgs) -> Result<ExitCode, DemoError> {
    report::line("starting a throwaway PostgreSQL")?;
    let cluster = Cluster::start(Options::default())?;
    report::line("filling it with the sample shop")?;
    shop::load(&cluster, args.seed)?;
    let running = front::start(&cluster, args)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if args.check {
        return runtime.block_on(check(&cluster, &running));
    }
    report::welcome(running.addr(), &questions::all()[..EXAMPLES])?;
    runtime.block_on(until_stopped())?;
    report::line("stopping")?;
    running.shutdown();
    Ok(ExitCode::SUCCESS)
}

async fn check(cluster: &Cluster, running: &Running) -> Result<ExitCode, DemoError> {
    let sides = Sides {
        asked: front::client(running.addr()),
        direct: front::client(cluster.addr()),
    };
    let outcomes = check::check(&sides, &questions::all()).await?;
    let failed = report::outcomes(&outcomes)?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns at Ctrl-C, SIGTERM or when the terminal goes away.
async fn until_stopped() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
