//! Where the PostgreSQL programs are, who may run them, and which port is free.

use std::fs;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::ClusterError;
use super::output_of;

/// Parents of versioned installations: Debian and Ubuntu, then the PGDG packages of RPM systems.
const VERSIONED: &[(&str, &str)] = &[("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

/// A PostgreSQL installation and the account that its server runs as.
#[derive(Debug)]
pub(super) struct Install {
    /// Holds `initdb`, `postgres` and `psql`.
    pub(super) bin: PathBuf,
    /// Set when we are root, which PostgreSQL refuses to run as.
    pub(super) account: Option<Account>,
}

/// An unprivileged user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Install {
    /// The newest installation: versioned directories, then `pg_config`, then PATH.
    pub(super) fn find() -> Result<Self, ClusterError> {
        let bin = newest_versioned()
            .or_else(|| output_of("pg_config", &["--bindir"]).map(PathBuf::from))
            .filter(|bin| has_server(bin))
            .or_else(on_path)
            .ok_or(ClusterError::NotInstalled)?;
        let account = if rustix::process::geteuid().is_root() {
            let passwd = fs::read_to_string("/etc/passwd")
                .map_err(ClusterError::io("could not read /etc/passwd"))?;
            unprivileged(&passwd)
        } else {
            None
        };
        Ok(Self { bin, account })
    }

    /// A command for one of its programs, run as the unprivileged account.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        // The caller's directory may be closed to that account, and postgres changes into its own.
        command.current_dir("/");
        command
    }
}

fn newest_versioned() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in VERSIONED {
        let Ok(entries) = fs::read_dir(parent) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let version = name
                .to_str()
                .and_then(|name| name.strip_prefix(prefix)?.parse().ok());
            let bin = entry.path().join("bin");
            if let Some(version) = version.filter(|_| has_server(&bin)) {
                found.push((version, bin));
            }
        }
    }
    found.into_iter().max().map(|(_, bin)| bin)
}

fn on_path() -> Option<PathBuf> {
    let postgres = output_of("sh", &["-c", "command -v postgres"])?;
    let bin = Path::new(&postgres)
        .canonicalize()
        .ok()?
        .parent()?
        .to_owned();
    has_server(&bin).then_some(bin)
}

fn has_server(bin: &Path) -> bool {
    ["initdb", "postgres", "psql"]
        .iter()
        .all(|program| bin.join(program).exists())
}

/// `postgres`, else `nobody`, from the text of `/etc/passwd`.
fn unprivileged(passwd: &str) -> Option<Account> {
    let account = |wanted: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (name == wanted && uid != 0).then_some(Account { uid, gid })
        })
    };
    account("postgres").or_else(|| account("nobody"))
}

/// A port of 127.0.0.1 that nobody listens on at this moment.
///
/// Below the range that outgoing connections are given (32768 on Linux), so that the port is
/// still free when a stopped server wants it back.
pub(super) fn free_port() -> Result<u16, ClusterError> {
    (0..100)
        .map(|_| rand::random_range(15_000..32_000))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or(ClusterError::NoPort)
}

#[cfg(test)]
mod tests {
    use super::unprivileged;

    #[test]
    fn postgres_is_preferred_over_nobody_and_root_is_never_taken() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        let account = unprivileged(nobody).expect("nobody is there");
        assert_eq!((account.uid, account.gid), (65534, 65533));

        let both = format!("{nobody}postgres:x:101:104:admin,,,:/var/lib/postgresql:/bin/bash\n");
        let account = unprivileged(&both).expect("postgres is there");
        assert_eq!((account.uid, account.gid), (101, 104));

        assert!(unprivileged("postgres:x:0:0::/:/bin/sh\n").is_none());
    }
}
