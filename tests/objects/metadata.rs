//! What programs ask of the catalog passes under rules about objects, and tables that are not out
//! of bounds can be dumped.

use std::process::Command;
use std::process::Stdio;

use pgparley::config::Mask;
use pgparley::config::Policy;
use pgparley::server::Running;

use crate::subject::columns;
use crate::subject::filled;
use crate::subject::masks;
use crate::subject::named;
use crate::subject::names;
use crate::support::cluster;
use crate::support::proxy::proxy_with;

fn policies() -> [Policy; 3] {
    let mut denied = named();
    denied.tables.deny = names(&["secrets", "hr.*"]);
    let mut treated = named();
    treated.deny_columns = columns(&["customers.ssn", "hr.orders.wage"]);
    treated.mask_columns = masks(&[("customers.email", Mask::Hash)]);
    let mut listed = named();
    let allowed = [
        "public.orders",
        "contacts",
        "pg_catalog.*",
        "information_schema.*",
    ];
    listed.tables.allow = Some(names(&allowed));
    [denied, treated, listed]
}

/// What the program prints when it goes through pgparley.
#[track_caller]
fn printed(proxy: &Running, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(cluster().program(program));
    command
        .env("PGHOST", proxy.addr().ip().to_string())
        .env("PGPORT", proxy.addr().port().to_string())
        .env("PGUSER", "postgres")
        .env("PGDATABASE", filled())
        .env("PSQLRC", "/dev/null")
        .args(arguments)
        .stdin(Stdio::null());
    let output = command.output().expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_fine = output.status.success() && !told.contains("ERROR");
    assert!(is_fine, "{arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn psql_describes_and_pg_dump_dumps_what_is_not_out_of_bounds() {
    for policy in policies() {
        let proxy = proxy_with(|config| config.policies.push(policy.clone()));
        for command in [
            "\\d",
            "\\d+ orders",
            "\\d customers",
            "\\d secrets",
            "\\dt *.*",
            "\\dv+",
            "\\df+",
            "\\dn+",
            "\\dp",
            "\\dT+",
            "\\dD",
            "\\do",
            "\\dC",
            "\\di+",
            "\\dm",
            "\\l",
            "\\du",
            "\\dx",
            "\\det+",
            "\\sf calm",
            "\\sv v_names",
        ] {
            printed(&proxy, "psql", &["-X", "-c", command]);
        }
        let dump = printed(
            &proxy,
            "pg_dump",
            &["-t", "public.orders", "-t", "contacts"],
        );
        assert!(dump.contains("public@example.com"), "{dump}");
        assert!(dump.contains("CREATE TABLE public.orders"), "{dump}");
    }
}
