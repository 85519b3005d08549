#!/usr/bin/env bash
# Installs what is missing for one of the make targets; what is there is used as it is.
#
#   scripts/install.sh postgres   a PostgreSQL server and a C compiler: to build and run the demo
#   scripts/install.sh test       that, the client drivers that the tests speak through, and libclang
#   scripts/install.sh check      rustfmt, clippy, cargo-deny, linters of what is not Rust
#   scripts/install.sh bench      postgres, and pgbouncer to compare with
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'install: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Debian packages that are missing so far.
packages=()
need() { packages+=("$@"); }

have_postgres() {
    local initdb
    for initdb in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb; do
        if [ -x "$initdb" ]; then return; fi
    done
    have initdb || { have pg_config && [ -x "$(pg_config --bindir)/initdb" ]; }
}

need_postgres() {
    have_postgres || need postgresql
    have cc || need gcc libc6-dev
}

# The tests ask PostgreSQL's own grammar, a library in C that Rust calls through clang.
have_libclang() {
    local library
    for library in /usr/lib/llvm-*/lib/libclang*.so* /usr/lib*/libclang*.so* /usr/lib/*/libclang*.so*; do
        case "$library" in
            *libclang-cpp*) ;;
            *) if [ -e "$library" ]; then return; fi ;;
        esac
    done
    return 1
}

need_grammar() {
    have_libclang || need libclang-dev
}

# pyodbc brings no driver manager of its own on every machine, so both are asked for.
have_odbc() {
    have odbcinst && odbcinst -q -d -n 'PostgreSQL Unicode' >/dev/null 2>&1
}

need_drivers() {
    # A JDK and not only a runtime: the JDBC test is started from its source.
    have javac || need default-jdk-headless
    [ -e /usr/share/java/postgresql.jar ] || need libpostgresql-jdbc-java
    have_odbc || need odbc-postgresql unixodbc
    have node || need nodejs
    have npm || need npm
    need_environment target/venv
}

need_environment() {
    if [ -x "$1/bin/python" ]; then return; fi
    python3 -c 'import ensurepip, venv' 2>/dev/null || need python3 python3-venv
}

install_packages() {
    [ "${#packages[@]}" -gt 0 ] || return 0
    if ! have apt-get; then
        say "please install what Debian calls: ${packages[*]}"
        exit 1
    fi
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! have sudo; then
            say "please run as root: apt-get install ${packages[*]}"
            exit 1
        fi
        root=(sudo)
        say "sudo may ask for your password"
    fi
    say "installing with apt-get: ${packages[*]}"
    # Debian starts a server of its own with the package. Nobody asked for one: the demo and the
    # tests make and remove theirs.
    local quiet=/etc/postgresql-common/createcluster.d/pgparley-install.conf
    if [[ " ${packages[*]} " == *" postgresql "* && ! -e $quiet ]]; then
        "${root[@]}" mkdir -p "${quiet%/*}"
        echo 'create_main_cluster = false' | "${root[@]}" tee "$quiet" >/dev/null
        # shellcheck disable=SC2064  # Expanded now: the variables are local.
        trap "${root[*]} rm -f $quiet" EXIT
    fi
    "${root[@]}" apt-get -o DPkg::Lock::Timeout=300 -q update
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q -y \
        install --no-install-recommends "${packages[@]}"
}

# What a file of requirements lists, in a Python environment of its own under target/.
install_environment() {
    local directory=$1 wanted=$2
    if cmp -s "$wanted" "$directory/requirements.txt"; then return; fi
    say "installing into $directory: $(grep -v '^#' "$wanted" | tr '\n' ' ')"
    python3 -m venv --clear "$directory"
    "$directory/bin/python" -m pip --disable-pip-version-check --quiet install --requirement "$wanted"
    cp "$wanted" "$directory/requirements.txt"
}

# The Node.js drivers, in the versions of the lock file.
install_node_drivers() {
    local wanted=tests/drivers/node/package-lock.json
    if cmp -s "$wanted" target/node/package-lock.json; then return; fi
    say "installing into target/node what $wanted names"
    rm -rf target/node
    mkdir -p target/node
    cp tests/drivers/node/package.json "$wanted" target/node/
    npm --prefix target/node ci --silent --ignore-scripts --no-audit --no-fund || {
        # Without it the next run does not take this one for complete.
        rm -f target/node/package-lock.json
        return 1
    }
}

install_cargo_tools() {
    local component
    for component in rustfmt clippy; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || {
            say "adding the Rust component $component"
            rustup component add "$component"
        }
    done
    have cargo-deny || {
        say "installing cargo-deny with cargo, which takes a few minutes"
        cargo install --locked cargo-deny
    }
}

case "${1:-}" in
    postgres) need_postgres; install_packages ;;
    test)
        need_postgres
        need_grammar
        need_drivers
        install_packages
        install_environment target/venv tests/drivers/python/requirements.txt
        install_node_drivers
        ;;
    check)
        have cc || need gcc libc6-dev
        need_grammar
        need_environment target/linters
        install_packages
        install_cargo_tools
        install_environment target/linters scripts/linters.txt
        ;;
    bench) need_postgres; need_grammar; have pgbouncer || need pgbouncer; install_packages ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
