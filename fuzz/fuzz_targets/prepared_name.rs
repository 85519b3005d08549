//! Feeds `prepared_name` with whatever the fuzzer makes up: `cargo +nightly fuzz run prepared_name`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::prepared_name(text));
