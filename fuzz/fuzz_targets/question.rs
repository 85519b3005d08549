//! Feeds `question` with whatever the fuzzer makes up: `cargo +nightly fuzz run question`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::question(text));
