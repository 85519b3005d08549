//! The program itself in a process of its own, where its memory and its end can be watched.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use pgparley::cli::demo::cluster::Cluster;

/// A `pgparley serve` that is ended when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    addr: SocketAddr,
}

impl Program {
    /// Starts it in front of every database of `cluster`; returns when it listens.
    pub fn serve(cluster: &Cluster) -> Self {
        Self::serve_with(cluster, &[])
    }

    /// The same with these settings, as `--set` takes them.
    pub fn serve_with(cluster: &Cluster, settings: &[&str]) -> Self {
        Self::serve_port(cluster.port(), settings)
    }

    /// The same in front of whatever listens on this port.
    pub fn serve_port(port: u16, settings: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pgparley"))
            .args([
                "serve",
                "--listen=127.0.0.1:0",
                "--set=server.http_listen=off",
            ])
            .arg(format!("--upstream=postgres://127.0.0.1:{port}"))
            .args(settings.iter().map(|setting| format!("--set={setting}")))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built with the tests");
        let log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut lines = log.lines().map_while(Result::ok);
        let mut read = Vec::new();
        let addr = lines.find_map(|line| {
            let address = line
                .split_once("address=")
                .map(|(_, rest)| rest.split_whitespace().next().map(str::parse));
            read.push(line);
            address.flatten()?.ok()
        });
        // Somebody must go on reading, or it would block on a full pipe one day.
        std::thread::spawn(move || lines.for_each(drop));
        let addr = addr.unwrap_or_else(|| panic!("it does not listen: {read:#?}"));
        Self { child, addr }
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Descriptors that are open.
    pub fn descriptors(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.expect("it runs").count()
    }

    /// The most memory that was ever resident, in bytes.
    pub fn peak_memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: usize = kilobytes
            .and_then(|text| text.parse().ok())
            .expect("a number of kB");
        kilobytes * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
