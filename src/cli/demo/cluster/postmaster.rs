//! The `postgres` process: started, followed by its log, stopped.

use std::collections::VecDeque;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::ChildStderr;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use super::ClusterError;

/// Lines kept of the log.
const LOG_LINES: usize = 10_000;

/// Starting and stopping take a second; on a machine that is much too busy, a minute.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a server is stopped, in the words of `pg_ctl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Sessions are ended and the data is written.
    Fast,
    /// At once, as a crash: recovery at the next start.
    Immediate,
}

/// Why `postgres` does not run.
#[derive(Debug)]
pub(super) enum StartError {
    /// Another program listens on the port.
    PortTaken,
    /// Anything else.
    Other(ClusterError),
}

type Log = Arc<Mutex<VecDeque<String>>>;

/// A running `postgres`, stopped on drop.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
    log: Log,
    // Disconnected once the last process of the server has closed its log.
    ended: Receiver<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Ready,
    PortTaken,
}

impl Postmaster {
    /// Starts it and returns when its log says that it accepts connections.
    pub(super) fn start(mut command: Command) -> Result<Self, StartError> {
        // A group of its own: Ctrl-C in the terminal is for us, and we stop it.
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|source| StartError::Other(ClusterError::io("no postgres")(source)))?;
        let stderr = child.stderr.take().expect("stderr is piped");
        let log = Log::default();
        let (events, ended) = mpsc::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || follow(stderr, &kept, &events));

        let postmaster = Self { child, log, ended };
        match postmaster.ended.recv_timeout(PATIENCE) {
            Ok(Event::Ready) => Ok(postmaster),
            Ok(Event::PortTaken) => Err(StartError::PortTaken),
            Err(_) => {
                let log = postmaster.log();
                let log = log[log.len().saturating_sub(5)..].join("\n");
                Err(StartError::Other(ClusterError::NotStarted { log }))
            }
        }
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    /// Stops it and returns when all its processes are gone.
    pub(super) fn stop(mut self, how: Shutdown) -> io::Result<()> {
        self.end(how)
    }

    fn end(&mut self, how: Shutdown) -> io::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        self.signal(match how {
            Shutdown::Fast => Signal::INT,
            Shutdown::Immediate => Signal::QUIT,
        })?;
        loop {
            match self.ended.recv_timeout(PATIENCE) {
                // It had crashed and recovered since; nobody was waiting for that.
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => self.signal(Signal::KILL)?,
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().map(drop),
            }
        }
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.expect("a process id is a positive i32");
        // Not waited for yet, so the number still means our child.
        kill_process(pid, signal).map_err(io::Error::from)
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        // What fails here is left to the janitor.
        drop(self.end(Shutdown::Immediate));
    }
}

/// Reads the log to its end, so that the server never blocks on a full pipe.
fn follow(stderr: ChildStderr, log: &Log, events: &Sender<Event>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if let Some(event) = event_in(&text) {
            // Nobody listens any more when starting has failed.
            let _ = events.send(event);
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG_LINES {
            log.pop_front();
        }
        log.push_back(text);
    }
}

/// What a log line means for the start; the wording is that of `lc_messages = C`.
fn event_in(line: &str) -> Option<Event> {
    if line.contains("LOG:  database system is ready to accept connections") {
        return Some(Event::Ready);
    }
    let taken = line.contains("could not bind") && line.contains("Address already in use");
    taken.then_some(Event::PortTaken)
}

#[cfg(test)]
mod tests {
    use super::Event;
    use super::event_in;

    #[test]
    fn the_log_tells_when_it_is_ready_and_when_the_port_is_taken() {
        let stamp = "2026-11-20 16:00:00.000 UTC [7] ";
        let ready = format!("{stamp}LOG:  database system is ready to accept connections");
        let taken = format!(
            "{stamp}LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use"
        );
        assert_eq!(event_in(&ready), Some(Event::Ready));
        assert_eq!(event_in(&taken), Some(Event::PortTaken));
        assert_eq!(event_in("LOG:  database system was shut down"), None);
    }
}
