//! Feeds `routine` with whatever the fuzzer makes up: `cargo +nightly fuzz run routine`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::rules::routine(text));
