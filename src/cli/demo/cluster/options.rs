//! What can be chosen about a throwaway cluster.

/// How a cluster is set up; `Options::default()` trusts everyone on loopback.
#[derive(Debug, Clone)]
pub struct Options {
    /// How TCP clients prove who they are.
    pub auth: Auth,
    /// Name of the first superuser.
    pub superuser: String,
    /// That user's password; without one only [`Auth::Trust`] lets it in over TCP.
    pub password: Option<String>,
    /// Server settings as `-c name=value`, the last of a name wins.
    pub settings: Vec<(String, String)>,
    /// Lines set before those that `initdb` writes to `pg_hba.conf`, so they win.
    pub hba_lines: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth: Auth::Trust,
            superuser: "postgres".to_owned(),
            password: None,
            settings: Vec::new(),
            hba_lines: Vec::new(),
        }
    }
}

impl Options {
    /// Adds a server setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Demands `auth` of TCP clients and gives the superuser `password`.
    #[must_use]
    pub fn auth(mut self, auth: Auth, password: &str) -> Self {
        self.auth = auth;
        self.password = Some(password.to_owned());
        self
    }
}

/// Methods of `pg_hba.conf` that a proxy meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// Nobody is asked.
    #[default]
    Trust,
    /// The password in clear; stored as SCRAM.
    Password,
    /// The password hashed with MD5; stored so.
    Md5,
    /// SCRAM-SHA-256.
    ScramSha256,
}

impl Auth {
    /// The word in `pg_hba.conf`.
    pub fn as_hba(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Password => "password",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
        }
    }
}
