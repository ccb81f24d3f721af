//! Bodies that are packed to do harm, or are not what they say.

use super::super::exchange::Request;
use super::{Case, Ends, Stays, case, get};
use std::io::Write;

const EVENT: &str = r#"{"distinct_id":"u","event":"e"}"#;

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// The head of a zstd frame whose window has 2 to this power of bytes, with one block of noughts.
fn zstd_with_window(log: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3];
    // The last block, of the kind that repeats one byte, 31 times.
    frame.extend([1 | 1 << 1 | 31 << 3, 0, 0, b' ']);
    frame
}

pub fn cases() -> Vec<Case> {
    [packed(), announced(), where_none_belongs()].into_iter().flatten().collect()
}

fn packed() -> Vec<Case> {
    let (gz, zst) = (gzip(EVENT.as_bytes()), zstd(EVENT.as_bytes()));
    let spaces = vec![b' '; 40 << 20];
    let damaged = |packed: &[u8], place: usize| {
        let mut bytes = packed.to_vec();
        bytes[place] ^= 0x55;
        bytes
    };
    let last = gz.len() - 5;
    let noise: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(151)).collect();
    let mut cases = Vec::new();
    for (name, status, body) in [
        ("gzip", 200, gz.clone()),
        ("zstd", 200, zst.clone()),
        ("gzip cut short", 400, gz[..gz.len() - 1].to_vec()),
        ("gzip of a header alone", 400, gz[..10].to_vec()),
        ("gzip of two bytes", 400, gz[..2].to_vec()),
        ("gzip with another checksum", 400, damaged(&gz, last)),
        ("gzip with a damaged body", 400, damaged(&gz, 12)),
        ("gzip with noise behind it", 400, [&gz[..], &noise].concat()),
        ("gzip of noise", 400, [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00", &noise[..]].concat()),
        ("gzip with a reserved flag", 400, damaged(&gz, 3)),
        ("gzip in gzip", 400, gzip(&gz)),
        ("gzip of nothing", 400, gzip(b"")),
        ("gzip bomb", 413, gzip(&spaces)),
        ("gzip bomb of many members", 413, gzip(&spaces[..1 << 20]).repeat(50)),
        ("zstd cut short", 400, zst[..zst.len() - 1].to_vec()),
        ("zstd of a magic number alone", 400, zst[..4].to_vec()),
        ("zstd of noise", 400, [b"\x28\xb5\x2f\xfd", &noise[..]].concat()),
        ("zstd of nothing", 400, zstd(b"")),
        ("zstd bomb", 413, zstd(&spaces)),
        ("zstd with a wide window", 400, zstd_with_window(24)),
        ("zstd with the widest window", 400, zstd_with_window(31)),
        ("zstd skippable frames alone", 400, b"\x50\x2a\x4d\x18\xff\xff\xff\xff".to_vec()),
        ("bzip2", 400, b"BZh91AY&SY".to_vec()),
        ("xz", 400, b"\xfd7zXZ\0".to_vec()),
    ] {
        cases.push(case(name, Request::post("/v1/track", &body).bytes(), Stays(status)));
    }
    for (name, status, body) in [
        ("gzip bomb", 413, gzip(&spaces)),
        ("zstd bomb", 413, zstd(&spaces)),
        ("gzip cut short", 400, gz[..gz.len() - 1].to_vec()),
        ("zstd with a wide window", 400, zstd_with_window(24)),
    ] {
        cases.push(case(format!("a report of {name}"), Request::post("/api/report", &body).bytes(), Stays(status)));
        cases.push(case(format!("a batch of {name}"), Request::post("/v1/batch", &body).bytes(), Stays(status)));
    }
    // The window that HTTP grants; its content is a blank line.
    cases.push(case("zstd with a full window", Request::post("/v1/batch", zstd_with_window(23)).bytes(), Stays(400)));
    cases
}

/// What headers say of a body is not believed; its first bytes are.
fn announced() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-encoding", "br"),
        ("content-encoding", "gzip, gzip, gzip"),
        ("content-type", "text/xml"),
        ("content-type", "multipart/form-data; boundary=x"),
        ("content-type", "application/json; charset=utf-16"),
        ("content-type", "\u{1f4a9}"),
        ("expect", "200-ok"),
    ] {
        let request = Request::post("/v1/track", EVENT).header(name, value);
        cases.push(case(format!("{name}: {value}"), request.bytes(), Stays(200)));
    }
    cases
}

fn where_none_belongs() -> Vec<Case> {
    let body = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut cases = Vec::new();
    for (method, target, status) in [
        ("GET", "/healthz", 200),
        ("GET", "/api/events", 200),
        ("HEAD", "/healthz", 200),
        ("OPTIONS", "/v1/track", 204),
        ("OPTIONS", "/api/report", 405),
        ("DELETE", "/v1/track", 405),
        ("GET", "/nothing", 404),
        ("POST", "/nothing", 404),
    ] {
        let request = Request::new(method, target).body(body);
        cases.push(case(format!("a body with {method} {target}"), request.bytes(), Stays(status)));
    }
    // Too long to read to its end just to go on.
    let long = Request::new("POST", "/nothing").body(vec![b'x'; 4 << 20]);
    cases.push(case("a long body to nowhere", long.bytes(), Ends(404)));
    let long = Request::post("/v1/track", vec![b'x'; 4 << 20]).header("host", "evil.example");
    cases.push(case("a long body from elsewhere", long.bytes(), Ends(403)));
    let early = get("/healthz", "Content-Length: 10\r\nConnection: close\r\n");
    cases.push(case("a body that does not come", early, Ends(200)));
    cases
}
