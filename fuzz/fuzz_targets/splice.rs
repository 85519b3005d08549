//! Feeds `splice` with whatever the fuzzer makes up: `cargo +nightly fuzz run splice`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::splice(text));
