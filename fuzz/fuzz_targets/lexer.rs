//! Feeds `lexer` with whatever the fuzzer makes up: `cargo +nightly fuzz run lexer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| pgparley_fuzz::lexer(text));
