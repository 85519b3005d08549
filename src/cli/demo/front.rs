//! The pgparley of the demo: the built-in translator before one throwaway cluster.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;

use super::DemoArgs;
use super::DemoError;
use super::cluster::Cluster;
use super::shop;
use crate::config::Config;
use crate::config::Database;
use crate::config::Server as ServerSettings;
use crate::config::UpstreamUrl;
use crate::server::Running;
use crate::server::Server;
use crate::telemetry;

/// Starts a pgparley in front of `cluster`, and its log.
pub fn start(cluster: &Cluster, args: &DemoArgs) -> Result<Running, DemoError> {
    let mut config = config(cluster, address(args));
    let log = if args.check {
        "warn"
    } else {
        "info,pgparley=debug"
    };
    config.server.log = String::from(log);
    telemetry::init(&config.server);
    Ok(Server::start(config)?)
}

/// Every database of `cluster` under its own name, every client under its own name.
pub fn config(cluster: &Cluster, listen: SocketAddr) -> Config {
    let upstream = UpstreamUrl {
        host: cluster.addr().ip().to_string(),
        port: cluster.port(),
        user: None,
        password: None,
        dbname: None,
    };
    let server = ServerSettings {
        listen: vec![listen],
        http_listen: None,
        ..ServerSettings::default()
    };
    Config {
        server,
        databases: vec![Database::new("*", upstream)],
        ..Config::default()
    }
}

/// How the demo's user reaches the shop at `address`.
pub fn client(address: SocketAddr) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .host(address.ip().to_string())
        .port(address.port())
        .user(shop::ROLE)
        .dbname(shop::DATABASE);
    config
}

/// The address asked for, else the usual one, else any free port of loopback.
fn address(args: &DemoArgs) -> SocketAddr {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let usual = if args.check {
        any
    } else {
        ServerSettings::default().listen[0]
    };
    args.listen.unwrap_or_else(|| {
        if TcpListener::bind(usual).is_ok() {
            usual
        } else {
            any
        }
    })
}
