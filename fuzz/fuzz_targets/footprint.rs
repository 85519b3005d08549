//! Feeds `footprint` with whatever the fuzzer makes up: `cargo +nightly fuzz run footprint`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::leaves(text));
