//! Feeds `from_server` with whatever the fuzzer makes up: `cargo +nightly fuzz run from_server`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pgparley_fuzz::wire::from_server(bytes));
