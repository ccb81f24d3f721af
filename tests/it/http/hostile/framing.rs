//! Where a body ends: lengths, chunks and codings on which two readers might not agree. Each case is followed by a
//! request that must not be answered where the case is refused.

use super::{Case, Ends, Stays, case, smuggled};

const EVENT: &str = r#"{"distinct_id":"u","event":"e"}"#;

/// A request to track with these header lines, and what comes after them.
fn track(headers: &[u8], rest: &[u8]) -> Vec<u8> {
    [b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\n", headers, b"\r\n", rest].concat()
}

fn one_chunk() -> Vec<u8> {
    format!("{:x}\r\n{EVENT}\r\n0\r\n\r\n", EVENT.len()).into_bytes()
}

pub fn cases() -> Vec<Case> {
    [lengths(), codings(), chunks()].into_iter().flatten().collect()
}

fn lengths() -> Vec<Case> {
    let length = EVENT.len().to_string();
    let mut cases = Vec::new();
    // What is as long as it says stays a request, however it is written.
    for value in [&length, &format!("0{length}"), &format!("  {length} \t")] {
        let bytes = track(format!("Content-Length: {value}\r\n").as_bytes(), EVENT.as_bytes());
        cases.push(case(format!("length {value:?}"), bytes, Stays(200)));
    }
    let twice = format!("Content-Length: {length}\r\n").repeat(2);
    cases.push(case("one length twice", track(twice.as_bytes(), EVENT.as_bytes()), Stays(200)));
    let rest = [EVENT.as_bytes(), &smuggled()].concat();
    for value in [
        "",
        "-1",
        "+31",
        "0x1f",
        "3 1",
        "31.0",
        "1e1",
        "31, 31",
        "31;31",
        "\u{663}\u{661}",
        "NaN",
        "18446744073709551616",
        "999999999999999999999999999999",
    ] {
        let bytes = track(format!("Content-Length: {value}\r\n").as_bytes(), &rest);
        cases.push(case(format!("length {value:?}"), bytes, Ends(400)));
    }
    // More than any buffer could be counted in.
    let bytes = track(b"Content-Length: 18446744073709551615\r\n", &rest);
    cases.push(case("the longest length", bytes, Ends(431)));
    for value in ["20000000", "9223372036854775807"] {
        let bytes = track(format!("Content-Length: {value}\r\n").as_bytes(), &rest);
        cases.push(case(format!("length {value}"), bytes, Ends(413)));
    }
    for other in ["5", "32", "0"] {
        let two = format!("Content-Length: {length}\r\nContent-Length: {other}\r\n");
        cases.push(case(format!("two lengths, one {other}"), track(two.as_bytes(), &rest), Ends(400)));
    }
    cases
}

fn codings() -> Vec<Case> {
    let rest = [one_chunk(), smuggled()].concat();
    let mut cases = Vec::new();
    for value in ["chunked", "Chunked", " chunked\t"] {
        let bytes = track(format!("Transfer-Encoding: {value}\r\n").as_bytes(), &one_chunk());
        cases.push(case(format!("coding {value:?}"), bytes, Stays(200)));
    }
    // A length beside chunks has no say, and ends the connection.
    for (name, headers) in [
        ("length, then chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("chunks, then length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("length 0, then chunks", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    ] {
        cases.push(case(name, track(headers.as_bytes(), &rest), Ends(200)));
    }
    for value in [
        "gzip",
        "identity",
        "chunked, gzip",
        "xchunked",
        "\"chunked\"",
        "chunked;q=1",
        "chunk ed",
        "\u{b}chunked",
        "chunked\0",
        "chunked\u{e9}",
    ] {
        let bytes = track(format!("Transfer-Encoding: {value}\r\n").as_bytes(), &rest);
        cases.push(case(format!("coding {value:?}"), bytes, Ends(400)));
    }
    // These end in chunks, so their end is known.
    for headers in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ] {
        cases.push(case(headers.trim_end(), track(headers.as_bytes(), &one_chunk()), Stays(400)));
    }
    for headers in ["Transfer-Encoding : chunked\r\n", "Transfer-Encoding\0: chunked\r\n", "Content-Length\t: 31\r\n"] {
        cases.push(case(format!("{headers:?}"), track(headers.as_bytes(), &rest), Ends(400)));
    }
    let old = [b"POST /v1/track HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", &rest[..]].concat();
    cases.push(case("chunks in HTTP/1.0", old, Ends(400)));
    cases
}

fn chunks() -> Vec<Case> {
    let chunked = |rest: &[u8]| track(b"Transfer-Encoding: chunked\r\n", rest);
    let mut cases = Vec::new();
    for (name, body) in [
        ("many zeros", format!("00000000001f\r\n{EVENT}\r\n0\r\n\r\n")),
        ("an extension", format!("1f;a=b\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a blank after the size", format!("1f \r\n{EVENT}\r\n0\r\n\r\n")),
        ("a trailer that is a length", format!("1f\r\n{EVENT}\r\n0\r\nContent-Length: 3\r\n\r\n")),
        ("two chunks", format!("1\r\n{{\r\n1e\r\n{}\r\n0\r\n\r\n", &EVENT[1..])),
    ] {
        cases.push(case(format!("chunks: {name}"), chunked(body.as_bytes()), Stays(200)));
    }
    let long = "a".repeat(20_000);
    let trailers = "a: b\r\n".repeat(2_000);
    for (name, body) in [
        ("no size", "\r\n".to_owned()),
        ("a size below 0", format!("-1f\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a size that is none", format!("zz\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a size with a prefix", format!("0x1f\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a blank before the size", format!(" 1f\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a size beyond 64 bits", format!("FFFFFFFFFFFFFFFFF\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a size that wraps around", format!("1000000000000001f\r\n{EVENT}\r\n0\r\n\r\n")),
        ("bare line feeds", format!("1f\n{EVENT}\n0\n\n")),
        ("a line feed in an extension", format!("1f;a=\nb\r\n{EVENT}\r\n0\r\n\r\n")),
        ("an endless extension", format!("1f;{long}\r\n{EVENT}\r\n0\r\n\r\n")),
        ("more than its size", format!("1f\r\n{EVENT}XX\r\n0\r\n\r\n")),
        ("a bad trailer", format!("1f\r\n{EVENT}\r\n0\r\nBad Trailer\r\n\r\n")),
        ("endless trailers", format!("1f\r\n{EVENT}\r\n0\r\n{trailers}\r\n")),
    ] {
        let bytes = chunked(&[body.as_bytes(), &smuggled()].concat());
        cases.push(case(format!("chunks: {name}"), bytes, Ends(400)));
    }
    cases
}
