//! Nothing that pgparley shows or writes down holds the key, whatever a provider does.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::STRANGE;
use super::fate;
use super::fault_table::answers_of_no_use;
use super::fault_table::http_faults;
use super::model_server::KEY;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_most_talkative_log_holds_neither_key_nor_question() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For the whole process: what tests beside this one log may hold a secret no more than this.
    tracing::subscriber::set_global_default(subscriber).expect("the only one of this process");
    for (_, reply, ..) in http_faults().into_iter().chain(answers_of_no_use()) {
        fate(reply).await;
    }
    let text = log.text();
    assert!(text.contains("model out of reach"), "nothing was logged");
    assert!(!text.contains(KEY));
    assert!(!text.contains(STRANGE));
}
