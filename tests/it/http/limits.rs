//! Every limit over the wire, at as much as is allowed and at one more.

use super::exchange::Request;
use super::hostile::{gzip, zstd};
use super::site::{Asked, Site, count_document, line, wait_until};
use trackcrumb::server::limits::{
    BATCH_LINES_MAX, BODY_BYTES_MAX, HEADER_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX, UNPACKED_BYTES_MAX,
    UNPACKED_RATIO_MAX,
};

/// A good line, and line feeds up to so many bytes.
fn padded(length: usize, id: u64) -> Vec<u8> {
    let mut body = line("u", "padded", id).into_bytes();
    body.resize(length, b'\n');
    body
}

/// Letters that do not pack well.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 24) as u8 % 26
    };
    (0..length).map(letter).collect()
}

fn in_chunks(target: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(1 << 20) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

#[test]
fn bodies_are_as_long_as_is_allowed_and_no_longer() {
    let mut site = Site::new();
    for (length, status) in [(BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 413)] {
        assert_eq!(site.post("/v1/batch", padded(length, 1)).status, status, "{length}");
        let mut client = site.connect();
        client.send(in_chunks("/v1/batch", &padded(length, 2)));
        assert_eq!(client.answer().status, status, "{length} in chunks");
        let mut document = count_document("padded");
        document.extend(std::iter::repeat_n(' ', length - document.len()));
        assert_eq!(site.post("/api/report", document).status, status, "{length} of a document");
    }
    assert_eq!(site.count("padded"), 2);
    site.stop();
}

#[test]
fn who_is_refused_before_the_body_is_there_hears_why() {
    let mut site = Site::new();
    let body = vec![b'x'; BODY_BYTES_MAX];
    for (request, status) in [
        (Request::post("/nothing", &body), 404),
        (Request::post("/healthz", &body), 405),
        (Request::post("/v1/batch", &body).key("tcw_0"), 401),
        (Request::post("/v1/batch", &body).header("host", "evil.example"), 403),
    ] {
        let mut client = site.connect();
        assert!(client.send(request.bytes()), "{status}: whoever cannot send to the end might not read the answer");
        assert_eq!(client.answer().status, status);
        assert!(client.is_closed());
    }
    site.stop();
}

#[test]
fn bodies_unpack_to_as_much_as_is_allowed_and_no_more() {
    let mut site = Site::new();
    for (length, status) in [(UNPACKED_BYTES_MAX, 200), (UNPACKED_BYTES_MAX + 1, 413)] {
        // A line of noise, which is refused, keeps the packed body from being too small.
        let mut body = [line("u", "unpacked", 1).as_bytes(), &noise(800_000)].concat();
        body.resize(length, b'\n');
        for packed in [gzip(&body), zstd(&body)] {
            assert!(packed.len() * UNPACKED_RATIO_MAX > length && packed.len() < BODY_BYTES_MAX);
            assert_eq!(site.post("/v1/batch", packed).status, status, "{length}");
        }
    }
    assert_eq!(site.count("unpacked"), 1);
    site.stop();
}

#[test]
fn bodies_unpack_to_a_hundred_times_their_size_and_no_more() {
    let mut site = Site::new();
    let packed = |length, noisy: usize| {
        let mut body = [line("u", "packed", 1).as_bytes(), &noise(noisy)].concat();
        body.resize(length, b'\n');
        gzip(&body)
    };
    // A body that unpacks to just that, and packs no worse when it is one longer.
    let is_exact = |length: usize, noisy: usize| {
        let size = packed(length, noisy).len();
        size * UNPACKED_RATIO_MAX == length && packed(length + 1, noisy).len() == size
    };
    let lengths = || (50..300).map(|size| size * UNPACKED_RATIO_MAX);
    let found =
        (0..100).find_map(|noisy| lengths().find(|length| is_exact(*length, noisy)).map(|length| (length, noisy)));
    let (exact, noisy) = found.unwrap();
    for (length, status) in [(exact, 200), (exact + 1, 413)] {
        assert_eq!(site.post("/v1/batch", packed(length, noisy)).status, status, "{length}");
    }
    site.stop();
}

#[test]
fn batches_have_as_many_lines_as_is_allowed_and_no_more() {
    let mut site = Site::new();
    let lines = |count: usize| -> Vec<String> {
        (0..count).map(|id| format!(r#"{{"type":"track","distinct_id":"u{}","event":"many"}}"#, id % 50)).collect()
    };
    let (most, more) = (lines(BATCH_LINES_MAX), lines(BATCH_LINES_MAX + 1));
    assert_eq!(site.post("/v1/batch", most.join("\n")).accepted(), BATCH_LINES_MAX as u64);
    assert_eq!(site.post("/v1/batch", more.join("\n")).status, 413);
    assert_eq!(site.post("/v1/batch", format!("[{}]", most.join(","))).accepted(), BATCH_LINES_MAX as u64);
    assert_eq!(site.post("/v1/batch", format!("[{}]", more.join(","))).status, 413);
    assert_eq!(site.post("/v1/batch", format!("{{\"batch\":[{}]}}", more.join(","))).status, 413);
    // All or nothing.
    assert_eq!(site.count("many"), 2 * BATCH_LINES_MAX as u64);
    site.stop();
}

#[test]
fn heads_are_as_large_as_is_allowed_and_no_larger() {
    let mut site = Site::new();
    // `host` and `localhost` count too.
    let with_headers = |count: usize| {
        (1..count).fold(Request::get("/healthz"), |request, number| request.header(&format!("x-{number}"), "y"))
    };
    let with_bytes = |bytes: usize| Request::get("/healthz").header("x", "y".repeat(bytes - "hostlocalhostx".len()));
    let with_target = |bytes: usize| Request::get(&format!("/healthz?{}", "x".repeat(bytes - "/healthz?".len())));
    for (more, end) in [(0, [200, 200, 200]), (1, [431, 431, 414])] {
        let requests = [
            with_headers(HEADERS_MAX + more),
            with_bytes(HEADER_BYTES_MAX + more),
            with_target(TARGET_BYTES_MAX + more),
        ];
        assert_eq!(requests.map(|request| site.ask(&request).status), end);
    }
    // What is far too much is refused without being read.
    let far = [with_headers(5_000), with_bytes(500_000)];
    assert_eq!(far.map(|request| site.ask(&request).status), [431, 431]);
    assert!([414, 431].contains(&site.ask(&with_target(100_000)).status));
    site.stop();
}

#[test]
fn so_many_connections_are_served_and_the_next_is_told_to_wait() {
    let mut site = Site::set_up(|_| {}, |settings| settings.connections_max = 3);
    let health = Request::get("/healthz");
    let mut clients: Vec<_> = (0..3).map(|_| site.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.ask(&health).status, 200);
    }
    for request in [&health, &Request::post("/v1/batch", padded(1 << 20, 1))] {
        let mut turned_away = site.connect();
        turned_away.send(request.bytes());
        let answer = turned_away.answer();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
        assert!(turned_away.is_closed());
    }
    // The others noticed nothing, and the place of one that goes is given to the next.
    assert_eq!(clients[0].ask(&health).status, 200);
    clients.pop();
    wait_until(|| site.ask(&health).status == 200);
    assert_eq!(clients[0].count("padded"), 0);
    drop(clients);
    site.stop();
}
