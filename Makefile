# The doors to the project; continuous integration goes through the same ones.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench eval test-drivers test-regress

help:
	@echo 'make demo          try it: a throwaway PostgreSQL, a sample shop, pgparley in front'
	@echo 'make test          all tests, with real drivers against a real PostgreSQL'
	@echo 'make check         format, lints, documentation, licences, links, image and compose files'
	@echo 'make test-drivers  nine drivers alone, each compared with what it sees directly'
	@echo 'make test-regress  PostgreSQL'\''s own regression suite, compared with what it says directly'
	@echo 'make bench         speed, compared with pgbouncer and with no proxy'
	@echo 'make eval          accuracy, on questions whose answers are known (docs/accuracy.md)'

# For instance: make demo ARGS=--check
demo:
	@scripts/install.sh postgres
	cargo build --release --locked
	target/release/pgparley demo $(ARGS)

test:
	@scripts/install.sh test
	cargo test --locked

test-drivers:
	@scripts/install.sh test
	cargo test --locked --test drivers

# For instance: make test-regress ARGS="--modes transaction -- prepare guc", or ARGS="--limit 3" for
# what a row limit may change: results are their first three rows, and nothing else is otherwise
test-regress:
	@scripts/install.sh test
	cargo build --locked
	python3 tests/regress/suite.py --extended $(ARGS)

check:
	@scripts/install.sh check
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps
	cargo deny --locked check bans licenses sources
	scripts/check-files.sh

bench:
	@scripts/install.sh bench
	cargo build --release --locked
	python3 benches/pgbench.py $(ARGS)
	cargo bench --locked

# For instance: make eval ARGS="--data DIRECTORY"
eval:
	@scripts/install.sh postgres
	cargo build --release --locked
	python3 benches/accuracy.py $(ARGS)
