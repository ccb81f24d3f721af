//! An input line of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackcrumb::testkit::check_input_line(bytes));
