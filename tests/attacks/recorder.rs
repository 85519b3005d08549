//! A listener between pgparley and PostgreSQL that keeps what pgparley sends.

use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

/// What went to the server, connection by connection in the order of reading.
#[derive(Debug)]
pub(crate) struct Recorder {
    addr: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    /// Listens in front of `server` for as long as the process lives.
    pub(crate) fn in_front_of(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server).expect("the server listens");
                pass(&client, &server, Some(Arc::clone(&kept)));
                pass(&server, &client, None);
            }
        });
        Self { addr, sent }
    }

    /// Where pgparley connects.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Everything since the last time.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.sent.lock().expect("no panic while held"))
    }
}

/// Passes bytes on in a thread of its own. They are kept before they are passed on, so whoever has
/// seen a reply finds the request.
fn pass(from: &TcpStream, to: &TcpStream, kept: Option<Arc<Mutex<Vec<u8>>>>) {
    let mut from = from.try_clone().expect("a socket can be shared");
    let mut to = to.try_clone().expect("a socket can be shared");
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if let Some(kept) = &kept {
                let mut kept = kept.lock().expect("no panic while held");
                kept.extend_from_slice(&buffer[..read]);
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        // One of them is gone already.
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}

/// The bytes of one are somewhere in the other.
pub(crate) fn holds(whole: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(whole, part).is_some()
}
