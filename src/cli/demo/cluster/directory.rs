//! The cluster's private directory and the janitor that removes it.

use std::fs;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::ClusterError;
use super::install::Account;

/// Waits until standard input closes, which it does however the parent ends, then stops the
/// server that still runs and removes the directory. Backends may write for a moment after
/// their postmaster is gone, hence the second `rm`.
const JANITOR: &str = r#"
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; then
    tries=0
    while [ "$tries" -lt 100 ] && [ -e "$1/data/postmaster.pid" ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
fi
rm -rf "$1" 2>/dev/null || { sleep 0.5; rm -rf "$1"; }
"#;

/// A directory that only the server's account can enter, removed on drop and at our death.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    account: Option<Account>,
    janitor: Child,
}

impl Directory {
    /// Creates it under the system's temporary directory.
    pub(super) fn create(account: Option<&Account>) -> Result<Self, ClusterError> {
        // The path is short and open to other accounts: a socket's name may have 107 bytes only.
        let parent = if account.is_some() {
            "/tmp".into()
        } else {
            std::env::temp_dir()
        };
        let path = create_unique(&parent).map_err(ClusterError::io(format!(
            "no directory in {}",
            parent.display()
        )))?;
        let janitor = match prepare(&path, account) {
            Ok(janitor) => janitor,
            Err(error) => {
                // Nothing is in it yet, and the first error is the one worth telling.
                drop(fs::remove_dir(&path));
                return Err(ClusterError::io("could not prepare the directory")(error));
            }
        };
        Ok(Self {
            path,
            account: account.copied(),
            janitor,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where `initdb` puts the data.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Writes a file that the server's account can read.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<PathBuf, ClusterError> {
        let path = self.path.join(name);
        fs::write(&path, content)
            .and_then(|()| self.account.map_or(Ok(()), |account| give(&path, account)))
            .map_err(ClusterError::io(format!(
                "could not write {}",
                path.display()
            )))?;
        Ok(path)
    }

    /// Sets `lines` before what the file holds.
    pub(super) fn prepend(&self, name: &str, lines: &[String]) -> Result<(), ClusterError> {
        if lines.is_empty() {
            return Ok(());
        }
        let path = self.path.join(name);
        let old = fs::read_to_string(&path).map_err(ClusterError::io(format!(
            "could not read {}",
            path.display()
        )))?;
        self.write(name, &format!("{}\n{old}", lines.join("\n")))
            .map(drop)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        // It cannot be told to anyone that a janitor was killed from outside.
        drop(self.janitor.wait());
    }
}

fn create_unique(parent: &Path) -> io::Result<PathBuf> {
    loop {
        let path = parent.join(format!("pgparley-{:08x}", rand::random::<u32>()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn prepare(path: &Path, account: Option<&Account>) -> io::Result<Child> {
    let mut command = Command::new("sh");
    command
        .args(["-c", JANITOR, "janitor"])
        .arg(path)
        .current_dir("/");
    // A group of its own: Ctrl-C in the terminal must not end it before its work.
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(account) = account {
        give(path, *account)?;
        command.uid(account.uid).gid(account.gid);
    }
    command.spawn()
}

fn give(path: &Path, account: Account) -> io::Result<()> {
    chown(path, Some(account.uid), Some(account.gid))
}
