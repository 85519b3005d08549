//! Feeds `login` with whatever the fuzzer makes up: `cargo +nightly fuzz run login`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pgparley_fuzz::wire::login(bytes));
