//! tokio-postgres: pipelines of its own accord, binary results, named statements and portals.

#[path = "tokio_postgres/flows.rs"]
mod flows;
#[path = "tokio_postgres/values.rs"]
mod values;

use std::future::poll_fn;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use super::Seen;
use super::session::Session;
use super::session::Startup;
use super::state;
use crate::checks::names;
use crate::programs::runtime;
use crate::target::Target;

/// Longer than a notification takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs every check.
pub(crate) fn run(target: &Target) -> String {
    runtime().block_on(async {
        let mut lines = String::new();
        for name in names() {
            let seen = match state::check::<Own>(name, target).await {
                Some(seen) => seen,
                None => own(name, target).await,
            };
            lines.push_str(&super::line(name, seen));
        }
        lines
    })
}

async fn own(name: &str, target: &Target) -> Seen {
    let mut a = Own::plain(target).await?;
    let seen = match name {
        "types_text" => values::types_text(&a.client).await,
        "types_binary" => values::types_binary(&a.client).await,
        "prepared_reuse" => values::prepared_reuse(target).await,
        "cursor" => flows::cursor(&mut a.client).await,
        "copy_in" => flows::copy_in(&a.client).await,
        "copy_out" => flows::copy_out(&a.client).await,
        "pipeline_error" => flows::pipeline_error(&a.client).await,
        "cancel" => flows::cancel(&a, target).await,
        "listen_notify" => flows::listen_notify(&mut a, target).await,
        "notices" => flows::notices(&mut a).await,
        "big_value" => values::big_value(&a.client).await,
        "many_parameters" => values::many_parameters(&a.client).await,
        _ => Err("no such check".to_owned()),
    };
    let closed = a.close().await;
    let seen = seen?;
    closed.map(|()| seen)
}

/// A client, what its connection hears besides, and the connection.
struct Own {
    client: Client,
    heard: UnboundedReceiver<String>,
    connection: JoinHandle<Result<(), Error>>,
}

impl Session for Own {
    async fn connect(target: &Target, startup: Startup) -> Result<Self, String> {
        let mut config = tokio_postgres::Config::new();
        config
            .host(target.addr.ip().to_string())
            .port(target.addr.port())
            .user("postgres")
            .dbname(&target.database);
        if let Some(name) = startup.application {
            config.application_name(name);
        }
        if !startup.options.is_empty() {
            let options = startup.options.iter();
            let options = options.map(|(name, value)| format!("-c {name}={value}"));
            config.options(options.collect::<Vec<_>>().join(" "));
        }
        let (client, mut connection) = config.connect(NoTls).await.map_err(|e| told(&e))?;
        let (tell, heard) = unbounded_channel();
        let connection = tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                pass_on(&tell, message?);
            }
            Ok(())
        });
        Ok(Self {
            client,
            heard,
            connection,
        })
    }

    async fn run(&mut self, script: &str) -> Result<(), String> {
        self.client
            .batch_execute(script)
            .await
            .map_err(|e| told(&e))
    }

    async fn text(&mut self, query: &str) -> Result<String, String> {
        text(&self.client, query, &[]).await
    }

    async fn close(self) -> Result<(), String> {
        drop(self.client);
        let ended = self.connection.await.map_err(|e| e.to_string())?;
        ended.map_err(|e| told(&e))
    }
}

/// Nobody may listen any more when the last message comes.
fn pass_on(tell: &UnboundedSender<String>, message: AsyncMessage) {
    let told = match message {
        AsyncMessage::Notice(notice) => format!(
            "{} {} {} {}",
            notice.severity(),
            notice.message(),
            notice.detail().unwrap_or("-"),
            notice.hint().unwrap_or("-")
        ),
        AsyncMessage::Notification(news) => format!("{} {}", news.channel(), news.payload()),
        _ => return,
    };
    let _ = tell.send(told);
}

/// The SQLSTATE of the server's error, or the driver's words.
fn told(error: &Error) -> String {
    error
        .code()
        .map_or_else(|| error.to_string(), |state| state.code().to_owned())
}

async fn text(
    client: &Client,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<String, String> {
    let row = client.query_one(query, parameters).await;
    let row = row.map_err(|e| told(&e))?;
    let values::Raw(bytes) = row.try_get(0).map_err(|e| told(&e))?;
    String::from_utf8(bytes).map_err(|e| e.to_string())
}

impl Own {
    async fn hear(&mut self) -> Result<String, String> {
        let heard = timeout(PATIENCE, self.heard.recv()).await;
        let heard = heard.map_err(|_| "nothing was heard".to_owned())?;
        heard.ok_or_else(|| "the connection ended".to_owned())
    }
}
