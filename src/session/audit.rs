//! The audit log: an event of target `pgparley::audit` for each text that a policy refused and each
//! result that it cut. It says who and which rule, and of the text a fingerprint: no names, values
//! or parameters of it.

/// Who did what is logged, as the start-up packet said it.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
    /// `application_name`.
    pub application: String,
}

/// What a policy has done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act<'a> {
    /// The policy's name.
    pub policy: &'a str,
    /// The rule.
    pub rule: &'a str,
    /// In a word.
    pub verdict: &'static str,
    /// The code that the client gets.
    pub sqlstate: &'a str,
}

/// Logs what was done to the text with this fingerprint; `None` where it was not read.
pub(super) fn log(client: &Client, act: Act<'_>, fingerprint: Option<u64>) {
    let statement = fingerprint;
    let statement = statement.map_or_else(|| "-".to_owned(), |number| format!("{number:016x}"));
    tracing::info!(
        target: "pgparley::audit",
        user = client.user,
        database = client.database,
        application = client.application,
        policy = act.policy,
        rule = act.rule,
        verdict = act.verdict,
        sqlstate = act.sqlstate,
        statement,
        "audit"
    );
}
