//! What an answer means for the lines that were sent.

use super::post::Answer;
use serde::Deserialize;
use std::time::Duration;

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server has judged every line.
    Judged {
        /// Lines that are stored now.
        accepted: u64,
        /// Events that were stored before.
        duplicate: u64,
        /// Places of lines that are not stored, each with the reason.
        refused: Vec<(usize, String)>,
    },
    /// It will never take this batch.
    Rejected(String),
    /// It may take less at once.
    TooLarge(String),
    /// It may take it later.
    Later {
        /// Why not now.
        reason: String,
        /// It asked for this much patience.
        after: Option<Duration>,
        /// Somebody has to put something right first: a key, an address, a proxy.
        needs_repair: bool,
    },
}

/// The answer to a batch.
#[derive(Deserialize)]
struct Received {
    accepted: u64,
    duplicate: u64,
    refused: Vec<RefusedLine>,
}

#[derive(Deserialize)]
struct RefusedLine {
    index: usize,
    reason: String,
}

/// The answer when there is nothing more to say.
#[derive(Deserialize)]
struct Failed {
    error: String,
}

impl Received {
    /// An answer about exactly these lines: what else answers 200, such as a network's sign-in page, does not say so.
    fn read(body: &[u8], lines: usize) -> Option<Self> {
        let received: Self = serde_json::from_slice(body).ok()?;
        let judged = received.accepted.checked_add(received.duplicate)?.checked_add(received.refused.len() as u64)?;
        (judged == lines as u64 && received.refused.iter().all(|refused| refused.index < lines)).then_some(received)
    }
}

/// Judges what came back for a batch of so many lines.
pub(super) fn judge(result: Result<Answer, String>, lines: usize) -> Verdict {
    let answer = match result {
        Ok(answer) => answer,
        Err(reason) => return Verdict::Later { reason, after: None, needs_repair: false },
    };
    let received = matches!(answer.status, 200 | 400).then(|| Received::read(&answer.body, lines)).flatten();
    if let Some(Received { accepted, duplicate, refused }) = received {
        let refused = refused.into_iter().map(|line| (line.index, line.reason)).collect();
        return Verdict::Judged { accepted, duplicate, refused };
    }
    let reason = match serde_json::from_slice::<Failed>(&answer.body) {
        Ok(Failed { error }) => format!("the server answers {}: {error}", answer.status),
        Err(_) => format!("the server answers {}", answer.status),
    };
    match answer.status {
        400 | 415 | 422 => Verdict::Rejected(reason),
        413 => Verdict::TooLarge(reason),
        408 | 425 | 429 | 500..=599 => Verdict::Later { reason, after: answer.retry_after, needs_repair: false },
        200 => {
            let reason = "what answers at this address is no trackcrumb server".to_owned();
            Verdict::Later { reason, after: None, needs_repair: true }
        }
        _ => Verdict::Later { reason, after: answer.retry_after, needs_repair: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Answer, String> {
        Ok(Answer { status, retry_after: Some(Duration::from_secs(7)), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn an_answer_counts_when_it_is_about_all_the_lines() {
        let body = r#"{"accepted":2,"duplicate":1,"refused":[{"index":1,"reason":"blank"}]}"#;
        let refused = vec![(1, "blank".to_owned())];
        assert_eq!(judge(answer(200, body), 4), Verdict::Judged { accepted: 2, duplicate: 1, refused });
        let nothing = r#"{"accepted":0,"duplicate":0,"refused":[{"index":0,"reason":"blank"}],"error":"nothing"}"#;
        assert!(matches!(judge(answer(400, nothing), 1), Verdict::Judged { accepted: 0, .. }));
        for (body, lines) in [(body, 3), (nothing, 2), ("<html>sign in</html>", 1), ("{}", 1), ("", 1)] {
            assert!(matches!(judge(answer(200, body), lines), Verdict::Later { needs_repair: true, .. }), "{body}");
        }
    }

    #[test]
    fn each_status_says_whether_to_try_again() {
        for status in [400, 415, 422] {
            assert!(matches!(judge(answer(status, ""), 1), Verdict::Rejected(_)), "{status}");
        }
        assert!(matches!(judge(answer(413, ""), 1), Verdict::TooLarge(_)));
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            let verdict = judge(answer(status, r#"{"error":"later"}"#), 1);
            let reason = format!("the server answers {status}: later");
            let expected = Verdict::Later { reason, after: Some(Duration::from_secs(7)), needs_repair: false };
            assert_eq!(verdict, expected);
        }
        for status in [204, 301, 307, 401, 403, 404, 405, 409, 410] {
            let verdict = judge(answer(status, ""), 1);
            assert!(matches!(verdict, Verdict::Later { needs_repair: true, .. }), "{status}");
        }
        let unreachable = judge(Err("connection refused".to_owned()), 1);
        assert!(matches!(unreachable, Verdict::Later { after: None, needs_repair: false, .. }));
    }
}
