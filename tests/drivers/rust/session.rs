//! The verbs that every driver has, and two sessions whose transactions cross.

use crate::target::Target;

/// Start-up parameters beyond user and database.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Startup {
    /// `application_name`.
    pub(crate) application: Option<&'static str>,
    /// Settings of `options`.
    pub(crate) options: &'static [(&'static str, &'static str)],
}

/// A connection of a driver.
pub(crate) trait Session: Sized {
    /// Connects; the error is the driver's.
    async fn connect(target: &Target, startup: Startup) -> Result<Self, String>;

    /// Runs a script by the simple protocol; the error is the SQLSTATE alone.
    async fn run(&mut self, script: &str) -> Result<(), String>;

    /// The first column of the first row by the extended protocol, which must be text.
    async fn text(&mut self, query: &str) -> Result<String, String>;

    /// Disconnects, and returns when the server has been told.
    async fn close(self) -> Result<(), String>;

    /// Connects as any client does.
    async fn plain(target: &Target) -> Result<Self, String> {
        Self::connect(target, Startup::default()).await
    }

    /// The SQLSTATE that a script fails with.
    async fn state(&mut self, script: &str) -> Result<String, String> {
        match self.run(script).await {
            Ok(()) => Err(format!("{script} did not fail")),
            Err(state) => Ok(state),
        }
    }
}

/// Asks both the same while one of them, and then the other, stays in a transaction.
pub(crate) async fn crossing<S: Session>(
    a: &mut S,
    b: &mut S,
    query: &str,
) -> Result<Vec<String>, String> {
    let mut seen = half(a, b, query).await?;
    seen.extend(half(b, a, query).await?);
    Ok(seen)
}

async fn half<S: Session>(held: &mut S, other: &mut S, query: &str) -> Result<Vec<String>, String> {
    held.run("BEGIN").await?;
    let seen = vec![
        held.text(query).await?,
        other.text(query).await?,
        held.text(query).await?,
    ];
    held.run("COMMIT").await?;
    Ok(seen)
}
