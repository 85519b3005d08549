//! Feeds `review` with whatever the fuzzer makes up: `cargo +nightly fuzz run review`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::review(text));
